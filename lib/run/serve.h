/*
 * The server: initiation (MS-WDSMSI 3.1.5.3) and up to SERVE_SESSIONS_MAX sessions on one queue of a port.
 * Three threads meet here, and none ever waits for another:
 *
 *   the worker           serve_turn(): the wire, the engines, the packets; no disk, no lock, no allocation
 *   the content thread   serve_disk_turn(): opens and closes objects and sessions, reads ahead
 *   the program          serve_take_event(), serve_stop()
 *
 *   worker  --orders (find a name, close a session)-->  content thread
 *   worker  <--answers (a session, or why not)--------  content thread
 *   worker  <--blocks (content/prefetch.h)------------->  content thread
 *   worker  --events-->  program
 *
 * A session is made by the content thread, then belongs to the worker (but for the reading side of its
 * prefetch), and comes back in an order to close it. A test calls all turns by hand on virtual time.
 */
#ifndef WDSCAST_RUN_SERVE_H
#define WDSCAST_RUN_SERVE_H

#include "base/address.h"
#include "base/time.h"
#include "content/content.h"
#include "content/name.h"
#include "engine/server.h"
#include "port/port.h"

#define SERVE_SESSIONS_MAX 64
#define SERVE_BLOCK_BYTES_MIN 16
#define SERVE_DISK_HANGS_NS (5 * NS_PER_S)
#define SERVE_STREAMS_MAX 3 /* of one object: fast, medium, slow */

/* What becomes of a client that holds a session below its rate. */
enum serve_slow {
	SERVE_SLOW_KEEP,   /* the others wait for it */
	SERVE_SLOW_DEMOTE, /* it moves to a slower session of the object */
	SERVE_SLOW_KICK,
};

struct serve_config {
	struct port *port;            /* stays the caller's */
	uint16_t queue;
	struct content_root *root;    /* stays the caller's */
	struct ip_addr ip4, ip6;      /* ours; len 0: none */
	/* Of all sessions: a pair of MS-WDSMSI 3.1.5.1. CHECKSUM, as UDP initiation means, unless both sides have
	 * a key; then clients have to prove it (engine/proof.h). Keys stay the caller's. */
	struct security server_security, client_security;
	uint16_t udp_port;            /* of initiation */
	uint16_t first_port, last_port; /* of sessions */
	struct ip_addr group4, group6;  /* of sessions: the bits after the prefix differ from session to session */
	uint8_t group4_prefix, group6_prefix;
	uint32_t block_bytes;         /* 0: the largest that needs no fragments */
	uint64_t cache_bytes;         /* of blocks, a session */
	uint32_t linger_ms;           /* a session closes so long after its last client left */
	uint32_t join_wait_ms;        /* ... or when nobody joined for so long, however many asked to */
	uint32_t max_window;          /* packets in flight; 0: the engine's default */
	uint32_t address_clients_max; /* in a session, of one IP address */
	enum serve_slow slow;
	uint32_t streams;             /* DEMOTE: 2 or 3; in the last of them everybody stays */
	uint32_t slow_bytes_per_s[SERVE_STREAMS_MAX - 1]; /* by stream; KICK: the first */
	uint64_t seed;
};

enum serve_event_type {
	SERVE_OPENED,   /* a session: name_space and object are set */
	SERVE_CLOSED,
	SERVE_SPOILT,   /* its content was changed, or cannot be read: its clients are kicked */
	SERVE_JOINED,   /* a client, as are the next */
	SERVE_FINISHED, /* it left and has everything */
	SERVE_LEFT,     /* it left without; reason: mt_leave_reason */
	SERVE_VANISHED,
	SERVE_KICKED,   /* reason: mt_kick_reason */
	SERVE_DEMOTED,  /* it was told to go on in a lower stream */
	SERVE_FULL,     /* it found all 200 places of the session taken, or all that its address may have */
	SERVE_DISK_HANGS, /* a file has been being opened or read for SERVE_DISK_HANGS_NS: name_space and object are set */
	SERVE_REFUSED,  /* a request: win32, name_space, object, client; at most some a second are told */
};

struct serve_event {
	enum serve_event_type type;
	ns_t at;
	uint32_t session_id, client_id, win32;
	uint8_t reason, progress, stream;
	struct endpoint client;
	uint16_t client_name[MT_NAME_CHARS];
	struct endpoint multicast;
	uint64_t content_bytes, total_blocks;
	uint32_t block_bytes;
	uint32_t slots_used;   /* CLOSED: blocks that were read again and not given back */
	uint64_t buffers_used; /* CLOSED: of the port */
	char name_space[NAME_TEXT_BYTES], object[NAME_TEXT_BYTES];
};

/* All from the start, for the whole server. */
#define SERVE_COUNTERS(X)                                                                  \
	X(requests, "initiation requests")                                                 \
	X(replies, "of them answered with a session")                                      \
	X(refusals, "of them answered with an error")                                      \
	X(requests_dropped, "of them dropped because too many were waiting")               \
	X(unanswered, "of them not answered, lest answers be more than requests")          \
	X(unproven, "of them without the proof that a server with a key wants")            \
	X(malformed, "datagrams that could not be read")                                   \
	X(no_session, "datagrams to no session of ours")                                   \
	X(wrong_security, "packets with another security header than the session's")       \
	X(unverified, "packets whose checksum, hash or signature is wrong")                \
	X(sent, "datagrams sent")                                                          \
	X(sent_bytes, "bytes of content in them")                                          \
	X(sealed, "data packets sealed: once each, however often the wire was full")       \
	X(sealed_together, "of them hashed side by side")                                  \
	X(no_path, "datagrams dropped for want of a route or of a neighbour")              \
	X(repairs_cached, "repairs whose block was still there")                           \
	X(repairs_read, "repairs whose block was read again")                              \
	X(repairs_dropped, "repairs dropped because too many were being read")             \
	X(unsent, "packets that found no room to wait for the wire")                       \
	X(events_dropped, "events that the program did not take in time")                  \
	X(sessions, "sessions opened")                                                     \
	X(never_joined, "clients that asked for a place in one and did not take it")       \
	X(clients_full, "JOINs that found all places taken")                               \
	X(clients_of_address, "of them because their address has all that it may have")    \
	X(unpaid_joinacks, "JOINACKs not sent, lest they be more than JOINs")              \
	X(turns, "turns of the worker")                                                    \
	X(idle_turns, "turns that found nothing to do")
#define X(name, text) uint64_t name;
struct serve_stats {
	SERVE_COUNTERS(X)
};
#undef X

struct serve;

/* The defaults of everything that has one: ports, groups, cache, times. */
void serve_config_defaults(struct serve_config *c);
/* Bytes of a data packet beside its block, and the largest block that needs no fragments; server: its mode. */
uint32_t serve_packet_overhead(const struct security *server);
uint32_t serve_block_bytes_max(const struct port_info *port, uint8_t ip_len, const struct security *server);
/* The largest block that fits a datagram at all. */
uint32_t serve_block_bytes_limit(const struct security *server);

/*
 * Reserves the initiation's UDP port. On failure `why` (PORT_WHY_BYTES) has one line: a bad member of the
 * configuration (EINVAL), the UDP port is taken (EADDRINUSE), no memory (ENOMEM).
 */
enum wdscast_err serve_new(const struct serve_config *c, ns_t now, struct serve **out, char *why);
/* When no thread uses it any more. */
void serve_free(struct serve *w);

/* ---- the worker ---- */

/* Returns the work done: datagrams received, packets sent, answers taken. */
unsigned serve_turn(struct serve *w, ns_t now);
/* When the next turn is due if nothing arrives. */
ns_t serve_deadline(const struct serve *w);
/* The port's descriptor to wait at for that, or -1: it has none, or does not tell what is to be waited for. */
int serve_wait_fd(const struct serve *w);

/* ---- the content thread ---- */

/* Returns the work done: orders carried out, blocks read. */
unsigned serve_disk_turn(struct serve *w);
/* Sleep until there may be work, or until serve_disk_wake(), which any thread may call. */
void serve_disk_wait(struct serve *w);
void serve_disk_wake(struct serve *w);
/* Any thread: the content thread, which hangs in a call of the disk's, is to touch nothing more when it comes back. */
void serve_disk_abandon(struct serve *w);

/* ---- the program ---- */

/* False when there is none. */
bool serve_take_event(struct serve *w, struct serve_event *out);
/* Kick all clients, close all sessions, answer no more requests but with an error. */
void serve_stop(struct serve *w);
/* All that serve_stop() asked for is done and sent. */
bool serve_has_stopped(const struct serve *w);
/* Once a turn is over: a test, or the program when the worker has ended. */
const struct serve_stats *serve_read_stats(const struct serve *w);

#endif
