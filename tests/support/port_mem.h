/*
 * port.h in memory. A hub joins any number of ports: what one sends, all the others receive, as on a
 * network of one cable. Any port may be used by a thread of its own; a mutex of the hub guards all.
 *
 *	struct port_mem_hub *hub = port_mem_hub_new();
 *	struct port *a = port_mem_new(hub, NULL), *b = port_mem_new(hub, NULL);
 *	...
 *	port_close(a), port_close(b);
 *	port_mem_hub_free(hub);
 *
 * Ports of frames get every frame; ports of datagrams get those to their address and to the groups they
 * have joined. Ports are numbered from 1, each with the least number that is free; port n has MAC
 * 02:00:00:00:00:n, 10.77.0.n/16 and fd77::n/64 unless told.
 *
 * Programs whose ports are opened by SPEC link port_mem_open.c instead of lib/port: its port_open()
 * knows "mem:HUB[,datagrams][,kernel][,mtu=N]". Hubs with a name are made when first named and stay.
 */
#ifndef WDSCAST_TESTS_SUPPORT_PORT_MEM_H
#define WDSCAST_TESTS_SUPPORT_PORT_MEM_H

#include "port/port.h"

struct port_mem_hub;

/* Zeros are defaults. */
struct port_mem_config {
	enum port_delivers delivers;
	bool has_kernel;            /* only what info says: the hub has no kernel */
	struct mac_addr mac;
	uint32_t mtu;               /* 1500 */
	uint16_t vlan;
	uint32_t depth;             /* frames that wait to be received: 4096 */
	bool waits;                 /* port_tx() of the others takes no more while this port's depth is full,
	                             * as memif does; otherwise the frame is lost and counted in rx_missed */
	struct ip_addr ip4, ip6, gateway4, gateway6;
	uint8_t prefix4, prefix6;
};

/* What is about to be received: asked for each receiver, under the hub's lock. */
struct port_mem_passage {
	const uint8_t *data;
	uint32_t len;
	const struct endpoint *source, *target; /* PORT_DATAGRAMS only */
	unsigned from, to;                      /* the ports' numbers */
};
typedef bool port_mem_lose(void *arg, const struct port_mem_passage *p); /* true: it is lost */

struct port_mem_hub *port_mem_hub_new(void);
/* After its last port is closed. */
void port_mem_hub_free(struct port_mem_hub *hub);
/* NULL: nothing is lost any more. */
void port_mem_set_lose(struct port_mem_hub *hub, port_mem_lose *lose, void *arg);
/* config: copied; NULL: all defaults. Never NULL. Ends with port_close(). */
struct port *port_mem_new(struct port_mem_hub *hub, const struct port_mem_config *config);
/* The next n frames to it find no buffer: they are lost, and counted in rx_no_buffer. */
void port_mem_starve(struct port *port, unsigned n);
/* The port's number in its hub. */
unsigned port_mem_number(const struct port *port);
/* Whether it has joined a group or reserved a UDP port: how often, or 0. */
unsigned port_mem_joined(const struct port *port, const struct ip_addr *group);
bool port_mem_reserved(const struct port *port, const struct endpoint *local);

/* The hub that "mem:NAME" means. Never NULL. Of port_mem_open.c. */
struct port_mem_hub *port_mem_hub_named(const char *name);

#endif
