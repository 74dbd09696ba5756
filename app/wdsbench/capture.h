/* A capture in memory: a port that delivers its frames, and then no more. */
#ifndef WDSBENCH_CAPTURE_H
#define WDSBENCH_CAPTURE_H

#include <stdatomic.h>

#include "port/port.h"

#define CAPTURE_BYTES_MAX (1ull << 32)
#define CAPTURE_GROUPS_MAX 64

struct capture {
	struct port port;        /* first */
	uint8_t *bytes;
	size_t bytes_len;
	struct capture_frame {
		size_t at;
		uint32_t len;
	} *frames;
	uint64_t count, next, loops_left;
	struct ip_addr groups[CAPTURE_GROUPS_MAX]; /* multicast groups that its frames go to */
	uint32_t group_count;
};

/* Read a file of libpcap's. NULL and one line in why (PORT_WHY_BYTES). */
struct capture *capture_open(const char *path, uint64_t loops, char *why);
void capture_close(struct capture *c);
/* Have all frames been delivered? */
bool capture_is_over(const struct capture *c);
/* The next frame; NULL at the end. */
const struct capture_frame *capture_next(struct capture *c);

#endif
