#include "base/rng.h"
#include "security/security_burst.h"
#include "support/suite.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>

#define PACKETS 150 /* more than two chunks, and the last one not full */
#define PACKET_BYTES_MAX 9000

static const uint8_t key[] = "a key that is longer than a block of SHA-256, which is sixty-four bytes long";

/* Packets of random payload, from an empty one to one of several fragments. */
static struct bunch {
	uint8_t bytes[PACKETS][PACKET_BYTES_MAX];
	size_t len[PACKETS];
	struct security_sealing v[PACKETS];
	struct mt_packet packets[PACKETS];
	const struct mt_packet *at[PACKETS];
} bunch;

static void write_bunch(const struct security *s)
{
	static uint8_t payload[PACKET_BYTES_MAX];
	struct mt_head head = { security_header_type(s), security_data_len(s), 0x6d19ee7e, 1 };
	struct rng rng = { 7 };

	for (size_t i = 0; i < sizeof(payload); i++)
		payload[i] = (uint8_t)rng_next(&rng);
	for (unsigned i = 0; i < PACKETS; i++) {
		uint16_t len = i < 70 ? (uint16_t)i : (uint16_t)rng_below(&rng, 8800);
		struct mt_data data = { 1, i + 1, 1, len, payload };
		struct writer w = writer_of(bunch.bytes[i], PACKET_BYTES_MAX);

		mt_write_data(&w, &head, MT_ODATA, &data, NULL);
		bunch.len[i] = writer_len(&w);
		bunch.v[i] = security_sealing_of(s, bunch.bytes[i], bunch.len[i]);
	}
}

static void read_bunch(void)
{
	for (unsigned i = 0; i < PACKETS; i++) {
		CU_ASSERT_EQUAL(mt_read(bunch.bytes[i], bunch.len[i], &bunch.packets[i]), MT_READ_OK);
		bunch.at[i] = &bunch.packets[i];
	}
}

static void check_burst(struct security_burst *b, const struct security *s)
{
	enum security_verdict verdicts[PACKETS];

	write_bunch(s);
	security_seal_burst(b, s, bunch.v, PACKETS);
	read_bunch();
	for (unsigned i = 0; i < PACKETS; i++)
		CU_ASSERT_EQUAL(security_verify(s, &bunch.packets[i]), SECURITY_OK);
	for (unsigned i = 0; i < PACKETS; i += 7)
		bunch.bytes[i][bunch.len[i] - 3] ^= 1; /* the last of the payload, or of DataLen */
	security_verify_burst(b, s, bunch.at, verdicts, PACKETS);
	for (unsigned i = 0; i < PACKETS; i++)
		CU_ASSERT_EQUAL(verdicts[i],
		                i % 7 == 0 && s->mode != SECURITY_NONE ? SECURITY_BAD : SECURITY_OK);
}

static void a_burst_judges_as_one_by_one_does(void)
{
	struct security_burst *b = security_burst_new();
	struct security none, checksum, a, reading_b;

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	security_init_none(&none);
	security_init_checksum(&checksum);
	CU_ASSERT(security_init_hash(&a, key, sizeof(key), SECURITY_HMAC_A));
	CU_ASSERT(security_init_hash(&reading_b, key, sizeof(key), SECURITY_HMAC_B));
	check_burst(b, &none);
	check_burst(b, &checksum);
	check_burst(b, &a);
	check_burst(b, &reading_b);
	security_burst_free(b);
}

/* The hash of OpenSSL's HMAC(), which shares nothing with ours. */
static bool has_openssl_hash(const struct mt_packet *p, enum security_hmac_reading reading, size_t key_len)
{
	uint8_t digest[SECURITY_HASH_BYTES], hash[SECURITY_HASH_BYTES];

	EVP_Digest(p->covered, p->covered_len, digest, NULL, EVP_sha256(), NULL);
	if (reading == SECURITY_HMAC_A)
		HMAC(EVP_sha256(), key, (int)key_len, p->covered, p->covered_len, hash, NULL);
	else
		HMAC(EVP_sha256(), key, (int)key_len, digest, sizeof(digest), hash, NULL);
	return memcmp(p->security.data, hash, sizeof(hash)) == 0;
}

static void check_against_openssl(struct security_burst *b, enum security_hmac_reading reading,
                                  size_t key_len)
{
	struct security s;

	CU_ASSERT_FATAL(security_init_hash(&s, key, key_len, reading));
	write_bunch(&s);
	security_seal_burst(b, &s, bunch.v, PACKETS);
	read_bunch();
	for (unsigned i = 0; i < PACKETS; i++)
		CU_ASSERT(has_openssl_hash(&bunch.packets[i], reading, key_len));
}

static void a_burst_agrees_with_openssl_for_keys_of_any_length(void)
{
	static const size_t lens[] = { 1, 24, 63, 64, 65, sizeof(key) };
	struct security_burst *b = security_burst_new();

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	for (size_t i = 0; i < sizeof(lens) / sizeof(lens[0]); i++) {
		check_against_openssl(b, SECURITY_HMAC_A, lens[i]);
		check_against_openssl(b, SECURITY_HMAC_B, lens[i]);
	}
	security_burst_free(b);
}

static void packets_of_another_mode_do_not_disturb_the_others(void)
{
	struct security_burst *b = security_burst_new();
	enum security_verdict verdicts[PACKETS];
	struct security s;

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	CU_ASSERT_FATAL(security_init_hash(&s, key, sizeof(key), SECURITY_HMAC_A));
	write_bunch(&s);
	security_seal_burst(b, &s, bunch.v, PACKETS);
	for (unsigned i = 0; i < PACKETS; i += 3)
		bunch.bytes[i][2] = MT_SECHDR_SIGN;
	read_bunch();
	security_verify_burst(b, &s, bunch.at, verdicts, PACKETS);
	for (unsigned i = 0; i < PACKETS; i++)
		CU_ASSERT_EQUAL(verdicts[i], i % 3 == 0 ? SECURITY_WRONG_TYPE : SECURITY_OK);
	security_verify_burst(b, &s, bunch.at, verdicts, 0);
	security_verify_burst(b, &s, bunch.at, verdicts, 1); /* none for the library to do */
	CU_ASSERT_EQUAL(verdicts[0], SECURITY_WRONG_TYPE);
	security_burst_free(b);
}

/* A server's blocks lie apart from their packets' heads: what is hashed is a copy, the hash belongs to the
 * head. */
static void what_is_covered_may_lie_elsewhere(void)
{
	static uint8_t copies[PACKETS][PACKET_BYTES_MAX];
	struct security_burst *b = security_burst_new();
	struct security kinds[3];

	CU_ASSERT_PTR_NOT_NULL_FATAL(b);
	security_init_checksum(&kinds[0]);
	CU_ASSERT_FATAL(security_init_hash(&kinds[1], key, sizeof(key), SECURITY_HMAC_A));
	CU_ASSERT_FATAL(security_init_hash(&kinds[2], key, sizeof(key), SECURITY_HMAC_B));
	for (unsigned k = 0; k < 3; k++) {
		write_bunch(&kinds[k]);
		for (unsigned i = 0; i < PACKETS; i++) {
			memcpy(copies[i], bunch.v[i].covered, bunch.v[i].len);
			bunch.v[i].covered = copies[i];
		}
		security_seal_burst(b, &kinds[k], bunch.v, PACKETS);
		read_bunch();
		for (unsigned i = 0; i < PACKETS; i++)
			CU_ASSERT_EQUAL(security_verify(&kinds[k], &bunch.packets[i]), SECURITY_OK);
	}
	security_burst_free(b);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_burst_judges_as_one_by_one_does),
	SUITE_TEST(a_burst_agrees_with_openssl_for_keys_of_any_length),
	SUITE_TEST(what_is_covered_may_lie_elsewhere),
	SUITE_TEST(packets_of_another_mode_do_not_disturb_the_others),
};
SUITE_MAIN("security/burst", tests)
