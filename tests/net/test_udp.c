#include "net/rig.h"

#define UDP4 (14 + 20)
#define UDP6 (14 + 40)

static struct ip_addr addresses[2];

static struct rig *begin(void)
{
	struct net_config c = rig_config6();

	addresses[0] = RIG_IP4;
	addresses[1] = RIG_IP6;
	return rig_started(&c);
}

static struct rig_frame frame_of(int family, uint16_t *checksum)
{
	struct rig_frame f = rig_udp_frame(&addresses[family], 50);
	uint32_t at = family == 0 ? UDP4 : UDP6;

	if (checksum != NULL) {
		f.bytes[at + 6] = (uint8_t)(*checksum >> 8);
		f.bytes[at + 7] = (uint8_t)*checksum;
	}
	return f;
}

static void a_wrong_checksum_is_found_in_both_families(void)
{
	struct rig *r = begin();

	for (int family = 0; family < 2; family++) {
		struct rig_frame f = frame_of(family, NULL);

		CU_ASSERT_EQUAL(rig_input(r, &f), NET_UDP);
		f.bytes[f.len - 1] ^= 0x10;
		CU_ASSERT_EQUAL(rig_input(r, &f), NET_BAD_UDP);
	}
	CU_ASSERT_EQUAL(rig_count(r, NET_BAD_UDP), 2);
	rig_free(r);
}

static void ipv4_may_do_without_a_checksum_and_ipv6_may_not(void)
{
	struct rig *r = begin();
	uint16_t none = 0;
	struct rig_frame f = frame_of(0, &none);

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_UDP);
	CU_ASSERT(r->datagram.checked);
	/* Some cards call a checksum that is not there wrong. */
	CU_ASSERT_EQUAL(rig_input_flags(r, &f, NET_L4_BAD), NET_UDP);
	f = frame_of(1, &none);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_BAD_UDP);
	CU_ASSERT_EQUAL(rig_input_flags(r, &f, NET_CHECK_LATER), NET_BAD_UDP);
	rig_free(r);
}

static void the_card_is_believed(void)
{
	struct rig *r = begin();
	uint16_t wrong = 0x1111;
	struct rig_frame f = frame_of(0, &wrong);

	CU_ASSERT_EQUAL(rig_input_flags(r, &f, NET_L4_GOOD), NET_UDP);
	CU_ASSERT(r->datagram.checked);
	f = frame_of(0, NULL);
	CU_ASSERT_EQUAL(rig_input_flags(r, &f, NET_L4_BAD), NET_BAD_UDP);
	rig_free(r);
}

/* A kernel that leaves the sum to the card: the pseudo header's, not inverted. */
static void the_partial_sum_of_a_virtual_interface_is_accepted(void)
{
	struct rig *r = begin();
	struct ip_addr peers[] = { RIG_PEER4, RIG_PEER6 };

	for (int family = 0; family < 2; family++) {
		uint16_t sum = pseudo_sum(&peers[family], &addresses[family], PROTOCOL_UDP, 58);
		struct rig_frame f = frame_of(family, &sum);

		CU_ASSERT_EQUAL(rig_input(r, &f), NET_UDP);
		CU_ASSERT(rig_payload_is_right(&r->datagram, 50));
		sum ^= 1;
		f = frame_of(family, &sum);
		CU_ASSERT_EQUAL(rig_input(r, &f), NET_BAD_UDP);
	}
	rig_free(r);
}

static void a_partial_sum_in_fragments_is_wrong(void)
{
	struct rig *r = begin();
	struct ip_addr peer = RIG_PEER4;
	uint16_t sum = pseudo_sum(&peer, &addresses[0], PROTOCOL_UDP, 58);
	struct rig_frame whole = frame_of(0, &sum), a = rig_fragment(&whole, 7, 0, 32, true);
	struct rig_frame b = rig_fragment(&whole, 7, 32, 26, false);

	CU_ASSERT_EQUAL(rig_input(r, &a), NET_FRAGMENT);
	CU_ASSERT_EQUAL(rig_input(r, &b), NET_BAD_UDP);
	rig_free(r);
}

static void a_caller_may_check_later_or_not_at_all(void)
{
	struct rig *r = begin();
	uint16_t wrong = 0x1111;
	struct rig_frame f = frame_of(0, NULL);

	CU_ASSERT_EQUAL(rig_input_flags(r, &f, NET_CHECK_LATER), NET_UDP);
	CU_ASSERT_FALSE(r->datagram.checked);
	CU_ASSERT(net_verify(r->net, &r->datagram));
	f = frame_of(0, &wrong);
	CU_ASSERT_EQUAL(rig_input_flags(r, &f, NET_CHECK_LATER), NET_UDP);
	CU_ASSERT_EQUAL(rig_count(r, NET_BAD_UDP), 0);
	CU_ASSERT_FALSE(net_verify(r->net, &r->datagram));
	CU_ASSERT_EQUAL(rig_count(r, NET_BAD_UDP), 1);
	rig_free(r);
}

static void the_length_must_fit_the_packet(void)
{
	struct rig *r = begin();
	static const struct {
		uint16_t len;
		enum net_verdict want;
	} cases[] = { { 0, NET_BAD_UDP }, { 7, NET_BAD_UDP }, { 8, NET_UDP }, { 58, NET_UDP }, { 59, NET_BAD_UDP } };
	uint16_t none = 0;

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct rig_frame f = frame_of(0, &none);

		f.bytes[UDP4 + 5] = (uint8_t)cases[i].len;
		CU_ASSERT_EQUAL(rig_input(r, &f), cases[i].want);
		if (cases[i].want == NET_UDP)
			CU_ASSERT_EQUAL(r->datagram.len, cases[i].len - 8u);
	}
	rig_free(r);
}

static void a_packet_without_room_for_its_header_is_a_runt(void)
{
	struct rig *r = begin();
	struct rig_frame f = rig_ip4_frame(&addresses[0], PROTOCOL_UDP, "1234567", 7);

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_RUNT);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_wrong_checksum_is_found_in_both_families),
	SUITE_TEST(ipv4_may_do_without_a_checksum_and_ipv6_may_not),
	SUITE_TEST(the_card_is_believed),
	SUITE_TEST(the_partial_sum_of_a_virtual_interface_is_accepted),
	SUITE_TEST(a_partial_sum_in_fragments_is_wrong),
	SUITE_TEST(a_caller_may_check_later_or_not_at_all),
	SUITE_TEST(the_length_must_fit_the_packet),
	SUITE_TEST(a_packet_without_room_for_its_header_is_a_runt),
};

SUITE_MAIN("net/udp", tests)
