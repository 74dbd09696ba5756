/*
 * The wire. A port delivers frames (Ethernet) or datagrams (UDP payloads with their addresses); the
 * worker's turn is the same for both. port_dpdk.c and port_kernel.c implement it, and in tests
 * tests/support/port_mem.c.
 *
 * Threads: port_open(), port_close(), port_join(), port_leave(), port_reserve() and port_unreserve()
 * belong to the control side (they may sleep and call the kernel). port_rx(), port_free(), port_tx()
 * and port_read_stats() of one queue belong to the worker that owns it.
 */
#ifndef WDSCAST_PORT_PORT_H
#define WDSCAST_PORT_PORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "wdscast.h"

#define PORT_BURST 64
#define PORT_WHY_BYTES 256 /* for the one-line reason of a failure */

enum port_delivers { PORT_FRAMES, PORT_DATAGRAMS };

enum port_frame_flags {
	PORT_L4_GOOD = 1 << 0, /* the card found the UDP checksum right */
	PORT_L4_BAD = 1 << 1,  /* ... or wrong */
	PORT_L3_BAD = 1 << 2,  /* the IP header's checksum is wrong */
};

/* What was received: valid until port_free(). */
struct frame {
	const uint8_t *data; /* the frame from its Ethernet header, or the datagram's payload */
	uint32_t len;
	uint32_t flags;
	void *owner;         /* the port's */
	struct endpoint from, to; /* PORT_DATAGRAMS only */
};

/* What to send: head, body and tail, one after the other. The port has copied or sent them on return. */
struct port_packet {
	const uint8_t *head, *body, *tail;
	uint32_t head_len, body_len, tail_len;
	const struct endpoint *from, *to; /* PORT_DATAGRAMS only */
};

struct port_info {
	enum port_delivers delivers;
	bool has_kernel;       /* the kernel answers ARP and ND and reports membership on this interface */
	struct mac_addr mac;
	uint32_t mtu;          /* bytes of IP packet */
	uint16_t queues;
	int node;              /* NUMA node, -1 when unknown */
	bool zero_copy;        /* af_xdp: the card writes into our buffers */
	uint16_t vlan;         /* 802.1Q tag that frames carry, 0: none */
	char spec[128];        /* as given, or as `auto` chose */
	char driver[32];       /* "net_af_packet" */
	char note[256];        /* one line for the user about what was chosen and why; "" when nothing is to say */
	/* What is known of our addresses, from the kernel or the configuration; len 0 when unknown. */
	struct ip_addr ip4, gateway4, ip6, gateway6;
	uint8_t prefix4, prefix6;
};

struct port_stats {
	uint64_t rx_frames, rx_bytes;
	uint64_t rx_missed, rx_no_buffer; /* lost before we saw them, as far as the port can tell: ring full, no buffer */
	uint64_t tx_frames, tx_bytes, tx_dropped;
	uint64_t to_kernel, from_kernel, tap_dropped; /* by the exception tap, and the kernel's that it did not take */
	uint64_t buffers_used; /* now */
};

struct port_config {
	const char *spec;               /* see doc/ports.md */
	struct ip_addr peer;            /* for `auto`: the address to reach; len 0 for a server */
	struct ip_addr ip4, gateway4;   /* for ports without a kernel, or to override; len 0: from the kernel */
	uint8_t prefix4;
	struct ip_addr ip6, gateway6;
	uint8_t prefix6;
	uint16_t queues;                /* 0: 1 */
	uint64_t memory_bytes;          /* for frames; 0: the default */
	bool tap;                       /* ports without a kernel: what is not ours goes to it by a tap */
};

struct port;
struct port_ops {
	uint32_t (*rx)(struct port *, uint16_t queue, struct frame *v, uint32_t n);
	void (*free)(struct port *, uint16_t queue, struct frame *v, uint32_t n);
	uint32_t (*tx)(struct port *, uint16_t queue, const struct port_packet *v, uint32_t n);
	void (*read_stats)(struct port *, struct port_stats *);
	enum wdscast_err (*join)(struct port *, const struct endpoint *group, const struct ip_addr *source);
	void (*leave)(struct port *, const struct endpoint *group, const struct ip_addr *source);
	enum wdscast_err (*reserve)(struct port *, struct endpoint *local);
	void (*unreserve)(struct port *, const struct endpoint *local);
	void (*close)(struct port *);
	int (*wait_fd)(struct port *, uint16_t queue); /* NULL: there is none */
};

/* An implementation has this first in its own struct. */
struct port {
	const struct port_ops *ops;
	struct port_info info;
};

/* Open the port of a SPEC. On failure `why` (PORT_WHY_BYTES) has one line, without a newline. */
enum wdscast_err port_open(const struct port_config *config, struct port **out, char *why);

/* Up to n frames that have arrived; never waits. Each goes back by port_free(). */
static inline uint32_t port_rx(struct port *p, uint16_t queue, struct frame *v, uint32_t n)
{
	return p->ops->rx(p, queue, v, n);
}

static inline void port_free(struct port *p, uint16_t queue, struct frame *v, uint32_t n)
{
	if (n > 0)
		p->ops->free(p, queue, v, n);
}

/* Send up to n packets; returns how many the ring took. What it did not take may be tried again. */
static inline uint32_t port_tx(struct port *p, uint16_t queue, const struct port_packet *v, uint32_t n)
{
	return p->ops->tx(p, queue, v, n);
}

static inline void port_read_stats(struct port *p, struct port_stats *out)
{
	p->ops->read_stats(p, out);
}

/*
 * Let frames for this group in: kernel membership where there is a kernel, the card's filter otherwise
 * (then IGMP and MLD are net's). Counted: as many port_leave() as port_join(). source: the server if known.
 */
static inline enum wdscast_err port_join(struct port *p, const struct endpoint *group, const struct ip_addr *source)
{
	return p->ops->join(p, group, source);
}

static inline void port_leave(struct port *p, const struct endpoint *group, const struct ip_addr *source)
{
	p->ops->leave(p, group, source);
}

/*
 * Reserve a UDP port of ours, so that the kernel neither gives it to another nor answers with ICMP.
 * local->port 0: any free one, set on success. WDSCAST_EADDRINUSE when it is taken.
 */
static inline enum wdscast_err port_reserve(struct port *p, struct endpoint *local)
{
	return p->ops->reserve(p, local);
}

static inline void port_unreserve(struct port *p, const struct endpoint *local)
{
	p->ops->unreserve(p, local);
}

/* A descriptor that can be read when something has arrived, or -1: then only port_rx() can tell. */
static inline int port_wait_fd(struct port *p, uint16_t queue)
{
	return p->ops->wait_fd != NULL ? p->ops->wait_fd(p, queue) : -1;
}

static inline void port_close(struct port *p)
{
	if (p != NULL)
		p->ops->close(p);
}

#endif
