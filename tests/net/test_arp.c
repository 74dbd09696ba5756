#include "net/rig.h"

#define REQUEST_FOR_US "ffffffffffff 020000000009 0806 0001 0800 06 04 0001" \
                       "020000000009 0a000009 000000000000 0a000005"
#define REPLY_TO_US "020000000005 020000000009 0806 0001 0800 06 04 0002" \
                    "020000000009 0a000009 020000000005 0a000005"

static struct rig *begin(bool has_kernel)
{
	struct net_config c = rig_config();

	c.has_kernel = has_kernel;
	return rig_started(&c);
}

static bool knows_peer(struct rig *r)
{
	struct ip_addr peer = RIG_PEER4;
	const struct mac_addr *mac = neighbour_use(r->net, &peer, r->now, &r->tx);

	return mac != NULL && mac_equal(mac, &rig_peer_mac);
}

static void who_asks_for_us_is_answered_and_remembered(void)
{
	struct rig *r = begin(false);
	struct rig_frame f = rig_hex(REQUEST_FOR_US);

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	rig_assert_sent(r, 0, "020000000009 020000000005 0806 0001 0800 06 04 0002"
	                      "020000000005 0a000005 020000000009 0a000009");
	CU_ASSERT(knows_peer(r));
	rig_free(r);
}

static void the_kernel_answers_where_there_is_one_and_we_learn_who_asked(void)
{
	struct rig *r = begin(true);
	struct rig_frame f = rig_hex(REQUEST_FOR_US);

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	CU_ASSERT(knows_peer(r));
	rig_free(r);
}

/* Beside a kernel too: only who asks can know the answer. */
static void a_reply_to_our_request_is_learnt(void)
{
	for (int has_kernel = 0; has_kernel < 2; has_kernel++) {
		struct rig *r = begin(has_kernel);
		struct rig_frame f = rig_hex(REPLY_TO_US);

		CU_ASSERT_FALSE(knows_peer(r));
		rig_assert_sent(r, 0, "ffffffffffff 020000000005 0806 0001 0800 06 04 0001"
		                      "020000000005 0a000005 000000000000 0a000009");
		CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
		CU_ASSERT(knows_peer(r));
		CU_ASSERT_EQUAL(r->tx.count, 1);
		rig_free(r);
	}
}

static void what_nobody_asked_is_not_learnt(void)
{
	struct rig *r = begin(false);
	struct rig_frame reply = rig_hex(REPLY_TO_US), other = rig_hex(REQUEST_FOR_US);

	CU_ASSERT_EQUAL(rig_input(r, &reply), NET_OTHER_HOST);
	other.bytes[41] = 77; /* it asks for somebody else */
	CU_ASSERT_EQUAL(rig_input(r, &other), NET_OTHER_HOST);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	CU_ASSERT_FALSE(knows_peer(r));
	rig_free(r);
}

/* As when a router's place is taken by its spare: what it announces replaces what we knew. */
static void a_machine_that_moves_is_followed(void)
{
	struct rig *r = begin(false);
	struct rig_frame f = rig_hex(REPLY_TO_US);

	CU_ASSERT_FALSE(knows_peer(r));
	f.bytes[27] = 0x44;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_FALSE(knows_peer(r));
	f = rig_hex("ffffffffffff 020000000009 0806 0001 0800 06 04 0001"
	            "020000000009 0a000009 000000000000 0a000009");
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT(knows_peer(r));
	rig_free(r);
}

/* RFC 5227 section 2.1.1: a probe has no sender address yet. It is answered and not learnt. */
static void a_probe_for_our_address_is_answered(void)
{
	struct rig *r = begin(false);
	struct rig_frame f = rig_hex("ffffffffffff 020000000009 0806 0001 0800 06 04 0001"
	                             "020000000009 00000000 000000000000 0a000005");

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	rig_free(r);
}

static void who_claims_our_address_is_counted_and_contradicted_each_ten_seconds(void)
{
	struct rig *r = begin(false);
	struct rig_frame f = rig_hex("ffffffffffff 020000000009 0806 0001 0800 06 04 0001"
	                             "020000000009 0a000005 000000000000 0a000005");

	for (int i = 0; i < 50; i++)
		CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	r->now += 10 * NS_PER_S - 1;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	r->now += 1;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 2);
	CU_ASSERT_EQUAL(net_read_stats(r->net)->conflicts, 52);
	rig_free(r);
}

static void packets_that_cannot_be_are_refused(void)
{
	struct rig *r = begin(false);
	struct rig_frame f = rig_hex(REQUEST_FOR_US);
	static const uint8_t places[] = { 15, 16, 18, 19 }; /* hardware, protocol and their lengths */

	f.len--;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_RUNT);
	for (size_t i = 0; i < sizeof(places); i++) {
		f = rig_hex(REQUEST_FOR_US);
		f.bytes[places[i]] ^= 2;
		CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_PROTOCOL);
	}
	f = rig_hex(REQUEST_FOR_US);
	f.bytes[22] |= 1; /* the sender is a group: an answer would go to many */
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_PROTOCOL);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

static void a_storm_of_requests_is_answered_as_far_as_there_is_room(void)
{
	struct rig *r = begin(false);
	struct rig_frame f = rig_hex(REQUEST_FOR_US);

	for (int i = 0; i < 1000; i++) {
		f.bytes[30] = (uint8_t)(i >> 8);
		f.bytes[31] = (uint8_t)(i + 10);
		CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	}
	CU_ASSERT_EQUAL(r->tx.count, NET_OUT_FRAMES);
	CU_ASSERT_EQUAL(r->tx.dropped, 1000 - NET_OUT_FRAMES);
	CU_ASSERT_EQUAL(net_read_stats(r->net)->arp_sent, NET_OUT_FRAMES + 2);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(who_asks_for_us_is_answered_and_remembered),
	SUITE_TEST(the_kernel_answers_where_there_is_one_and_we_learn_who_asked),
	SUITE_TEST(a_reply_to_our_request_is_learnt),
	SUITE_TEST(what_nobody_asked_is_not_learnt),
	SUITE_TEST(a_machine_that_moves_is_followed),
	SUITE_TEST(a_probe_for_our_address_is_answered),
	SUITE_TEST(who_claims_our_address_is_counted_and_contradicted_each_ten_seconds),
	SUITE_TEST(packets_that_cannot_be_are_refused),
	SUITE_TEST(a_storm_of_requests_is_answered_as_far_as_there_is_room),
};

SUITE_MAIN("net/arp", tests)
