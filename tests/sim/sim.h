/*
 * A server engine and up to 200 client engines in one thread, on virtual time, through a network that
 * delays, loses, reorders and repeats by a seed. The same options give the same run, to the last bit.
 *
 *   sim.c        options, cases, results
 *   sim_run.c    one run: hosts set up, the event loop, what is expected at the end
 *   sim_host.c   what lib/run does around an engine: content, sealing, verifying, slots, timers
 *   sim_net.c    links between hosts
 *   sim_queue.c  events in order of time
 *   sim_trace.c  packets in words
 *   sim_check.c  what must hold after each step
 */
#ifndef WDSCAST_TESTS_SIM_H
#define WDSCAST_TESTS_SIM_H

#include "engine/client.h"
#include "engine/server.h"

#define SIM_CLIENTS_MAX SERVER_CLIENTS_MAX
#define SIM_OUTQ_PACKETS 1024
#define SIM_EVENTS_MAX (1u << 22) /* in the queue at once: more means that somebody sends without end */
#define SIM_WHY_BYTES 200
#define SIM_OPCODES 16

/* ---- links ---- */

/* One direction of a host's cable. Chances are 0.0 to 1.0 and of each packet. */
struct sim_link_config {
	ns_t delay_ns, jitter_ns; /* delay, and what is added to it: 0 to jitter */
	double loss, duplicate, corrupt;
	double reorder;                /* chance of an extra delay that lets others overtake */
	ns_t reorder_ns;               /* up to this long */
	double burst_begin, burst_end; /* of a time in which everything is lost: Gilbert's model */
	uint64_t bytes_per_s;          /* 0: without limit */
	uint32_t queue_bytes;          /* what waits for a slow link, at most */
};

struct sim_link {
	struct sim_link_config config;
	bool down, in_burst;
	ns_t free_at, last_at;
	uint64_t packets, lost, overflowed;
};

/* ---- hosts ---- */

struct sim_client {
	struct client engine;
	struct endpoint at;
	struct sim_link up, down;
	ns_t timer_at; /* the next timer event that is in the queue */
	bool alive;    /* powered on: it takes packets and runs its timers */
	bool in_group;
	struct endpoint group;
	struct bitmap blocks;
	void *blocks_mem;
	uint32_t slots, free_slots;
	ns_t consume_ns; /* a block takes its consumer this long; 0: no time */
	ns_t consumer_free_at;
	uint64_t delivered;
	bool finished, closed;
	uint32_t result;
	ns_t started_at, finished_at;
	uint64_t hi_seq_no; /* as last seen, for sim_check.c */
};

struct sim_server {
	struct server engine;
	void *engine_mem;
	ns_t timer_at;
	bool passing;   /* between OUT_PASS and OUT_PASS_DONE */
	uint32_t range; /* of the pass, and the next block of it to be fed */
	uint64_t next_block;
	bool idle;                         /* OUT_IDLE came, nobody joined since */
	uint64_t next_seq_no, lead_seq_no; /* as last seen, for sim_check.c */
};

/* ---- events ---- */

/* One datagram, shared by all who will get it. */
struct sim_datagram {
	uint32_t refs, len;
	struct endpoint from, to;
	uint8_t bytes[];
};

enum sim_event_type {
	SIM_TO_CLIENT,
	SIM_TO_SERVER,
	SIM_CLIENT_TIMER,
	SIM_SERVER_TIMER,
	SIM_CONSUMED,
	SIM_START
};

struct sim_event {
	ns_t at;
	uint64_t order; /* events of one time keep the order in which they were made */
	enum sim_event_type type;
	uint32_t client;
	struct sim_datagram *datagram;
};

struct sim_queue {
	struct sim_event *v; /* a heap */
	uint32_t n, max;
	uint64_t order;
};

/* ---- a run ---- */

struct sim_config {
	uint64_t seed;
	uint32_t clients;
	uint64_t content_bytes;
	uint32_t block_bytes;
	struct sim_link_config link; /* each client's, both ways */
	uint32_t slots;              /* each client's */
	ns_t consume_ns;
	ns_t start_within_ns; /* clients begin at random within this time */
	ns_t limit_ns;        /* virtual time by which all must be done */
	bool verbose, trace;  /* tell how it went; tell each packet */
};

struct sim_stats {
	ns_t all_done_ns, all_forgotten_ns;
	uint64_t sent[SIM_OPCODES]; /* packets by opcode, once each whatever the number of receivers */
	uint64_t requests, forged, malformed, events;
	uint64_t longest_queue;
};

struct sim {
	struct sim_config config;
	struct rng rng;
	ns_t now;
	struct sim_queue queue;
	struct outq out;
	void *out_mem;
	uint8_t *content;
	uint64_t total_blocks;
	struct security checksum;
	struct endpoint initiation;
	struct sim_server server;
	struct sim_client *clients;
	struct sim_stats stats;
	char why[SIM_WHY_BYTES]; /* the first thing that went wrong; "" if nothing did */
};

void sim_config_defaults(struct sim_config *c);
/* True when everything was as it must be; else s->why says what was not. Either way sim_fini() frees it. */
bool sim_run(struct sim *s, const struct sim_config *config);
void sim_fini(struct sim *s);
/* Note what went wrong, if nothing did before. */
void sim_fail(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

void sim_queue_push(struct sim *s, const struct sim_event *e);
bool sim_queue_pop(struct sim *s, struct sim_event *e);
void sim_queue_fini(struct sim *s);

struct sim_datagram *sim_datagram_new(const struct endpoint *from, const struct endpoint *to, uint32_t len);
void sim_datagram_drop(struct sim_datagram *d);
/* A client's datagram to the server; takes d over. */
void sim_net_up(struct sim *s, uint32_t client, struct sim_datagram *d);
/* The server's datagram, to one client or to a group; takes d over. */
void sim_net_down(struct sim *s, struct sim_datagram *d);

void sim_trace(struct sim *s, const struct sim_datagram *d);

void sim_client_start(struct sim *s, uint32_t client);
void sim_client_receive(struct sim *s, uint32_t client, const struct sim_datagram *d);
void sim_client_timer(struct sim *s, uint32_t client);
void sim_client_consumed(struct sim *s, uint32_t client);
void sim_server_start(struct sim *s);
void sim_server_receive(struct sim *s, const struct sim_datagram *d);
void sim_server_timer(struct sim *s);

void sim_check_client(struct sim *s, uint32_t client);
void sim_check_server(struct sim *s);

#endif
