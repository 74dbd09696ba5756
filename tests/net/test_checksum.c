#include "net/rig.h"

/* RFC 1071 section 3: the words 0001 f203 f4f5 f6f7 sum up to ddf2. */
static void the_example_of_rfc_1071_comes_out(void)
{
	static const uint8_t bytes[] = { 0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7 };

	CU_ASSERT_EQUAL(net_sum(bytes, sizeof(bytes)), 0xddf2);
	CU_ASSERT_EQUAL(net_sum(bytes, 3), 0xf201);
	CU_ASSERT_EQUAL(net_sum(bytes, 0), 0);
}

/* The second half of the same example is added byte-swapped when it begins at an odd place. */
static void runs_add_up_wherever_the_second_begins(void)
{
	uint8_t bytes[200];
	struct rng rng = { 1 };

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rng_next(&rng);
	for (size_t at = 0; at <= sizeof(bytes); at++) {
		uint16_t a = net_sum(bytes, at), b = net_sum(bytes + at, sizeof(bytes) - at);

		CU_ASSERT_EQUAL(net_sum_add(a, b, at), net_sum(bytes, sizeof(bytes)));
	}
}

static void every_length_and_alignment_agrees_with_the_plain_sum(void)
{
	uint8_t bytes[300];

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(255 - i * 3);
	for (size_t start = 0; start < 8; start++) {
		for (size_t len = 0; start + len <= sizeof(bytes); len++) {
			uint32_t sum = 0;

			for (size_t i = 0; i < len; i++)
				sum += (uint32_t)bytes[start + i] << (i & 1 ? 0 : 8);
			while (sum >> 16 != 0)
				sum = (sum & 0xffff) + (sum >> 16);
			CU_ASSERT_EQUAL(net_sum(bytes + start, len), sum);
		}
	}
}

static void carries_of_the_longest_datagram_are_not_lost(void)
{
	static uint8_t bytes[65536];

	memset(bytes, 0xff, sizeof(bytes));
	CU_ASSERT_EQUAL(net_sum(bytes, sizeof(bytes)), 0xffff);
	bytes[65535] = 0;
	CU_ASSERT_EQUAL(net_sum(bytes, sizeof(bytes)), 0xff00);
}

/* By hand: c0a8 0001 + c0a8 0002 + 0011 + 000c. */
static void pseudo_headers_have_addresses_protocol_and_length(void)
{
	struct ip_addr from = ip4_of(192, 168, 0, 1), to = ip4_of(192, 168, 0, 2);
	struct ip_addr from6 = rig_ip("fe80::1"), to6 = rig_ip("ff02::2");

	CU_ASSERT_EQUAL(pseudo_sum(&from, &to, 17, 12), 0x8171);
	/* fe80 0001 + ff02 0002 + 0001 2345 (length) + 003a */
	CU_ASSERT_EQUAL(pseudo_sum(&from6, &to6, 58, 0x12345), 0x2107);
}

static const struct suite_test tests[] = {
	SUITE_TEST(the_example_of_rfc_1071_comes_out),
	SUITE_TEST(runs_add_up_wherever_the_second_begins),
	SUITE_TEST(every_length_and_alignment_agrees_with_the_plain_sum),
	SUITE_TEST(carries_of_the_longest_datagram_are_not_lost),
	SUITE_TEST(pseudo_headers_have_addresses_protocol_and_length),
};

SUITE_MAIN("net/checksum", tests)
