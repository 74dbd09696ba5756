/* A client engine on a bench: packets put in by hand, what comes out read back and verified. */
#ifndef WDSCAST_TESTS_ENGINE_CLIENT_RIG_H
#define WDSCAST_TESTS_ENGINE_CLIENT_RIG_H

#include "engine/client.h"

enum {
	RIG_BLOCK_BYTES = 10, /* the last block has 3 */
	RIG_CLIENT_ID = 7,
	RIG_OTHER_ID = 8,
	RIG_SESSION_ID = 0x6d19ee7e,
	RIG_MIN_BACKOFF_MS = 10,
	RIG_MAX_BACKOFF_MS = 20,
};

#define MS(n) ((n)*NS_PER_MS)

struct rig {
	struct client c;
	struct outq out;
	struct bitmap blocks;
	uint64_t blocks_mem[4096];
	struct endpoint server, initiation, multicast;
	uint64_t server_time; /* SenderTime of the packets put in */
	uint64_t poll_seq_no, qcc_seq_no, spm_seq_no;
	uint32_t free_slots;
	uint32_t master;      /* ClientId of SPM and data */
	uint64_t trail;       /* TrailODATASeqNo of data */
	uint64_t lead_option; /* 0x0406 on data, unless 0 */
	uint16_t rtt_ms;      /* of SPM */
	void *out_mem;
};

/* One rig for the program, set to a client of total_blocks in the state INITIATING at time 0. */
struct rig *rig_new(uint64_t total_blocks);
/* ... that is in that state at time 0. All output taken. */
struct rig *rig_offered(uint64_t total_blocks);
struct rig *rig_joining(uint64_t total_blocks);
struct rig *rig_regular(uint64_t total_blocks);

/* Inputs. Each first takes all output that is there. */
void rig_tick(struct rig *r, ns_t now);
void rig_msi(struct rig *r, const struct msi_packet *p, ns_t now);
void rig_accept(struct rig *r, ns_t now);
void rig_cancel(struct rig *r, uint32_t win32, ns_t now);
void rig_room(struct rig *r, uint32_t free_slots, ns_t now);
/* As a worker does: ask, then step unless it is not wanted. `stored` when it is a block. */
enum client_want rig_packet_as(struct rig *r, const struct mt_packet *p, bool stored, ns_t now);
enum client_want rig_packet(struct rig *r, const struct mt_packet *p, ns_t now);
enum client_want rig_data(struct rig *r, uint8_t opcode, uint64_t seq_no, uint64_t block_no, ns_t now);
enum client_want rig_refused(struct rig *r, uint64_t seq_no, uint64_t block_no, ns_t now);
/* With the next number of its kind. */
void rig_spm(struct rig *r, uint64_t trail, uint64_t lead, ns_t now);
void rig_poll(struct rig *r, uint16_t backoff_ms, ns_t now);
void rig_qcc(struct rig *r, uint16_t backoff_ms, ns_t now);
void rig_joinack(struct rig *r, uint32_t client_id, ns_t now);

/* The bare packets, to be changed by a test. */
struct mt_packet rig_head(const struct rig *r, uint8_t opcode);
struct msi_packet rig_reply(const struct rig *r, uint64_t content_bytes, uint64_t total_blocks);
/* DATA of a block into mem. */
uint16_t rig_data_payload(const struct rig *r, uint64_t block_no, void *mem, size_t size);

/* Outputs of the last input. */
unsigned rig_count(const struct rig *r, uint8_t opcode);
/* The first of the opcode, read; fails the test when there is none, or it does not verify. */
struct mt_packet rig_out(const struct rig *r, uint8_t opcode);
const struct out_event *rig_event(const struct rig *r, enum out_event_type type); /* NULL: none */

/* Tick from the moment of its deadline, until a packet of the opcode comes out; its moment. */
ns_t rig_until(struct rig *r, uint8_t opcode);

#endif
