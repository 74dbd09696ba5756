/*
 * Ports of DPDK devices: rings of frames. EAL is started with the first and kept, for it cannot be started
 * twice; devices come and go.
 */
#ifndef WDSCAST_PORT_PORT_DPDK_H
#define WDSCAST_PORT_PORT_DPDK_H

#include "port/memif.h"
#include "port/membership.h"
#include "port/packet_socket.h"
#include "port/port.h"
#include "port/xdp.h"

enum dpdk_kind { DPDK_AF_PACKET, DPDK_AF_XDP, DPDK_MEMIF, DPDK_VIRTUAL, DPDK_CARD };

/* What to open. */
struct dpdk_device {
	enum dpdk_kind kind;
	const char *spec;        /* for the error line */
	const char *driver;      /* "net_memif", ...; NULL: a card */
	char address[32];        /* of a card */
	char arguments[320];     /* the driver's */
	uint32_t frame_bytes;    /* the largest frame that is received in one piece */
	uint64_t memory_bytes;   /* for frames; 0: the default */
	bool tap;                /* DPDK_CARD, DPDK_MEMIF: see exception.h */
	struct membership *membership; /* kernel sockets join and reserve; NULL: the device's filter does.
	                                * The port's from now on, whether it opens or not */
	struct memif *memif;     /* DPDK_MEMIF: its control channel, the port's likewise */
	struct xdp *xdp;         /* DPDK_AF_XDP: its program, likewise */
	uint16_t device_queues;  /* DPDK_AF_XDP: a worker may have several; else as many as the port's */
	unsigned ifindex;        /* DPDK_AF_PACKET, DPDK_AF_XDP */
	struct packet_ring ring; /* DPDK_AF_PACKET: the rings its arguments ask for */
	/* mac and driver are filled in when it opens. */
	struct port_info info;
};

enum wdscast_err port_dpdk_open(const struct dpdk_device *d, struct port **out, char *why);

#endif
