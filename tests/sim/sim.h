/*
 * Server engines, up to 200 client engines and hosts that lie, in one thread, on virtual time, through a
 * network that delays, loses, reorders and repeats by a seed. The same options give the same run, to the
 * last bit.
 *
 *   sim.c           options, cases, results
 *   sim_scenario.c  a random scenario from a seed: network, hosts, what befalls them
 *   sim_count.c     ... and how often it did, over many
 *   sim_replay.c    the command that repeats a run
 *   sim_table.c     figures: feedback over receivers
 *   sim_run.c       one run: hosts set up, the event loop, what is expected at the end
 *   sim_client.c    what lib/run does around a client's engine: verifying, slots, timers, a consumer
 *   sim_server.c    ... and around a server's: content, sealing, passes
 *   sim_liar.c      hosts that say what is not so
 *   sim_action.c    what befalls hosts: cut cables, power, stalls, an administrator
 *   sim_net.c       links between hosts
 *   sim_queue.c     events in order of time
 *   sim_tell.c      scenarios and runs in words
 *   sim_trace.c     packets in words
 *   sim_check.c     what must hold after each step
 *   sim_check_time.c  of timers
 *   sim_check_sent.c  of what is sent: asked for, and in one master's name
 */
#ifndef WDSCAST_TESTS_SIM_H
#define WDSCAST_TESTS_SIM_H

#include "engine/client.h"
#include "engine/server.h"

#define SIM_CLIENTS_MAX SERVER_CLIENTS_MAX
#define SIM_SESSIONS_MAX 3 /* of one content: fast, medium, slow */
#define SIM_LIARS_MAX 8
#define SIM_SLOW_MAX 16 /* a step tells of so many at most */
#define SIM_ACTIONS_MAX 512
#define SIM_OUTQ_PACKETS 1024
#define SIM_EVENTS_MAX (1u << 22) /* in the queue at once: more means that somebody sends without end */
#define SIM_WHY_BYTES 200
#define SIM_OPCODES 16

/* ---- links ---- */

/* One direction of a host's cable. Chances are 0.0 to 1.0 and of each packet. */
struct sim_link_config {
	ns_t delay_ns, jitter_ns; /* delay, and what is added to it: 0 to jitter */
	double loss, duplicate, corrupt;
	double reorder;       /* chance of an extra delay that lets others overtake */
	ns_t reorder_ns;      /* up to this long */
	double burst;         /* chance that a time begins in which everything is lost */
	ns_t burst_ns;        /* up to this long */
	uint64_t bytes_per_s; /* 0: without limit */
	uint32_t queue_bytes; /* what waits for a slow link, at most */
};

struct sim_link {
	struct sim_link_config config;
	bool cut;
	ns_t burst_until, free_at, last_at;
	ns_t held_until; /* the last of those that others overtake arrives */
};

/* ---- hosts ---- */

enum sim_may_fail { /* what a client may end with, beside 0; and it may give up: sim_check_time.c */
	            SIM_MAY_BE_KICKED = 1,
	            SIM_MAY_BE_CANCELLED = 2,
};

/* Something that is sent again and again: how often it was, and since when it was not. */
struct sim_pace {
	uint64_t count;
	ns_t at;
};

struct sim_client {
	struct client engine;
	struct endpoint at;
	struct sim_link up, down;
	ns_t timer_at; /* the next timer event that is in the queue */
	uint32_t life; /* how often it was started: events of an earlier life are void */
	bool alive;    /* powered on: it takes packets and runs its timers */
	bool in_group;
	struct endpoint group;
	struct bitmap blocks;
	void *blocks_mem;
	uint32_t slots, free_slots;
	ns_t consume_ns; /* a block takes its consumer this long; 0: no time */
	ns_t consumer_free_at;
	uint64_t delivered;
	bool moved; /* by DEMOTE, to a slower session */
	bool finished, closed;
	uint32_t result;
	unsigned may_fail; /* bits of sim_may_fail */
	bool may_time_out; /* it has, and was right to */
	bool loses_much;   /* its link */
	ns_t started_at, finished_at;
	ns_t stirred_at;   /* a block came, or what had kept it from coming is over */
	bool master_is_me; /* says the latest packet that it took */

	/* for sim_check_time.c */
	enum client_state state; /* as last seen */
	ns_t heard_at;           /* it took a packet, or came into its state */
	ns_t noted_at, cut_off_ns; /* how long it was cut off since, as of noted_at */
	ns_t pollack_by, qcr_by;   /* NS_NEVER: not due */
	struct sim_pace requests, joins, qcrs, nacks;
	uint64_t pollacks;
	uint32_t backoff_ms; /* the longest it was told in this session */
	bool misses;

	uint64_t hi_seq_no; /* as last seen, for sim_check.c, as are the next */
	uint64_t spm_seq_no, qcc_seq_no, poll_seq_no;
};

enum sim_policy { SIM_KEEP, SIM_DEMOTE_SLOW, SIM_KICK_SLOW };

/* What clients said in their answers to the latest POLL that they lack. */
struct sim_wanted {
	uint64_t *blocks; /* a bit each, of what anybody lacks and was not sent since */
	struct sim_answer {
		uint32_t client_id; /* 0: it has not answered */
		uint64_t last;      /* block that it lacks */
	} answers[SERVER_CLIENTS_MAX]; /* as server.clients */
};

struct sim_server {
	struct server engine;
	uint32_t index;
	bool alive;
	void *engine_mem;
	ns_t timer_at;
	bool passing;   /* between OUT_PASS and OUT_PASS_DONE */
	uint32_t range; /* of the pass, and the next block of it to be fed */
	uint64_t next_block;
	uint32_t slow[SIM_SLOW_MAX], slow_count; /* ClientIds that were told to be slow */
	bool idle;                               /* OUT_IDLE came, nobody joined since */
	uint8_t *nacked; /* [seq_no & (list_max - 1)]: asked for since it was sent last */
	struct sim_wanted wanted;
	uint32_t master;                              /* whom it named last */
	bool lists_changed;      /* since they were looked at; as are the next, as they were then */
	uint32_t known;
	uint64_t joins;
	enum server_state state; /* as last seen, for sim_check_time.c, as are the next */
	enum server_pass_state pass_state;
	struct sim_pace spms, qccs, polls, kicks, demotes;
	uint64_t lead_seq_no; /* as last seen, for sim_check.c, as are the next */
	uint64_t spm_seq_no, qcc_seq_no, poll_seq_no;
};

enum sim_lie {
	SIM_LIE_JOINS,   /* JOINs with random names, from random addresses or its own */
	SIM_LIE_STRANGE, /* anything in the name of others, from its own address */
	SIM_LIE_NACKS,   /* a client that lacks everything, always */
	SIM_LIE_ACKS,    /* a client with the longest way, that is bad as Master Client */
	SIM_LIE_LACKS,   /* a client that wants blocks there are not, or all of them */
	SIM_LIE_REQUESTS, /* initiation without end, of names there are not, or of none */
	SIM_LIE_SPOOF,   /* anything from anybody's address, but without the key: only with HASH */
	SIM_LIES
};

struct sim_liar {
	enum sim_lie lie;
	uint32_t session;
	struct endpoint at;
	ns_t from, until, gap_ns; /* when it lies, how often */
	uint32_t client_id;       /* 0: none yet */
	unsigned manner;          /* which of the ways of its kind */
};

/* ---- events ---- */

/* One datagram, shared by all who will get it. */
struct sim_datagram {
	uint32_t refs, len;
	bool corrupt;
	struct endpoint from, to;
	uint8_t bytes[];
};

enum sim_event_type {
	SIM_TO_CLIENT,
	SIM_TO_SERVER,
	SIM_TO_LIAR,
	SIM_CLIENT_TIMER,
	SIM_SERVER_TIMER,
	SIM_CONSUMED,
	SIM_START,
	SIM_LIES_NOW,
	SIM_ACTION,
	SIM_WATCH,
};

struct sim_event {
	ns_t at;
	uint64_t order; /* events of one time keep the order in which they were made */
	enum sim_event_type type;
	uint32_t host; /* client, session, liar or action */
	uint32_t life; /* CONSUMED */
	struct sim_datagram *datagram;
};

struct sim_queue {
	struct sim_event *v; /* a heap */
	uint32_t n, max;
	uint64_t order;
};

enum sim_action_type {
	SIM_CUT,    /* the client's cable; value: 1 to the server, 2 from it, 3 both */
	SIM_HEAL,   /* both ways */
	SIM_DIE,    /* its power goes off */
	SIM_REVIVE, /* it is started again with nothing; value: how far its port has moved */
	SIM_STALL,  /* its consumer does nothing for `value` ns */
	SIM_CANCEL,
	SIM_KICK, /* value: mt_kick_reason */
	SIM_DEMOTE,
	SIM_SERVER_DIE,    /* all sessions */
	SIM_SERVER_REVIVE, /* with new ones */
};

struct sim_action {
	ns_t at;
	enum sim_action_type type;
	uint32_t client;
	uint64_t value;
};

/* ---- a run ---- */

struct sim_config {
	uint64_t seed;
	uint32_t clients, sessions;
	uint64_t content_bytes;
	uint32_t block_bytes;
	struct sim_link_config link; /* each client's, both ways */
	bool own_links;              /* the next are set: sim_config_own_links() */
	struct sim_link_config up[SIM_CLIENTS_MAX], down[SIM_CLIENTS_MAX];
	uint64_t egress_bytes_per_s; /* of the server's own cable; 0: without limit */
	uint32_t egress_queue_bytes;
	uint32_t slots; /* each client's */
	uint32_t slow_clients;
	ns_t consume_ns;         /* of the slow clients */
	ns_t start_within_ns;    /* clients begin at random within this time */
	enum security_mode mode; /* both ways; not SIGN */
	enum sim_policy policy;  /* what becomes of slow clients */
	uint32_t slow_bytes_per_s;
	uint32_t exp_max_window, max_window, list_max; /* 0: the engine's defaults */
	uint32_t action_count, liar_count;
	struct sim_action actions[SIM_ACTIONS_MAX];
	struct sim_liar liars[SIM_LIARS_MAX];
	ns_t stuck_ns;       /* a client that gets no block for so long is stuck */
	ns_t limit_ns;       /* virtual time by which all must be done */
	uint64_t events_max; /* and events */
	ns_t lossless_ns;    /* until then links lose nothing */
	bool verbose, trace; /* tell how it went; tell each packet */
};

/* What is to befall the hosts of many scenarios, each of it at least once, or the proof is of less than it says. */
#define SIM_COUNTS(X)                                                                                        \
	X(lost, "packets lost at random")                                                                    \
	X(burst, "packets lost in bursts")                                                                   \
	X(cut, "packets lost on cut cables")                                                                 \
	X(overflowed, "packets lost in full queues")                                                         \
	X(corrupt, "corrupt packets refused")                                                                \
	X(overtaken, "packets that overtook others")                                                         \
	X(repeated, "packets that came twice")                                                               \
	X(no_room, "blocks that found no slot")                                                              \
	X(joins, "joins in the middle of a pass")                                                            \
	X(cuts, "cables cut in the middle of a transfer")                                                    \
	X(deaths, "clients that died in the middle")                                                         \
	X(revivals, "revivals in the middle of a pass")                                                      \
	X(restarts, "servers that died in the middle")                                                       \
	X(timeouts, "clients that gave up")                                                                  \
	X(moved, "transfers that ended on a slower stream")                                                  \
	X(kicked, "clients kicked for being slow")                                                           \
	X(liar_masters, "liars as Master Client")                                                            \
	X(beside_liars, "clients that joined 35 s after a liar that is still there")                         \
	X(requests, "requests of liars")                                                                     \
	X(flooded, "clients that waited and were dropped in a flood")                                        \
	X(nacks_refused, "NACKs that were too many")
#define X(name, text) SIM_COUNT_##name,
enum sim_count { SIM_COUNTS(X) SIM_COUNT_MAX };
#undef X

struct sim_stats {
	uint64_t counts[SIM_COUNT_MAX];
	ns_t all_done_ns, all_forgotten_ns;
	uint64_t sent[SIM_OPCODES]; /* packets by opcode, once each whatever the number of receivers */
	uint64_t requests, forged, malformed, events;
	uint64_t lies, lie_bytes;         /* of liars */
	uint64_t to_nobody, nobody_bytes; /* unicast to addresses that liars made up */
	uint64_t longest_queue;
	uint32_t actions; /* done */
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
	struct security security, wrong_key;
	struct endpoint initiation;
	struct sim_link egress;
	struct sim_server servers[SIM_SESSIONS_MAX];
	struct credits credits;
	struct sim_client *clients;
	struct sim_liar liars[SIM_LIARS_MAX];
	struct sim_stats stats;
	char why[SIM_WHY_BYTES]; /* the first thing that went wrong; "" if nothing did */
};

void sim_config_defaults(struct sim_config *c);
/* From now on each client has links of its own, to begin with all as `link`. */
void sim_config_own_links(struct sim_config *c);
/* True when everything was as it must be; else s->why says what was not. Either way sim_fini() frees it. */
bool sim_run(struct sim *s, const struct sim_config *config);
void sim_fini(struct sim *s);
/* Note what went wrong, if nothing did before. */
void sim_fail(struct sim *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* What a scenario may have, as bits; each is drawn on its own, so one can be left out to see what matters. */
#define SIM_FEATURES(X)                                                                                      \
	X(modes)                                                                                             \
	X(loss)                                                                                              \
	X(bursts)                                                                                            \
	X(reorder)                                                                                           \
	X(duplicate)                                                                                         \
	X(corrupt)                                                                                           \
	X(bandwidth) X(links) X(bad) X(late) X(cuts) X(deaths) X(stalls) X(slow) X(policy) X(demote) X(liars) X(kick) \
	        X(cancel) X(restart)
#define X(name) SIM_FEATURE_##name,
enum sim_feature { SIM_FEATURES(X) SIM_FEATURE_COUNT };
#undef X
/* The bit of a feature's name; 0: there is none. */
uint32_t sim_feature_bit(const char *name);
void sim_scenario(struct sim_config *c, uint64_t seed, uint32_t without);
/* What it has. */
void sim_scenario_tell(const struct sim_config *c);
/* How it went. */
void sim_tell(const struct sim *s);

/* Print what befell them in so many scenarios; false when something never did. */
bool sim_count_tell(const uint64_t counts[SIM_COUNT_MAX], uint64_t scenarios);

/* Feedback and repairs over receivers; false when they are beyond sane bounds. */
bool sim_table(const struct sim_config *base);
/* What one bad receiver costs the others; false when it is more than the policies promise. */
bool sim_slow_table(uint32_t clients);

/* The arguments that repeat what is run from now on. */
void sim_replay_set(const char *program, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* The same for what is no scenario, `how` before all that it is of. */
void sim_replay_set_config(const char *program, const struct sim_config *c, const char *how);
void sim_replay_tell(void);
/* Tell it too when the run is killed, or is the death of the program. */
void sim_replay_catch(void);

static inline void sim_count(struct sim *s, enum sim_count what)
{
	s->stats.counts[what]++;
}

static inline bool sim_chance(struct rng *rng, double p)
{
	return p > 0 && (double)(rng_next(rng) >> 11) < p * 0x1p53;
}

void sim_queue_push(struct sim *s, const struct sim_event *e);
bool sim_queue_pop(struct sim *s, struct sim_event *e);
void sim_queue_fini(struct sim *s);
/* Let a later step of the host run its timers; *have is the timer event it has already. */
void sim_arm(struct sim *s, ns_t deadline, ns_t *have, enum sim_event_type type, uint32_t host);

struct sim_datagram *sim_datagram_new(const struct endpoint *from, const struct endpoint *to, uint32_t len);
void sim_datagram_drop(struct sim_datagram *d);
/* A client's datagram to the server; takes d over. */
void sim_net_up(struct sim *s, uint32_t client, struct sim_datagram *d);
/* The server's datagram, to one client or to a group; takes d over. */
void sim_net_down(struct sim *s, struct sim_datagram *d);
/* A liar's datagram, to anybody; takes d over. */
void sim_net_lie(struct sim *s, struct sim_datagram *d);

void sim_trace(struct sim *s, const struct sim_datagram *d);

const uint8_t *sim_block(const struct sim *s, uint64_t block_no);
uint32_t sim_block_len(const struct sim *s, uint64_t block_no);
/* A datagram of what an engine made: content is put between head and tail, and all of it sealed. */
struct sim_datagram *sim_assemble(struct sim *s, const struct out_packet *p, const struct endpoint *from);

void sim_client_start(struct sim *s, uint32_t client);
void sim_client_receive(struct sim *s, uint32_t client, const struct sim_datagram *d);
void sim_client_timer(struct sim *s, uint32_t client);
void sim_client_consumed(struct sim *s, uint32_t client, uint32_t life);
void sim_client_step(struct sim *s, uint32_t client, const struct client_in *in);

void sim_server_start(struct sim *s, uint32_t session);
void sim_server_receive(struct sim *s, const struct sim_datagram *d);
void sim_server_timer(struct sim *s, uint32_t session);
void sim_server_step(struct sim *s, uint32_t session, const struct server_in *in);
void sim_server_fini(struct sim *s, uint32_t session);

void sim_liar_start(struct sim *s, uint32_t liar);
void sim_liar_receive(struct sim *s, uint32_t liar, const struct sim_datagram *d);
void sim_liar_lie(struct sim *s, uint32_t liar);

/* It has some blocks, and is to have more. */
bool sim_is_midway(const struct sim *s, const struct sim_client *c);
void sim_act(struct sim *s, const struct sim_action *a);

#include "sim_check.h"

#endif
