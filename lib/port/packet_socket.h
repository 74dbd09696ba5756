/*
 * What the af_packet driver leaves undone, done to its sockets from outside. The driver hands out none of
 * its descriptors, so they are found in /proc/self/fd: packet sockets bound to the interface.
 *  - It has the kernel reassemble IPv4 fragments (PACKET_FANOUT_FLAG_DEFRAG). There, one lost fragment in a
 *    hundred fills net.ipv4.ipfrag_high_thresh within a second, and then no fragment passes for
 *    net.ipv4.ipfrag_time, half a minute. It also takes frames of all interfaces until it is bound.
 *    packet_replace() puts sockets without either in the place of the driver's.
 *  - A burst that finds the kernel's send buffer full stays in the ring until the next burst; the last one
 *    of a window would stay for good. packet_kick() has the kernel send what is left.
 *  - With its ring full it waits, in poll(), until the interface has sent half of what it holds: a worker
 *    never waits. packet_room() tells how many frames it takes at once.
 *  - The kernel counts the frames it lost for want of room in the ring; the driver does not read it.
 */
#ifndef WDSCAST_PORT_PACKET_SOCKET_H
#define WDSCAST_PORT_PACKET_SOCKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PACKET_QUEUES_MAX 16

/* Ring geometry, in the driver's terms. */
struct packet_ring {
	unsigned frame_bytes, block_bytes, frame_count;
};

struct packet_sockets {
	unsigned count; /* one a queue, in the order of the queues */
	int fd[PACKET_QUEUES_MAX];
	struct packet_ring ring;
	uint8_t *sending[PACKET_QUEUES_MAX]; /* the rings of frames to send; NULL: not found */
	uint32_t next[PACKET_QUEUES_MAX];    /* the slot there that the driver takes next */
	uint64_t missed;
};

/* At least frames of them, each with room for a whole frame of an interface with this MTU. */
struct packet_ring packet_ring_for(uint32_t mtu, unsigned frames);

/* The largest frame the driver sends. */
uint32_t packet_largest(const struct packet_ring *ring);

/* The sockets this process has bound to the interface, and their rings of that geometry. */
void packet_find(struct packet_sockets *s, unsigned ifindex, const struct packet_ring *ring);
/*
 * Give the driver, which must be idle, other sockets: the descriptors and the memory of the rings keep
 * their places. False: one could not be replaced; it works as the driver made it.
 */
bool packet_replace(const struct packet_sockets *s, unsigned ifindex);
/* How many of n frames the driver takes without waiting; then tell how many it took. */
uint32_t packet_room(const struct packet_sockets *s, unsigned queue, uint32_t n);
void packet_sent(struct packet_sockets *s, unsigned queue, uint32_t n);
/* Send what is in the ring; false when some had to stay. */
bool packet_kick(const struct packet_sockets *s, unsigned queue);
/* Frames lost for want of room, ever. One thread. */
uint64_t packet_missed(struct packet_sockets *s);

/* Promiscuous as long as the sockets are open: for a VLAN that the kernel does not know. */
void packet_take_all(const struct packet_sockets *s, unsigned ifindex);

/* May this process have packet sockets? */
bool packet_allowed(void);

#endif
