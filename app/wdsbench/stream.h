/*
 * The stream: MS-WDSMT ODATA packets with a CHECKSUM, as a server sends them, without the rest of the protocol.
 * The sender begins each block with a stamp of its clock; the receiver looks for it.
 */
#ifndef WDSBENCH_STREAM_H
#define WDSBENCH_STREAM_H

#include "base/rng.h"
#include "measure.h"
#include "security/security.h"

#define STREAM_SESSION 0xbe5c0de5u
#define STREAM_STAMP_BYTES 16 /* magic, time: what begins a block */
#define STREAM_BURST 32
#define STREAM_HEAD_BYTES 128
#define STREAM_SESSIONS 16    /* whose numbers a receiver follows */

/* ---- sending ---- */

struct stream_tx {
	struct security security;
	struct endpoint from, to;
	uint32_t block_bytes;
	uint64_t seq_no;
	uint8_t *body;           /* of every block, after its stamp */
	uint32_t body_sum;       /* security_sum() */
	uint16_t body_net_sum;
	uint8_t heads[STREAM_BURST][STREAM_HEAD_BYTES];
	uint8_t tail[8];
	uint32_t tail_len;
};

/* block_bytes: at least STREAM_STAMP_BYTES. False: no memory. */
bool stream_tx_init(struct stream_tx *s, const struct endpoint *from, const struct endpoint *to, uint32_t block_bytes);
void stream_tx_fini(struct stream_tx *s);
/* Packet i of a burst, in pieces that stay until it is made again. Its number is the next after this call. */
void stream_tx_packet(struct stream_tx *s, uint32_t i, int64_t stamp, struct link_packet *out);

/* ---- receiving ---- */

struct stream_rx {
	struct security checksum;
	struct endpoint group;   /* port 0: any */
	bool any_group;
	bool verify;
	struct stream_session {
		uint32_t id;
		uint64_t next;       /* the number after the highest so far; 0: none yet */
	} sessions[STREAM_SESSIONS];
	uint32_t session_count, last_session;
};

void stream_rx_init(struct stream_rx *s, const struct endpoint *group, bool verify);
/* Count a datagram of the link. now: stamp_now() of its burst. */
void stream_rx_datagram(struct stream_rx *s, struct link *l, const struct net_datagram *d, int64_t now, struct figures *f);

#endif
