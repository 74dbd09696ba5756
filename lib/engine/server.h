/*
 * One sending session: transport (MS-WDSMT 3.1) and application (MS-WDSMA 3.1) in one machine.
 *
 *   PRE_START -first QCR-> QCC -master found-> DATA -5 SPMs unanswered-> QCC      (transport)
 *   QUERY -query timer, answers merged-> SEND -all sent and acknowledged-> QUERY  (application)
 *   TERMINATED from anywhere, after InactivityTimeout or SERVER_IN_CLOSE
 *
 * It handles numbers, never content: a pass is a list of ranges of blocks; the caller reads them
 * ahead, in order, and says SERVER_IN_DATA for each block that is ready; the packets that come out
 * name their block (outq.h). One thread steps it; it keeps no clock, does no I/O, allocates nothing.
 */
#ifndef WDSCAST_ENGINE_SERVER_H
#define WDSCAST_ENGINE_SERVER_H

#include "base/ranges.h"
#include "base/rng.h"
#include "base/time.h"
#include "engine/credit.h"
#include "engine/outq.h"
#include "security/security.h"
#include "wire/ma.h"
#include "wire/msi.h"
#include "wire/mt.h"

#define SERVER_CLIENTS_MAX 200 /* on all lists together, 3.1.1.2 */
#define SERVER_PASS_RANGES_MAX (SERVER_CLIENTS_MAX * MA_RANGES_MAX)

enum server_state { SERVER_PRE_START, SERVER_QCC, SERVER_DATA, SERVER_TERMINATED }; /* 3.1.1.1 */
enum server_pass_state { SERVER_IDLE, SERVER_QUERY, SERVER_SEND };                  /* MS-WDSMA 3.1.1 */
enum server_list { SERVER_NONE, SERVER_PENDING, SERVER_ACTIVE, SERVER_KICKED, SERVER_DEMOTED }; /* 3.1.1 */

/* Parameters of MS-WDSMT 3.1.1.4; server_config_defaults() sets its defaults, and ours where it has none. */
struct server_config {
	uint64_t seed;
	struct credits *credits;            /* what JOINACKs may cost: of all sessions of a server */
	uint32_t session_id;
	struct endpoint multicast, unicast;
	struct security server_security, client_security;
	uint64_t content_bytes, total_blocks;
	uint32_t block_bytes;
	struct msi_stamp stamp;             /* of the content: who asks is told */

	uint32_t address_clients_max;       /* 64: of one IP address, on all lists */
	uint32_t inactivity_timeout_ms;     /* 300000 */
	uint32_t join_ack_to_qcr_ms;        /* 500 */
	uint32_t max_join_ack_sends;        /* 3 */
	uint16_t poll_backoff_ms;           /* 200; fewer clients get a shorter one */
	uint32_t kick_interval_ms;          /* 15000 */
	uint32_t no_client_qcc_interval_ms; /* 500 */
	uint32_t qcc_interval_ms;           /* 5000; no default there (E17) */
	uint32_t client_dead_timeout_ms;    /* 60000 */
	uint32_t spm_interval_ms;           /* 220 */
	uint32_t cleanup_interval_ms;       /* 200 */
	uint32_t retention_ms;              /* 1000 */
	uint32_t max_no_response_spm;       /* 5 */
	uint32_t demote_interval_ms;        /* 500 */
	uint32_t exp_max_window, max_window; /* packets; no defaults there (E17) */

	uint32_t slow_bytes_per_s;          /* OUT_CLIENT_SLOW tells who keeps a session below it; 0: nobody */

	uint32_t list_max;                  /* entries of the Data Packet List; a power of two */

	/* Where DEMOTE sends clients; session id 0: nowhere. May be set later, before SERVER_IN_DEMOTE. */
	uint32_t lower_session_id;
	struct endpoint lower_multicast, lower_unicast;
};

struct server_client { /* 3.1.1.2 */
	enum server_list list;
	uint32_t client_id;
	struct endpoint from;     /* the JOIN's source: where JOINACK goes */
	uint16_t name[MT_NAME_CHARS];
	uint8_t mac_len, mac[32];
	uint64_t client_time;     /* the JOIN's SenderTime */
	ns_t joined_at, last_update, join_ack_at;
	uint32_t rtt_ms;
	bool supports_demote, qcr_received;
	bool asked_poll, answered_poll; /* was active when the latest POLL went out; answered it */
	bool passed_over;         /* by the latest pass: it joined too late for that one */
	uint64_t first_seq_no;    /* MCLead when it joined, or was given up: that it lacks lower ones is no loss */
	uint8_t kick_reason;
	uint32_t join_ack_sends;
	uint8_t progress;         /* percent, from PROGRESS or CNTCIR */
	bool lacks_nothing;       /* its last CNTCIR had no ranges */
	uint32_t time_in_session_s;
	uint8_t cpu_util, mem_util, net_util; /* percent; 255 unknown */
	uint64_t loss_rate;       /* of MT_LOSS_RATE_ONE */
	uint64_t nacks;
	uint64_t judged_seq_no;   /* how far its NACKs were looked at for congestion */
	ns_t nacks_paid_until;    /* a NACK costs a moment: see server_repair.c */
	ns_t nacked_at;           /* NS_NEVER: never */
	ns_t congested_at;        /* it lost more than an eighth of what was sent; NS_NEVER: never */
	ns_t stalled_at;          /* its consumer had no room (a zero NACK); NS_NEVER: never */
	uint32_t slow_ticks;      /* in which it kept the session below slow_bytes_per_s */
	ns_t shunned_until;       /* it failed as Master Client: others go first, and it slows nobody */
	uint32_t failures;
};

struct server_entry { /* of the Data Packet List, 3.1.1.3 */
	uint64_t block_no;
	ns_t created_at; /* first sent: only then the packet is made */
	ns_t sent_at;    /* LastSendTime */
	bool resent;     /* so an ACK tells nothing about the round trip */
	bool asked;      /* the master was to acknowledge it at once */
};

struct server_stats {
	uint64_t odata, rdata, spms, qccs, polls, ncfs, joinacks, kicks, demotes;
	uint64_t acks, nacks, zero_nacks, window_cuts, pollacks, qcrs, joins, leaves;
	uint64_t passes, blocks_sent;
	/* packets ignored, by reason */
	uint64_t unknown_client, wrong_sender, not_master, bad_seq_no, bad_payload, wrong_opcode, wrong_session;
	uint64_t refused_full, refused_address; /* JOINs without a place; of them: their address has all it may have */
	uint64_t repairs_too_soon, repairs_gone; /* numbers of NACKs: within 4 RTT of the last send; not in the list */
	uint64_t nacks_too_many, repairs_cut_short; /* NACKs ignored, and only served in part */
	uint64_t pending_dropped; /* clients that had not answered their JOINACK yet, for others' sake */
	uint64_t unpaid_joinacks; /* not sent, lest they be more than JOINs */
	uint64_t never_joined;    /* clients that did not answer any, or left before they did */
	uint64_t master_failures;
};

enum server_in_type {
	SERVER_IN_TICK,
	SERVER_IN_PACKET, /* a transport packet that verified */
	SERVER_IN_DATA,   /* block_no is the next block of the pass and is ready: the Data Trigger */
	SERVER_IN_KICK,   /* client_id, reason: the KICK trigger, 3.1.5.6 */
	SERVER_IN_DEMOTE, /* client_id: the DEMOTE trigger, 3.1.5.10 */
	SERVER_IN_CLOSE,  /* kick everybody with this reason and terminate: server stops, content failed */
};

struct server_in {
	enum server_in_type type;
	const struct endpoint *from;
	const struct mt_packet *packet;
	uint64_t block_no;
	uint32_t client_id;
	uint8_t reason;
};

struct server {
	struct server_config config;
	enum server_state state;
	enum server_pass_state pass_state;
	struct rng rng;
	struct server_stats stats;
	struct mt_head head; /* of every packet we send, but for its time */
	ns_t started_at;
	struct server_client clients[SERVER_CLIENTS_MAX];
	uint32_t client_count, active_count;
	uint64_t next_poll_seq_no, next_spm_seq_no, next_qcc_seq_no;

	/* 3.1.1.3 */
	uint32_t master_client_id;  /* 0: none */
	bool master_acked;          /* an ACK of this master was accepted */
	bool master_measured;       /* master_rtt_ns is from its ACKs */
	uint16_t min_nack_backoff_ms, max_nack_backoff_ms;
	uint32_t master_rtt_ms;
	ns_t master_rtt_ns; /* finer, measured here: for the 4 RTT rule and the tail probe */
	ns_t least_rtt_ns;  /* of this master */
	uint32_t delayed;   /* so many samples in a row lay far above it */
	double master_loss_rate;
	uint32_t spm_count, wait_ms;
	uint32_t quiet_qccs; /* QCCs in a row that nobody answered */
	double window;
	double ceiling; /* what MaxWindowSize is at present: see server_on_congestion() */
	uint64_t trail_seq_no; /* MCTrailODATASeqNo: acknowledged by the master */
	uint64_t lead_seq_no;  /* MCLeadODATASeqNo: sent */
	uint64_t asked_seq_no; /* the last one that the master was to acknowledge at once */
	uint64_t full_seq_no;  /* the last one in flight when the window was full */
	uint64_t head_seq_no;  /* lowest number in the Data Packet List; == next_seq_no: empty */
	uint64_t next_seq_no;  /* NextODATASeqNo */
	ns_t progress_at;      /* the trail last moved, or something came to be in flight */
	struct server_entry *list; /* [seq_no & (list_max - 1)], config.list_max of them */

	/* timers, NS_NEVER when not armed */
	ns_t inactive_at, cleanup_clients_at, qcc_at, spm_at, cleanup_list_at, kick_at, demote_at, query_at, probe_at;
	ns_t slow_at;    /* the tick ends in which slow clients are looked for */
	ns_t pending_at; /* the earliest join_ack_at */
	ns_t probe_wait;
	ns_t last_cut_at, refused_at; /* NS_NEVER: not yet */
	ns_t repair_round_at;         /* a round trip began, in which repairs_in_round were sent */
	uint32_t repairs_in_round;

	uint64_t slow_lead_seq_no; /* lead_seq_no when that tick began */
	uint64_t slow_acks, slow_rdata; /* and those of stats */
	bool held_by_window;       /* since then always something was to be sent, and only the window was full */

	/* application */
	struct ranges pass;       /* MissingBlockRanges; read by the caller after OUT_PASS, until OUT_PASS_DONE */
	uint64_t pass_blocks;     /* in the pass */
	uint64_t pass_fed;        /* SERVER_IN_DATA seen */
	uint32_t longest_in_session_s;
	uint32_t answers;
	uint32_t quiet_polls; /* POLLs in a row that nobody answered */
	bool poll_is_later;   /* everybody is complete: query_at is when to ask again */
	struct server_answer *answer_mem; /* ClientCNTCIRPackets */
	struct range *pass_mem;
};

void server_config_defaults(struct server_config *c);
/* Memory that server_init() wants beside the struct: the Data Packet List and the range lists. */
size_t server_mem_bytes(const struct server_config *c);
/* mem: zeroed, aligned to 8; stays the caller's, is used until the server is forgotten. */
void server_init(struct server *s, const struct server_config *config, void *mem, ns_t now);

/* False, and counted, for a packet of another session: to be asked before it is verified, which costs more. */
bool server_hears(struct server *s, const struct mt_packet *p);
void server_step(struct server *s, const struct server_in *in, ns_t now, struct outq *out);
ns_t server_deadline(const struct server *s);

/* How many further SERVER_IN_DATA are taken now: room of the Data Packet List, and 0 outside of a pass. */
uint32_t server_room(const struct server *s);
/* Does any client, active or pending, still need the session? */
bool server_is_needed(const struct server *s);
const struct server_client *server_find_client(const struct server *s, uint32_t client_id);

/*
 * Initiation, MS-WDSMSI 3.1.5.3 steps 1 and 7, without state: what to say to a request. win32: 0, and
 * the session is offered, with its stamp if that was asked for; else the error packet. Writes into w; the
 * caller sends it to the request's source.
 */
void server_answer_request(struct writer *w, const struct server_config *session, bool wants_stamp, uint32_t win32);

#endif
