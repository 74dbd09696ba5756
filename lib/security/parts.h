/* What the room's files ask of each other. Private to the room. */
#ifndef WDSCAST_SECURITY_PARTS_H
#define WDSCAST_SECURITY_PARTS_H

#include "security/security.h"

/* A run of covered bytes. */
struct span {
	const uint8_t *at;
	size_t len;
};

/* The SecurityData of what is covered, into data. */
void seal_covered(const struct security *s, const struct span *covered, uint8_t *data);

/* The HMAC of the spans, one after the other, into out. */
void hash_make(const struct security *s, const struct span *v, unsigned n, uint8_t out[SECURITY_HASH_BYTES]);

/* SHA-256 of the spans. */
void digest_make(const struct span *v, unsigned n, uint8_t out[SECURITY_HASH_BYTES]);

/* The signature of the spans, s->sign_len bytes, into out. False, out untouched, when it cannot be made. */
bool sign_make(const struct security *s, const struct span *v, unsigned n, uint8_t *out);
bool sign_verify(const struct security *s, const struct span *v, unsigned n, const uint8_t *signature);
void sign_fini(struct security *s);

#endif
