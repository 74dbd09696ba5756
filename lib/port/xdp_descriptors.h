/*
 * The driver's descriptors, found from outside in /proc/self/fd, for it hands out none: to read what its
 * sockets lost and how they are bound, and to close after it what it forgets. That is, in DPDK 22.11, the
 * first socket of each interface (it counts references one too far), so that the queue would stay taken
 * until the process ends; and all of the XDP program that it loaded.
 */
#ifndef WDSCAST_PORT_XDP_DESCRIPTORS_H
#define WDSCAST_PORT_XDP_DESCRIPTORS_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "port/xdp_maps.h"

#define XDP_SOCKETS_MAX (4 * XDP_QUEUES_MAX)
#define XDP_MAPS_MAX 8

struct xdp_sockets {
	unsigned count;
	struct xdp_socket {
		int fd;
		ino_t inode;
	} v[XDP_SOCKETS_MAX];
};

/* All that this process has. */
void xdp_sockets_list(struct xdp_sockets *out);
/* Keep those that were not there before. */
void xdp_sockets_keep_new(struct xdp_sockets *s, const struct xdp_sockets *before);
/* Adds the frames lost ever: for want of room in the ring, and of buffers. */
void xdp_sockets_missed(const struct xdp_sockets *s, uint64_t *ring, uint64_t *buffer);
/* All are bound without copies. */
bool xdp_sockets_zero_copy(const struct xdp_sockets *s);
/* Readable while one of them, or `beside`, is; the caller closes it. -1: there is none. */
int xdp_sockets_wait_fd(const struct xdp_sockets *s, int beside);
/* Close those that are still what they were. */
void xdp_sockets_close(struct xdp_sockets *s);

/* A program as the kernel numbers it and what belongs to it; program 0: none. */
struct xdp_numbers {
	uint32_t program, types, maps[XDP_MAPS_MAX], map_count;
};

void xdp_numbers_close(const struct xdp_numbers *n);

#endif
