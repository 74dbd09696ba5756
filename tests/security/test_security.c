#include "security/keys.h"
#include "security/security.h"
#include "support/suite.h"
#include "wire/mt_samples.h"
#include "wire/mt_vectors.h"

/* The key of the published reply, MS-WDSMSI 4.1. */
static const uint8_t published_key[] = {
	0x2f, 0x15, 0xf8, 0x2a, 0xe0, 0x68, 0x3e, 0xf7, 0x9e, 0x6d, 0x62, 0xa7,
	0x0b, 0xdc, 0x51, 0x9d, 0x2a, 0x32, 0x46, 0xe0, 0xfd, 0xb3, 0x54, 0xe9,
};

static struct security hash_of(enum security_hmac_reading reading)
{
	struct security s;

	CU_ASSERT_FATAL(security_init_hash(&s, published_key, sizeof(published_key), reading));
	return s;
}

static struct security checksum(void)
{
	struct security s;

	security_init_checksum(&s);
	return s;
}

static enum security_verdict verify(const struct security *s, const uint8_t *bytes, size_t len)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL_FATAL(mt_read(bytes, len, &p), MT_READ_OK);
	return security_verify(s, &p);
}

/* Seals the vector with its SecurityData wiped, whole and in pieces, and looks for the vector. */
static void check_sealed(const struct security *s, const uint8_t *vector, size_t len)
{
	size_t from = MT_SECURITY_HEADER_BYTES + (size_t)security_data_len(s), middle = from + 13;
	struct security_pieces pieces = {
		.head_len = middle,
		.body = vector + middle,
		.body_len = 5,
		.tail = vector + middle + 5,
		.tail_len = len - middle - 5,
	};
	uint8_t bytes[128];

	memcpy(bytes, vector, len);
	memset(bytes + MT_SECURITY_HEADER_BYTES, 0, security_data_len(s));
	security_seal_packet(s, bytes, len);
	CU_ASSERT_EQUAL(memcmp(bytes, vector, len), 0);
	memset(bytes + MT_SECURITY_HEADER_BYTES, 0, len - MT_SECURITY_HEADER_BYTES);
	memcpy(bytes + from, vector + from, 13);
	pieces.head = bytes;
	security_seal(s, &pieces);
	CU_ASSERT_EQUAL(memcmp(bytes, vector, middle), 0);
}

/* Every bit of it counts, but for the header, whose faults have another name. */
static void check_forgeries(const struct security *s, const uint8_t *vector, size_t len)
{
	uint8_t bytes[128];
	struct mt_packet p;

	CU_ASSERT_EQUAL(verify(s, vector, len), SECURITY_OK);
	memcpy(bytes, vector, len);
	for (size_t i = MT_SECURITY_HEADER_BYTES; i < len; i++) {
		bytes[i] ^= 0x40;
		if (mt_read(bytes, len, &p) == MT_READ_OK)
			CU_ASSERT_EQUAL(security_verify(s, &p), SECURITY_BAD);
		bytes[i] ^= 0x40;
	}
}
#define CHECK(s, vector)                                                                                     \
	do {                                                                                                 \
		check_sealed(s, vector, sizeof(vector));                                                     \
		check_forgeries(s, vector, sizeof(vector));                                                  \
	} while (0)

static void checksums_are_those_of_the_vectors(void)
{
	struct security s = checksum();

	CHECK(&s, v1_leave);
	CHECK(&s, v1_leave_counted);
	CHECK(&s, v4_join);
	CHECK(&s, v5_odata);
	CHECK(&s, v6_nack);
}

static void a_known_body_sum_spares_reading_the_body(void)
{
	struct security s = checksum();
	uint8_t head[44];
	struct security_pieces pieces = {
		.head = head,
		.head_len = sizeof(head),
		.body = NULL,
		.body_len = 4,
		.has_body_sum = true,
		.body_sum = 0xde + 0xad + 0xbe + 0xef,
		.tail = v5_odata + 48,
		.tail_len = 2,
	};

	memcpy(head, v5_odata, sizeof(head));
	memset(head + MT_SECURITY_HEADER_BYTES, 0, 4);
	security_seal(&s, &pieces);
	CU_ASSERT_EQUAL(memcmp(head, v5_odata, sizeof(head)), 0);
}

static void a_sum_taken_elsewhere_is_compared(void)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL_FATAL(mt_read(v1_leave, sizeof(v1_leave), &p), MT_READ_OK);
	CU_ASSERT(security_sum_agrees(&p.security, 0x3eb));
	CU_ASSERT_FALSE(security_sum_agrees(&p.security, 0x3ec));
}

static void nothing_is_sealed_with_nothing(void)
{
	struct security s;

	security_init_none(&s);
	CU_ASSERT_EQUAL(security_data_len(&s), 0);
	check_sealed(&s, v2_qcc, sizeof(v2_qcc));
	CU_ASSERT_EQUAL(verify(&s, v2_qcc, sizeof(v2_qcc)), SECURITY_OK);
	security_fini(&s);
}

static void both_readings_of_the_hmac_are_those_of_the_vectors(void)
{
	struct security a = hash_of(SECURITY_HMAC_A), b = hash_of(SECURITY_HMAC_B);

	CHECK(&a, v3_qcc_a);
	CHECK(&b, v3_qcc_b);
	CU_ASSERT_EQUAL(verify(&a, v3_qcc_b, sizeof(v3_qcc_b)), SECURITY_BAD);
	CU_ASSERT_EQUAL(verify(&b, v3_qcc_a, sizeof(v3_qcc_a)), SECURITY_BAD);
}

static void keys_for_hashes_are_bounded(void)
{
	uint8_t key[SECURITY_KEY_BYTES_MAX + 1] = { 0 };
	struct security s;

	CU_ASSERT_FALSE(security_init_hash(&s, key, 0, SECURITY_HMAC_A));
	CU_ASSERT_FALSE(security_init_hash(&s, key, sizeof(key), SECURITY_HMAC_A));
	CU_ASSERT(security_init_hash(&s, key, sizeof(key) - 1, SECURITY_HMAC_A));
}

static void another_mode_than_the_sessions_is_told_apart(void)
{
	struct security none, sum = checksum(), hash = hash_of(SECURITY_HMAC_A);
	struct mt_security short_hash = { MT_SECHDR_HASH, SECURITY_HASH_BYTES - 1, v3_qcc_a + 5 };

	security_init_none(&none);
	CU_ASSERT_EQUAL(verify(&none, v1_leave, sizeof(v1_leave)), SECURITY_WRONG_TYPE);
	CU_ASSERT_EQUAL(verify(&sum, v2_qcc, sizeof(v2_qcc)), SECURITY_WRONG_TYPE);
	CU_ASSERT_EQUAL(verify(&sum, v3_qcc_a, sizeof(v3_qcc_a)), SECURITY_WRONG_TYPE);
	CU_ASSERT_EQUAL(verify(&hash, v1_leave, sizeof(v1_leave)), SECURITY_WRONG_TYPE);
	CU_ASSERT_EQUAL(security_check_header(&hash, &short_hash), SECURITY_WRONG_TYPE);
}

/* What one has sealed the other verifies, of every packet there is. */
static void check_every_sample(const struct security *sealing, const struct security *verifying)
{
	struct mt_head head = { security_header_type(sealing), security_data_len(sealing), 1, 2 };
	uint8_t bytes[MT_SAMPLE_BYTES_MAX];

	for (size_t i = 0; i < mt_samples_count; i++) {
		struct writer w = writer_of(bytes, sizeof(bytes));

		mt_samples[i].write(&w, &head);
		security_seal_packet(sealing, bytes, writer_len(&w));
		CU_ASSERT_EQUAL(verify(verifying, bytes, writer_len(&w)), SECURITY_OK);
	}
}

static void every_packet_verifies_in_every_mode(void)
{
	struct security none, sum = checksum(), a = hash_of(SECURITY_HMAC_A), b = hash_of(SECURITY_HMAC_B);

	security_init_none(&none);
	check_every_sample(&none, &none);
	check_every_sample(&sum, &sum);
	check_every_sample(&a, &a);
	check_every_sample(&b, &b);
}

static void a_finished_security_holds_no_key(void)
{
	static const struct security zero;
	struct security s = hash_of(SECURITY_HMAC_A);

	security_fini(&s);
	CU_ASSERT_EQUAL(memcmp(&s, &zero, sizeof(s)), 0);
}

static const struct suite_test tests[] = {
	SUITE_TEST(checksums_are_those_of_the_vectors),
	SUITE_TEST(a_known_body_sum_spares_reading_the_body),
	SUITE_TEST(a_sum_taken_elsewhere_is_compared),
	SUITE_TEST(nothing_is_sealed_with_nothing),
	SUITE_TEST(both_readings_of_the_hmac_are_those_of_the_vectors),
	SUITE_TEST(keys_for_hashes_are_bounded),
	SUITE_TEST(another_mode_than_the_sessions_is_told_apart),
	SUITE_TEST(every_packet_verifies_in_every_mode),
	SUITE_TEST(a_finished_security_holds_no_key),
};
SUITE_MAIN("security/security", tests)
