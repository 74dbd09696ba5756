/*
 * Many packets at a time. In mode HASH, reading A, their HMACs are computed side by side by ipsec-mb;
 * in any other mode this is security_verify() or security_seal_packet(), one by one.
 */
#ifndef WDSCAST_SECURITY_SECURITY_BURST_H
#define WDSCAST_SECURITY_SECURITY_BURST_H

#include "security/security.h"

/* What a worker needs for it: one a thread, never shared. */
struct security_burst;

/* NULL: no memory, or a processor that the library does not know. */
struct security_burst *security_burst_new(void);
void security_burst_free(struct security_burst *b);

/* security_verify() of n packets; verdicts has room for n. */
void security_verify_burst(struct security_burst *b, const struct security *s,
                           const struct mt_packet *const *packets, enum security_verdict *verdicts,
                           unsigned n);

struct security_sealing {
	uint8_t *packet; /* whole; its head was written for this direction */
	size_t len;
};

/* security_seal_packet() of n packets. */
void security_seal_burst(struct security_burst *b, const struct security *s, const struct security_sealing *v,
                         unsigned n);

#endif
