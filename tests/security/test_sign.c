#include "security/security.h"
#include "support/suite.h"
#include "wire/mt_samples.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define SIGNATURE_BYTES 256
#define BLOB_BYTES (20 + SIGNATURE_BYTES)

/* A key of this program's run, made when first asked for. */
static EVP_PKEY *test_key(void)
{
	static EVP_PKEY *key;

	if (key == NULL)
		key = EVP_RSA_gen(SIGNATURE_BYTES * 8);
	CU_ASSERT_PTR_NOT_NULL_FATAL(key);
	return key;
}

/* The PEM text of a key, encrypted when there is a password; true when it was taken. */
static bool init_private(struct security *s, EVP_PKEY *key, const char *password)
{
	BIO *bio = BIO_new(BIO_s_mem());
	char *pem;
	long len;
	bool ok;

	PEM_write_bio_PrivateKey(bio, key, password != NULL ? EVP_aes_128_cbc() : NULL, NULL, 0, NULL,
	                         (void *)password);
	len = BIO_get_mem_data(bio, &pem);
	ok = security_init_sign_private(s, pem, (size_t)len);
	BIO_free(bio);
	return ok;
}

static struct security server(void)
{
	struct security s;

	CU_ASSERT_FATAL(init_private(&s, test_key(), NULL));
	return s;
}

/* What a client makes of the SignKey that such a server sends. */
static struct security client_of(const struct security *sealing)
{
	uint8_t blob[BLOB_BYTES];
	struct writer w = writer_of(blob, sizeof(blob));
	struct security s;

	CU_ASSERT_FATAL(security_write_sign_key(sealing, &w));
	CU_ASSERT_EQUAL(writer_len(&w), sizeof(blob));
	CU_ASSERT_FATAL(security_init_sign_public(&s, blob, writer_len(&w)));
	return s;
}

static size_t write_sample(size_t i, const struct security *s, uint8_t *bytes)
{
	struct mt_head head = { security_header_type(s), security_data_len(s), 1, 2 };
	struct writer w = writer_of(bytes, MT_SAMPLE_BYTES_MAX);

	mt_samples[i].write(&w, &head);
	return writer_len(&w);
}

static enum security_verdict verify(const struct security *s, const uint8_t *bytes, size_t len)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL_FATAL(mt_read(bytes, len, &p), MT_READ_OK);
	return security_verify(s, &p);
}

static void what_the_server_signs_the_client_verifies(void)
{
	struct security sealing = server(), verifying = client_of(&sealing);
	uint8_t bytes[MT_SAMPLE_BYTES_MAX];

	CU_ASSERT_EQUAL(security_header_type(&verifying), MT_SECHDR_SIGN);
	CU_ASSERT_EQUAL(security_data_len(&verifying), SIGNATURE_BYTES);
	for (size_t i = 0; i < mt_samples_count; i++) {
		size_t len = write_sample(i, &sealing, bytes);

		security_seal_packet(&sealing, bytes, len);
		CU_ASSERT_EQUAL(verify(&verifying, bytes, len), SECURITY_OK);
		bytes[5 + SIGNATURE_BYTES] ^= 1; /* of SessionId */
		CU_ASSERT_EQUAL(verify(&verifying, bytes, len), SECURITY_BAD);
	}
	security_fini(&sealing);
	security_fini(&verifying);
}

static void every_byte_of_a_signature_counts(void)
{
	struct security sealing = server(), verifying = client_of(&sealing);
	uint8_t bytes[MT_SAMPLE_BYTES_MAX];
	size_t len = write_sample(0, &sealing, bytes);

	security_seal_packet(&sealing, bytes, len);
	for (size_t i = 0; i < SIGNATURE_BYTES; i += 15) {
		bytes[5 + i] ^= 1;
		CU_ASSERT_EQUAL(verify(&verifying, bytes, len), SECURITY_BAD);
		bytes[5 + i] ^= 1;
	}
	CU_ASSERT_EQUAL(verify(&verifying, bytes, len), SECURITY_OK);
	security_fini(&sealing);
	security_fini(&verifying);
}

/* CryptSignHash emits the usual octets of PKCS#1 v1.5, which is deterministic, last byte first. */
static void a_signature_is_pkcs1_in_reverse(void)
{
	struct security sealing = server();
	uint8_t bytes[MT_SAMPLE_BYTES_MAX], usual[SIGNATURE_BYTES];
	size_t len = write_sample(0, &sealing, bytes), from = 5 + SIGNATURE_BYTES, usual_len = sizeof(usual);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	EVP_PKEY_CTX *padding;

	security_seal_packet(&sealing, bytes, len);
	EVP_DigestSignInit(ctx, &padding, EVP_sha256(), NULL, test_key());
	EVP_PKEY_CTX_set_rsa_padding(padding, RSA_PKCS1_PADDING);
	CU_ASSERT_EQUAL_FATAL(EVP_DigestSign(ctx, usual, &usual_len, bytes + from, len - from), 1);
	for (size_t i = 0; i < SIGNATURE_BYTES; i++)
		CU_ASSERT_EQUAL(bytes[5 + i], usual[SIGNATURE_BYTES - 1 - i]);
	EVP_MD_CTX_free(ctx);
	security_fini(&sealing);
}

static void a_signature_covers_the_pieces_in_order(void)
{
	struct security sealing = server();
	uint8_t whole[MT_SAMPLE_BYTES_MAX], head[MT_SAMPLE_BYTES_MAX];
	size_t len = write_sample(0, &sealing, whole), middle = 5 + SIGNATURE_BYTES + 13;
	struct security_pieces pieces = {
		.head = head,
		.head_len = middle,
		.body = whole + middle,
		.body_len = 7,
		.has_body_sum = true,
		.tail = whole + middle + 7,
		.tail_len = len - middle - 7,
	};

	memcpy(head, whole, middle);
	security_seal_packet(&sealing, whole, len);
	security_seal(&sealing, &pieces);
	CU_ASSERT_EQUAL(memcmp(head, whole, middle), 0);
	security_fini(&sealing);
}

static void without_the_private_key_nothing_is_signed(void)
{
	static const uint8_t zero[SIGNATURE_BYTES];
	struct security sealing = server(), verifying = client_of(&sealing);
	uint8_t bytes[MT_SAMPLE_BYTES_MAX];
	size_t len = write_sample(0, &verifying, bytes);

	security_seal_packet(&verifying, bytes, len);
	CU_ASSERT_EQUAL(memcmp(bytes + 5, zero, SIGNATURE_BYTES), 0);
	CU_ASSERT_EQUAL(verify(&verifying, bytes, len), SECURITY_BAD);
	security_fini(&sealing);
	security_fini(&verifying);
}

static bool takes_new_key(EVP_PKEY *key)
{
	struct security s;
	bool taken = init_private(&s, key, NULL);

	if (taken)
		security_fini(&s);
	EVP_PKEY_free(key);
	return taken;
}

static void keys_that_cannot_sign_are_refused(void)
{
	struct security s;

	CU_ASSERT_FALSE(init_private(&s, test_key(), "secret"));
	CU_ASSERT_FALSE(security_init_sign_private(&s, "no key", 6));
	CU_ASSERT_FALSE(security_init_sign_private(&s, "", 0));
	CU_ASSERT_FALSE(takes_new_key(EVP_EC_gen("P-256")));
	CU_ASSERT_FALSE(takes_new_key(EVP_RSA_gen(768)));
	CU_ASSERT_FALSE(takes_new_key(EVP_RSA_gen(1028)));
	CU_ASSERT(takes_new_key(EVP_RSA_gen(1024)));
}

static void blobs_that_are_no_rsa_key_are_refused(void)
{
	struct security sealing = server(), s;
	uint8_t blob[BLOB_BYTES];
	struct writer w = writer_of(blob, sizeof(blob)), tight = writer_of(blob, sizeof(blob) - 1);

	CU_ASSERT_FALSE(security_write_sign_key(&sealing, &tight));
	CU_ASSERT_FATAL(security_write_sign_key(&sealing, &w));
	CU_ASSERT_FALSE(security_init_sign_public(&s, blob, sizeof(blob) - 1));
	memset(blob + 20, 0, SIGNATURE_BYTES); /* a modulus of 0 */
	CU_ASSERT_FALSE(security_init_sign_public(&s, blob, sizeof(blob)));
	blob[20] = 1; /* and of one bit, where 2048 are said to be */
	CU_ASSERT_FALSE(security_init_sign_public(&s, blob, sizeof(blob)));
	security_fini(&sealing);
}

static const struct suite_test tests[] = {
	SUITE_TEST(what_the_server_signs_the_client_verifies),
	SUITE_TEST(every_byte_of_a_signature_counts),
	SUITE_TEST(a_signature_is_pkcs1_in_reverse),
	SUITE_TEST(a_signature_covers_the_pieces_in_order),
	SUITE_TEST(without_the_private_key_nothing_is_signed),
	SUITE_TEST(keys_that_cannot_sign_are_refused),
	SUITE_TEST(blobs_that_are_no_rsa_key_are_refused),
};
SUITE_MAIN("security/sign", tests)
