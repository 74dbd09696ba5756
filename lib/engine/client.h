/*
 * One receiving session: initiation (MS-WDSMSI 2.2.2, UDP), transport (MS-WDSMT 3.2) and
 * application (MS-WDSMA 3.2) in one machine.
 *
 *   INITIATING -reply-> OFFERED -accept-> JOINING -JOINACK-> REGULAR -all blocks-> LEAVING -> CLOSED
 *        |                                   ^                  | DEMOTE
 *        | error, timeout                    '---- accept --- MOVING
 *        '-> CLOSED            cancel, KICK, inactivity: from anywhere to LEAVING, then CLOSED
 *
 * One thread steps it. It keeps no clock, does no I/O and allocates nothing: its block bitmap comes
 * with CLIENT_IN_ACCEPT, from a caller who has first looked at the offer's size.
 */
#ifndef WDSCAST_ENGINE_CLIENT_H
#define WDSCAST_ENGINE_CLIENT_H

#include "base/bitmap.h"
#include "base/ranges.h"
#include "base/rng.h"
#include "base/time.h"
#include "engine/outq.h"
#include "engine/proof.h"
#include "security/security.h"
#include "wire/ma.h"
#include "wire/msi.h"
#include "wire/mt.h"

#define CLIENT_MISSING_MAX 1024 /* ranges of the Missing ODATA List */
#define CLIENT_NACK_RANGES 80   /* ranges of one NACK: what fits a datagram without fragments */

enum client_state {
	CLIENT_INITIATING,
	CLIENT_OFFERED,
	CLIENT_JOINING,
	CLIENT_REGULAR,
	CLIENT_MOVING,
	CLIENT_LEAVING,
	CLIENT_CLOSED,
};

/* Defaults of MS-WDSMT 3.2.1.2 where it has them; client_config_defaults() sets them all. */
struct client_config {
	uint64_t seed;
	struct endpoint initiation;     /* the server's address and UDP port 5041 */
	struct msi_request request;     /* namespace, content, MAC, whether we take IPv6 */
	uint16_t name[MT_NAME_CHARS];   /* ClientName, UTF-16, NUL-terminated */
	struct ip_addr ip;              /* ours, towards the server */
	uint8_t mac_len, mac[32];
	uint8_t user_sid_len, user_sid[68];
	/* Both directions: CHECKSUM after UDP initiation. HASH of the client's: initiation is proven (proof.h) */
	struct security client_security, server_security;
	uint8_t nonce[PROOF_NONCE_BYTES]; /* for that: at random, new in each session */
	uint32_t initiate_interval_ms;  /* 1000, MS-WDSMSI 3.1.6 */
	uint32_t initiate_timeout_ms;   /* in all; then ERROR_TIMEOUT. Not in the specification */
	uint32_t unproven_timeout_ms;   /* 3000, from the first answer without its proof; proof.h */
	uint32_t inactivity_timeout_ms; /* 30000 */
	uint32_t join_interval_ms;      /* 500 */
	uint32_t max_leave_delay_ms;    /* 200 */
	uint32_t force_qcc_interval_ms; /* 20000 */
	uint32_t rejoin_interval_ms;    /* 10000; not in the specification */
};

/* What the server offers, checked for sense before it is passed on (MS-WDSMSI sheet, 5). */
struct client_offer {
	struct endpoint multicast, server;
	uint64_t content_bytes, total_blocks;
	uint32_t block_bytes, session_id;
	struct msi_stamp stamp;
};

/* The host's load for QCR, 2.2.8.4; percent, 255 when unknown. */
struct client_load {
	uint8_t cpu, mem, net;
};

/* All counters are of the whole session. */
struct client_stats {
	uint64_t odata, rdata;       /* packets accepted */
	uint64_t duplicates;         /* data packets whose block was there already */
	uint64_t repaired_blocks;    /* blocks that came as RDATA, or in a later pass of the server */
	uint64_t refused_no_room;    /* data packets without a slot for them */
	uint64_t nacks, zero_nacks, acks, pollacks, qcrs, joins, joinacks, requests;
	uint64_t lost_seq_nos;       /* numbers that were missing when a later one came */
	/* packets ignored, by reason */
	uint64_t wrong_state, wrong_sender, wrong_session, wrong_opcode, stale, bad_payload, unproven;
};

enum client_in_type {
	CLIENT_IN_TICK,   /* time passed */
	CLIENT_IN_MSI,    /* a datagram from the server's initiation port, read */
	CLIENT_IN_PACKET, /* a transport packet that verified */
	CLIENT_IN_ACCEPT, /* answers OUT_OFFER (blocks set) and OUT_MOVED */
	CLIENT_IN_CANCEL, /* ends the session; win32 is its result (never 0) */
	CLIENT_IN_ROOM,   /* the consumer gave slots back: free_slots */
};

struct client_in {
	enum client_in_type type;
	const struct endpoint *from;      /* MSI, PACKET */
	const struct msi_packet *msi;     /* MSI */
	const struct mt_packet *packet;   /* PACKET */
	const struct ma_data *block;      /* PACKET that client_wants() as a block: as it filled it; else NULL */
	bool stored;                      /* ... and it lies in a slot now; false: there was none */
	uint32_t free_slots;              /* PACKET, ROOM: slots left for further blocks; paces the master's ACKs */
	struct bitmap *blocks;            /* ACCEPT: bit i is block i + 1; ones are not wanted. Stays the caller's
	                                   * memory, is the engine's until OUT_CLOSED */
	uint32_t win32;                   /* CANCEL */
};

/* The timers, in the order in which those due at the same time run. */
enum client_timer {
	CLIENT_TIMER_INITIATE_UNTIL, /* the total timeout */
	CLIENT_TIMER_INACTIVE,
	CLIENT_TIMER_LEAVE,
	CLIENT_TIMER_INITIATE,
	CLIENT_TIMER_JOIN,
	CLIENT_TIMER_POLL,
	CLIENT_TIMER_QCC,
	CLIENT_TIMER_FORCE_QCC,
	CLIENT_TIMER_REJOIN, /* no block has come for rejoin_interval_ms */
	CLIENT_TIMER_NACK,
	CLIENT_TIMER_ZERO_NACK,
	CLIENT_TIMER_ACK, /* of an ACK that is held back */
	CLIENT_TIMERS
};

/* Points into itself: does not move after client_init(). */
struct client {
	struct client_config config;
	enum client_state state;
	struct rng rng;
	struct client_offer offer;
	struct client_offer next_offer; /* MOVING, until the LEAVE is sent */
	struct bitmap *blocks;
	uint64_t unwanted;              /* its ones at ACCEPT */
	struct client_stats stats;
	struct client_load load; /* set by the caller at will */
	ns_t joined_at;          /* JoinTime, MS-WDSMA 3.2.1 */
	ns_t served_at;          /* the last new block came, or we joined */
	uint32_t client_id;
	uint32_t result;         /* win32 of OUT_FINISHED */
	bool finished;
	uint8_t leave_reason;
	uint8_t request_digest[SECURITY_HASH_BYTES]; /* of the request, for the proof of its answer */
	uint32_t unproven;       /* what to end with if none but unproven answers come; 0: none came */

	ns_t timer[CLIENT_TIMERS]; /* NS_NEVER when not armed */
	ns_t due_at;               /* not after any of them: what the hot path asks */

	/* 3.2.1.1 */
	uint64_t last_poll_seq_no, last_qcc_seq_no, last_qcc_sender_time;
	ns_t qcc_received_at;

	/* 3.2.1.3; a first_seq_no of 0: none yet */
	uint16_t min_nack_backoff_ms, max_nack_backoff_ms, master_rtt_ms;
	double loss_rate;
	uint64_t first_seq_no, hi_seq_no, hi_loss_seq_no, lead_seq_no, last_spm_seq_no;
	uint32_t master_client_id;
	uint64_t nack_lowest;   /* what the last NACK asked for first */
	uint32_t nacks_in_vain; /* how often in a row, less one; at most 6 */
	uint32_t refused_run, zero_nacks_owed; /* since a zero NACK interval passed without a refusal */

	/* Missing ODATA List, 3.2.1.3.1: of first_seq_no..missing_end, those in `missing` have not come */
	uint64_t missing_start, missing_end;
	struct ranges missing;
	struct range missing_mem[CLIENT_MISSING_MAX];

	/* ACK of a master whose consumer is slow: see client_ack.c */
	uint64_t acked_seq_no, held_server_time, window_seen;
	uint64_t stride, stride_lead; /* how far the ACK goes on when lead_seq_no is what it was at the last */
	ns_t stirred_at; /* when lead_seq_no or acked_seq_no grew last */
	uint32_t free_slots, slots_max;
	bool has_acked; /* since it became master */
	bool ack_held;

	uint64_t highest_block; /* of ODATA: a block below it is a repair */
};

void client_config_defaults(struct client_config *c);
/* The first request goes out with the first step. */
void client_init(struct client *c, const struct client_config *config, ns_t now);

/* What a transport packet asks of the caller before client_step(). Changes nothing. */
enum client_want {
	CLIENT_WANT_STEP,  /* verify, then step */
	CLIENT_WANT_BLOCK, /* as STEP, and it carries a block that is missing: copy it to a slot while verifying */
	CLIENT_WANT_NOT,   /* of no use in this state or to this session; it is counted: drop it */
};
enum client_want client_wants(struct client *c, const struct mt_packet *p, const struct endpoint *from,
                              struct ma_data *block);

/*
 * The part of client_wants() that no packet just before this one can change, for who verifies several together and
 * would spare those that are not for us the work: false, and counted, unless the session hears this server at all.
 */
bool client_hears(struct client *c, const struct mt_packet *p, const struct endpoint *from);

/* One input at one time. A step at a later time than client_deadline() runs what is due first. */
void client_step(struct client *c, const struct client_in *in, ns_t now, struct outq *out);
ns_t client_deadline(const struct client *c);
/* Never after it, and may be before it until a step at that time: for who asks with every packet. */
static inline ns_t client_due_at(const struct client *c)
{
	return c->due_at;
}

/* Percent of the wanted blocks that are there (the sheet's 6.2). */
uint8_t client_progress(const struct client *c);

#endif
