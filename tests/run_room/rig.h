/*
 * A receiving worker and its control side, turned by hand on virtual time, and a server that says what a
 * test tells it to. Both sit on ports of datagrams in memory.
 */
#ifndef WDSCAST_TESTS_RUN_ROOM_RIG_H
#define WDSCAST_TESTS_RUN_ROOM_RIG_H

#include "run/ctl.h"
#include "support/port_mem.h"
#include "support/suite.h"
#include "wdserror.h"

enum { RIG_BLOCK = 100, RIG_DATAGRAM = 2048, RIG_DELIVERED = 256, RIG_GROUP_PORT = 64001, RIG_INBOX = 64 };

/* What the consumer saw of one session. */
struct rig_session {
	struct ctl *ctl;
	struct rig *rig;
	unsigned negotiated, started, completed;
	struct client_offer offer;
	uint32_t result;
	char why[CTL_WHY_BYTES];
	struct { uint64_t offset; uint32_t len, slot; } delivered[RIG_DELIVERED];
	uint32_t delivered_count;
	bool hold; /* the consumer keeps its blocks until rig_complete() */
	void (*in_negotiate)(struct rig_session *s);
	void (*in_contents)(struct rig_session *s);
};

struct rig {
	struct port_mem_hub *hub;
	struct port *client_port, *server_port;
	struct worker *worker;
	struct ctl_budget budget;
	uint64_t content_bytes;
	struct security security; /* of both directions; CHECKSUM unless a test says otherwise, before a session */
	struct security verifying, answering; /* after rig_secure(): what clients make of it, and what they seal with */
	bool is_secured;
	uint32_t session_id; /* of what the server says, */
	struct ip_addr from; /* where that comes from, */
	bool wrong_udp_sum;  /* and whether UDP's checksum is wrong: on frames */
	ns_t now;
	uint64_t next_seq_no;
	struct link *server; /* of a server on a port of frames: rig_new_framed() */
	struct {
		uint8_t bytes[RIG_DATAGRAM];
		uint32_t len;
		struct endpoint from;
	} inbox[RIG_INBOX];
	void *server_mem;
	uint32_t inbox_first, inbox_count;
	uint8_t datagram[RIG_DATAGRAM]; /* the last that the server received */
	uint32_t datagram_len;
	struct endpoint client; /* where it came from */
	struct mt_packet packet;
	struct msi_packet msi;
};

/* An object of so many blocks of RIG_BLOCK bytes. delivers: of the client's port. */
struct rig *rig_new(uint64_t blocks);
struct rig *rig_new_on(uint64_t blocks, enum port_delivers delivers);
/* On frames of this MTU, with a server that knows ARP and fragments. */
struct rig *rig_new_framed(uint64_t blocks, uint32_t mtu);
void rig_free(struct rig *r);
/* What a server has that speaks through server_port: for a rig that has nothing else. */
void rig_introduce(struct rig *r);
/* The modes of sessions to come: as the server seals, as its clients verify, as clients seal. */
void rig_secure(struct rig *r, const struct security *server, const struct security *verifying,
                const struct security *client);

/* A session with a cache of so many blocks; its request has been sent. */
struct rig_session *rig_session(struct rig *r, uint32_t cache_blocks);
/* Its last turns, and its end. */
void rig_session_free(struct rig_session *s);
/* Turns of worker and control until nothing is left to do now. */
void rig_turn(struct rig *r, struct rig_session *s);
/* The clock goes on, and then rig_turn(). */
void rig_pass(struct rig *r, struct rig_session *s, ns_t ns);
/* The consumer is done with the block at this offset. */
bool rig_complete(struct rig_session *s, uint64_t offset);

/* The server's next datagram, into datagram and packet. False: there is none. */
bool rig_receive(struct rig *r);
/* ... the next of a kind, skipping others; a request into msi. */
bool rig_receive_request(struct rig *r);
bool rig_receive_opcode(struct rig *r, uint8_t opcode);

void rig_reply(struct rig *r);
void rig_reply_with(struct rig *r, const struct msi_reply *reply);
struct msi_reply rig_offer(const struct rig *r);
void rig_error(struct rig *r, uint32_t win32);
void rig_joinack(struct rig *r);
/* ODATA with this block (from 1) and the next number. */
void rig_odata(struct rig *r, uint64_t block_no);
/* ... its bytes, RIG_DATAGRAM at most: who sends them is the caller's matter. */
uint32_t rig_write_odata(struct rig *r, uint64_t block_no, uint8_t *bytes);
/* Bytes from the server to the group. */
void rig_to_group(struct rig *r, const uint8_t *bytes, uint32_t len);
/* ODATA as it left, but one bit of its payload changed. */
void rig_odata_damaged(struct rig *r, uint64_t block_no);

void rig_demote(struct rig *r, const struct endpoint *group);
void rig_kick(struct rig *r, uint8_t reason);

/* Request, reply, JOIN, JOINACK. */
struct rig_session *rig_joined(struct rig *r, uint32_t cache_blocks);

uint64_t rig_count(const struct rig_session *s, enum lane_counter c);

#endif
