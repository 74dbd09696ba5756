/*
 * Packets of a lane in mode HASH that wait within one turn to be verified side by side: that is up to twice as
 * fast as one by one (security/security_burst.h, bench/security). They are in the frames of the burst, which stay
 * until link_done(), or were put together from some: link_keep().
 */
#ifndef WDSCAST_RUN_RX_HASH_H
#define WDSCAST_RUN_RX_HASH_H

#include "run/rx.h"
#include "security/security_burst.h"

#define RX_HASH_BATCH 16 /* what a processor works on at once, and still in its caches when it is copied */

struct rx_hash {
	struct security_burst *burst;
	uint32_t count;
	struct mt_packet packets[RX_HASH_BATCH];
	struct endpoint from[RX_HASH_BATCH];
	enum security_verdict verdicts[RX_HASH_BATCH];
};

/* Of the control side. NULL without memory, or where nothing is done side by side: then each is verified
 * alone. */
struct rx_hash *rx_hash_new(const struct security *s);
void rx_hash_free(struct rx_hash *h);

static inline bool rx_hash_is_full(const struct rx_hash *h)
{
	return h->count == RX_HASH_BATCH;
}

/* When it is not full. */
static inline void rx_hash_add(struct rx_hash *h, const struct mt_packet *packet, const struct endpoint *from)
{
	h->packets[h->count] = *packet;
	h->from[h->count++] = *from;
}

/* Fills in the verdicts of all that wait; they wait no longer. Returns how many there were. */
uint32_t rx_hash_verify(struct rx_hash *h, const struct security *s);

#endif
