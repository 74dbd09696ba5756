/*
 * A port's queue with its net machine: datagrams in, datagrams out, the same for ports that deliver
 * frames and ports that deliver datagrams. A worker owns it. Never waits, never allocates after
 * link_init().
 *
 *   n = link_poll(l);
 *   for (i = 0; i < n; i++)
 *           if (link_datagram(l, i, now, &d))
 *                   ...                        d.data is valid until the next link_datagram()
 *   link_done(l);
 *   ... link_send() ...
 *   link_tick(l, now);
 *   if (link_flush(l, now))                    what was sent leaves in one burst
 *           ...                                the pieces of its packets may be used again
 *
 * A wire that takes no more is no loss: what is left stays in the burst, link_send() says LINK_FULL, and
 * the next turn goes on. Only a wire that took nothing for LINK_STUCK_NS (a memif without its peer) has
 * its packets dropped and counted, for by then they say nothing true.
 */
#ifndef WDSCAST_RUN_LINK_H
#define WDSCAST_RUN_LINK_H

#include "net/net.h"
#include "port/port.h"

#define LINK_HEADS 48 /* frames of one datagram: 65507 bytes at an MTU of 1500 */
#define LINK_PIECE_BYTES 768 /* net head and the head of a data packet: 128 + 565 with a 4096-bit signature */
#define LINK_STUCK_NS (50 * NS_PER_MS)
#define LINK_LINE 64 /* of the processor's caches */
#define LINK_AHEAD_LINES 6

/* A datagram to send in pieces; they stay where they are until link_flush() returns true. */
struct link_packet {
	const struct endpoint *from, *to;
	const uint8_t *head, *body, *tail;
	uint32_t head_len, body_len, tail_len;
	bool has_body_sum;     /* body_sum is net_sum() of the body */
	uint16_t body_sum;
	bool plain;            /* leave the UDP checksum out where the family allows it: the payload has its own */
};

enum link_sent {
	LINK_SENT,    /* in the burst */
	LINK_FULL,    /* the wire takes no more now: keep the packet and try it again in the next turn */
	LINK_NO_PATH, /* the next hop is being resolved, or there is no route: dropped and counted */
};

struct link_stats {
	uint64_t datagrams; /* received */
	uint64_t sent;      /* datagrams put into a burst */
	uint64_t no_path, bad_checksum;
	uint64_t tx_full;   /* bursts that the wire did not take at once */
	uint64_t tx_stuck;  /* frames dropped because it took none for LINK_STUCK_NS */
};

struct link {
	struct port *port;
	uint16_t queue;
	struct net *net; /* NULL for a port of datagrams */
	struct frame rx[PORT_BURST];
	uint32_t rx_count;
	struct port_packet tx[PORT_BURST];
	struct net_head heads[PORT_BURST];
	uint8_t pieces[PORT_BURST][LINK_PIECE_BYTES]; /* net head and as much of the head as shares its frame */
	struct endpoint from[PORT_BURST], to[PORT_BURST];
	uint32_t tx_first, tx_count; /* the burst: tx[tx_first .. tx_count-1] */
	ns_t tx_moved_at;            /* when the wire last took something, or had nothing to take */
	struct net_out net_out;
	struct link_stats stats;
	const uint8_t *ahead, *ahead_end; /* of the next frame: what is yet to be fetched */
	bool heard;                  /* link_datagram() was false for a frame of ARP or ND (or IGMP, or an echo) */
};

/*
 * Makes the net machine in mem (link_bytes(), zeroed, aligned to 64), and joins its groups at the port: of the
 * control side. ip4, ip6: ours; len 0: none.
 */
size_t link_bytes(void);
void link_init(struct link *l, struct port *port, uint16_t queue, const struct ip_addr *ip4, const struct ip_addr *ip6,
               uint64_t seed, void *mem, ns_t now);

uint32_t link_poll(struct link *l);
/* False when frame i is no datagram for us; it is dealt with or counted. */
bool link_datagram(struct link *l, uint32_t i, ns_t now, struct net_datagram *out);
/* A frame of ARP or ND that came on another queue of the port. */
void link_overhear(struct link *l, const uint8_t *frame, uint32_t len, ns_t now);
/*
 * Fetch some lines more of the next frame. All at once they would fill the processor's queue of misses, and it
 * would wait for them instead of working on this one: so a part between any two steps of the work. Four parts
 * are a frame of 1500 bytes.
 */
static inline void link_ahead(struct link *l)
{
	const uint8_t *at = l->ahead;

	if (at >= l->ahead_end)
		return;
	l->ahead = at + LINK_AHEAD_LINES * LINK_LINE;
	for (uint32_t i = 0; i < LINK_AHEAD_LINES; i++) /* a line too many does no harm */
		__builtin_prefetch(at + i * LINK_LINE);
}

/*
 * The UDP checksum of the last link_datagram(): to be asked for payloads that do not protect themselves
 * (initiation, security mode NONE); those with a checksum, hash or signature are summed only once.
 */
bool link_verify(struct link *l, const struct net_datagram *d);
/*
 * d.data of the last link_datagram() stays valid until link_release(), which comes before link_done(). For few that
 * came in fragments: when link_is_keeping_most() it is time.
 */
void link_keep(struct link *l, const struct net_datagram *d);
bool link_is_keeping_most(const struct link *l);
void link_release(struct link *l);
void link_done(struct link *l);

enum link_sent link_send(struct link *l, const struct link_packet *p, ns_t now);
/* Hand the burst to the wire. False when it did not take all. */
bool link_flush(struct link *l, ns_t now);

/* Begin or end taking a group's frames (and report it, where there is no kernel). */
bool link_join(struct link *l, const struct ip_addr *group, ns_t now);
void link_leave(struct link *l, const struct ip_addr *group, ns_t now);

/* Something is left that the wire did not take: it is to be tried soon. */
static inline bool link_is_full(const struct link *l)
{
	return l->tx_first < l->tx_count;
}

void link_tick(struct link *l, ns_t now);
ns_t link_deadline(const struct link *l);
/* Largest UDP payload to this address that needs no fragments. */
uint32_t link_payload_max(const struct link *l, const struct ip_addr *to);

#endif
