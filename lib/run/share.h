/*
 * What the workers of one port hand to each other. Each reads a queue of its own, and a card spreads frames
 * over its queues by their addresses: so a session's stream stays on one, but what its server says to us
 * alone may come on another, the stream itself on that of a worker which has not the session, and ARP on any.
 * Who reads what is another's copies it into that one's ring; full, it is dropped and counted, for the
 * protocol repairs it as what the wire loses. No worker waits for another.
 *
 * The rings are SPSC, one for each pair and direction. W: `wanted` is a hint that orders nothing; it is set
 * before a session says the first word from a port, and before its group is joined.
 */
#ifndef WDSCAST_RUN_SHARE_H
#define WDSCAST_RUN_SHARE_H

#include "base/spsc.h"
#include "net/net.h"

#define SHARE_WORKERS_MAX 8
#define SHARE_ITEMS 128        /* of a ring: a power of two */
#define SHARE_ITEM_BYTES 9600  /* what Windows sends in fragments, or a jumbo frame */

struct share_item {
	bool frame;                /* of ARP or ND, for each worker's own net; otherwise a datagram */
	struct net_datagram d;     /* data: until share_next() */
};

struct share; /* of share_new() */

/* NULL: no memory. */
struct share *share_new(uint32_t workers, int node);
void share_free(struct share *s);

/* A worker has sessions at this UDP port, or has no more. */
void share_want(struct share *s, uint32_t worker, uint16_t port, bool wants);

/* A worker's: hand to all others that want it. Whether anybody does. */
bool share_datagram(struct share *s, uint32_t worker, const struct net_datagram *d);
void share_frame(struct share *s, uint32_t worker, const uint8_t *frame, uint32_t len);
/* What `from` handed to this worker; false: nothing. It stays until share_next(). */
bool share_peek(struct share *s, uint32_t worker, uint32_t from, struct share_item *out);
void share_next(struct share *s, uint32_t worker, uint32_t from);
uint32_t share_workers(const struct share *s);
/* Handed over by this worker, and dropped instead, ever. */
uint64_t share_handed(const struct share *s, uint32_t worker);
uint64_t share_dropped(const struct share *s, uint32_t worker);

#endif
