/*
 * The CryptoAPI key formats that session initiation carries, MS-WDSMSI 2.2.1 (sheet 2.6). Readers point
 * into the blob.
 */
#ifndef WDSCAST_SECURITY_KEYS_H
#define WDSCAST_SECURITY_KEYS_H

#include "base/bytes.h"

enum key_alg { /* ALG_ID */
	       KEY_ALG_RSA_SIGN = 0x2400,
	       KEY_ALG_3DES = 0x6603, /* what Windows names the key of its HMAC */
	       KEY_ALG_RSA_KEYX = 0xa400,
};

#define KEY_PLAINTEXT_BYTES_MAX 256
#define KEY_MODULUS_BYTES_MAX 512

/* PLAINTEXTKEYBLOB: the variable SymKey. */
struct key_plaintext {
	uint32_t alg; /* not checked: the bytes key an HMAC, whatever they were made for */
	uint16_t len; /* 1 to KEY_PLAINTEXT_BYTES_MAX */
	const uint8_t *bytes;
};

/* PUBLICKEYBLOB: the variable SignKey. */
struct key_public {
	uint32_t alg; /* one of the two RSA's */
	uint32_t exponent;
	uint16_t modulus_len;   /* 1 to KEY_MODULUS_BYTES_MAX */
	const uint8_t *modulus; /* least significant byte first */
};

/* False when the blob is none of this type, or longer or shorter than it says. */
bool key_read_plaintext(const void *blob, size_t len, struct key_plaintext *out);
bool key_read_public(const void *blob, size_t len, struct key_public *out);

/*
 * The bytes of a key for HMACs from a file: a PLAINTEXTKEYBLOB, or text of hexadecimal digits, white space
 * between them left out. False when it is neither, or shorter than KEY_SHARED_BYTES_MIN.
 */
#define KEY_SHARED_BYTES_MIN 16
bool key_read_shared(const void *file, size_t len, uint8_t out[KEY_PLAINTEXT_BYTES_MAX], size_t *out_len);

void key_write_plaintext(struct writer *w, const struct key_plaintext *key);
void key_write_public(struct writer *w, const struct key_public *key);

#endif
