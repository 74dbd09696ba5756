/*
 * A port that takes frames as a port does, by copying them, and a client's side just clever enough to
 * keep a server sending: it asks, joins, lacks everything at each POLL, and acknowledges what it is asked to.
 */
#ifndef WDSCAST_BENCH_SINK_H
#define WDSCAST_BENCH_SINK_H

#include "net/net.h"
#include "port/port.h"
#include "wire/msi.h"
#include "wire/mt.h"

#define SINK_ANSWERS 64

struct sink {
	struct port port;
	struct ip_addr ip;
	struct net *net;
	void *net_mem;
	struct net_out net_out;
	uint8_t *ring;          /* where frames are copied to, again and again */
	size_t ring_at;
	uint8_t answers[SINK_ANSWERS][1600];
	uint32_t answer_len[SINK_ANSWERS];
	uint32_t answer_count, answer_next;
	ns_t now;

	struct msi_reply session;
	bool offered;
	uint32_t client_id;
	uint64_t frames, bytes; /* of data */
};

/* NULL: no memory. It asks for "n", "o" as soon as it is polled. */
struct sink *sink_new(uint32_t mtu);
void sink_free(struct sink *s);
/* Ask, if there is no offer yet. */
void sink_ask(struct sink *s, ns_t now);

#endif
