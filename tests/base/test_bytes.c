#include "base/address.h"
#include "base/bytes.h"
#include "support/suite.h"

static void byte_orders_are_what_they_say(void)
{
	static const uint8_t up[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	be64 b8 = be64_of(0x0102030405060708ull);
	le64 l8 = le64_of(0x0807060504030201ull);
	be32 b4 = be32_of(0x01020304);
	le32 l4 = le32_of(0x04030201);
	be16 b2 = be16_of(0x0102);
	le16 l2 = le16_of(0x0201);

	CU_ASSERT_EQUAL(memcmp(&b8, up, 8), 0);
	CU_ASSERT_EQUAL(memcmp(&l8, up, 8), 0);
	CU_ASSERT_EQUAL(memcmp(&b4, up, 4), 0);
	CU_ASSERT_EQUAL(memcmp(&l4, up, 4), 0);
	CU_ASSERT_EQUAL(memcmp(&b2, up, 2), 0);
	CU_ASSERT_EQUAL(memcmp(&l2, up, 2), 0);
	CU_ASSERT_EQUAL(be64_get(b8), 0x0102030405060708ull);
	CU_ASSERT_EQUAL(le64_get(l8), 0x0807060504030201ull);
	CU_ASSERT_EQUAL(be32_get(b4), 0x01020304);
	CU_ASSERT_EQUAL(le32_get(l4), 0x04030201);
	CU_ASSERT_EQUAL(be16_get(b2), 0x0102);
	CU_ASSERT_EQUAL(le16_get(l2), 0x0201);
}

static void a_reader_never_passes_its_end(void)
{
	static const uint8_t data[3] = { 1, 2, 3 };
	struct reader r = reader_of(data, 3);

	CU_ASSERT_PTR_EQUAL(reader_take(&r, 2), data);
	CU_ASSERT_PTR_NULL(reader_take(&r, 2));
	CU_ASSERT_EQUAL(reader_left(&r), 1);
	CU_ASSERT_PTR_EQUAL(reader_take(&r, 1), data + 2);
	CU_ASSERT_PTR_EQUAL(reader_take(&r, 0), data + 3);
}

static void a_writer_that_is_full_stays_full(void)
{
	uint8_t mem[5] = { 0, 0, 0, 9, 9 };
	struct writer w = writer_of(mem, 3);

	writer_be16(&w, 0x0102);
	writer_be16(&w, 0x0304);
	writer_u8(&w, 5);
	CU_ASSERT(w.full);
	CU_ASSERT_EQUAL(writer_len(&w), 2);
	CU_ASSERT_EQUAL(mem[2], 0);
	CU_ASSERT_EQUAL(mem[3], 9);
}

static void addresses_read_as_they_print(void)
{
	char text[IP_ADDR_TEXT];
	struct ip_addr a;

	CU_ASSERT(ip_parse("239.192.0.1", &a));
	CU_ASSERT(ip_is_multicast(&a));
	CU_ASSERT_STRING_EQUAL(ip_text(&a, text), "239.192.0.1");
	CU_ASSERT(ip_parse("ff15::7", &a));
	CU_ASSERT(ip_is_multicast(&a));
	CU_ASSERT_STRING_EQUAL(ip_text(&a, text), "ff15::7");
	CU_ASSERT_FALSE(ip_parse("1.2.3", &a));
	CU_ASSERT_EQUAL(a.len, 16); /* unchanged */
	CU_ASSERT(ip_parse("10.0.0.1", &a));
	CU_ASSERT_FALSE(ip_is_multicast(&a));
}

static const struct suite_test tests[] = {
	SUITE_TEST(byte_orders_are_what_they_say),
	SUITE_TEST(a_reader_never_passes_its_end),
	SUITE_TEST(a_writer_that_is_full_stays_full),
	SUITE_TEST(addresses_read_as_they_print),
};
SUITE_MAIN("base/bytes", tests)
