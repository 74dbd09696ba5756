/*
 * A kernel that sends over a veth with segmentation offload leaves a train of datagrams in one piece of up to
 * 64 KiB, for there is no wire that would need it cut. UDP sockets cut it (UDP_GRO); a packet socket gets it
 * whole, longer than its ring's frames and without word of where to cut.
 *
 * A veth whose far end runs an XDP program does not offload: so the far end, which is ours, runs one that
 * lets everything pass. It goes away with its descriptor.
 */
#ifndef WDSCAST_PORT_VETH_H
#define WDSCAST_PORT_VETH_H

#include <stdbool.h>

bool veth_is(const char *interface);
/* A descriptor, as long as which frames come in the sizes that they would have on a wire; -1: not allowed. */
int veth_part_trains(unsigned ifindex);

#endif
