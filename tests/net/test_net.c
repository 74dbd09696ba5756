#include "net/rig.h"

/* A machine that is in the group. */
static struct rig *joined(struct net_config c)
{
	struct rig *r = rig_started(&c);
	struct ip_addr group = RIG_GROUP4;

	CU_ASSERT(net_join(r->net, &group, r->now, &r->tx));
	r->tx.count = 0;
	return r;
}

static void a_datagram_to_our_group_or_our_address_is_taken(void)
{
	struct ip_addr to[] = { RIG_GROUP4, RIG_IP4 }, peer = RIG_PEER4;
	struct rig *r = joined(rig_config());

	for (int i = 0; i < 2; i++) {
		struct rig_frame f = rig_udp_frame(&to[i], 100);

		CU_ASSERT_EQUAL(rig_input(r, &f), NET_UDP);
		CU_ASSERT(rig_payload_is_right(&r->datagram, 100));
		CU_ASSERT(ip_equal(&r->datagram.from.ip, &peer));
		CU_ASSERT(ip_equal(&r->datagram.to.ip, &to[i]));
		CU_ASSERT_EQUAL(r->datagram.to_multicast, i == 0);
		CU_ASSERT(r->datagram.whole);
		CU_ASSERT(r->datagram.checked);
	}
	CU_ASSERT_EQUAL(rig_count(r, NET_UDP), 2);
	rig_free(r);
}

static void ethernet_padding_is_not_payload(void)
{
	struct ip_addr to = RIG_IP4;
	struct rig *r = joined(rig_config());
	struct rig_frame f = rig_udp_frame(&to, 3);

	f.len = ETH_FRAME_MIN;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_UDP);
	CU_ASSERT(rig_payload_is_right(&r->datagram, 3));
	rig_free(r);
}

static void what_is_for_others_is_counted_and_left(void)
{
	struct ip_addr to = RIG_IP4, other = ip4_of(10, 0, 0, 6), foreign = ip4_of(239, 1, 2, 3), group = RIG_GROUP4;
	struct rig *r = joined(rig_config());
	struct rig_frame f = rig_udp_frame(&other, 100);

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_HOST); /* our MAC, not our address */
	f = rig_udp_frame(&to, 100);
	f.bytes[5] ^= 1;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_HOST); /* our address, not our MAC */
	f = rig_udp_frame(&to, 100);
	memset(f.bytes, 0xff, 6);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_HOST); /* our address in a broadcast */
	foreign.b[1] = 1; /* 239.1.2.3 shares its MAC with 239.129.2.3 */
	f = rig_udp_frame(&foreign, 100);
	CU_ASSERT_EQUAL(memcmp(f.bytes, "\x01\x00\x5e\x01\x02\x03", 6), 0);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_HOST);
	f = rig_udp_frame(&group, 100);
	memcpy(f.bytes, rig_mac.b, 6);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_UDP); /* multicast made unicast by an access point */
	f.bytes[6] |= 1;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_HOST); /* sent by a group */
	CU_ASSERT_EQUAL(rig_count(r, NET_OTHER_HOST), 5);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

static void our_own_frames_are_known(void)
{
	struct ip_addr group = RIG_GROUP4;
	struct rig *r = joined(rig_config());
	struct rig_frame f = rig_udp_frame(&group, 100);

	memcpy(f.bytes + 6, rig_mac.b, 6);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OWN);
	rig_free(r);
}

static struct rig_frame tagged(uint16_t tag)
{
	struct ip_addr group = RIG_GROUP4;
	struct rig_frame f = rig_udp_frame(&group, 100);

	memmove(f.bytes + 16, f.bytes + 12, f.len - 12);
	memcpy(f.bytes + 12, "\x81\x00", 2);
	f.bytes[14] = (uint8_t)(tag >> 8);
	f.bytes[15] = (uint8_t)tag;
	f.len += 4;
	return f;
}

static void only_frames_of_our_vlan_are_taken(void)
{
	struct ip_addr group = RIG_GROUP4;
	struct rig_frame plain = rig_udp_frame(&group, 100), ours = tagged(0xe064), other = tagged(0x0065);
	struct rig_frame priority = tagged(0xe000), cut = ours;
	struct net_config c = rig_config();
	struct rig *r = joined(c);

	CU_ASSERT_EQUAL(rig_input(r, &plain), NET_UDP);
	CU_ASSERT_EQUAL(rig_input(r, &priority), NET_UDP); /* 802.1p: a priority without a VLAN */
	CU_ASSERT_EQUAL(rig_input(r, &ours), NET_OTHER_VLAN);
	rig_free(r);
	c.vlan = 100;
	r = joined(c);
	CU_ASSERT_EQUAL(rig_input(r, &ours), NET_UDP);
	CU_ASSERT(rig_payload_is_right(&r->datagram, 100));
	CU_ASSERT_EQUAL(rig_input(r, &plain), NET_OTHER_VLAN);
	CU_ASSERT_EQUAL(rig_input(r, &priority), NET_OTHER_VLAN);
	CU_ASSERT_EQUAL(rig_input(r, &other), NET_OTHER_VLAN);
	cut.len = 17;
	CU_ASSERT_EQUAL(rig_input(r, &cut), NET_RUNT);
	rig_free(r);
}

static void other_protocols_are_left_alone(void)
{
	static const char tcp[20];
	struct ip_addr to = RIG_IP4;
	struct rig *r = joined(rig_config());
	struct rig_frame f = rig_ip4_frame(&to, 6, tcp, sizeof(tcp));

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_PROTOCOL);
	f.bytes[12] = 0x88; /* LLDP's EtherType */
	f.bytes[13] = 0xcc;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_PROTOCOL);
	rig_free(r);
}

static void every_truncation_is_a_runt(void)
{
	struct ip_addr to[] = { RIG_IP4, RIG_IP6 };
	struct rig *r = joined(rig_config6());

	for (int i = 0; i < 2; i++) {
		struct rig_frame f = rig_udp_frame(&to[i], 100);
		uint32_t len = f.len;

		for (f.len = 0; f.len < len; f.len++)
			CU_ASSERT_EQUAL(rig_input(r, &f), NET_RUNT);
		CU_ASSERT_EQUAL(rig_input(r, &f), NET_UDP);
	}
	rig_free(r);
}

/* Cut by a ring as long as the MTU, it is no runt of a hostile sender's. */
static void what_is_longer_than_the_mtu_is_a_train_whole_or_cut(void)
{
	struct ip_addr to = RIG_IP4;
	struct rig *r = joined(rig_config());
	struct rig_frame largest = rig_udp_frame(&to, 1472), train = rig_udp_frame(&to, 3000);

	CU_ASSERT_EQUAL(rig_input(r, &largest), NET_UDP);
	CU_ASSERT_EQUAL(rig_input(r, &train), NET_OVERSIZE);
	train.len = 1514;
	CU_ASSERT_EQUAL(rig_input(r, &train), NET_OVERSIZE);
	train.len = 1513;
	CU_ASSERT_EQUAL(rig_input(r, &train), NET_RUNT);
	rig_free(r);
}

static void an_address_is_announced_twice_two_seconds_apart(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_new(&c);
	ns_t start = r->now;

	CU_ASSERT_EQUAL(net_deadline(r->net), start);
	rig_tick(r, start);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	rig_assert_sent(r, 0, "ffffffffffff 020000000005 0806 0001 0800 06 04 0001"
	                      "020000000005 0a000005 000000000000 0a000005");
	CU_ASSERT_EQUAL(net_deadline(r->net), start + 2 * NS_PER_S);
	rig_tick(r, start + 2 * NS_PER_S - 1);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_tick(r, start + 2 * NS_PER_S);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	rig_free(r);
}

static void beside_a_kernel_nothing_is_said(void)
{
	struct net_config c = rig_config6();
	struct ip_addr group4 = RIG_GROUP4, group6 = RIG_GROUP6, own[NET_OWN_GROUPS];
	struct rig *r;

	c.has_kernel = true;
	r = rig_new(&c);
	CU_ASSERT(net_join(r->net, &group4, r->now, &r->tx));
	CU_ASSERT(net_join(r->net, &group6, r->now, &r->tx));
	net_leave(r->net, &group6, r->now, &r->tx);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	CU_ASSERT_EQUAL(net_own_groups(r->net, own), 0);
	rig_free(r);
}

static void the_groups_that_net_listens_to_are_told(void)
{
	struct net_config c = rig_config();
	struct ip_addr own[NET_OWN_GROUPS];
	struct ip_addr solicited = rig_ip("ff02::1:ff00:5"), all = rig_ip("ff02::1");
	struct rig *r = rig_new(&c);

	CU_ASSERT_EQUAL(net_own_groups(r->net, own), 1);
	CU_ASSERT_EQUAL(own[0].b[3], 1);
	rig_free(r);
	c = rig_config6();
	c.mac.b[4] = 7; /* fe80::ff:fe00:705 */
	r = rig_new(&c);
	CU_ASSERT_EQUAL(net_own_groups(r->net, own), 4);
	CU_ASSERT(ip_equal(&own[1], &all));
	CU_ASSERT(ip_equal(&own[2], &solicited));
	solicited.b[14] = 7;
	CU_ASSERT(ip_equal(&own[3], &solicited));
	rig_free(r);
}

static void every_verdict_has_a_name(void)
{
	for (int i = 0; i < NET_VERDICT_COUNT; i++)
		CU_ASSERT(net_verdict_names[i] != NULL && net_verdict_names[i][0] != '\0');
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_datagram_to_our_group_or_our_address_is_taken),
	SUITE_TEST(ethernet_padding_is_not_payload),
	SUITE_TEST(what_is_for_others_is_counted_and_left),
	SUITE_TEST(our_own_frames_are_known),
	SUITE_TEST(only_frames_of_our_vlan_are_taken),
	SUITE_TEST(other_protocols_are_left_alone),
	SUITE_TEST(every_truncation_is_a_runt),
	SUITE_TEST(what_is_longer_than_the_mtu_is_a_train_whole_or_cut),
	SUITE_TEST(an_address_is_announced_twice_two_seconds_apart),
	SUITE_TEST(beside_a_kernel_nothing_is_said),
	SUITE_TEST(the_groups_that_net_listens_to_are_told),
	SUITE_TEST(every_verdict_has_a_name),
};

SUITE_MAIN("net/net", tests)
