/* SHA256_CTX is public and can be resumed from a state: so a packet costs no allocation and the key no time.
 */
#define OPENSSL_API_COMPAT 0x10101000L

#include "security/parts.h"

#include <assert.h>
#include <openssl/crypto.h>
#include <openssl/sha.h>

#define BLOCK_BYTES SHA256_CBLOCK

static_assert(SECURITY_HASH_BYTES == SHA256_DIGEST_LENGTH, "HMAC-SHA-256");

/* The state of SHA-256 after the block of the key, padded with zeros, xor pad (RFC 2104). */
static void start_state(const uint8_t key[BLOCK_BYTES], uint8_t pad, uint32_t state[8])
{
	uint8_t block[BLOCK_BYTES];
	SHA256_CTX c;

	for (unsigned i = 0; i < BLOCK_BYTES; i++)
		block[i] = key[i] ^ pad;
	SHA256_Init(&c);
	SHA256_Update(&c, block, sizeof(block));
	memcpy(state, c.h, sizeof(c.h));
	OPENSSL_cleanse(block, sizeof(block));
	OPENSSL_cleanse(&c, sizeof(c));
}

bool security_init_hash(struct security *s, const void *key, size_t key_len,
                        enum security_hmac_reading reading)
{
	uint8_t block[BLOCK_BYTES] = { 0 };

	if (key_len == 0 || key_len > SECURITY_KEY_BYTES_MAX)
		return false;
	if (key_len > BLOCK_BYTES)
		SHA256(key, key_len, block);
	else
		memcpy(block, key, key_len);
	*s = (struct security){ .mode = SECURITY_HASH, .reading = reading };
	start_state(block, 0x36, s->hmac_inner);
	start_state(block, 0x5c, s->hmac_outer);
	OPENSSL_cleanse(block, sizeof(block));
	return true;
}

static SHA256_CTX resume(const uint32_t state[8])
{
	SHA256_CTX c = { .Nl = BLOCK_BYTES * 8, .md_len = SHA256_DIGEST_LENGTH };

	memcpy(c.h, state, sizeof(c.h));
	return c;
}

static void finish(SHA256_CTX *c, const struct span *v, unsigned n, uint8_t out[SECURITY_HASH_BYTES])
{
	for (unsigned i = 0; i < n; i++)
		SHA256_Update(c, v[i].at, v[i].len);
	SHA256_Final(out, c);
}

static void hmac(const struct security *s, const struct span *v, unsigned n, uint8_t out[SECURITY_HASH_BYTES])
{
	SHA256_CTX inner = resume(s->hmac_inner), outer = resume(s->hmac_outer);
	uint8_t digest[SECURITY_HASH_BYTES];

	finish(&inner, v, n, digest);
	finish(&outer, &(struct span){ digest, sizeof(digest) }, 1, out);
}

void digest_make(const struct span *v, unsigned n, uint8_t out[SECURITY_HASH_BYTES])
{
	SHA256_CTX c;

	SHA256_Init(&c);
	finish(&c, v, n, out);
}

/* E14: the one place that knows the two readings apart. */
void hash_make(const struct security *s, const struct span *v, unsigned n, uint8_t out[SECURITY_HASH_BYTES])
{
	uint8_t digest[SECURITY_HASH_BYTES];

	if (s->reading == SECURITY_HMAC_A) {
		hmac(s, v, n, out);
		return;
	}
	digest_make(v, n, digest);
	hmac(s, &(struct span){ digest, sizeof(digest) }, 1, out);
}

void security_digest(const void *bytes, size_t len, uint8_t out[SECURITY_HASH_BYTES])
{
	SHA256(bytes, len, out);
}

uint64_t security_random(struct rng *r)
{
	uint64_t n = rng_next(r);
	uint8_t digest[SECURITY_HASH_BYTES];
	SHA256_CTX c;

	SHA256_Init(&c);
	finish(&c, &(struct span){ (const uint8_t *)&n, sizeof(n) }, 1, digest);
	memcpy(&n, digest, sizeof(n));
	return n;
}
