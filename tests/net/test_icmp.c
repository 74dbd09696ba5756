#include "net/rig.h"

static struct rig *begin(bool has_kernel)
{
	struct net_config c = rig_config6();
	struct rig *r;

	c.has_kernel = has_kernel;
	r = rig_started(&c);
	r->net->ip4_id = 0x0102;
	return r;
}

/* id 1234, sequence 1, "abc"; 0800 + 1234 + 0001 + 6162 + 6300 = de97. */
static struct rig_frame echo4(void)
{
	struct rig_frame body = rig_hex("0800 2168 1234 0001 616263");
	struct ip_addr to = RIG_IP4;

	return rig_ip4_frame(&to, PROTOCOL_ICMP, body.bytes, body.len);
}

static struct rig_frame icmp6_frame(struct ip_addr to, const char *hex)
{
	return rig_icmp6_frame(RIG_PEER6, to, 64, hex);
}

static void an_echo_request_is_answered(void)
{
	struct rig *r = begin(false);
	struct rig_frame f = echo4();

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	rig_assert_sent(r, 0, "020000000009 020000000005 0800"
	                      "4500001f 01020000 4001 65cf 0a000005 0a000009"
	                      "0000 2968 1234 0001 616263");
	CU_ASSERT_EQUAL(net_read_stats(r->net)->echoes, 1);
	rig_free(r);
}

static void an_ipv6_echo_request_is_answered(void)
{
	struct rig *r = begin(false);
	struct rig_frame f = icmp6_frame(RIG_IP6, "8000 0000 1234 0001 616263");

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	rig_assert_sent(r, 0, "020000000009 020000000005 86dd"
	                      "60000000 000b 3a 40 20010db8000000000000000000000005 20010db8000000000000000000000009"
	                      "8100 4ca2 1234 0001 616263");
	rig_free(r);
}

static void the_kernel_answers_where_there_is_one(void)
{
	struct rig *r = begin(true);
	struct rig_frame f4 = echo4(), f6 = icmp6_frame(RIG_IP6, "8000 0000 1234 0001 616263");

	CU_ASSERT_EQUAL(rig_input(r, &f4), NET_OTHER_PROTOCOL);
	CU_ASSERT_EQUAL(rig_input(r, &f6), NET_OTHER_PROTOCOL);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

static void damaged_short_and_foreign_messages_are_not_answered(void)
{
	struct rig *r = begin(false);
	struct rig_frame f = echo4();
	struct ip_addr to = RIG_IP4;

	f.bytes[f.len - 1] ^= 1;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_BAD_IP);
	f = icmp6_frame(RIG_IP6, "8000 0000 1234 0001 616263");
	f.bytes[f.len - 1] ^= 1;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_BAD_IP);
	f = rig_ip4_frame(&to, PROTOCOL_ICMP, "\x08\x00\xf7", 3);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_RUNT);
	f = rig_ip4_frame(&to, PROTOCOL_ICMP, "\x03\x03\xfc\xfc", 4); /* port unreachable */
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_PROTOCOL);
	f = icmp6_frame(RIG_IP6, "8600 0000 1234 0001"); /* a router advertisement */
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_PROTOCOL);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

/* One request to everybody would be answered by everybody. */
static void an_echo_request_to_a_group_is_not_answered(void)
{
	struct rig *r = begin(false);
	struct ip_addr group = RIG_GROUP4, all = rig_ip("ff02::1");
	struct rig_frame body = rig_hex("0800 2168 1234 0001 616263"), f;

	CU_ASSERT(net_join(r->net, &group, r->now, &r->tx));
	r->tx.count = 0;
	f = rig_ip4_frame(&group, PROTOCOL_ICMP, body.bytes, body.len);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_PROTOCOL);
	f = icmp6_frame(all, "8000 0000 1234 0001 616263");
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_PROTOCOL);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

static void an_echo_that_no_frame_of_ours_holds_is_dropped_and_counted(void)
{
	struct net_config c = rig_config();
	struct rig *r;
	static uint8_t body[4000] = { 8, 0, 0xf7, 0xff };
	struct ip_addr to = RIG_IP4;
	struct rig_frame f = rig_ip4_frame(&to, PROTOCOL_ICMP, body, sizeof(body));

	c.mtu = 9000;
	r = rig_started(&c);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	CU_ASSERT_EQUAL(r->tx.dropped, 1);
	CU_ASSERT_EQUAL(net_read_stats(r->net)->echoes, 0);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(an_echo_request_is_answered),
	SUITE_TEST(an_ipv6_echo_request_is_answered),
	SUITE_TEST(the_kernel_answers_where_there_is_one),
	SUITE_TEST(damaged_short_and_foreign_messages_are_not_answered),
	SUITE_TEST(an_echo_request_to_a_group_is_not_answered),
	SUITE_TEST(an_echo_that_no_frame_of_ours_holds_is_dropped_and_counted),
};

SUITE_MAIN("net/icmp", tests)
