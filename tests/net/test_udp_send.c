#include "net/rig.h"

static struct net_head heads[64];
static uint8_t payload[NET_DATAGRAM_MAX];

static uint32_t send(struct rig *r, struct ip_addr to_ip, uint32_t len, bool has_checksum)
{
	struct endpoint from = { to_ip.len == 4 ? RIG_IP4 : RIG_IP6, 0x1234 }, to = { to_ip, 0x5678 };
	struct net_send s = { &from, &to, len, has_checksum, net_sum(payload, len) };

	for (uint32_t i = 0; i < len; i++)
		payload[i] = (uint8_t)(i * 7 + i / 256);
	s.payload_sum = net_sum(payload, len);
	r->net->ip4_id = 0x0102;
	r->net->ip6_id = 0x01020304;
	return net_heads(r->net, &s, heads, 64, r->now, &r->tx);
}

static void assert_head(const struct net_head *h, const char *hex)
{
	struct rig_frame want = rig_hex(hex);

	CU_ASSERT_EQUAL(h->len, want.len);
	CU_ASSERT_EQUAL(memcmp(h->bytes, want.bytes, want.len), 0);
}

static void a_datagram_to_a_group_has_these_headers(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);

	CU_ASSERT_EQUAL(send(r, RIG_GROUP4, 4, true), 1);
	/* IP: 4500 0020 0102 0000 2011 + 0a00 0005 ef81 0203. UDP: 1234 5678 000c, and the payload 0007 0e15. */
	assert_head(&heads[0], "01005e010203 020000000005 0800"
	                       "45000020 01020000 2011 9e42 0a000005 ef810203"
	                       "12345678 000c 8d84");
	CU_ASSERT_EQUAL(heads[0].payload_at, 0);
	CU_ASSERT_EQUAL(heads[0].payload_len, 4);
	CU_ASSERT_EQUAL(send(r, RIG_GROUP4, 4, false), 1);
	CU_ASSERT_EQUAL(heads[0].bytes[40] | heads[0].bytes[41], 0);
	rig_free(r);
}

static void a_tagged_port_tags_its_frames(void)
{
	struct net_config c = rig_config();
	struct rig *r;

	c.vlan = 100;
	r = rig_started(&c);
	CU_ASSERT_EQUAL(send(r, RIG_GROUP4, 4, false), 1);
	assert_head(&heads[0], "01005e010203 020000000005 8100 0064 0800"
	                       "45000020 01020000 2011 9e42 0a000005 ef810203"
	                       "12345678 000c 0000");
	rig_free(r);
}

static void ipv6_needs_a_checksum_and_gets_these_headers(void)
{
	struct net_config c = rig_config6();
	struct rig *r = rig_started(&c);

	CU_ASSERT_EQUAL(send(r, RIG_GROUP6, 4, false), 0);
	CU_ASSERT_EQUAL(send(r, RIG_GROUP6, 4, true), 1);
	assert_head(&heads[0], "333300020003 020000000005 86dd"
	                       "60000000 000c 11 20 20010db8000000000000000000000005 ff150000000000000000000100020003"
	                       "12345678 000c 5c34");
	rig_free(r);
}

/* The same sum as the reader takes, for every small length and a few large ones. */
static void what_is_sent_can_be_read(void)
{
	struct net_config c = rig_config(), other = c;
	struct rig *r = rig_started(&c), *peer;
	static const uint32_t lens[] = { 0, 1, 2, 3, 7, 64, 1471, 1472, 1473, 2953, 8785, 65000, NET_DATAGRAM_MAX };
	struct ip_addr group = RIG_GROUP4;

	other.mac = rig_peer_mac;
	other.ip4 = RIG_PEER4;
	peer = rig_started(&other);
	CU_ASSERT(net_join(peer->net, &group, peer->now, &peer->tx));
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		uint32_t count = send(r, group, lens[i], true);

		CU_ASSERT_EQUAL(count, (lens[i] + 8 + 1479) / 1480);
		for (uint32_t k = 0; k < count; k++) {
			struct rig_frame f = { 0 };

			memcpy(f.bytes, heads[k].bytes, heads[k].len);
			memcpy(f.bytes + heads[k].len, payload + heads[k].payload_at, heads[k].payload_len);
			f.len = heads[k].len + heads[k].payload_len;
			CU_ASSERT(f.len <= 1514);
			CU_ASSERT_EQUAL(rig_input(peer, &f), k + 1 == count ? NET_UDP : NET_FRAGMENT);
		}
		CU_ASSERT_EQUAL(peer->datagram.len, lens[i]);
		CU_ASSERT_EQUAL(memcmp(peer->datagram.data, payload, lens[i]), 0);
	}
	rig_free(r);
	rig_free(peer);
}

static void fragments_say_where_they_belong(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);

	CU_ASSERT_EQUAL(send(r, RIG_GROUP4, 3000, false), 3);
	assert_head(&heads[0], "01005e010203 020000000005 0800"
	                       "450005dc 01022000 2011 7886 0a000005 ef810203 12345678 0bc0 0000");
	assert_head(&heads[1], "01005e010203 020000000005 0800 450005dc 010220b9 2011 77cd 0a000005 ef810203");
	assert_head(&heads[2], "01005e010203 020000000005 0800 45000044 01020172 2011 9cac 0a000005 ef810203");
	CU_ASSERT_EQUAL(heads[0].payload_at, 0);
	CU_ASSERT_EQUAL(heads[0].payload_len, 1472);
	CU_ASSERT_EQUAL(heads[1].payload_at, 1472);
	CU_ASSERT_EQUAL(heads[1].payload_len, 1480);
	CU_ASSERT_EQUAL(heads[2].payload_at, 2952);
	CU_ASSERT_EQUAL(heads[2].payload_len, 48);
	rig_free(r);
}

static void ipv6_fragments_have_the_header_of_their_own(void)
{
	struct net_config c = rig_config6();
	struct rig *r = rig_started(&c);

	CU_ASSERT_EQUAL(send(r, RIG_GROUP6, 1452, true), 1);
	CU_ASSERT_EQUAL(send(r, RIG_GROUP6, 1453, true), 2);
	CU_ASSERT_EQUAL(heads[0].len, 14 + 40 + 8 + 8);
	CU_ASSERT_EQUAL(memcmp(heads[0].bytes + 18, "\x05\xb0\x2c\x20", 4), 0);
	CU_ASSERT_EQUAL(memcmp(heads[0].bytes + 54, "\x11\x00\x00\x01\x01\x02\x03\x04", 8), 0);
	CU_ASSERT_EQUAL(memcmp(heads[1].bytes + 54, "\x11\x00\x05\xa8\x01\x02\x03\x04", 8), 0);
	CU_ASSERT_EQUAL(heads[1].len, 14 + 40 + 8);
	CU_ASSERT_EQUAL(heads[1].payload_at, 1440);
	CU_ASSERT_EQUAL(heads[1].payload_len, 13);
	rig_free(r);
}

static void what_does_not_fit_or_match_is_refused(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);
	struct endpoint from = { RIG_IP4, 1 }, to = { RIG_GROUP4, 2 }, to6 = { RIG_GROUP6, 2 };
	struct net_send s = { .from = &from, .to = &to, .payload_len = 3000 };

	CU_ASSERT_EQUAL(net_heads(r->net, &s, heads, 2, r->now, &r->tx), 0);
	CU_ASSERT_EQUAL(net_heads(r->net, &s, heads, 3, r->now, &r->tx), 3);
	s.payload_len = NET_DATAGRAM_MAX + 1;
	CU_ASSERT_EQUAL(net_heads(r->net, &s, heads, 64, r->now, &r->tx), 0);
	s = (struct net_send){ .from = &from, .to = &to6, .has_checksum = true };
	CU_ASSERT_EQUAL(net_heads(r->net, &s, heads, 64, r->now, &r->tx), 0);
	rig_free(r);
}

/* An ARP request for whom? Those of our network directly, all others through the gateway. */
static void the_next_hop_is_on_the_link_or_the_gateway(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);

	CU_ASSERT_EQUAL(send(r, ip4_of(10, 0, 0, 77), 4, true), 0);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(memcmp(r->tx.frames[0].bytes + 38, "\x0a\x00\x00\x4d", 4), 0);
	CU_ASSERT_EQUAL(send(r, ip4_of(10, 0, 1, 77), 4, true), 0);
	CU_ASSERT_EQUAL(r->tx.count, 2);
	CU_ASSERT_EQUAL(memcmp(r->tx.frames[1].bytes + 38, "\x0a\x00\x00\x01", 4), 0);
	rig_free(r);
	c.gateway4 = (struct ip_addr){ 0 };
	r = rig_started(&c);
	CU_ASSERT_EQUAL(send(r, ip4_of(10, 0, 1, 77), 4, true), 0);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_free(r);
}

static void payloads_of_this_length_need_no_fragments(void)
{
	struct net_config c = rig_config();
	struct ip_addr to4 = RIG_GROUP4, to6 = RIG_GROUP6;
	struct rig *r;

	c.mtu = 9000;
	r = rig_started(&c);
	CU_ASSERT_EQUAL(net_payload_max(r->net, &to4), 8972);
	CU_ASSERT_EQUAL(net_payload_max(r->net, &to6), 8952);
	CU_ASSERT_EQUAL(send(r, to4, 8972, false), 1);
	CU_ASSERT_EQUAL(send(r, to4, 8973, false), 2);
	rig_free(r);
}

/* RFC 768: a sum that comes out as zero is sent as all ones. */
static void a_checksum_of_zero_is_sent_as_ones(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);
	struct endpoint from = { RIG_IP4, 0 }, to = { RIG_GROUP4, 0 };
	struct net_send s = { .from = &from, .to = &to, .payload_len = 2, .has_checksum = true };
	uint16_t pseudo = pseudo_sum(&from.ip, &to.ip, PROTOCOL_UDP, 10);

	s.payload_sum = (uint16_t)(0xffff - pseudo - 10);
	CU_ASSERT_EQUAL(net_heads(r->net, &s, heads, 1, r->now, &r->tx), 1);
	CU_ASSERT_EQUAL(heads[0].bytes[40] << 8 | heads[0].bytes[41], 0xffff);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_datagram_to_a_group_has_these_headers),
	SUITE_TEST(a_tagged_port_tags_its_frames),
	SUITE_TEST(ipv6_needs_a_checksum_and_gets_these_headers),
	SUITE_TEST(what_is_sent_can_be_read),
	SUITE_TEST(fragments_say_where_they_belong),
	SUITE_TEST(ipv6_fragments_have_the_header_of_their_own),
	SUITE_TEST(what_does_not_fit_or_match_is_refused),
	SUITE_TEST(the_next_hop_is_on_the_link_or_the_gateway),
	SUITE_TEST(payloads_of_this_length_need_no_fragments),
	SUITE_TEST(a_checksum_of_zero_is_sent_as_ones),
};

SUITE_MAIN("net/udp_send", tests)
