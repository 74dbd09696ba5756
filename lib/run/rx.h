/*
 * A receiving worker: one queue of a port and every session whose datagrams arrive there. rx_turn()
 * never allocates, locks, logs or waits; worker.h runs it in a thread, a test calls it by hand.
 */
#ifndef WDSCAST_RUN_RX_H
#define WDSCAST_RUN_RX_H

#include "base/spsc.h"
#include "run/lane.h"
#include "run/link.h"
#include "run/share.h"

#define RX_LANES_MAX 256
#define RX_BUCKETS 256   /* of the table of places: a power of two */
#define RX_COMMANDS 1024 /* a power of two */

enum rx_command_type {
	RX_ADD,    /* lane: begin its session. Refused lanes finish with ERROR_NO_SYSTEM_RESOURCES */
	RX_ACCEPT, /* lane.store and lane.blocks are set, or its new group is joined */
	RX_CANCEL, /* end it with win32 */
};

struct rx_command {
	enum rx_command_type type;
	uint32_t id;       /* ACCEPT, CANCEL: of a lane, which may be gone */
	uint32_t win32;    /* CANCEL */
	struct lane *lane; /* ADD */
};

#define X(name, text) RX_COUNT_##name,
enum rx_counter { WDSCAST_PORT_COUNTERS(X) RX_COUNTERS };
#undef X

struct rx {
	struct link link;
	struct share *share;                      /* with the port's other workers, or NULL */
	uint32_t worker;                          /* which of them this is: its queue */
	struct spsc commands;                     /* producers take turns by a lock of their own */
	struct rx_command command_mem[RX_COMMANDS];
	struct lane *lanes[RX_LANES_MAX];
	uint32_t lane_count;
	struct lane_place *buckets[RX_BUCKETS];
	struct endpoint last_to;                  /* where the last datagram went, */
	struct lane_place *last_place;            /* and the first place there; NULL when places have changed */
	ns_t deadline;                            /* no lane's is before it */
	uint32_t awaiting_room;                   /* lanes whose engine holds an ACK until slots come back */
	uint32_t closed_count;                    /* lanes to detach at the end of the turn */
	struct outq out;
	uint32_t out_sent;                        /* of out.packets, handed to the link */
	uint64_t no_session, turns, idle_turns;
	ns_t counted_at;
	_Atomic uint64_t counters[RX_COUNTERS];   /* a copy, renewed some times a second */
	void *link_mem, *out_mem;
	size_t link_mem_bytes, out_mem_bytes;
};

/* NULL: no memory. Of the control side; the port stays the caller's. */
struct rx *rx_new(struct port *port, uint16_t queue, uint64_t seed, ns_t now);
/* Before the first turn: queue is which of the workers this is. The share stays the caller's. */
void rx_share(struct rx *rx, struct share *share);
/* All its lanes are detached. */
void rx_free(struct rx *rx);
/* Returns the datagrams, commands and packets it dealt with: 0 is an idle turn. */
unsigned rx_turn(struct rx *rx, ns_t now);
/* When there is something to do even if nothing arrives. */
ns_t rx_deadline(const struct rx *rx);
/* For the control side, one caller at a time. False when the ring is full: try again. */
bool rx_command(struct rx *rx, const struct rx_command *c);

#endif
