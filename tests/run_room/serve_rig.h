/*
 * A server and clients on a network in memory, in one thread, on virtual time: the server's turns, and
 * real client engines over links of their own.
 */
#ifndef WDSCAST_TESTS_RUN_SERVE_RIG_H
#define WDSCAST_TESTS_RUN_SERVE_RIG_H

#include "base/rng.h"
#include "engine/client.h"
#include "run/link.h"
#include "run/serve.h"
#include "support/port_mem.h"

#define RIG_GUESTS_MAX 16
#define RIG_EVENTS_MAX 256

struct guest { /* a receiver */
	struct port *port;
	struct link *link;
	void *link_mem, *out_mem, *blocks_mem;
	struct client engine;
	struct outq out;
	struct bitmap blocks;
	struct endpoint own;
	uint8_t *content; /* content_bytes of the offer */
	bool offered, joined, finished, closed;
	bool dead;        /* says and hears nothing any more */
	uint32_t result;  /* when finished */
	double loss;      /* of each frame to it */
	struct endpoint group; /* it is in */
	ns_t finished_at;
	unsigned unverified;
};

struct rig {
	struct port_mem_hub *hub;
	struct port *port;
	struct serve *serve;
	struct content_root *root;
	struct guest guests[RIG_GUESTS_MAX];
	unsigned guest_count;
	struct serve_event events[RIG_EVENTS_MAX];
	unsigned event_count;
	struct rng rng;
	void (*change_guest)(struct client_config *c); /* of those to come; NULL: nothing */
	double loss;      /* of each frame to a guest */
	bool ip6;         /* guests come by IPv6 */
	bool slow_disk;   /* the content thread gets one turn in ten */
	bool threads;     /* the server runs in threads of its own, and time is real */
	unsigned turns;
	ns_t now;
};

/* A server of the folder "root", which exists. change may alter its configuration; NULL: none. */
void rig_start(struct rig *r, const struct port_mem_config *port, void (*change)(struct serve_config *c));
void rig_stop(struct rig *r);

/* A receiver that asks for an object, from now on. */
struct guest *rig_guest(struct rig *r, const char *name_space, const char *object);
/* They are gone, without a word. */
void rig_forget_guests(struct rig *r);
/* Say something raw from a guest's address. */
void rig_say(struct rig *r, struct guest *g, const struct endpoint *to, const void *bytes, uint32_t len);
/* One turn of everybody, 50 us later. */
void rig_turn(struct rig *r);
/* Turns until all guests that are not dead have finished; false: not within so many seconds. */
bool rig_finish(struct rig *r, unsigned seconds);
void rig_run(struct rig *r, ns_t time);
/* How many events of a type there were. */
unsigned rig_events(const struct rig *r, enum serve_event_type type);

#endif
