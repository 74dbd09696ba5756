/*
 * Ethernet, 802.1Q, ARP, IPv4, IPv6, UDP, IGMP, MLD, ND, ICMP echo: formats, checksums, reassembly
 * of fragments, and the machines of a port without a kernel. Pure: frames in, frames out, time as an
 * argument. One thread.
 */
#ifndef WDSCAST_NET_NET_H
#define WDSCAST_NET_NET_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/rng.h"
#include "base/time.h"

#define NET_HEAD_MAX 128         /* Ethernet, tag, IPv6 with fragment header, UDP: 74, and room */
#define NET_GROUPS_MAX 64        /* multicast groups we are in */
#define NET_NEIGHBOURS_MAX 256   /* the ARP and ND cache */
#define NET_OUT_FRAMES 32        /* frames of its own that one call may make */
#define NET_OUT_BYTES 1514
#define NET_DATAGRAM_MAX 65507

struct net_config {
	struct mac_addr mac;
	uint32_t mtu;
	uint16_t vlan;                               /* 0: untagged */
	struct ip_addr ip4, gateway4, ip6, gateway6; /* len 0: none */
	uint8_t prefix4, prefix6;
	bool has_kernel;                             /* the kernel answers ARP, ND and echo and reports membership: we only resolve */
	uint64_t seed;
};

/* Frames that net itself wants sent: ARP, ND, IGMP, MLD, echo replies. The caller sends and clears. */
struct net_out {
	uint32_t count;
	struct net_out_frame {
		uint32_t len;
		uint8_t bytes[NET_OUT_BYTES];
	} frames[NET_OUT_FRAMES];
	uint64_t dropped; /* for want of room here, ever */
};

/* Counted by reason; names in net_verdict_names. NET_UDP and NET_HANDLED are no drops. */
#define NET_VERDICTS(X)                                                          \
	X(UDP, "udp")                   /* a whole datagram: out is set */           \
	X(HANDLED, "handled")           /* ARP, ND, IGMP, MLD, echo: dealt with */   \
	X(FRAGMENT, "fragments")        /* taken; the datagram is not whole yet */   \
	X(OWN, "own")                   /* our own frame came back */                \
	X(RUNT, "runt")                 /* shorter than its headers claim */         \
	X(BAD_IP, "bad_ip")             /* version, header length, header checksum */ \
	X(BAD_UDP, "bad_udp")           /* UDP length or checksum */                 \
	X(BAD_FRAGMENT, "bad_fragment") /* overlapping, inconsistent, too long */    \
	X(OTHER_VLAN, "other_vlan")                                                  \
	X(OTHER_HOST, "other_host")     /* not to our MAC, IP or a group of ours */  \
	X(OTHER_PROTOCOL, "other_protocol")                                          \
	X(OVERSIZE, "oversize")         /* longer than the MTU: a train of datagrams in one piece */
#define X(name, text) NET_##name,
enum net_verdict { NET_VERDICTS(X) NET_VERDICT_COUNT };
#undef X

struct net_datagram {
	struct endpoint from, to;
	const uint8_t *data; /* into the frame, or into the reassembly table: valid until the next net_input(), or net_keep() */
	uint32_t len;
	bool to_multicast;
	bool whole;        /* it came in one frame */
	bool checked;      /* its UDP checksum is right, or there is none; otherwise see net_verify() */
	uint16_t checksum; /* as it stood in the header */
};

enum net_input_flags { /* the card's verdict, where it gives one; same bits as port_frame_flags */
	NET_L4_GOOD = 1 << 0,
	NET_L4_BAD = 1 << 1,
	NET_L3_BAD = 1 << 2,
	NET_CHECK_LATER = 1 << 8, /* the caller runs net_verify() where the payload does not protect itself */
};

struct net; /* see net_bytes() */

/* Memory that net_init() wants: the caches and the bounded reassembly table. */
size_t net_bytes(void);
/* mem: net_bytes() bytes, zeroed, aligned to 64. It stays the caller's. */
struct net *net_init(void *mem, const struct net_config *c, ns_t now);

/* One received frame. UDP checksum: checked unless absent (IPv4), vouched for by the card, or left
 * partial by a kernel that sent it over a virtual interface (it is then the pseudo header's sum). */
enum net_verdict net_input(struct net *n, const uint8_t *frame, uint32_t len, unsigned flags, ns_t now,
                           struct net_datagram *out, struct net_out *tx);

/*
 * The UDP checksum of a datagram of the last net_input(), for callers that said NET_CHECK_LATER: data
 * packets have a checksum, hash or signature of their own, and to sum them twice is for nothing.
 * False: it is wrong (counted as bad_udp too).
 */
bool net_verify(struct net *n, const struct net_datagram *d);

/*
 * The bytes of the last datagram, if it was put together from fragments, stay where they are until net_release();
 * those of one that came whole are its frame's. For NET_KEPT_MAX at most: then net_is_keeping_most() says so.
 */
#define NET_KEPT_MAX 8
void net_keep(struct net *n, const struct net_datagram *d);
bool net_is_keeping_most(const struct net *n);
void net_release(struct net *n);

/*
 * Timers: announcements (the first tick sends them), ARP and ND retries and ageing, membership
 * reports, reassembly timeouts. Nothing is due before net_deadline(); it may be early, never late.
 */
void net_tick(struct net *n, ns_t now, struct net_out *tx);
ns_t net_deadline(const struct net *n);

/* Membership: frames to the group are taken; reports are sent unless has_kernel. Counted. */
bool net_join(struct net *n, const struct ip_addr *group, ns_t now, struct net_out *tx);
void net_leave(struct net *n, const struct ip_addr *group, ns_t now, struct net_out *tx);

/* From now on frames to any group are taken: of several nets on a port each reads what others have joined. */
void net_take_all_groups(struct net *n);

/*
 * Groups that net itself listens to, for the card's filter: all systems, all nodes, and the solicited-
 * node groups of our IPv6 addresses. How many there are; none with has_kernel.
 */
#define NET_OWN_GROUPS 4
uint32_t net_own_groups(const struct net *n, struct ip_addr out[NET_OWN_GROUPS]);

/* One frame to send: its headers, and which bytes of the UDP payload follow them. */
struct net_head {
	uint8_t bytes[NET_HEAD_MAX];
	uint32_t len;
	uint32_t payload_at, payload_len;
};

struct net_send {
	const struct endpoint *from, *to;
	uint32_t payload_len;
	bool has_checksum;    /* false: UDP checksum 0, IPv4 only */
	uint16_t payload_sum; /* net_sum() of the payload, when has_checksum */
};

/*
 * The headers for a datagram: one, or as many as it needs fragments (at most max). 0: the next hop's
 * MAC is not known yet, and an ARP or ND request is on its way in tx (try again later), or there is no
 * route, or max is too small.
 */
uint32_t net_heads(struct net *n, const struct net_send *s, struct net_head *heads, uint32_t max, ns_t now,
                   struct net_out *tx);
/* UDP payload bytes that fit one frame, for the family of this address. */
uint32_t net_payload_max(const struct net *n, const struct ip_addr *to);

/* One's complement sum (not inverted, folded) of bytes that begin at an even or odd place. */
uint16_t net_sum(const void *bytes, size_t len);
/* The sum of two runs, the second of which begins at offset `at` of the whole. */
uint16_t net_sum_add(uint16_t a, uint16_t b, size_t at);

struct net_stats {
	uint64_t verdicts[NET_VERDICT_COUNT];
	uint64_t reassembled;         /* datagrams made whole */
	uint64_t reassembly_timeouts; /* ... given up after REASSEMBLY_LIFE */
	uint64_t reassembly_evicted;  /* ... or because newer ones filled the table */
	uint64_t arp_sent, nd_sent;   /* requests, replies, announcements */
	uint64_t reports_sent, echoes;
	uint64_t conflicts;           /* another machine claimed our address */
};
extern const char *const net_verdict_names[NET_VERDICT_COUNT];
const struct net_stats *net_read_stats(const struct net *n);

#endif
