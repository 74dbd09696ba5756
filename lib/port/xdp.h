/*
 * The XDP program of an af_xdp port. The driver of the port loads it and puts its sockets into it; here it
 * is found, guarded and told which destinations are ours. Control side only, but for xdp_missed().
 */
#ifndef WDSCAST_PORT_XDP_H
#define WDSCAST_PORT_XDP_H

#include "port/port.h"

#define XDP_MTU_MAX 3400 /* a frame and what XDP and DPDK put before it must fit a page */

struct xdp;

/* The program's object file, open for reading; -1: nowhere to be found. */
int xdp_open_object(void);
/* Whether a driver is known to lend AF_XDP its rings without copies; the port says what it got. */
bool xdp_driver_has_zero_copy(const char *driver);
/* Whether the interface has a program that is not ours. */
bool xdp_is_taken(unsigned ifindex);
/* How many of the interface's receive queues the driver can serve, and how many there are. */
void xdp_count_queues(const char *name, unsigned *served, unsigned *all);

/*
 * Before the driver starts: one port on an interface, and never in the place of somebody else's program.
 * One of ours whose process died is taken off, where the kernel has not done it.
 */
struct xdp *xdp_new(unsigned ifindex); /* NULL: no memory */
enum wdscast_err xdp_claim(struct xdp *x, const char *name, const char *spec, char *why);
/* Around the driver's start, whether it succeeds or not: its descriptors are known then. x may be NULL. */
void xdp_before_driver(struct xdp *x);
void xdp_after_driver(struct xdp *x);
/* Then: its maps. In words, where the program runs; NULL when the maps are out of reach. */
const char *xdp_find_maps(struct xdp *x, bool *zero_copy);
/* To wait for frames, or for what comes to `beside`. -1: that cannot be. The caller closes it. */
int xdp_wait_fd(const struct xdp *x, int beside);
/* Adds the frames lost before we saw them: no room in the ring, no buffer. */
void xdp_missed(const struct xdp *x, uint64_t *ring, uint64_t *buffer);
/* UDP frames to there are ours; of a group, fragments too. Counted: as many xdp_shut_out(). */
enum wdscast_err xdp_let_in(struct xdp *x, const struct endpoint *to);
void xdp_shut_out(struct xdp *x, const struct endpoint *to);
/* When the driver is gone. */
void xdp_free(struct xdp *x);

#endif
