/* Any bytes as the key blobs of a reply; a SignKey is made an RSA key of, and asked to verify. */
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
	return 0;
}
