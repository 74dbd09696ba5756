#include "net/rig.h"

#define QUERIER rig_ip("fe80::9")
#define ALL_NODES rig_ip("ff02::1")
#define ZERO16 "00000000000000000000000000000000"
#define GROUP "ff150000000000000000000100020003"
#define LINK_LOCAL "fe80000000000000000000fffe000005"

/* In ff15::1:2:3 beside our solicited-node group, which is taken away to see one record at a time. */
static struct rig *joined(void)
{
	struct net_config c = rig_config6();
	struct rig *r = rig_started(&c);
	struct ip_addr group = RIG_GROUP6;

	r->net->groups.count = 0;
	CU_ASSERT(net_join(r->net, &group, r->now, &r->tx));
	rig_tick(r, r->now + 60 * NS_PER_S);
	r->tx.count = 0;
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	return r;
}

static enum net_verdict query(struct rig *r, const char *hex)
{
	struct rig_frame f = rig_icmp6_frame(QUERIER, ALL_NODES, 1, hex);

	return rig_input(r, &f);
}

static void joining_and_leaving_have_these_bytes_in_version_2(void)
{
	struct net_config c = rig_config6();
	struct rig *r = rig_started(&c);
	struct ip_addr group = RIG_GROUP6;

	CU_ASSERT(net_join(r->net, &group, r->now, &r->tx));
	rig_assert_sent(r, 0, "333300000016 020000000005 86dd"
	                      "60000000 0024 00 01" LINK_LOCAL "ff020000000000000000000000000016"
	                      "3a00 0502 0000 0100"
	                      "8f00 70ed 0000 0001  04 00 0000" GROUP);
	net_leave(r->net, &group, r->now, &r->tx);
	rig_assert_sent(r, 1, "333300000016 020000000005 86dd"
	                      "60000000 0024 00 01" LINK_LOCAL "ff020000000000000000000000000016"
	                      "3a00 0502 0000 0100"
	                      "8f00 71ed 0000 0001  03 00 0000" GROUP);
	rig_free(r);
}

static void a_query_of_version_2_is_answered_with_a_list(void)
{
	struct rig *r = joined();

	CU_ASSERT_EQUAL(query(r, "8200 0000 2710 0000" ZERO16 "02 7d 0000"), NET_HANDLED);
	CU_ASSERT(net_deadline(r->net) <= r->now + 10 * NS_PER_S);
	rig_tick_due(r);
	rig_assert_sent(r, 0, "333300000016 020000000005 86dd"
	                      "60000000 0024 00 01" LINK_LOCAL "ff020000000000000000000000000016"
	                      "3a00 0502 0000 0100"
	                      "8f00 72ed 0000 0001  02 00 0000" GROUP);
	rig_free(r);
}

static void a_query_of_version_1_is_answered_to_the_group(void)
{
	struct rig *r = joined();
	struct ip_addr group = RIG_GROUP6;

	CU_ASSERT_EQUAL(query(r, "8200 0000 2710 0000" ZERO16), NET_HANDLED);
	CU_ASSERT(net_deadline(r->net) <= r->now + 10 * NS_PER_S);
	rig_tick_due(r);
	rig_assert_sent(r, 0, "333300020003 020000000005 86dd"
	                      "60000000 0020 00 01" LINK_LOCAL GROUP
	                      "3a00 0502 0000 0100"
	                      "8300 80ef 0000 0000" GROUP);
	net_leave(r->net, &group, r->now, &r->tx);
	rig_assert_sent(r, 1, "333300000002 020000000005 86dd"
	                      "60000000 0020 00 01" LINK_LOCAL "ff020000000000000000000000000002"
	                      "3a00 0502 0000 0100"
	                      "8400 8006 0000 0000" GROUP);
	rig_free(r);
}

/* RFC 3810 section 5.1.3: 32768 and above are mantissa and exponent; version 1 has milliseconds throughout. */
static void the_delay_is_what_the_query_allows(void)
{
	static const struct {
		const char *hex;
		ns_t max;
	} cases[] = {
		{ "8200 0000 0001 0000" ZERO16 "02 7d 0000", NS_PER_MS },
		{ "8200 0000 7fff 0000" ZERO16 "02 7d 0000", 32767 * NS_PER_MS },
		{ "8200 0000 8000 0000" ZERO16 "02 7d 0000", 32768 * NS_PER_MS },
		{ "8200 0000 ffff 0000" ZERO16 "02 7d 0000", (ns_t)(0x1fff << 10) * NS_PER_MS },
		{ "8200 0000 ffff 0000" ZERO16, 65535 * NS_PER_MS },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ns_t longest = 0;

		for (int k = 0; k < 50; k++) {
			struct rig *r = joined();
			ns_t delay;

			r->net->rng.state += (uint64_t)k;
			CU_ASSERT_EQUAL(query(r, cases[i].hex), NET_HANDLED);
			delay = net_deadline(r->net) - r->now;
			CU_ASSERT(delay > 0 && delay <= cases[i].max);
			longest = delay > longest ? delay : longest;
			rig_free(r);
		}
		CU_ASSERT(longest > cases[i].max / 2);
	}
}

static void a_query_about_one_group_is_answered_for_it_alone(void)
{
	struct rig *r = joined();
	struct ip_addr other = rig_ip("ff15::9");

	CU_ASSERT(net_join(r->net, &other, r->now, &r->tx));
	rig_tick(r, r->now + 60 * NS_PER_S);
	CU_ASSERT_EQUAL(query(r, "8200 0000 03e8 0000" GROUP "02 7d 0000"), NET_HANDLED);
	rig_tick_due(r);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(r->tx.frames[0].len, 14 + 40 + 8 + 8 + 20);
	CU_ASSERT_EQUAL(memcmp(r->tx.frames[0].bytes + 74, RIG_GROUP6.b, 16), 0);
	rig_free(r);
}

static void messages_that_cannot_be_are_refused(void)
{
	struct rig *r = joined();
	struct rig_frame f = rig_icmp6_frame(RIG_PEER6, ALL_NODES, 1, "8200 0000 2710 0000" ZERO16);

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_BAD_IP); /* from beyond the link */
	f = rig_icmp6_frame(QUERIER, ALL_NODES, 2, "8200 0000 2710 0000" ZERO16);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_BAD_IP);
	CU_ASSERT_EQUAL(query(r, "8200 0000 2710 0000" "0000000000000000000000000000"), NET_RUNT);
	CU_ASSERT_EQUAL(query(r, "8200 0000 2710 0000" ZERO16 "02 7d"), NET_RUNT);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	rig_free(r);
}

/* Our own addresses need their group too, or a snooping switch keeps solicitations from us. */
static void the_solicited_node_groups_are_reported_at_the_start(void)
{
	struct net_config c = rig_config6();
	struct rig *r = rig_new(&c);

	rig_tick(r, r->now);
	CU_ASSERT_EQUAL(r->tx.count, 4); /* ARP, two advertisements, and the report */
	rig_assert_sent(r, 3, "333300000016 020000000005 86dd"
	                      "60000000 0024 00 01" LINK_LOCAL "ff020000000000000000000000000016"
	                      "3a00 0502 0000 0100"
	                      "8f00 71ff 0000 0001  04 00 0000 ff0200000000000000000001ff000005");
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(joining_and_leaving_have_these_bytes_in_version_2),
	SUITE_TEST(a_query_of_version_2_is_answered_with_a_list),
	SUITE_TEST(a_query_of_version_1_is_answered_to_the_group),
	SUITE_TEST(the_delay_is_what_the_query_allows),
	SUITE_TEST(a_query_about_one_group_is_answered_for_it_alone),
	SUITE_TEST(messages_that_cannot_be_are_refused),
	SUITE_TEST(the_solicited_node_groups_are_reported_at_the_start),
};

SUITE_MAIN("net/mld", tests)
