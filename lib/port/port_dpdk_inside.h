/*
 * Inside the ports of DPDK's: these four files are the only ones that see DPDK.
 *	port_dpdk.c	devices open and close; the control side's calls
 *	port_dpdk_io.c	the worker's calls
 *	port_dpdk_drivers.c	what is loaded of DPDK's drivers
 *	port_dpdk_eal.c	EAL's start, its log, and its threads
 */
#ifndef WDSCAST_PORT_PORT_DPDK_INSIDE_H
#define WDSCAST_PORT_PORT_DPDK_INSIDE_H

#include <rte_ethdev.h>
#include <rte_mbuf.h>

#undef NS_PER_S /* of rte_cycles.h; ours is the same number */
#include "host/host.h"
#include "port/eal_arguments.h"
#include "port/exception.h"
#include "port/filter.h"
#include "port/overheard.h"
#include "port/port_dpdk.h"
#include "port/spec.h"

#define DPDK_QUEUES_MAX PACKET_QUEUES_MAX

enum { DPDK_PIECES = 3 }; /* of a frame: head, body, tail */

/*
 * A worker's. A driver that copies frames while it takes them (takes_pieces) is given their pieces where they lie, as
 * chains of buffers that are ours for ever: a second reference keeps the driver from giving them back. Others get
 * a copy, in a buffer of the pool; of those, frames that the ring would not take wait here: they count as taken, and
 * go first.
 */
struct dpdk_queue {
	_Alignas(RTE_CACHE_LINE_SIZE) struct rte_mbuf *waiting[PORT_BURST];
	struct rte_mbuf *pieces[PORT_BURST][DPDK_PIECES];
	uint16_t first, count;
	struct rte_mbuf *kept; /* a frame of the kernel's, from the exception tap, or NULL: ahead of those */
	uint16_t tap_turn;
	uint16_t turn; /* which of the device's queues is the next, where this one reads several */
	bool unsent; /* the kernel has not sent all of the driver's ring: see packet_socket.h */
	_Atomic uint64_t rx_frames, rx_bytes, rx_no_buffer, tx_frames, tx_bytes, tx_dropped;
};

struct port_dpdk {
	struct port port;
	enum dpdk_kind kind;
	uint16_t id;
	bool started, takes_pieces;
	char bus[8], name[32];
	struct rte_mempool *pool;
	uint32_t frame_room;
	struct membership *membership;
	struct memif *memif;
	struct xdp *xdp;
	struct overheard overheard; /* DPDK_AF_XDP */
	int wakes; /* DPDK_AF_XDP: readable when there is something for its one worker; or -1 */
	struct exception *exception; /* or NULL */
	uint16_t device_queues;
	bool takes_all; /* DPDK_CARD: it has no list of groups, or no need of one */
	struct packet_sockets sockets;
	int parted; /* of veth_part_trains(), -1: none */
	struct filter filter;
	_Atomic bool settled; /* of run_in_turn() */
	struct dpdk_queue queues[DPDK_QUEUES_MAX];
};

static inline struct port_dpdk *dpdk_of(const struct port *port)
{
	return (struct port_dpdk *)(uintptr_t)port;
}

/* ---- port_dpdk_eal.c ---- */

/* Held while devices are opened or closed: EAL's lists of them have no lock. */
void dpdk_lock(void);
void dpdk_unlock(void);
/* EAL runs from now on; else `why` has one line. Under the lock. */
enum wdscast_err dpdk_start(const char *spec, char *why);
/* Whether there are huge pages, and what to tell the user if not. */
const struct eal_arguments *dpdk_arguments(void);
/* The first error that was logged since dpdk_clear_error(). */
const char *dpdk_error(void);
void dpdk_clear_error(void);
/* The calling thread is going to use memory pools. */
void dpdk_know_thread(void);

/* ---- port_dpdk_drivers.c ---- */

/* That of a device, with what all need; NULL: those of all cards. Before EAL starts and each time. Under the lock. */
void dpdk_load_driver(const char *driver);

/* ---- port_dpdk_io.c ---- */

uint32_t dpdk_rx(struct port *port, uint16_t queue, struct frame *v, uint32_t n);
void dpdk_free(struct port *port, uint16_t queue, struct frame *v, uint32_t n);
uint32_t dpdk_tx(struct port *port, uint16_t queue, const struct port_packet *v, uint32_t n);
void dpdk_read_stats(struct port *port, struct port_stats *out);
/* At the end: frames that the ring did not take. */
void dpdk_free_waiting(struct port_dpdk *p);

#endif
