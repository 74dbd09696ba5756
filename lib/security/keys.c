#include "security/keys.h"

#include <assert.h>

#define BLOB_VERSION 0x02
#define RSA1 0x31415352u /* "RSA1": the public half */

enum blob_type {
	BLOB_PUBLIC = 0x06,
	BLOB_PLAINTEXT = 0x08,
};

struct blob_header { /* PUBLICKEYSTRUC */
	uint8_t type, version;
	le16 reserved;
	le32 alg;
};
static_assert(sizeof(struct blob_header) == 8, "sheet 2.6");

struct blob_public { /* RSAPUBKEY; the modulus follows */
	le32 magic, bits, exponent;
};

static const struct blob_header *read_header(struct reader *r, enum blob_type type)
{
	const struct blob_header *h = reader_take(r, sizeof(*h));

	if (h == NULL || h->type != type || h->version != BLOB_VERSION || le16_get(h->reserved) != 0)
		return NULL;
	return h;
}

bool key_read_plaintext(const void *blob, size_t len, struct key_plaintext *out)
{
	struct reader r = reader_of(blob, len);
	const struct blob_header *h = read_header(&r, BLOB_PLAINTEXT);
	const le32 *size = h != NULL ? reader_take(&r, sizeof(*size)) : NULL;

	if (size == NULL || le32_get(*size) != reader_left(&r))
		return false;
	if (le32_get(*size) == 0 || le32_get(*size) > KEY_PLAINTEXT_BYTES_MAX)
		return false;
	*out = (struct key_plaintext){ le32_get(h->alg), (uint16_t)le32_get(*size), r.at };
	return true;
}

bool key_read_public(const void *blob, size_t len, struct key_public *out)
{
	struct reader r = reader_of(blob, len);
	const struct blob_header *h = read_header(&r, BLOB_PUBLIC);
	const struct blob_public *key = h != NULL ? reader_take(&r, sizeof(*key)) : NULL;
	uint32_t alg, bits;

	if (key == NULL || le32_get(key->magic) != RSA1)
		return false;
	alg = le32_get(h->alg);
	bits = le32_get(key->bits);
	if (alg != KEY_ALG_RSA_KEYX && alg != KEY_ALG_RSA_SIGN)
		return false;
	if (bits == 0 || bits % 8 != 0 || bits / 8 > KEY_MODULUS_BYTES_MAX || bits / 8 != reader_left(&r))
		return false;
	*out = (struct key_public){ alg, le32_get(key->exponent), (uint16_t)(bits / 8), r.at };
	return true;
}

/* 0 to 15; -1: no digit. */
static int digit_of(uint8_t c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

static bool is_space(uint8_t c)
{
	return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

static bool read_digits(const uint8_t *text, size_t len, uint8_t *out, size_t *out_len)
{
	size_t digits = 0;

	for (size_t i = 0; i < len; i++) {
		int digit = digit_of(text[i]);

		if (is_space(text[i]))
			continue;
		if (digit < 0 || digits == 2 * KEY_PLAINTEXT_BYTES_MAX)
			return false;
		out[digits / 2] = (uint8_t)(digits % 2 == 0 ? digit << 4 : out[digits / 2] | digit);
		digits++;
	}
	*out_len = digits / 2;
	return digits % 2 == 0;
}

bool key_read_shared(const void *file, size_t len, uint8_t out[KEY_PLAINTEXT_BYTES_MAX], size_t *out_len)
{
	struct key_plaintext blob;

	if (key_read_plaintext(file, len, &blob)) {
		memcpy(out, blob.bytes, blob.len);
		*out_len = blob.len;
	} else if (!read_digits(file, len, out, out_len)) {
		return false;
	}
	return *out_len >= KEY_SHARED_BYTES_MIN;
}

static void write_header(struct writer *w, enum blob_type type, uint32_t alg)
{
	struct blob_header header = { (uint8_t)type, BLOB_VERSION, le16_of(0), le32_of(alg) };

	writer_bytes(w, &header, sizeof(header));
}

void key_write_plaintext(struct writer *w, const struct key_plaintext *key)
{
	le32 size = le32_of(key->len);

	write_header(w, BLOB_PLAINTEXT, key->alg);
	writer_bytes(w, &size, sizeof(size));
	writer_bytes(w, key->bytes, key->len);
}

void key_write_public(struct writer *w, const struct key_public *key)
{
	struct blob_public fields = { le32_of(RSA1), le32_of(key->modulus_len * 8u), le32_of(key->exponent) };

	write_header(w, BLOB_PUBLIC, key->alg);
	writer_bytes(w, &fields, sizeof(fields));
	writer_bytes(w, key->modulus, key->modulus_len);
}
