/*
 * A server of one object and a receiver of it, turned by hand on virtual time, each on a port of frames in memory:
 * what fuzz_serve and fuzz_rx turn, and what make_transfers joins. The hub's first port is the server's side.
 *
 * An input begins with a byte that chooses what they are like; then come frames (frames.h) from the other side. The
 * time that goes by after a frame is 0, or PARTY_STEP doubled so often.
 */
#ifndef WDSCAST_TESTS_FUZZ_PARTIES_H
#define WDSCAST_TESTS_FUZZ_PARTIES_H

#include "engine/proof.h"
#include "run/ctl.h"
#include "run/serve.h"
#include "support/port_mem.h"

enum { /* of the byte */
	PARTY_MODE = 0x03, /* CHECKSUM, HASH, NONE, HASH by its other reading */
	PARTY_LARGE = 0x04, /* blocks that need fragments */
	PARTY_TWO = 0x08,   /* two sessions of the receiver's */
	PARTY_TIGHT = 0x10, /* a cache of a few blocks */
	PARTY_IP6 = 0x20,
	PARTY_KERNEL = 0x40, /* has_kernel: ARP and membership are its */
};

enum { PARTY_CONTENT_BYTES = 6007, PARTY_SMALL_BLOCK = 200, PARTY_LARGE_BLOCK = 2000, PARTY_SESSIONS_MAX = 2 };

#define PARTY_STEP (50 * NS_PER_US)
#define PARTY_START NS_PER_S

struct security party_security(unsigned choice);
uint8_t party_byte(uint64_t offset);
bool party_is_content(const uint8_t *bytes, uint64_t len, uint64_t offset);
ns_t party_time(uint8_t control);
/* A port of its own; the server's is to be made first. */
struct port *party_port(struct port_mem_hub *hub, unsigned choice);
struct endpoint party_initiation(const struct port *server, unsigned choice);
/* Hand a frame to the others of a hub. Its bytes are copied. */
void party_send(struct port *port, const uint8_t *frame, uint32_t len);
/* Forget what came to a port. Returns how many frames that were. */
unsigned party_drain(struct port *port);
/* Everything but block data of a packet, and its seal; block_bytes: what its blocks are cut to, 0: unknown. */
void party_repair_packet(uint8_t *bytes, uint32_t len, const struct security *s, uint32_t block_bytes);
/* A packet of initiation that ends in a proof: which is made anew, for what the packet says now. */
void party_prove_request(uint8_t *bytes, uint32_t len, const struct security *s);
void party_prove_answer(uint8_t *bytes, uint32_t len, const struct security *s, const uint8_t digest[SECURITY_HASH_BYTES]);

/* ---- receiver.c ---- */

struct receiver {
	struct worker *worker;
	struct ctl_budget budget;
	struct receiver_session {
		struct receiver *receiver;
		struct ctl *ctl;
		uint8_t *delivered; /* by block */
		uint64_t blocks;
		struct { uint64_t offset; uint32_t len; } held[64];
		unsigned held_count;
		bool completed;
		uint32_t result;
	} sessions[PARTY_SESSIONS_MAX];
	unsigned session_count;
	bool holds;      /* the consumer keeps what it gets, until receiver_complete() */
	bool exact;      /* what is delivered is the content: nobody can forge it */
	ns_t now;
};

void receiver_init(struct receiver *r, struct port *port, const struct endpoint *initiation, unsigned choice, ns_t now);
/* Turns until there is nothing to do. */
void receiver_turn(struct receiver *r, ns_t now);
void receiver_complete(struct receiver *r);
void receiver_cancel(struct receiver *r);
bool receiver_is_over(const struct receiver *r);
/* What the blocks of its sessions are cut to; 0: not known yet. */
uint32_t receiver_block_bytes(const struct receiver *r);
/* Ends its sessions, and is gone, its port too. */
void receiver_end(struct receiver *r);

/* ---- serving.c ---- */

struct serving {
	struct port *port;
	struct serve *serve;
	ns_t now;
};

void serving_init(struct serving *s, struct port *port, unsigned choice, ns_t now);
/* slow_disk: the content thread has no turn. */
void serving_turn(struct serving *s, ns_t now, bool slow_disk);
/* Stops, and is gone, its port too. */
void serving_end(struct serving *s);

#endif
