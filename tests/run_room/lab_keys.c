#include "run_room/lab_keys.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#include "support/suite.h"

enum { RSA_BITS = 1024, PEM_BYTES = 4096, BLOB_BYTES = 1024 };

const uint8_t lab_key[24] = "one key of one lab, that";
const uint8_t lab_other_key[24] = "the key of another lab  ";

static const char *pem_of_a_server(int which)
{
	static char pem[2][PEM_BYTES];

	if (pem[which][0] == '\0') {
		EVP_PKEY *rsa = EVP_RSA_gen(RSA_BITS);
		BIO *bio = BIO_new(BIO_s_mem());

		PEM_write_bio_PrivateKey(bio, rsa, NULL, NULL, 0, NULL, NULL);
		CU_ASSERT_FATAL(BIO_read(bio, pem[which], PEM_BYTES - 1) > 0);
		BIO_free(bio);
		EVP_PKEY_free(rsa);
	}
	return pem[which];
}

struct security lab_signing(int which)
{
	const char *pem = pem_of_a_server(which);
	struct security s;

	CU_ASSERT_FATAL(security_init_sign_private(&s, pem, strlen(pem)));
	return s;
}

/* What a client makes of the public half. */
struct security lab_verifying(int which)
{
	struct security s = lab_signing(which), out;
	uint8_t blob[BLOB_BYTES];
	struct writer w = writer_of(blob, sizeof(blob));

	CU_ASSERT_FATAL(security_write_sign_key(&s, &w));
	CU_ASSERT_FATAL(security_init_sign_public(&out, blob, writer_len(&w)));
	security_fini(&s);
	return out;
}

struct security lab_hash_reading(const uint8_t bytes[24], enum security_hmac_reading reading)
{
	struct security s;

	CU_ASSERT_FATAL(security_init_hash(&s, bytes, 24, reading));
	return s;
}

struct security lab_hash(const uint8_t bytes[24])
{
	return lab_hash_reading(bytes, SECURITY_HMAC_A);
}

struct security lab_plain(enum security_mode mode)
{
	struct security s;

	if (mode == SECURITY_NONE)
		security_init_none(&s);
	else
		security_init_checksum(&s);
	return s;
}

/* Of a mode, with the keys of this lab: as a server has it, and as its clients have it. */
struct security lab_security(enum security_mode mode, bool server)
{
	if (mode == SECURITY_HASH)
		return lab_hash(lab_key);
	if (mode == SECURITY_SIGN)
		return server ? lab_signing(0) : lab_verifying(0);
	return lab_plain(mode);
}
