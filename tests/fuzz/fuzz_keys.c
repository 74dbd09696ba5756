/*
 * Any bytes as the key blobs of a reply and as key files: hexadecimal digits, PEM. A public key is asked to
 * verify, a private one to sign.
 */
#include "security/keys.h"
#include "security/security.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_plaintext(const struct key_plaintext *key, const uint8_t *data, size_t size)
{
	uint8_t again[12 + KEY_PLAINTEXT_BYTES_MAX];
	struct writer w = writer_of(again, sizeof(again));
	struct security s;

	key_write_plaintext(&w, key);
	assert(!w.full && writer_len(&w) == size && memcmp(again, data, size) == 0);
	assert(security_init_hash(&s, key->bytes, key->len, SECURITY_HMAC_A));
	security_fini(&s);
}

static void check_public(const struct key_public *key, const uint8_t *data, size_t size)
{
	uint8_t again[20 + KEY_MODULUS_BYTES_MAX];
	struct writer w = writer_of(again, sizeof(again));

	key_write_public(&w, key);
	assert(!w.full && writer_len(&w) == size && memcmp(again, data, size) == 0);
}

static void try_to_verify(struct security *s, const uint8_t *data, size_t size)
{
	uint8_t signature[SECURITY_SIGN_BYTES_MAX] = { 1 };
	struct mt_packet p = { .covered = data, .covered_len = size };

	p.security = (struct mt_security){ MT_SECHDR_SIGN, security_data_len(s), signature };
	security_verify(s, &p);
	security_fini(s);
}

/* What it signs its public half verifies. */
static void try_to_sign(struct security *s, const uint8_t *data, size_t size)
{
	const struct security_claim claim = { "sixteen letters", NULL, data, size };
	uint8_t proof[SECURITY_SIGN_BYTES_MAX] = { 0 }, blob[20 + KEY_MODULUS_BYTES_MAX];
	struct writer w = writer_of(blob, sizeof(blob));
	struct security public;

	security_prove(s, &claim, proof);
	if (security_write_sign_key(s, &w) && security_init_sign_public(&public, blob, writer_len(&w))) {
		security_proves(&public, &claim, proof);
		security_fini(&public);
	}
	security_fini(s);
}

/* As whole files. */
static void check_files(const uint8_t *data, size_t size)
{
	uint8_t key[KEY_PLAINTEXT_BYTES_MAX];
	size_t len = 0;
	struct security s;

	if (key_read_shared(data, size, key, &len))
		assert(len >= KEY_SHARED_BYTES_MIN && len <= KEY_PLAINTEXT_BYTES_MAX);
	if (security_init_sign_private(&s, data, size))
		try_to_sign(&s, data, size);
	if (security_init_sign_public_pem(&s, data, size))
		try_to_verify(&s, data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct key_plaintext plaintext;
	struct key_public public;
	struct security s;

	if (data == NULL)
		return 0;
	if (key_read_plaintext(data, size, &plaintext))
		check_plaintext(&plaintext, data, size);
	if (key_read_public(data, size, &public))
		check_public(&public, data, size);
	if (security_init_sign_public(&s, data, size))
		try_to_verify(&s, data, size);
	check_files(data, size);
	return 0;
}
