/*
 * One receiving session as its worker and its control thread share it.
 *
 *   worker:   INITIATING -> OFFERED -> RUNNING -> FINISHED -> CLOSED, then `detached`
 *   control:  reads the offer, makes the store and the bitmap, sends RX_ACCEPT
 *
 * Who writes what stands beside each part. The worker never touches a lane again once it has set
 * `detached`; until then the lane's memory stays.
 */
#ifndef WDSCAST_RUN_LANE_H
#define WDSCAST_RUN_LANE_H

#include <stdatomic.h>

#include "engine/client.h"
#include "host/host.h"
#include "store/store.h"
#include "wdscast.h"

struct rx_hash;

enum lane_phase {
	LANE_INITIATING, /* the server is being asked */
	LANE_OFFERED,    /* lane.offer is set; RX_ACCEPT or RX_CANCEL is awaited */
	LANE_RUNNING,
	LANE_FINISHED,   /* lane.result is set, and every block that will come is in the done ring */
	LANE_CLOSED,     /* LEAVE was sent */
};

/* Its place in the table of who gets a datagram; see rx.c. */
struct lane_place {
	struct endpoint at;
	struct lane *lane;
	struct lane_place *next; /* of the same bucket */
	bool used;
};

#define X(name, text) LANE_COUNT_##name,
enum lane_counter { WDSCAST_SESSION_COUNTERS(X) LANE_COUNTERS };
#undef X

struct lane {
	/* Control, before RX_ADD. */
	uint32_t id;                 /* of the worker's making: no other lane of its life has it */
	struct client_config config;
	struct endpoint local;       /* our address and UDP port */
	struct host_bell *bell;      /* of the control thread */
	struct rx_hash *hash;        /* NULL: packets are verified one by one; then the worker's */

	/* Control, before RX_ACCEPT. */
	struct store store;
	struct bitmap blocks;        /* then the engine's */

	/* Worker. L1: a release store of phase publishes offer and result, and all that was pushed to the
	 * done ring; pairs with the acquire loads in ctl.c. */
	struct client_offer offer;   /* before OFFERED, and before `moves` grows */
	uint32_t result;             /* before FINISHED: a Win32 code */
	_Atomic uint32_t phase;
	_Atomic uint32_t moves;      /* L2: as L1, for the new addresses in offer. Each asks for an RX_ACCEPT */
	_Atomic bool detached;       /* L3: the worker's last touch */
	_Atomic uint64_t counters[LANE_COUNTERS]; /* a copy, renewed some times a second */
	_Atomic bool clogged;        /* as often: the consumer has all room, or so much that the server is held back */

	/* Control: the host's load as cpu << 16 | mem << 8 | net. */
	_Atomic uint32_t load;

	/* Worker alone. */
	struct client client;
	ns_t counted_at;             /* when the copy of the counters was renewed */
	struct lane_place unicast, multicast;
	bool closed, rang, awaits_room;
	uint32_t room_seen;
	bool has_store; /* RX_ACCEPT came: until then the store is the control side's */
	uint64_t wanted_blocks, taken_blocks, taken_bytes, by_multicast, malformed, wrong_security, unverified, unsent;
	uint8_t held[OUT_CONTROL_BYTES_MAX]; /* a packet that waits for its next hop's address */
	uint32_t held_len;
	struct endpoint held_to;
	ns_t held_at, held_since;
};

#endif
