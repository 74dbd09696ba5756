/*
 * SIGN: RSA PKCS#1 v1.5 over SHA-256, the signature's bytes reversed, as CryptoAPI has it (5.3 of the sheet).
 *
 * Which implementation does it is looked up once, when the key comes: for each packet that took a sixth of
 * the time of a verification. A context may be used by one thread at a time and a `security` by many, so what
 * is used is a copy: some small allocations, as OpenSSL's RSA itself makes for each of its numbers. The only
 * mode with any.
 */
#include "security/parts.h"

#include "security/keys.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/param_build.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>

#define RSA_BITS_MIN 1024

static void reverse(uint8_t *dst, const uint8_t *src, size_t len)
{
	for (size_t i = 0; i < len; i++)
		dst[i] = src[len - 1 - i];
}

typedef int context_init(EVP_PKEY_CTX *context);

/* NULL: no memory, or it is not for this key. */
static EVP_PKEY_CTX *context_of(EVP_PKEY *rsa, context_init *init)
{
	EVP_PKEY_CTX *context = EVP_PKEY_CTX_new(rsa, NULL);

	if (context != NULL && init(context) > 0 &&
	    EVP_PKEY_CTX_set_rsa_padding(context, RSA_PKCS1_PADDING) > 0 &&
	    EVP_PKEY_CTX_set_signature_md(context, EVP_sha256()) > 0)
		return context;
	EVP_PKEY_CTX_free(context);
	return NULL;
}

/* Takes the key over, and frees it when it is none we can use. */
static bool init_sign(struct security *s, EVP_PKEY *rsa)
{
	struct security made;

	if (rsa == NULL || !EVP_PKEY_is_a(rsa, "RSA") || EVP_PKEY_get_bits(rsa) < RSA_BITS_MIN ||
	    EVP_PKEY_get_bits(rsa) % 8 != 0 || EVP_PKEY_get_size(rsa) > SECURITY_SIGN_BYTES_MAX) {
		EVP_PKEY_free(rsa);
		return false;
	}
	made = (struct security){ .mode = SECURITY_SIGN,
		                  .rsa = rsa,
		                  .sign = context_of(rsa, EVP_PKEY_sign_init),
		                  .verify = context_of(rsa, EVP_PKEY_verify_init),
		                  .sign_len = (uint16_t)EVP_PKEY_get_size(rsa) };
	if (made.verify == NULL) {
		sign_fini(&made);
		return false;
	}
	*s = made;
	return true;
}

/* A key that is encrypted is refused, not asked the terminal about. */
static int no_password(char *buffer, int size, int writing, void *user)
{
	(void)buffer, (void)size, (void)writing, (void)user;
	return -1;
}

typedef EVP_PKEY *pem_reader(BIO *bio, EVP_PKEY **key, pem_password_cb *password, void *user);

static bool init_sign_pem(struct security *s, const void *pem, size_t pem_len, pem_reader *read)
{
	EVP_PKEY *rsa = NULL;
	BIO *bio;

	if (pem_len > INT32_MAX)
		return false;
	bio = BIO_new_mem_buf(pem, (int)pem_len);
	if (bio != NULL)
		rsa = read(bio, NULL, no_password, NULL);
	BIO_free(bio);
	return init_sign(s, rsa);
}

bool security_init_sign_private(struct security *s, const void *pem, size_t pem_len)
{
	return init_sign_pem(s, pem, pem_len, PEM_read_bio_PrivateKey);
}

bool security_init_sign_public_pem(struct security *s, const void *pem, size_t pem_len)
{
	return init_sign_pem(s, pem, pem_len, PEM_read_bio_PUBKEY);
}

static OSSL_PARAM *params_of(const BIGNUM *n, const BIGNUM *e)
{
	OSSL_PARAM_BLD *build = OSSL_PARAM_BLD_new();
	OSSL_PARAM *params = NULL;

	if (build != NULL && n != NULL && e != NULL &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_N, n) &&
	    OSSL_PARAM_BLD_push_BN(build, OSSL_PKEY_PARAM_RSA_E, e))
		params = OSSL_PARAM_BLD_to_param(build);
	OSSL_PARAM_BLD_free(build);
	return params;
}

static EVP_PKEY *pkey_of_params(OSSL_PARAM *params)
{
	EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
	EVP_PKEY *rsa = NULL;

	if (ctx == NULL || params == NULL || EVP_PKEY_fromdata_init(ctx) <= 0 ||
	    EVP_PKEY_fromdata(ctx, &rsa, EVP_PKEY_PUBLIC_KEY, params) <= 0)
		rsa = NULL;
	EVP_PKEY_CTX_free(ctx);
	return rsa;
}

static EVP_PKEY *pkey_of(const struct key_public *key)
{
	BIGNUM *n = BN_lebin2bn(key->modulus, key->modulus_len, NULL), *e = BN_new();
	OSSL_PARAM *params;
	EVP_PKEY *rsa;

	if (e != NULL && !BN_set_word(e, key->exponent)) {
		BN_free(e);
		e = NULL;
	}
	params = params_of(n, e);
	rsa = pkey_of_params(params);
	OSSL_PARAM_free(params);
	BN_free(n);
	BN_free(e);
	return rsa;
}

bool security_init_sign_public(struct security *s, const void *blob, size_t blob_len)
{
	struct key_public key;

	return key_read_public(blob, blob_len, &key) && init_sign(s, pkey_of(&key));
}

/* False when it does not fit, or the exponent is wider than the blob's 32 bits. */
static bool write_public(struct writer *w, const BIGNUM *n, const BIGNUM *e, uint16_t modulus_len)
{
	uint8_t modulus[SECURITY_SIGN_BYTES_MAX];
	struct key_public key = { KEY_ALG_RSA_SIGN, 0, modulus_len, modulus };

	if (BN_num_bits(e) > 32 || BN_bn2lebinpad(n, modulus, modulus_len) != modulus_len)
		return false;
	key.exponent = (uint32_t)BN_get_word(e);
	key_write_public(w, &key);
	return !w->full;
}

bool security_write_sign_key(const struct security *s, struct writer *w)
{
	BIGNUM *n = NULL, *e = NULL;
	bool ok = EVP_PKEY_get_bn_param(s->rsa, OSSL_PKEY_PARAM_RSA_N, &n) &&
	          EVP_PKEY_get_bn_param(s->rsa, OSSL_PKEY_PARAM_RSA_E, &e) &&
	          write_public(w, n, e, s->sign_len);

	BN_free(n);
	BN_free(e);
	return ok;
}

static EVP_PKEY_CTX *copy_of(void *context)
{
	return context != NULL ? EVP_PKEY_CTX_dup(context) : NULL;
}

bool sign_make(const struct security *s, const struct span *v, unsigned n, uint8_t *out)
{
	uint8_t digest[SECURITY_HASH_BYTES], signature[SECURITY_SIGN_BYTES_MAX];
	size_t len = sizeof(signature);
	EVP_PKEY_CTX *context = copy_of(s->sign);
	bool ok;

	digest_make(v, n, digest);
	ok = context != NULL && EVP_PKEY_sign(context, signature, &len, digest, sizeof(digest)) > 0 &&
	     len == s->sign_len;
	EVP_PKEY_CTX_free(context);
	if (ok)
		reverse(out, signature, len);
	return ok;
}

bool sign_verify(const struct security *s, const struct span *v, unsigned n, const uint8_t *signature)
{
	uint8_t digest[SECURITY_HASH_BYTES], forward[SECURITY_SIGN_BYTES_MAX];
	EVP_PKEY_CTX *context = copy_of(s->verify);
	bool ok;

	digest_make(v, n, digest);
	reverse(forward, signature, s->sign_len);
	ok = context != NULL && EVP_PKEY_verify(context, forward, s->sign_len, digest, sizeof(digest)) == 1;
	EVP_PKEY_CTX_free(context);
	return ok;
}

void sign_fini(struct security *s)
{
	EVP_PKEY_CTX_free(s->sign);
	EVP_PKEY_CTX_free(s->verify);
	EVP_PKEY_free(s->rsa);
}
