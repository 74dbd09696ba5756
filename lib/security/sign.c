/* SIGN: RSA PKCS#1 v1.5 over SHA-256, the signature's bytes reversed, as CryptoAPI has it (5.3 of the sheet).
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

/* Takes the key over, and frees it when it is none we can use. */
static bool init_sign(struct security *s, EVP_PKEY *rsa)
{
	if (rsa == NULL || !EVP_PKEY_is_a(rsa, "RSA") || EVP_PKEY_get_bits(rsa) < RSA_BITS_MIN ||
	    EVP_PKEY_get_bits(rsa) % 8 != 0 || EVP_PKEY_get_size(rsa) > SECURITY_SIGN_BYTES_MAX) {
		EVP_PKEY_free(rsa);
		return false;
	}
	*s = (struct security){ .mode = SECURITY_SIGN,
		                .rsa = rsa,
		                .sign_len = (uint16_t)EVP_PKEY_get_size(rsa) };
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

static bool sign_spans(EVP_MD_CTX *ctx, const struct security *s, const struct span *v, unsigned n,
                       uint8_t *out, size_t *out_len)
{
	if (EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, s->rsa) <= 0)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (EVP_DigestSignUpdate(ctx, v[i].at, v[i].len) <= 0)
			return false;
	return EVP_DigestSignFinal(ctx, out, out_len) > 0;
}

bool sign_make(const struct security *s, const struct span *v, unsigned n, uint8_t *out)
{
	uint8_t signature[SECURITY_SIGN_BYTES_MAX];
	size_t len = sizeof(signature);
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok = ctx != NULL && sign_spans(ctx, s, v, n, signature, &len) && len == s->sign_len;

	EVP_MD_CTX_free(ctx);
	if (ok)
		reverse(out, signature, len);
	return ok;
}

static bool verify_spans(EVP_MD_CTX *ctx, const struct security *s, const struct span *v, unsigned n,
                         const uint8_t *forward)
{
	if (EVP_DigestVerifyInit(ctx, NULL, EVP_sha256(), NULL, s->rsa) <= 0)
		return false;
	for (unsigned i = 0; i < n; i++)
		if (EVP_DigestVerifyUpdate(ctx, v[i].at, v[i].len) <= 0)
			return false;
	return EVP_DigestVerifyFinal(ctx, forward, s->sign_len) == 1;
}

bool sign_verify(const struct security *s, const struct span *v, unsigned n, const uint8_t *signature)
{
	uint8_t forward[SECURITY_SIGN_BYTES_MAX];
	EVP_MD_CTX *ctx = EVP_MD_CTX_new();
	bool ok;

	reverse(forward, signature, s->sign_len);
	ok = ctx != NULL && verify_spans(ctx, s, v, n, forward);
	EVP_MD_CTX_free(ctx);
	return ok;
}

void sign_fini(struct security *s)
{
	EVP_PKEY_free(s->rsa);
}
