#include "net/rig.h"

#define ETH 14

static struct rig_frame frame4;

/* Parse what stands in the frame from its IP header on. */
static enum net_verdict read4(struct packet *p)
{
	return ip4_read(frame4.bytes + ETH, frame4.len - ETH, p);
}

static void begin4(void)
{
	struct ip_addr to = RIG_IP4;

	frame4 = rig_udp_frame(&to, 10);
}

static void ipv4_options_are_skipped(void)
{
	struct packet p;

	begin4();
	memmove(frame4.bytes + ETH + 60, frame4.bytes + ETH + 20, 18);
	memset(frame4.bytes + ETH + 20, 1, 40); /* no operation, forty times */
	frame4.bytes[ETH] = 0x4f;
	frame4.bytes[ETH + 3] += 40;
	frame4.len += 40;
	rig_fix_ip4(&frame4);
	CU_ASSERT_EQUAL(read4(&p), NET_UDP);
	CU_ASSERT_PTR_EQUAL(p.data, frame4.bytes + ETH + 60);
	CU_ASSERT_EQUAL(p.len, 18);
}

static void ipv4_headers_that_cannot_be_are_refused(void)
{
	struct packet p;
	static const struct {
		uint8_t at, value;
		enum net_verdict want;
	} cases[] = {
		{ 0, 0x55, NET_BAD_IP },  /* version 5 */
		{ 0, 0x44, NET_BAD_IP },  /* a header of 16 bytes */
		{ 3, 19, NET_BAD_IP },    /* a packet shorter than its header */
		{ 3, 39, NET_RUNT },      /* a byte more than there are */
		{ 2, 0xff, NET_RUNT },
		{ 12, 224, NET_BAD_IP },  /* from a group */
		{ 12, 255, NET_BAD_IP },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		begin4();
		frame4.bytes[ETH + cases[i].at] = cases[i].value;
		rig_fix_ip4(&frame4);
		CU_ASSERT_EQUAL(read4(&p), cases[i].want);
	}
}

static void any_wrong_bit_of_an_ipv4_header_is_found(void)
{
	struct packet p;

	begin4();
	for (unsigned bit = 0; bit < 160; bit++) {
		frame4.bytes[ETH + bit / 8] ^= (uint8_t)(1 << bit % 8);
		CU_ASSERT_NOT_EQUAL(read4(&p), NET_UDP);
		frame4.bytes[ETH + bit / 8] ^= (uint8_t)(1 << bit % 8);
	}
	CU_ASSERT_EQUAL(read4(&p), NET_UDP);
}

static void the_card_may_have_found_the_header_wrong(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);

	begin4();
	CU_ASSERT_EQUAL(rig_input_flags(r, &frame4, NET_L3_BAD), NET_BAD_IP);
	CU_ASSERT_EQUAL(rig_input(r, &frame4), NET_UDP);
	rig_free(r);
}

static void ipv4_fragments_tell_their_place(void)
{
	struct packet p;

	begin4();
	CU_ASSERT_EQUAL(read4(&p), NET_UDP);
	CU_ASSERT_FALSE(p.is_fragment);
	frame4.bytes[ETH + 6] = 0x40; /* do not fragment */
	rig_fix_ip4(&frame4);
	CU_ASSERT_EQUAL(read4(&p), NET_UDP);
	CU_ASSERT_FALSE(p.is_fragment);
	memcpy(frame4.bytes + ETH + 4, "\xab\xcd\x20\xb9", 4);
	rig_fix_ip4(&frame4);
	CU_ASSERT_EQUAL(read4(&p), NET_UDP);
	CU_ASSERT(p.is_fragment && p.more);
	CU_ASSERT_EQUAL(p.id, 0xabcd);
	CU_ASSERT_EQUAL(p.offset, 1480);
}

/* An IPv6 packet with these bytes after its header, of which the first is of type `next`. */
static enum net_verdict read6(uint8_t next, const char *hex, struct packet *p)
{
	struct rig_frame body = rig_hex(hex);
	static struct rig_frame f;
	struct ip_addr to = RIG_IP6;

	f = rig_ip6_frame(&to, next, 64, body.bytes, body.len);
	return ip6_read(f.bytes + ETH, f.len - ETH, p);
}

static void ipv6_extension_headers_are_skipped(void)
{
	struct packet p;

	CU_ASSERT_EQUAL(read6(0, "3c00 050200000100  2b00 010400000000  1101 0000000000000000000000000000 aabb", &p), NET_UDP);
	CU_ASSERT_EQUAL(p.protocol, PROTOCOL_UDP);
	CU_ASSERT_EQUAL(p.len, 2);
	CU_ASSERT_EQUAL(p.data[0], 0xaa);
	CU_ASSERT_FALSE(p.is_fragment);
	/* A routing header with segments left is for a router. */
	CU_ASSERT_EQUAL(read6(43, "1100 000100000000 aabb", &p), NET_OTHER_HOST);
}

static void ipv6_extension_headers_are_bounded(void)
{
	struct packet p;

	CU_ASSERT_EQUAL(read6(60, "11", &p), NET_RUNT);
	CU_ASSERT_EQUAL(read6(60, "1100 0000000000", &p), NET_RUNT);
	CU_ASSERT_EQUAL(read6(60, "11ff 000000000000", &p), NET_RUNT);
	CU_ASSERT_EQUAL(read6(44, "1100 0000000000", &p), NET_RUNT);
	CU_ASSERT_EQUAL(read6(60, "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
	                          "3c00010400000000 3c00010400000000 3c00010400000000 1100010400000000", &p), NET_UDP);
	CU_ASSERT_EQUAL(read6(60, "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
	                          "3c00010400000000 3c00010400000000 3c00010400000000 3c00010400000000"
	                          "1100010400000000", &p), NET_BAD_IP);
}

static void ipv6_fragments_tell_their_place(void)
{
	struct packet p;

	CU_ASSERT_EQUAL(read6(44, "1100 05a9 01020304 aa", &p), NET_UDP);
	CU_ASSERT(p.is_fragment && p.more);
	CU_ASSERT_EQUAL(p.offset, 1448);
	CU_ASSERT_EQUAL(p.id, 0x01020304);
	CU_ASSERT_EQUAL(p.protocol, PROTOCOL_UDP);
	CU_ASSERT_EQUAL(p.len, 1);
}

/* RFC 6946: offset 0 and no more to come is a packet of its own. */
static void an_atomic_ipv6_fragment_stands_alone(void)
{
	struct packet p;

	CU_ASSERT_EQUAL(read6(44, "1100 0000 01020304 aa", &p), NET_UDP);
	CU_ASSERT_FALSE(p.is_fragment);
	CU_ASSERT_EQUAL(p.len, 1);
}

static void ipv6_headers_that_cannot_be_are_refused(void)
{
	struct ip_addr to = RIG_IP6;
	struct rig_frame f = rig_udp_frame(&to, 10);
	struct packet p;

	f.bytes[ETH] = 0x50;
	CU_ASSERT_EQUAL(ip6_read(f.bytes + ETH, f.len - ETH, &p), NET_BAD_IP);
	f = rig_udp_frame(&to, 10);
	f.bytes[ETH + 8] = 0xff; /* from a group */
	CU_ASSERT_EQUAL(ip6_read(f.bytes + ETH, f.len - ETH, &p), NET_BAD_IP);
	f = rig_udp_frame(&to, 10);
	f.bytes[ETH + 5]++;
	CU_ASSERT_EQUAL(ip6_read(f.bytes + ETH, f.len - ETH, &p), NET_RUNT);
	f.bytes[ETH + 5] -= 2;
	CU_ASSERT_EQUAL(ip6_read(f.bytes + ETH, f.len - ETH, &p), NET_UDP);
	CU_ASSERT_EQUAL(p.len, 17); /* the rest is padding */
}

static const struct suite_test tests[] = {
	SUITE_TEST(ipv4_options_are_skipped),
	SUITE_TEST(ipv4_headers_that_cannot_be_are_refused),
	SUITE_TEST(any_wrong_bit_of_an_ipv4_header_is_found),
	SUITE_TEST(the_card_may_have_found_the_header_wrong),
	SUITE_TEST(ipv4_fragments_tell_their_place),
	SUITE_TEST(ipv6_extension_headers_are_skipped),
	SUITE_TEST(ipv6_extension_headers_are_bounded),
	SUITE_TEST(ipv6_fragments_tell_their_place),
	SUITE_TEST(an_atomic_ipv6_fragment_stands_alone),
	SUITE_TEST(ipv6_headers_that_cannot_be_are_refused),
};

SUITE_MAIN("net/ip", tests)
