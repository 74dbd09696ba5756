/*
 * A port that plays frames from memory, as fast as they are taken, and a server's side just clever
 * enough to bring a receiver to the point where data flows: it answers ARP, the initiation and JOIN.
 */
#ifndef WDSCAST_BENCH_REPLAY_H
#define WDSCAST_BENCH_REPLAY_H

#include "net/net.h"
#include "port/port.h"
#include "wire/mt.h"

struct replay_config {
	uint64_t blocks;
	uint32_t block_bytes, mtu;
	double loss;      /* of the frames, 0..1: left out */
	uint32_t shuffle; /* frames are in random order within so many; 0 or 1: in order */
	uint64_t seed;
};

struct replay_frame {
	uint32_t at, len;       /* in bytes[] */
	uint32_t data_at, data_len; /* the content in it: what memcpy copies, for comparison */
};

struct replay {
	struct port port;
	struct replay_config config;
	uint8_t *bytes;
	size_t bytes_max, bytes_used;
	struct replay_frame *frames;
	uint32_t frame_count, next, limit; /* limit: frames before this one are played */
	uint8_t answer[8][1600];           /* control frames to the receiver */
	uint32_t answer_len[8], answer_count, answer_next;
	struct net *net;
	void *net_mem;
	struct net_out net_out;
	struct endpoint server, group, client;
	uint64_t sent_to_server;           /* packets: ACKs, NACKs and the like */
};

/* NULL: no memory. Builds every frame of a whole transfer. */
struct replay *replay_new(const struct replay_config *config);
void replay_free(struct replay *r);
/* Begin again, with a new session. */
void replay_rewind(struct replay *r);
/* An SPM that makes the receiver the Master Client: it pays for ACKs too. */
void replay_make_master(struct replay *r);

#endif
