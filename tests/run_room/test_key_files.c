/* The keys of a lab, from files. */
#include "run/key_files.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <sys/stat.h>

#include "content/tree.h"
#include "security/keys.h"
#include "support/suite.h"

enum { RSA_BITS = 1024, BLOB_BYTES = 1024 };

static struct security server, client;
static char why[KEY_FILES_WHY_BYTES];

static void write_file(const char *path, const void *bytes, size_t len, mode_t mode)
{
	FILE *f = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fwrite(bytes, 1, len, f);
	fclose(f);
	chmod(path, mode);
}

static void write_text(const char *path, const char *text)
{
	write_file(path, text, strlen(text), 0600);
}

/* A pair of keys: sign.pem, and what verifies it as verify.pem and verify.blob. */
static void write_rsa(void)
{
	EVP_PKEY *rsa = EVP_RSA_gen(RSA_BITS);
	FILE *sign = fopen("sign.pem", "w"), *verify = fopen("verify.pem", "w");
	uint8_t blob[BLOB_BYTES], pem[4096];
	struct writer w = writer_of(blob, sizeof(blob));
	struct security s;
	size_t len;

	PEM_write_PrivateKey(sign, rsa, NULL, NULL, 0, NULL, NULL);
	PEM_write_PUBKEY(verify, rsa);
	fclose(sign);
	fclose(verify);
	chmod("sign.pem", 0600);
	EVP_PKEY_free(rsa);
	sign = fopen("sign.pem", "r");
	len = fread(pem, 1, sizeof(pem), sign);
	fclose(sign);
	CU_ASSERT_FATAL(security_init_sign_private(&s, pem, len));
	CU_ASSERT_FATAL(security_write_sign_key(&s, &w));
	write_file("verify.blob", blob, writer_len(&w), 0644);
	security_fini(&s);
}

static enum wdscast_err load(const char *key, const char *sign, const char *verify)
{
	const struct key_files files = { key, sign, verify };

	why[0] = '\0';
	return key_files_load(&files, &server, &client, why);
}

static void forget(void)
{
	key_files_forget(&server, &client);
}

static void without_keys_both_directions_are_checksummed(void)
{
	CU_ASSERT_EQUAL(load(NULL, NULL, ""), WDSCAST_OK);
	CU_ASSERT_EQUAL(server.mode, SECURITY_CHECKSUM);
	CU_ASSERT_EQUAL(client.mode, SECURITY_CHECKSUM);
	forget();
}

static void the_same_key_comes_from_digits_and_from_a_blob(void)
{
	static const uint8_t bytes[] = "0123456789abcdef";
	struct key_plaintext key = { KEY_ALG_3DES, 16, bytes };
	uint8_t blob[64];
	struct writer w = writer_of(blob, sizeof(blob));
	struct security digits;

	tree_make();
	key_write_plaintext(&w, &key);
	write_file("blob", blob, writer_len(&w), 0600);
	write_text("digits", "3031323334353637\n38 39 61 62 63 64 65 66\r\n");
	CU_ASSERT_EQUAL(load("digits", NULL, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(server.mode, SECURITY_HASH);
	CU_ASSERT_EQUAL(client.mode, SECURITY_HASH);
	digits = server;
	CU_ASSERT_EQUAL(load("blob", NULL, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(memcmp(&digits, &server, sizeof(digits)), 0);
	forget();
	tree_remove();
}

static void the_reading_of_the_hmac_follows_the_path(void)
{
	tree_make();
	write_text("key", "30313233343536373839616263646566");
	CU_ASSERT_EQUAL(load("key,reading=B", NULL, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(server.reading, SECURITY_HMAC_B);
	CU_ASSERT_EQUAL(client.reading, SECURITY_HMAC_B);
	forget();
	CU_ASSERT_EQUAL(load("key,reading=A", NULL, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(server.reading, SECURITY_HMAC_A);
	forget();
	CU_ASSERT_EQUAL(load("key", NULL, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(client.reading, SECURITY_HMAC_A);
	forget();
	CU_ASSERT_EQUAL(load("key,reading=C", NULL, NULL), WDSCAST_EINVAL);
	CU_ASSERT_STRING_EQUAL(why, "key,reading=C: the reading is A or B");
	CU_ASSERT_EQUAL(load("none,reading=B", NULL, NULL), WDSCAST_EIO);
	tree_remove();
}

static void a_key_that_others_may_read_is_refused(void)
{
	tree_make();
	write_text("key", "30313233343536373839616263646566");
	write_rsa();
	chmod("key", 0640);
	CU_ASSERT_EQUAL(load("key", NULL, NULL), WDSCAST_EPERM);
	CU_ASSERT_STRING_EQUAL(why, "key: its group or others may use it: chmod 600 it");
	chmod("key", 0604);
	CU_ASSERT_EQUAL(load("key", NULL, NULL), WDSCAST_EPERM);
	chmod("key", 0600);
	chmod("sign.pem", 0644);
	CU_ASSERT_EQUAL(load("key", "sign.pem", NULL), WDSCAST_EPERM);
	tree_remove();
}

static void what_is_no_key_is_refused(void)
{
	static const char *const texts[] = { "", "secret", "303132333435363738396162636465", "3", "30 31 0x32" };
	char text[2 * KEY_PLAINTEXT_BYTES_MAX + 3];

	tree_make();
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		write_text("key", texts[i]);
		CU_ASSERT_EQUAL(load("key", NULL, NULL), WDSCAST_EINVAL);
	}
	memset(text, 'a', sizeof(text));
	text[sizeof(text) - 1] = '\0';
	write_text("key", text);
	CU_ASSERT_EQUAL(load("key", NULL, NULL), WDSCAST_EINVAL);
	text[sizeof(text) - 3] = '\0';
	write_text("key", text);
	CU_ASSERT_EQUAL(load("key", NULL, NULL), WDSCAST_OK);
	forget();
	CU_ASSERT_EQUAL(load("nothing", NULL, NULL), WDSCAST_EIO);
	CU_ASSERT_EQUAL(load(".", NULL, NULL), WDSCAST_EINVAL);
	tree_remove();
}

static void a_server_signs_and_its_clients_verify(void)
{
	static const char *const publics[] = { "verify.pem", "verify.blob" };
	const struct security_claim claim = { "sixteen letters", NULL, (const uint8_t *)"said", 4 };
	uint8_t proof[SECURITY_SIGN_BYTES_MAX];

	tree_make();
	write_text("key", "30313233343536373839616263646566");
	write_rsa();
	CU_ASSERT_EQUAL_FATAL(load("key", "sign.pem", NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(server.mode, SECURITY_SIGN);
	CU_ASSERT_EQUAL(client.mode, SECURITY_HASH);
	security_prove(&server, &claim, proof);
	forget();
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL_FATAL(load("key", NULL, publics[i]), WDSCAST_OK);
		CU_ASSERT_EQUAL(server.mode, SECURITY_SIGN);
		CU_ASSERT_EQUAL(client.mode, SECURITY_HASH);
		CU_ASSERT(security_proves(&server, &claim, proof));
		proof[0] ^= 1;
		CU_ASSERT_FALSE(security_proves(&server, &claim, proof));
		proof[0] ^= 1;
		forget();
	}
	CU_ASSERT_EQUAL(load("key", "verify.pem", NULL), WDSCAST_EPERM); /* readable by all: it cannot be the private one */
	CU_ASSERT_EQUAL(load("key", NULL, "key"), WDSCAST_EINVAL);
	CU_ASSERT_EQUAL(load("key", "key", NULL), WDSCAST_EINVAL);
	tree_remove();
}

static void signatures_need_a_shared_key(void)
{
	CU_ASSERT_EQUAL(load(NULL, "sign.pem", NULL), WDSCAST_EINVAL);
	CU_ASSERT_EQUAL(load(NULL, NULL, "verify.pem"), WDSCAST_EINVAL);
	CU_ASSERT_STRING_EQUAL(why, "verify.pem: signatures are for sessions with a shared key: give that too");
}

static const struct suite_test tests[] = {
	SUITE_TEST(without_keys_both_directions_are_checksummed),
	SUITE_TEST(the_same_key_comes_from_digits_and_from_a_blob),
	SUITE_TEST(the_reading_of_the_hmac_follows_the_path),
	SUITE_TEST(a_key_that_others_may_read_is_refused),
	SUITE_TEST(what_is_no_key_is_refused),
	SUITE_TEST(a_server_signs_and_its_clients_verify),
	SUITE_TEST(signatures_need_a_shared_key),
};
SUITE_MAIN("run/key_files", tests)
