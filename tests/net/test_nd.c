#include "net/rig.h"

#define OURS "20010db8000000000000000000000005"
#define PEER "20010db8000000000000000000000009"
#define LINK_LOCAL "fe80000000000000000000fffe000005"
#define ALL_NODES "ff020000000000000000000000000001"
#define SOLICIT(target) "8700 0000 00000000" target
#define SOURCE_LINK "01 01 020000000009"
#define TARGET_LINK "02 01 020000000009"

static struct rig *begin(bool has_kernel)
{
	struct net_config c = rig_config6();

	c.has_kernel = has_kernel;
	return rig_started(&c);
}

static enum net_verdict input(struct rig *r, const char *from, const char *to, uint8_t hop_limit, const char *hex)
{
	struct rig_frame f = rig_icmp6_frame(rig_ip(from), rig_ip(to), hop_limit, hex);

	return rig_input(r, &f);
}

static bool knows_peer(struct rig *r)
{
	struct ip_addr peer = RIG_PEER6;
	const struct mac_addr *mac = neighbour_use(r->net, &peer, r->now, &r->tx);

	return mac != NULL && mac_equal(mac, &rig_peer_mac);
}

static void who_asks_for_us_is_answered_and_remembered(void)
{
	struct rig *r = begin(false);

	CU_ASSERT_EQUAL(input(r, "2001:db8::9", "ff02::1:ff00:5", 255, SOLICIT(OURS) SOURCE_LINK), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	rig_assert_sent(r, 0, "020000000009 020000000005 86dd"
	                      "60000000 0020 3a ff" OURS PEER
	                      "8800 8a60 60000000" OURS "02 01 020000000005");
	CU_ASSERT(knows_peer(r));
	rig_free(r);
}

static void our_link_local_address_is_answered_for_too(void)
{
	struct rig *r = begin(false);

	CU_ASSERT_EQUAL(input(r, "2001:db8::9", "fe80::ff:fe00:5", 255, SOLICIT(LINK_LOCAL)), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 1); /* without an option to the MAC it came from */
	CU_ASSERT_EQUAL(memcmp(r->tx.frames[0].bytes, rig_peer_mac.b, 6), 0);
	CU_ASSERT_FALSE(knows_peer(r));
	rig_free(r);
}

/* RFC 4862 section 5.4.3: somebody who is to take our address asks from no address, and everybody hears the answer. */
static void a_probe_for_our_address_is_answered_to_all(void)
{
	struct rig *r = begin(false);

	CU_ASSERT_EQUAL(input(r, "::", "ff02::1:ff00:5", 255, SOLICIT(OURS)), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	rig_assert_sent(r, 0, "333300000001 020000000005 86dd"
	                      "60000000 0020 3a ff" OURS ALL_NODES
	                      "8800 f91e 20000000" OURS "02 01 020000000005");
	rig_free(r);
}

static void the_kernel_answers_where_there_is_one(void)
{
	struct rig *r = begin(true);

	CU_ASSERT_EQUAL(input(r, "2001:db8::9", "2001:db8::5", 255, SOLICIT(OURS) SOURCE_LINK), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

static void an_advertisement_we_asked_for_is_learnt(void)
{
	for (int has_kernel = 0; has_kernel < 2; has_kernel++) {
		struct rig *r = begin(has_kernel);

		CU_ASSERT_FALSE(knows_peer(r));
		CU_ASSERT_EQUAL(r->tx.count, 1);
		rig_assert_sent(r, 0, "3333ff000009 020000000005 86dd"
		                      "60000000 0020 3a ff" OURS "ff0200000000000000000001ff000009"
		                      "8700 1c11 00000000" PEER "01 01 020000000005");
		CU_ASSERT_EQUAL(input(r, "2001:db8::9", "2001:db8::5", 255, "8800 0000 60000000" PEER TARGET_LINK),
		                NET_HANDLED);
		CU_ASSERT(knows_peer(r));
		rig_free(r);
	}
}

static void an_advertisement_nobody_asked_for_is_not_learnt(void)
{
	struct rig *r = begin(false);

	CU_ASSERT_EQUAL(input(r, "2001:db8::9", "ff02::1", 255, "8800 0000 20000000" PEER TARGET_LINK), NET_OTHER_HOST);
	CU_ASSERT_FALSE(knows_peer(r));
	rig_free(r);
}

static void only_an_overriding_advertisement_changes_a_mac(void)
{
	struct rig *r = begin(false);

	CU_ASSERT_FALSE(knows_peer(r));
	CU_ASSERT_EQUAL(input(r, "2001:db8::9", "2001:db8::5", 255, "8800 0000 60000000" PEER TARGET_LINK), NET_HANDLED);
	CU_ASSERT_EQUAL(input(r, "2001:db8::9", "2001:db8::5", 255, "8800 0000 40000000" PEER "02 01 020000000044"),
	                NET_HANDLED);
	CU_ASSERT(knows_peer(r));
	CU_ASSERT_EQUAL(input(r, "2001:db8::9", "2001:db8::5", 255, "8800 0000 20000000" PEER "02 01 020000000044"),
	                NET_HANDLED);
	CU_ASSERT_FALSE(knows_peer(r));
	rig_free(r);
}

static void who_claims_our_address_is_counted(void)
{
	struct rig *r = begin(false);

	CU_ASSERT_EQUAL(input(r, "2001:db8::9", "ff02::1", 255, "8800 0000 20000000" OURS TARGET_LINK), NET_HANDLED);
	CU_ASSERT_EQUAL(net_read_stats(r->net)->conflicts, 1);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

static void messages_that_cannot_be_are_refused(void)
{
	struct rig *r = begin(false);
	const char *peer = "2001:db8::9", *us = "2001:db8::5";

	CU_ASSERT_EQUAL(input(r, peer, us, 254, SOLICIT(OURS) SOURCE_LINK), NET_BAD_IP); /* from beyond the link */
	CU_ASSERT_EQUAL(input(r, peer, us, 255, "8701 0000 00000000" OURS), NET_BAD_IP);
	CU_ASSERT_EQUAL(input(r, peer, us, 255, "8700 0000 00000000" "20010db80000000000000000000000"), NET_RUNT);
	CU_ASSERT_EQUAL(input(r, peer, us, 255, SOLICIT(OURS) "01 00 020000000009"), NET_RUNT);
	CU_ASSERT_EQUAL(input(r, peer, us, 255, SOLICIT(OURS) "01 02 020000000009"), NET_RUNT);
	CU_ASSERT_EQUAL(input(r, peer, us, 255, SOLICIT(OURS) "01"), NET_RUNT);
	CU_ASSERT_EQUAL(input(r, peer, us, 255, SOLICIT(PEER) SOURCE_LINK), NET_OTHER_HOST);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

static void our_addresses_are_announced_at_the_start(void)
{
	struct net_config c = rig_config6();
	struct rig *r = rig_new(&c);

	rig_tick(r, r->now);
	rig_assert_sent(r, 1, "333300000001 020000000005 86dd"
	                      "60000000 0020 3a ff" OURS ALL_NODES
	                      "8800 f91e 20000000" OURS "02 01 020000000005");
	rig_assert_sent(r, 2, "333300000001 020000000005 86dd"
	                      "60000000 0020 3a ff" LINK_LOCAL ALL_NODES
	                      "8800 598f 20000000" LINK_LOCAL "02 01 020000000005");
	rig_free(r);
	c.ip6 = rig_ip("fe80::77"); /* a link-local address that was configured is the only one */
	r = rig_new(&c);
	rig_tick(r, r->now);
	CU_ASSERT_EQUAL(r->tx.count, 3);
	CU_ASSERT(ip_equal(&r->net->link_local, &c.ip6));
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(who_asks_for_us_is_answered_and_remembered),
	SUITE_TEST(our_link_local_address_is_answered_for_too),
	SUITE_TEST(a_probe_for_our_address_is_answered_to_all),
	SUITE_TEST(the_kernel_answers_where_there_is_one),
	SUITE_TEST(an_advertisement_we_asked_for_is_learnt),
	SUITE_TEST(an_advertisement_nobody_asked_for_is_not_learnt),
	SUITE_TEST(only_an_overriding_advertisement_changes_a_mac),
	SUITE_TEST(who_claims_our_address_is_counted),
	SUITE_TEST(messages_that_cannot_be_are_refused),
	SUITE_TEST(our_addresses_are_announced_at_the_start),
};

SUITE_MAIN("net/nd", tests)
