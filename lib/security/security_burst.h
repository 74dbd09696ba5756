/*
 * Many packets at a time. In mode HASH, reading A, their HMACs are computed side by side by ipsec-mb;
 * in any other mode this is security_verify() or security_seal_packet(), one by one:
 * security_is_side_by_side() tells.
 */
#ifndef WDSCAST_SECURITY_SECURITY_BURST_H
#define WDSCAST_SECURITY_SECURITY_BURST_H

#include "security/security.h"

/* What a worker needs for it: one a thread, never shared. */
struct security_burst;

/* NULL: no memory, or a processor that the library does not know. */
struct security_burst *security_burst_new(void);
void security_burst_free(struct security_burst *b);

static inline bool security_is_side_by_side(const struct security *s)
{
	return s->mode == SECURITY_HASH && s->reading == SECURITY_HMAC_A;
}

/* security_verify() of n packets; verdicts has room for n. */
void security_verify_burst(struct security_burst *b, const struct security *s,
                           const struct mt_packet *const *packets, enum security_verdict *verdicts,
                           unsigned n);

/* What is covered, in one piece, and where its SecurityData belongs: in the packet, or in the one that it is
 * a copy of. */
struct security_sealing {
	const uint8_t *covered;
	size_t len;
	uint8_t *data; /* security_data_len() bytes */
};

/* Of a whole packet, whose head was written for this direction. */
static inline struct security_sealing security_sealing_of(const struct security *s, uint8_t *packet,
                                                          size_t len)
{
	size_t from = MT_SECURITY_HEADER_BYTES + (size_t)security_data_len(s);

	return (struct security_sealing){ packet + from, len - from, packet + MT_SECURITY_HEADER_BYTES };
}

/* Fills in the SecurityData of n packets. */
void security_seal_burst(struct security_burst *b, const struct security *s, const struct security_sealing *v,
                         unsigned n);

#endif
