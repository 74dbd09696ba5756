#include "net/rig.h"

static const struct mac_addr to = { { 2, 0, 0, 0, 0, 9 } };

static void short_frames_are_padded_with_zeros(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);
	struct writer w;

	memset(r->tx.frames[0].bytes, 0xee, NET_OUT_BYTES);
	CU_ASSERT(frame_begin(r->net, &r->tx, &to, ETHER_IP4, &w));
	writer_u8(&w, 0x45);
	CU_ASSERT(frame_end(&r->tx, &w));
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(r->tx.frames[0].len, ETH_FRAME_MIN);
	rig_assert_sent(r, 0, "020000000009 020000000005 0800 45");
	rig_free(r);
}

static void a_tagged_port_tags_what_net_says(void)
{
	struct net_config c = rig_config();
	struct rig *r;

	c.vlan = 100;
	r = rig_new(&c);
	rig_tick(r, r->now);
	rig_assert_sent(r, 0, "ffffffffffff 020000000005 8100 0064 0806 0001 0800 06 04 0001"
	                      "020000000005 0a000005 000000000000 0a000005");
	rig_free(r);
}

static void what_does_not_fit_is_dropped_and_counted(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);
	static uint8_t data[NET_OUT_BYTES];
	struct writer w;

	CU_ASSERT(frame_begin(r->net, &r->tx, &to, ETHER_IP4, &w));
	writer_bytes(&w, data, NET_OUT_BYTES - 14);
	CU_ASSERT(frame_end(&r->tx, &w));
	CU_ASSERT(frame_begin(r->net, &r->tx, &to, ETHER_IP4, &w));
	writer_bytes(&w, data, NET_OUT_BYTES - 13);
	CU_ASSERT_FALSE(frame_end(&r->tx, &w));
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(r->tx.dropped, 1);
	r->tx.count = NET_OUT_FRAMES;
	CU_ASSERT_FALSE(frame_begin(r->net, &r->tx, &to, ETHER_IP4, &w));
	CU_ASSERT_EQUAL(r->tx.dropped, 2);
	rig_free(r);
}

/* RFC 1112 section 6.4 takes 23 bits of the group, RFC 2464 section 7 takes 32. */
static void groups_have_their_macs(void)
{
	struct ip_addr group4 = ip4_of(239, 255, 1, 2), group6 = rig_ip("ff15::8182:8384");
	struct mac_addr mac4 = mac_of_group(&group4), mac6 = mac_of_group(&group6);

	CU_ASSERT_EQUAL(memcmp(mac4.b, "\x01\x00\x5e\x7f\x01\x02", 6), 0);
	CU_ASSERT_EQUAL(memcmp(mac6.b, "\x33\x33\x81\x82\x83\x84", 6), 0);
}

static const struct suite_test tests[] = {
	SUITE_TEST(short_frames_are_padded_with_zeros),
	SUITE_TEST(a_tagged_port_tags_what_net_says),
	SUITE_TEST(what_does_not_fit_is_dropped_and_counted),
	SUITE_TEST(groups_have_their_macs),
};

SUITE_MAIN("net/frame", tests)
