#include "security/keys.h"
#include "support/suite.h"

#include <stdlib.h>

/* SymKey of the published reply, MS-WDSMSI 4.1. */
static const uint8_t sym_key[] = {
	0x08, 0x02, 0x00, 0x00, 0x03, 0x66, 0x00, 0x00, 0x18, 0x00, 0x00, 0x00,
	0x2f, 0x15, 0xf8, 0x2a, 0xe0, 0x68, 0x3e, 0xf7, 0x9e, 0x6d, 0x62, 0xa7,
	0x0b, 0xdc, 0x51, 0x9d, 0x2a, 0x32, 0x46, 0xe0, 0xfd, 0xb3, 0x54, 0xe9,
};

static const uint8_t sign_key[] = {
	0x06, 0x02, 0x00, 0x00, 0x00, 0xa4, 0x00, 0x00, 'R', 'S', 'A', '1',
	0x20, 0x00, 0x00, 0x00, 0x01, 0x00, 0x01, 0x00, 1,   2,   3,   4,
};

static bool read_plaintext(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + (len == 0));
	struct key_plaintext key;
	bool ok;

	memcpy(copy, bytes, len);
	ok = key_read_plaintext(copy, len, &key);
	free(copy);
	return ok;
}

static bool read_public(const uint8_t *bytes, size_t len)
{
	uint8_t *copy = malloc(len + (len == 0));
	struct key_public key;
	bool ok;

	memcpy(copy, bytes, len);
	ok = key_read_public(copy, len, &key);
	free(copy);
	return ok;
}

static void the_published_symmetric_key_is_read_and_written(void)
{
	struct key_plaintext key;
	uint8_t mem[64];
	struct writer w = writer_of(mem, sizeof(mem));

	CU_ASSERT_FATAL(key_read_plaintext(sym_key, sizeof(sym_key), &key));
	CU_ASSERT_EQUAL(key.alg, KEY_ALG_3DES);
	CU_ASSERT_EQUAL(key.len, 24);
	CU_ASSERT_PTR_EQUAL(key.bytes, sym_key + 12);
	key_write_plaintext(&w, &key);
	CU_ASSERT_EQUAL_FATAL(writer_len(&w), sizeof(sym_key));
	CU_ASSERT_EQUAL(memcmp(mem, sym_key, sizeof(sym_key)), 0);
}

static void a_public_key_is_read_and_written(void)
{
	struct key_public key;
	uint8_t mem[64];
	struct writer w = writer_of(mem, sizeof(mem));

	CU_ASSERT_FATAL(key_read_public(sign_key, sizeof(sign_key), &key));
	CU_ASSERT_EQUAL(key.alg, KEY_ALG_RSA_KEYX);
	CU_ASSERT_EQUAL(key.exponent, 65537);
	CU_ASSERT_EQUAL(key.modulus_len, 4);
	CU_ASSERT_PTR_EQUAL(key.modulus, sign_key + 20);
	key_write_public(&w, &key);
	CU_ASSERT_EQUAL_FATAL(writer_len(&w), sizeof(sign_key));
	CU_ASSERT_EQUAL(memcmp(mem, sign_key, sizeof(sign_key)), 0);
}

static void blobs_of_another_length_than_they_say_are_refused(void)
{
	uint8_t more[64] = { 0 };

	for (size_t cut = 0; cut < sizeof(sym_key); cut++)
		CU_ASSERT_FALSE(read_plaintext(sym_key, cut));
	for (size_t cut = 0; cut < sizeof(sign_key); cut++)
		CU_ASSERT_FALSE(read_public(sign_key, cut));
	memcpy(more, sym_key, sizeof(sym_key));
	CU_ASSERT_FALSE(read_plaintext(more, sizeof(sym_key) + 1));
	memcpy(more, sign_key, sizeof(sign_key));
	CU_ASSERT_FALSE(read_public(more, sizeof(sign_key) + 1));
}

static bool changed_plaintext(size_t at, uint8_t value)
{
	uint8_t bytes[sizeof(sym_key)];

	memcpy(bytes, sym_key, sizeof(bytes));
	bytes[at] = value;
	return read_plaintext(bytes, sizeof(bytes));
}

static bool changed_public(size_t at, uint8_t value)
{
	uint8_t bytes[sizeof(sign_key)];

	memcpy(bytes, sign_key, sizeof(bytes));
	bytes[at] = value;
	return read_public(bytes, sizeof(bytes));
}

static void other_blobs_are_refused(void)
{
	for (size_t at = 0; at < 4; at++) {
		CU_ASSERT_FALSE(changed_plaintext(at, 0x77)); /* type, version, reserved */
		CU_ASSERT_FALSE(changed_public(at, 0x77));
	}
	CU_ASSERT_FALSE(changed_public(5, 0x66));  /* no RSA */
	CU_ASSERT_FALSE(changed_public(11, '2'));  /* the private half */
	CU_ASSERT_FALSE(changed_public(12, 0x1f)); /* bits that fill no byte */
	CU_ASSERT_FALSE(changed_public(15, 0x80));
	CU_ASSERT_FALSE(changed_plaintext(11, 0x80));
}

static void sizes_are_bounded(void)
{
	static uint8_t bytes[20 + KEY_MODULUS_BYTES_MAX + 1];
	const uint16_t bits = KEY_MODULUS_BYTES_MAX * 8;

	memcpy(bytes, sym_key, 12);
	memcpy(&bytes[8], &(le32){ { 0, 1, 0, 0 } }, 4);
	CU_ASSERT(read_plaintext(bytes, 12 + 256));
	bytes[8] = 1;
	CU_ASSERT_FALSE(read_plaintext(bytes, 12 + 257));
	memset(&bytes[8], 0, 4);
	CU_ASSERT_FALSE(read_plaintext(bytes, 12));
	memcpy(bytes, sign_key, 20);
	bytes[12] = (uint8_t)bits;
	bytes[13] = (uint8_t)(bits >> 8);
	CU_ASSERT(read_public(bytes, 20 + KEY_MODULUS_BYTES_MAX));
	bytes[12] += 8;
	CU_ASSERT_FALSE(read_public(bytes, sizeof(bytes)));
}

static const struct suite_test tests[] = {
	SUITE_TEST(the_published_symmetric_key_is_read_and_written),
	SUITE_TEST(a_public_key_is_read_and_written),
	SUITE_TEST(blobs_of_another_length_than_they_say_are_refused),
	SUITE_TEST(other_blobs_are_refused),
	SUITE_TEST(sizes_are_bounded),
};
SUITE_MAIN("security/keys", tests)
