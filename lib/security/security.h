/*
 * What protects one direction of a session: MS-WDSMT 2.2.2 and 5. A `security` is made by the
 * control thread and then only read, so any number of threads may share it.
 */
#ifndef WDSCAST_SECURITY_SECURITY_H
#define WDSCAST_SECURITY_SECURITY_H

#include "base/rng.h"
#include "wire/mt.h"

enum security_mode { /* MS-WDSMSI 2.2.1 */
	SECURITY_NONE = 0,
	SECURITY_HASH = 1,
	SECURITY_SIGN = 2,
	SECURITY_CHECKSUM = 3,
};

/* E14, the two readings of 2.2.2.1: A hashes the packet with the key, B the packet's digest. */
enum security_hmac_reading { SECURITY_HMAC_A, SECURITY_HMAC_B };

#define SECURITY_HASH_BYTES 32     /* HMAC-SHA-256 */
#define SECURITY_SIGN_BYTES_MAX 512
#define SECURITY_KEY_BYTES_MAX 256

struct security {
	enum security_mode mode;
	enum security_hmac_reading reading;
	uint32_t hmac_inner[8], hmac_outer[8]; /* HASH: SHA-256's state after the padded key (RFC 2104) */
	void *rsa;           /* SIGN: an EVP_PKEY; owned, freed by security_fini(), as are */
	void *sign, *verify; /* SIGN: an EVP_PKEY_CTX each, ready for copies to be used; or NULL */
	uint16_t sign_len;   /* SIGN: bytes of a signature */
};

void security_init_none(struct security *s);
void security_init_checksum(struct security *s);
/* False when key_len is 0 or beyond SECURITY_KEY_BYTES_MAX. */
bool security_init_hash(struct security *s, const void *key, size_t key_len, enum security_hmac_reading reading);
/*
 * SIGN with the private key of a PEM text, to seal, or with the public one of a PUBLICKEYBLOB, to verify.
 * False when it is no RSA key of 1024 to 4096 bits, or the PEM is encrypted.
 */
bool security_init_sign_private(struct security *s, const void *pem, size_t pem_len);
bool security_init_sign_public(struct security *s, const void *blob, size_t blob_len);
/* SIGN with the public key of a PEM text, to verify. */
bool security_init_sign_public_pem(struct security *s, const void *pem, size_t pem_len);
/* SIGN: the public key as a PUBLICKEYBLOB, for MS-WDSMSI's SignKey. False when it does not fit. */
bool security_write_sign_key(const struct security *s, struct writer *w);
/* The modes that a session may have, sheet 5.1. A client never signs. */
bool security_pair_is_allowed(enum security_mode server, enum security_mode client);
/* Wipes keys. */
void security_fini(struct security *s);

/* MT_SECHDR_* and the bytes of SecurityData that packets of this direction have. */
static inline uint8_t security_header_type(const struct security *s)
{
	return (uint8_t)s->mode;
}

static inline uint16_t security_data_len(const struct security *s)
{
	switch (s->mode) {
	case SECURITY_HASH:
		return SECURITY_HASH_BYTES;
	case SECURITY_SIGN:
		return s->sign_len;
	case SECURITY_CHECKSUM:
		return sizeof(be32);
	case SECURITY_NONE:
		break;
	}
	return 0;
}

/* The plain byte sum of 2.2.2.3, modulo 2^32. */
uint32_t security_sum(const void *bytes, size_t len);
/* memcpy, and in the same pass the sum of the source with so many bytes that lie before and after it. */
uint32_t security_copy_sum(void *dst, const void *src, size_t len, size_t before, size_t after);

/* A packet in pieces: head (Security Header to the end of the fields), body (may be absent), tail. */
struct security_pieces {
	uint8_t *head;
	size_t head_len;
	const uint8_t *body;
	size_t body_len;
	bool has_body_sum;  /* body_sum is security_sum() of the body, so the body need not be read */
	uint32_t body_sum;
	const uint8_t *tail;
	size_t tail_len;
};

/*
 * Fill in the SecurityData of a packet whose head was written for this direction. A signature that
 * cannot be made, for want of memory or a private key, leaves zeros, which no receiver accepts.
 */
void security_seal(const struct security *s, const struct security_pieces *p);
/* The same for a packet in one piece. */
void security_seal_packet(const struct security *s, uint8_t *packet, size_t len);

enum security_verdict {
	SECURITY_OK,
	SECURITY_WRONG_TYPE, /* another mode than the session's, or wrong length of SecurityData */
	SECURITY_BAD,        /* does not verify */
};

/* Does the header have the type and length of this mode? To be asked before anything else. */
static inline enum security_verdict security_check_header(const struct security *s, const struct mt_security *h)
{
	bool ok = h->type == security_header_type(s) && h->data_len == security_data_len(s);

	return ok ? SECURITY_OK : SECURITY_WRONG_TYPE;
}

/* Verify a whole packet. */
enum security_verdict security_verify(const struct security *s, const struct mt_packet *p);
/*
 * Bytes that are no packet, under a name (SECURITY_NAME_BYTES) that keeps them apart from packets and from
 * each other, and with a digest of what they answer. HASH and SIGN only; security_data_len() bytes of proof.
 */
#define SECURITY_NAME_BYTES 16
struct security_claim {
	const char *name;
	const uint8_t *digest; /* SECURITY_HASH_BYTES, or NULL */
	const uint8_t *bytes;
	size_t len;
};
void security_prove(const struct security *s, const struct security_claim *c, uint8_t *proof);
bool security_proves(const struct security *s, const struct security_claim *c, const uint8_t *proof);
/* SHA-256. */
void security_digest(const void *bytes, size_t len, uint8_t out[SECURITY_HASH_BYTES]);
/* A random number that others may see: it does not tell them those that follow, as rng_next() alone would. */
uint64_t security_random(struct rng *r);

/* CHECKSUM only: does the header agree with this sum of all that is covered? */
static inline bool security_sum_agrees(const struct mt_security *h, uint32_t sum)
{
	return be32_get(*(const be32 *)h->data) == ~sum;
}

#endif
