/*
 * What the kernel hears beside an af_xdp port: ARP, and neighbour discovery of IPv6. The XDP program leaves
 * these to the kernel, which answers them; but we ask for our peers ourselves, and so listen in on a small
 * ring of copies. To look at it costs no system call.
 */
#ifndef WDSCAST_PORT_OVERHEARD_H
#define WDSCAST_PORT_OVERHEARD_H

#include <stdbool.h>
#include <stdint.h>

#define OVERHEARD_BYTES 512 /* ARP and ND are short; what is longer is cut off, and then no good to anyone */

struct overheard {
	int fd;
	uint8_t *ring;
	unsigned next;
};

bool overheard_open(struct overheard *o, unsigned ifindex);
/* The next frame, with its tag if it had one. 0: none. One thread. */
uint32_t overheard_take(struct overheard *o, uint8_t *frame, uint32_t room);
void overheard_close(struct overheard *o);

#endif
