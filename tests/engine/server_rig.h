/*
 * A server engine with scripted clients: every packet goes through wire, both ways, on a time that the
 * test sets. Client i has the address 10.0.0.(i+1), port 5000.
 */
#ifndef WDSCAST_TESTS_ENGINE_SERVER_RIG_H
#define WDSCAST_TESTS_ENGINE_SERVER_RIG_H

#include "engine/server.h"
#include "support/suite.h"

#define RIG_SESSION 0x6d19ee7e
#define RIG_BLOCK_BYTES 1000
#define RIG_BLOCKS 100000
#define RIG_PACKETS 4096
#define RIG_START_MS 10000

struct rig {
	struct server *server;
	struct credits credits;
	struct server_config config; /* change it between rig_config() and rig_start() */
	struct outq out;
	void *mem, *out_mem;
	ns_t now;
	uint32_t ids[SERVER_CLIENTS_MAX + 20]; /* ClientId by client, from its last JOINACK */
};

/* Small and quick defaults: no security, list of 4096. */
void rig_config(struct rig *r);
void rig_start(struct rig *r, uint32_t out_packets);
void rig_stop(struct rig *r);

static inline ns_t rig_ms(uint64_t ms_after_start)
{
	return (RIG_START_MS + ms_after_start) * NS_PER_MS;
}

/* Forget what came out. */
void rig_clear(struct rig *r);
void rig_tick(struct rig *r, ns_t now);
/* All that is due until then, each at its time; now is `until` at the end. */
void rig_run(struct rig *r, ns_t until);

/* What came out since rig_clear(). */
uint32_t rig_count(const struct rig *r, uint8_t opcode);
/* The n-th packet of that kind, read; fails the test when there is none. Valid until the next call. */
const struct mt_packet *rig_get(const struct rig *r, uint8_t opcode, uint32_t n);
/* Reads all that came out; a packet that does not read or verify aborts. */
void rig_read_all(const struct rig *r);
const struct out_packet *rig_get_out(const struct rig *r, uint8_t opcode, uint32_t n);
uint32_t rig_count_events(const struct rig *r, enum out_event_type type);
const struct out_event *rig_get_event(const struct rig *r, enum out_event_type type);

/* What clients send, at r->now. */
struct endpoint rig_endpoint(uint32_t client);
void rig_send(struct rig *r, uint32_t client, const struct writer *packet);
struct mt_head rig_head(uint64_t sender_time);
void rig_join(struct rig *r, uint32_t client, uint64_t client_time, bool can_be_demoted);
void rig_qcr(struct rig *r, uint32_t client, uint64_t qcc_seq_no, uint64_t server_time, uint16_t backoff_ms);
void rig_ack(struct rig *r, uint32_t client, uint64_t seq_no, uint64_t server_time);
void rig_nack(struct rig *r, uint32_t client, double loss_rate, const struct range *v, uint16_t n);
/* hi: its HiODATASeqNo; rig_nack() says the highest that was sent. */
void rig_nack_seen(struct rig *r, uint32_t client, double loss_rate, uint64_t hi, const struct range *v,
                   uint16_t n);
void rig_leave(struct rig *r, uint32_t client, uint8_t reason);
void rig_pollack(struct rig *r, uint32_t client, uint64_t poll_seq_no, uint32_t seconds,
                 const struct range *v, uint16_t n);

/* Whole passages. JOIN, JOINACK and its QCR, which says that the way took rtt_ms. */
void rig_activate(struct rig *r, uint32_t client, uint64_t rtt_ms);
/* Answer the latest QCC, rtt_ms after it was sent (time goes on by as much). */
void rig_answer_qcc(struct rig *r, uint32_t client, uint64_t rtt_ms);
/* Answer the latest POLL. */
void rig_answer_poll(struct rig *r, uint32_t client, const struct range *v, uint16_t n);
/* n blocks, from the pass's next one. */
void rig_feed(struct rig *r, uint32_t n);
/* Client 0 is active and master, the state is DATA, a pass of all blocks is on; out is clear. */
void rig_start_data(struct rig *r);

#endif
