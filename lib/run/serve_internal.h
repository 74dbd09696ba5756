/* What the files of the server's turns share. */
#ifndef WDSCAST_RUN_SERVE_INTERNAL_H
#define WDSCAST_RUN_SERVE_INTERNAL_H

#include "base/spsc.h"
#include "content/prefetch.h"
#include "host/host.h"
#include "run/link.h"
#include "run/serve.h"
#include "security/security.h"
#include "wire/msi.h"

#define SERVE_OUT_PACKETS 4096 /* that wait for the wire; a NACK may cause as many */
#define SERVE_NAMES_MAX 256    /* names that are being looked up, or were within the last second */
#define SERVE_WAITERS_MAX 32   /* clients waiting for one look-up: more will ask again in a second */
#define SERVE_NAME_FRESH (NS_PER_S) /* how long an answer is given again without a look */
#define SERVE_PLACE_WAIT (10 * NS_PER_S) /* how long a name waits for a place for its session */
#define SERVE_SOURCE_MAX 16    /* names of one address that are looked up, and sessions that it did not join */
#define SERVE_LOOK_EVERY (10 * NS_PER_MS) /* whether sessions are needed, and names have waited too long */
#define SERVE_EVENTS_MAX 256
#define SERVE_FEED_BURST 256   /* blocks a session gets into the engine in one turn */
#define SERVE_HEAD_BYTES 640   /* of a data packet: 5 + 512 + 13 + 22 + 13, and its tail of 14 */
#define SERVE_SLOW_MAX 32 /* clients that wait for a lower stream */
#define SERVE_REFUSED_A_SECOND 10 /* refusals that are told to the program */
#define SERVE_SIGNED_A_SECOND 64  /* answers: a signature takes the worker half a millisecond or more */

/* ---- shared with the content thread ---- */

enum serve_name_state {
	SERVE_NAME_FREE,
	SERVE_NAME_ASKED,
	SERVE_NAME_WAITS, /* it is there, but all places for sessions are taken */
	SERVE_NAME_KNOWN,
};

/* Who asked, and the digest of its request: what a proof of the answer speaks of. */
struct serve_asker {
	struct endpoint from;
	uint8_t digest[SECURITY_HASH_BYTES]; /* zeros where requests are not proven */
	bool wants_stamp;
};

/* A name that clients asked for. While ASKED, the content thread may read the names; else the worker's. */
struct serve_name {
	enum serve_name_state state;
	uint64_t hash;
	uint8_t ip_len;      /* 4 or 16: the family of the session */
	struct msi_name name_space, content;
	uint32_t win32;      /* KNOWN: 0, or why not */
	uint32_t session, session_id;
	ns_t known_at;
	ns_t waits_since;    /* when there was no place first; 0: there was one */
	uint32_t waiter_count;
	struct serve_asker waiters[SERVE_WAITERS_MAX];
};

/* What the content thread waits for the disk for: a session's index, or after those the place of a name. */
#define SERVE_DISK_NAME SERVE_SESSIONS_MAX

/* The worker's look at it. */
struct serve_disk_watch {
	uint32_t calls; /* as last seen */
	ns_t since, look_at;
	bool told;
};

enum serve_order_type { SERVE_ORDER_FIND, SERVE_ORDER_LOWER, SERVE_ORDER_CLOSE };

struct serve_order {
	enum serve_order_type type;
	uint32_t name;                 /* FIND: serve.names[] */
	struct serve_session *session; /* CLOSE: given back; LOWER: whose lower stream is wanted */
};

struct serve_answer {
	bool lower;                 /* of an ORDER_LOWER: for the session `upper`; else of a name */
	uint32_t upper, upper_id;
	uint32_t name;
	uint32_t win32;
	bool is_full;               /* win32, because all places are taken */
	uint32_t session, session_id;
	struct serve_session *made; /* a new session: the worker's now; NULL when it has it already */
};

/* A packet whose block is being read again. */
struct serve_repair {
	struct endpoint to;
	bool sealed;
	uint32_t head_len, tail_len;
	uint8_t bytes[SERVE_HEAD_BYTES]; /* head, then tail */
};

struct serve_session {
	/* set by the content thread when it is made */
	uint32_t index;
	uint8_t ip_len, stream; /* stream 0 is the fastest, which requests lead to */
	struct content_object *object;
	struct server_config config;
	size_t memory_bytes;      /* of all of it, this struct being first */
	void *server_mem;
	char name_space[NAME_TEXT_BYTES], name[NAME_TEXT_BYTES];

	struct prefetch prefetch;     /* both sides, see there */

	/* the worker's */
	struct server server;
	bool closing;             /* nothing more goes into the engine */
	uint32_t farewells;       /* how often the KICK of a session that closes is said again */
	ns_t farewell_at;
	uint32_t farewell_len;
	uint8_t farewell[OUT_CONTROL_BYTES_MAX];
	bool spoilt, was_joined;
	struct ip_addr opener;    /* who asked first */
	bool pass_waits;          /* the engine has a pass that the content thread was not given yet */
	uint64_t pass;            /* prefetch's number of it; 0: none */
	uint64_t position_shift;  /* position == sequence number + shift, for the latest blocks */
	bool has_lower, lower_asked;
	uint32_t lower, lower_id; /* the next lower stream */
	uint32_t slow[SERVE_SLOW_MAX], slow_count;
	ns_t idle_since;          /* no client needs it; NS_NEVER: one does */
	ns_t look_at;             /* when to look whether it is needed */
	int repair_ready;         /* a repair that waits for the wire, or -1 */
	uint64_t repairs_sent;    /* bit i: repair i is in the burst */
	struct serve_repair repairs[PREFETCH_REPAIRS];
};

/* ---- the worker ---- */

/* An answer whose client's address is being asked for: tried again, for the client's timer is slow. */
struct serve_held {
	struct endpoint to;
	ns_t since, at;   /* first without a path, 0: none; to be tried again */
	uint32_t len;     /* 0: none waits */
	uint8_t bytes[OUT_CONTROL_BYTES_MAX];
};

struct serve {
	struct serve_config config;
	struct link *link;
	struct outq out;
	struct serve_hash *hash;      /* NULL: packets are sealed one by one */
	struct serve_session **owner; /* [SERVE_OUT_PACKETS], whose packet; NULL: initiation's */
	uint32_t claimed;             /* packets of `out` that have their owner */
	uint32_t out_next;            /* packets of `out` that are in the burst or gone */
	struct serve_session *sessions[SERVE_SESSIONS_MAX];
	uint32_t session_count;
	uint32_t names_waiting;       /* that are SERVE_NAME_WAITS */
	ns_t names_at;                /* when to look whether they have waited too long */
	uint8_t session_at_port[UINT16_MAX + 1]; /* index + 1, 0: none */
	struct serve_stats stats;
	struct serve_held held;
	struct credits credits;       /* what answers and JOINACKs may cost */
	ns_t refused_at;              /* the second in which refused_told were told */
	uint32_t refused_told;
	ns_t signed_at;               /* the same for answers with a signature */
	uint32_t signed_answers;
	bool stopping;
	bool ring;                    /* there is work for the content thread */
	struct serve_disk_watch disk_watch;

	_Alignas(SPSC_LINE) _Atomic bool stop; /* the program's word to the worker */
	_Atomic bool stopped;                  /* and its answer */

	struct host_bell bell;        /* the content thread sleeps on it */
	struct spsc orders, answers, events;
	struct serve_name names[SERVE_NAMES_MAX];

	/* the content thread's */
	_Alignas(SPSC_LINE) struct serve_session *made[SERVE_SESSIONS_MAX];
	struct rng rng;
	uint32_t next_port, next_group;
	_Atomic uint32_t disk_calls;  /* odd: one is under way. D1: a release store publishes disk_at */
	_Atomic uint32_t disk_at;     /* SERVE_DISK_NAME; for the worker */
	_Atomic bool disk_abandoned;  /* the program's word */

	size_t memory_bytes;
};

/* serve_names.c: initiation */
void serve_on_request(struct serve *w, const struct net_datagram *d, ns_t now);
void serve_on_answer(struct serve *w, const struct serve_answer *a, ns_t now);
/* A place for a session is free, once the orders given so far are carried out. */
void serve_on_place(struct serve *w);
void serve_run_names(struct serve *w, ns_t now);

/* serve.c */
void serve_order(struct serve *w, const struct serve_order *order);

/* serve_session.c: one session's part of a turn */
void serve_adopt(struct serve *w, struct serve_session *s, ns_t now);
struct serve_session *serve_find(const struct serve *w, uint32_t index, uint32_t session_id);
/* One step of its engine, and what follows from its events. */
void serve_step(struct serve *w, struct serve_session *s, const struct server_in *in, ns_t now);
void serve_on_packet(struct serve *w, struct serve_session *s, const struct net_datagram *d, ns_t now);
unsigned serve_run_session(struct serve *w, struct serve_session *s, ns_t now);
void serve_close_session(struct serve *w, struct serve_session *s, ns_t now);

/* serve_streams.c: slow clients */
void serve_on_slow(struct serve_session *s, uint32_t client_id);
unsigned serve_run_streams(struct serve *w, struct serve_session *s, ns_t now);
void serve_on_lower(struct serve *w, const struct serve_answer *a, ns_t now);

/* serve_events.c: what the program is told */
void serve_tell_session(struct serve *w, const struct serve_session *s, enum serve_event_type type, ns_t now);
void serve_tell_client(struct serve *w, const struct serve_session *s, const struct out_event *e, ns_t now);
void serve_tell_disk(struct serve *w, uint32_t disk_at, ns_t now);
void serve_tell_refused(struct serve *w, const struct msi_name *name_space, const struct msi_name *content,
                        const struct endpoint *client, uint32_t win32, ns_t now);

/* serve_hash.c: several packets at a time */
/* NULL without memory, or where nothing is done side by side. */
struct serve_hash *serve_hash_new(const struct security *s);
void serve_hash_free(struct serve_hash *h);
/* Seals, of the next packets to be sent, those whose blocks are there; w->hash is not NULL. */
void serve_hash_ahead(struct serve *w);

/* serve_send.c: from the engines to the wire */
void serve_claim(struct serve *w, struct serve_session *s);
unsigned serve_send_packets(struct serve *w, ns_t now);
/* The position of a data packet's block among the slots, if it is still there. */
bool serve_find_slot(const struct serve_session *s, const struct out_packet *p, uint64_t *position);
/* The answer that is held, when its time has come: among what is to be sent. */
void serve_send_held(struct serve *w, ns_t now);
unsigned serve_send_repairs(struct serve *w, struct serve_session *s, ns_t now);

/* serve_disk.c */
void serve_disk_close_all(struct serve *w);

#endif
