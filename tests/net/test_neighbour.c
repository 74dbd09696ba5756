#include "net/rig.h"

#define LIFE (60 * NS_PER_S)

static struct rig *begin(void)
{
	struct net_config c = rig_config6();
	struct rig *r = rig_started(&c);

	/* Reports of our solicited-node groups are out of the way: only the cache has timers now. */
	CU_ASSERT_EQUAL_FATAL(net_deadline(r->net), NS_NEVER);
	return r;
}

static struct ip_addr host(uint32_t i)
{
	return ip4_of(10, 1, (uint8_t)(i >> 8), (uint8_t)i);
}

static struct mac_addr mac_of(uint32_t i)
{
	return (struct mac_addr){ { 2, 1, 1, 1, (uint8_t)(i >> 8), (uint8_t)i } };
}

static const struct mac_addr *use(struct rig *r, struct ip_addr ip)
{
	return neighbour_use(r->net, &ip, r->now, &r->tx);
}

static bool learn(struct rig *r, struct ip_addr ip, struct mac_addr mac, unsigned how)
{
	return neighbour_learn(r->net, &ip, &mac, how, r->now);
}

/* The first request at once, two more each a second later, and then silence until it is used again. */
static void a_request_is_tried_three_times(void)
{
	struct ip_addr hosts[] = { host(1), RIG_PEER6 };

	for (int family = 0; family < 2; family++) {
		struct rig *r = begin();
		ns_t start = r->now;

		CU_ASSERT_PTR_NULL(use(r, hosts[family]));
		CU_ASSERT_EQUAL(r->tx.count, 1);
		for (ns_t s = 1; s <= 2; s++) {
			CU_ASSERT_EQUAL(net_deadline(r->net), start + s * NS_PER_S);
			rig_tick(r, start + s * NS_PER_S - 1);
			CU_ASSERT_EQUAL(r->tx.count, 0);
			rig_tick(r, start + s * NS_PER_S);
			CU_ASSERT_EQUAL(r->tx.count, 1);
			CU_ASSERT_PTR_NULL(use(r, hosts[family])); /* no request of its own */
			CU_ASSERT_EQUAL(r->tx.count, 1);
		}
		rig_tick(r, start + 3 * NS_PER_S);
		CU_ASSERT_EQUAL(r->tx.count, 0);
		CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
		CU_ASSERT_PTR_NULL(use(r, hosts[family]));
		CU_ASSERT_EQUAL(r->tx.count, 1);
		rig_free(r);
	}
}

/* After a minute the machine itself is asked, then everybody; meanwhile frames go where they went. */
static void what_is_in_use_is_refreshed_without_a_gap(void)
{
	struct rig *r = begin();
	struct mac_addr mac = mac_of(1), to;
	ns_t start = r->now;

	CU_ASSERT_PTR_NULL(use(r, host(1)));
	CU_ASSERT(learn(r, host(1), mac, 0));
	r->now = start + LIFE - 1;
	CU_ASSERT_PTR_NOT_NULL(use(r, host(1)));
	for (int try = 0; try < 3; try++) {
		rig_tick(r, start + LIFE + (ns_t)try * NS_PER_S);
		CU_ASSERT_EQUAL(r->tx.count, 1);
		memcpy(&to, r->tx.frames[0].bytes, sizeof(to));
		CU_ASSERT(mac_equal(&to, try == 0 ? &mac : &mac_broadcast));
		CU_ASSERT_PTR_NOT_NULL(use(r, host(1)));
	}
	CU_ASSERT(learn(r, host(1), mac, 0)); /* the answer: all is as before */
	rig_tick(r, r->now + NS_PER_S);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	CU_ASSERT_PTR_NOT_NULL(use(r, host(1)));
	rig_free(r);
}

static void a_machine_that_is_gone_is_forgotten(void)
{
	struct rig *r = begin();
	ns_t start = r->now;

	CU_ASSERT_PTR_NULL(use(r, host(1)));
	CU_ASSERT(learn(r, host(1), mac_of(1), 0));
	r->now = start + 1;
	use(r, host(1));
	for (ns_t s = 0; s < 3; s++)
		rig_tick(r, start + LIFE + s * NS_PER_S);
	CU_ASSERT_PTR_NOT_NULL(use(r, host(1)));
	rig_tick(r, start + LIFE + 3 * NS_PER_S);
	CU_ASSERT_PTR_NULL(use(r, host(1)));
	rig_free(r);
}

static void what_is_not_used_is_forgotten_in_silence(void)
{
	struct rig *r = begin();
	ns_t start = r->now;

	CU_ASSERT(learn(r, host(1), mac_of(1), LEARN_CREATE));
	CU_ASSERT_PTR_NULL(use(r, host(2)));
	CU_ASSERT(learn(r, host(2), mac_of(2), 0));
	CU_ASSERT_EQUAL(net_deadline(r->net), start + NS_PER_S);
	rig_tick(r, start + LIFE);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	CU_ASSERT_FALSE(learn(r, host(1), mac_of(1), 0));
	rig_free(r);
}

static void strangers_do_not_push_out_whom_we_send_to(void)
{
	struct rig *r = begin();

	for (uint32_t i = 0; i < NET_NEIGHBOURS_MAX - 1; i++) {
		use(r, host(i));
		CU_ASSERT(learn(r, host(i), mac_of(i), 0));
	}
	for (uint32_t i = 1000; i < 3000; i++) /* they share the place that is left */
		CU_ASSERT(learn(r, host(i), mac_of(i), LEARN_CREATE));
	r->tx.count = 0;
	for (uint32_t i = 0; i < NET_NEIGHBOURS_MAX - 1; i++) {
		const struct mac_addr *mac = use(r, host(i)), want = mac_of(i);

		CU_ASSERT(mac != NULL && mac_equal(mac, &want));
	}
	CU_ASSERT_PTR_NOT_NULL(use(r, host(2999)));
	CU_ASSERT_FALSE(learn(r, host(3000), mac_of(1), LEARN_CREATE)); /* and now there is none */
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

static void whom_we_need_pushes_out_whom_we_used_least(void)
{
	struct rig *r = begin();

	for (uint32_t i = 0; i < NET_NEIGHBOURS_MAX; i++) {
		r->now++;
		use(r, host(i));
		CU_ASSERT(learn(r, host(i), mac_of(i), 0));
	}
	r->now++;
	CU_ASSERT_PTR_NOT_NULL(use(r, host(0)));
	CU_ASSERT_PTR_NULL(use(r, host(999)));
	CU_ASSERT_PTR_NOT_NULL(use(r, host(0)));
	CU_ASSERT_PTR_NOT_NULL(use(r, host(2)));
	CU_ASSERT_FALSE(learn(r, host(1), mac_of(1), 0)); /* the one that is gone */
	rig_free(r);
}

static void a_mac_that_is_to_stay_stays(void)
{
	struct rig *r = begin();
	const struct mac_addr first = mac_of(1), second = mac_of(2);

	use(r, host(1));
	CU_ASSERT(learn(r, host(1), first, LEARN_KEEP));
	CU_ASSERT(learn(r, host(1), second, LEARN_KEEP));
	CU_ASSERT(mac_equal(use(r, host(1)), &first));
	CU_ASSERT(learn(r, host(1), second, 0));
	CU_ASSERT(mac_equal(use(r, host(1)), &second));
	rig_free(r);
}

static void groups_and_nobody_have_no_mac(void)
{
	struct rig *r = begin();
	struct mac_addr group = { { 1, 0, 0x5e, 0, 0, 1 } };

	CU_ASSERT_FALSE(learn(r, host(1), group, LEARN_CREATE));
	CU_ASSERT_FALSE(learn(r, RIG_GROUP4, mac_of(1), LEARN_CREATE));
	CU_ASSERT_FALSE(learn(r, ip4_of(0, 0, 0, 0), mac_of(1), LEARN_CREATE));
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_request_is_tried_three_times),
	SUITE_TEST(what_is_in_use_is_refreshed_without_a_gap),
	SUITE_TEST(a_machine_that_is_gone_is_forgotten),
	SUITE_TEST(what_is_not_used_is_forgotten_in_silence),
	SUITE_TEST(strangers_do_not_push_out_whom_we_send_to),
	SUITE_TEST(whom_we_need_pushes_out_whom_we_used_least),
	SUITE_TEST(a_mac_that_is_to_stay_stays),
	SUITE_TEST(groups_and_nobody_have_no_mac),
};

SUITE_MAIN("net/neighbour", tests)
