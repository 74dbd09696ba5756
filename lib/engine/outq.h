/*
 * What an engine has to say: datagrams and events, in memory the caller gives and empties after
 * each step. An engine never does I/O. A datagram that finds no room is dropped and counted, as a
 * network would; the protocol's timers repair it. Events always have room: a step makes at most
 * OUTQ_EVENTS_A_STEP, and the caller takes them all before the next.
 */
#ifndef WDSCAST_ENGINE_OUTQ_H
#define WDSCAST_ENGINE_OUTQ_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/time.h"

#define OUT_CONTROL_BYTES_MAX 1472 /* the largest control packet that an engine makes */
#define OUTQ_EVENTS_A_STEP 512     /* a tick may report each of 200 clients twice */

/*
 * A datagram. Control packets are whole and sealed in head. A data packet is head and tail without
 * its payload: the caller finds the content of block_no, sets it between them and seals all three
 * (security_seal()); so the engine never touches content.
 */
struct out_packet {
	struct endpoint to;
	uint64_t block_no;            /* 0: a control packet */
	uint64_t seq_no;              /* of a data packet: its ODATASeqNo */
	bool repair;                  /* an RDATA */
	bool sealed;                  /* a data packet: the caller has sealed it; at first false */
	uint32_t head_at, head_len;   /* in outq.bytes */
	uint32_t tail_at, tail_len;
};

enum out_event_type {
	/* client */
	OUT_OFFER,    /* the server answered: client.offer is set; answer with CLIENT_IN_ACCEPT or _CANCEL */
	OUT_JOINED,   /* JOINACK came */
	OUT_MOVED,    /* DEMOTE: client.offer has new addresses; join the group, then CLIENT_IN_ACCEPT */
	OUT_FINISHED, /* win32: 0 when every block is there, else why not. Comes once */
	OUT_CLOSED,   /* the LEAVE is sent (or none is due): no more output. Comes once, last */
	/* server */
	OUT_CLIENT_JOINED,   /* client_id is active */
	OUT_CLIENT_LEFT,     /* by LEAVE; reason */
	OUT_CLIENT_VANISHED, /* silent for DeadClientTimeout */
	OUT_CLIENT_KICKED,   /* reason; still there until its LEAVE */
	OUT_CLIENT_DEMOTED,
	OUT_CLIENT_SLOW,     /* it keeps the session below slow_bytes_per_s: SERVER_IN_KICK, _DEMOTE, or nothing */
	OUT_CLIENT_REFUSED,  /* a JOIN found all 200 places taken, or all that its address may have */
	OUT_MASTER,          /* client_id is the Master Client now */
	OUT_PASS,            /* server.pass has the ranges to send: content may be read ahead */
	OUT_PASS_DONE,       /* all of it was sent, and acknowledged by the master */
	OUT_IDLE,            /* no client is active now, a pass is abandoned; ask server_is_needed() */
	OUT_TERMINATED,      /* InactivityTimeout: the session ended */
};

struct out_event {
	enum out_event_type type;
	uint32_t client_id;
	uint32_t win32;
	uint8_t reason;   /* mt_leave_reason or mt_kick_reason */
	bool demoted;     /* OUT_CLIENT_LEFT: because DEMOTE told it to */
	bool complete;    /* OUT_CLIENT_LEFT, _VANISHED: it had said that it lacks nothing */
	uint8_t progress; /* percent, as last reported */
	struct endpoint client; /* server events: where it is */
	uint16_t name[16];      /* server events: its ClientName, UTF-16, NUL-terminated */
};

struct outq {
	struct out_packet *packets;
	uint32_t packet_count, packet_max;
	uint8_t *bytes;
	uint32_t bytes_used, bytes_max;
	struct out_event *events; /* OUTQ_EVENTS_A_STEP */
	uint32_t event_count;
	uint64_t dropped; /* datagrams that found no room, ever */
};

/* Memory for outq_init(): packets, their bytes, events. Aligned to 8. */
size_t outq_bytes(uint32_t packet_max);
void outq_init(struct outq *q, void *mem, uint32_t packet_max);
/* Forget what was taken. */
void outq_clear(struct outq *q);
/* Is there room for n packets of control size? */
bool outq_has_room(const struct outq *q, uint32_t n);
void outq_event(struct outq *q, const struct out_event *e);

/*
 * For engines: begin a packet, write into *w, and end it. outq_begin() returns false, and counts,
 * when there is no room.
 */
bool outq_begin(struct outq *q, struct writer *w);
/* head_len: bytes of the head; what the writer has beyond is the tail. NULL when the writer was full. */
struct out_packet *outq_end(struct outq *q, const struct writer *w, uint32_t head_len, const struct endpoint *to);

#endif
