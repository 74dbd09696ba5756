/* The parts of a net machine, and what its files know of each other. */
#ifndef WDSCAST_NET_INTERNAL_H
#define WDSCAST_NET_INTERNAL_H

#include "net/formats.h"
#include "net/net.h"

/* What an IP header says. Its data is what follows the headers, without the frame's padding. */
struct packet {
	const struct eth_header *eth;
	struct ip_addr from, to;
	const uint8_t *data;
	uint32_t len;
	uint8_t protocol, hop_limit;
	bool is_fragment, more;
	uint32_t id, offset; /* of a fragment; offset in bytes */
};

/* ip.c: NET_UDP when the packet could be read, otherwise why not. */
enum net_verdict ip4_read(const uint8_t *data, uint32_t len, struct packet *out);
enum net_verdict ip6_read(const uint8_t *data, uint32_t len, struct packet *out);

/* checksum.c */
static inline uint16_t sum_fold(uint32_t sum)
{
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)((sum & 0xffff) + (sum >> 16));
}

uint16_t pseudo_sum(const struct ip_addr *from, const struct ip_addr *to, uint8_t protocol, uint32_t len);

/*
 * An IPv4 header without options: every packet has one. In the machine's own byte order, for a sum of 0xffff is the
 * same in both (RFC 1071 section 2).
 */
static inline bool ip4_header_sums_up(const void *header)
{
	uint32_t v[5];
	uint64_t sum;

	memcpy(v, header, sizeof(v));
	sum = (uint64_t)v[0] + v[1] + v[2] + v[3] + v[4];
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16 & 0xffff) + (sum >> 32);
	return sum_fold((uint32_t)sum) == 0xffff;
}

/* What to write into the header, for the sum of everything else. */
static inline be16 checksum_of(uint16_t sum)
{
	return be16_of((uint16_t)~sum);
}
/* The data of an ICMPv6 packet sums up. */
bool packet_sums_up(const struct packet *p);

/* udp.c */
enum net_verdict udp_read(const struct packet *p, bool whole, unsigned flags, struct net_datagram *out);
/* The datagram's checksum is right. */
bool udp_sums_up(const struct net_datagram *d);

/*
 * The same as udp_read() once out has its addresses. data: the UDP header and what the IP header says that follows.
 * Here, for each frame of a stream comes this way.
 */
static inline enum net_verdict udp_read_data(const uint8_t *data, uint32_t len, unsigned flags, struct net_datagram *out)
{
	const struct udp_header *h = (const struct udp_header *)data;
	uint32_t udp_len = be16_get(h->len);

	if (udp_len < sizeof(*h) || udp_len > len)
		return NET_BAD_UDP;
	out->data = data + sizeof(*h);
	out->len = udp_len - (uint32_t)sizeof(*h);
	out->checksum = be16_get(h->checksum);
	out->checked = out->checksum == 0;
	if (out->checked) /* absent: RFC 8200 section 8.1 forbids it for IPv6 */
		return out->from.ip.len == 4 ? NET_UDP : NET_BAD_UDP;
	/* A card sees one frame, so of fragments it knows nothing. */
	if (out->whole && (flags & NET_L4_BAD))
		return NET_BAD_UDP;
	out->checked = out->whole && (flags & NET_L4_GOOD);
	if (flags & NET_CHECK_LATER)
		return NET_UDP;
	out->checked = out->checked || udp_sums_up(out);
	return out->checked ? NET_UDP : NET_BAD_UDP;
}

/*
 * flow.c: the flows that frames came of last. A stream's frames begin alike but for lengths, IDs, hop limits
 * and checksums, so one that is of such a flow is read at a glance.
 */
#define FLOWS 8 /* a power of two */
#define FLOW_BYTES 80 /* Ethernet with tag, IPv6, UDP: 66, and room; a frame that is shorter is no stream's */

struct flow {
	uint32_t ip_at, udp_at; /* udp_at 0: there is no flow yet */
	uint8_t bytes[FLOW_BYTES], mask[FLOW_BYTES];
	struct endpoint from, to;
	bool to_multicast;
};

/* A datagram that was ours came in this frame: others of its flow will be ours, until it is forgotten. */
void flow_remember(struct flow *f, const uint8_t *frame, uint32_t len, const struct packet *p,
                   const struct net_datagram *d);
/* False when the frame is not of the flow, or is anything but a plain whole packet: read it from the start. */
bool flow_read(const struct flow *f, const uint8_t *frame, uint32_t len, unsigned flags, struct net_datagram *out,
               enum net_verdict *verdict);

/* Where the flow of this frame is kept: by the last bytes of its group's MAC and, over IPv4, of its UDP port. */
static inline unsigned flow_place(const uint8_t *frame, uint32_t len)
{
	return len < FLOW_BYTES ? 0 : (frame[5] ^ frame[37]) & (FLOWS - 1);
}

/* reassembly.c */
#define REASSEMBLY_MAX 32
#define REASSEMBLY_BYTES 65536
#define REASSEMBLY_WORDS (REASSEMBLY_BYTES / 8 / 64)
/*
 * Short, for two reasons: fragments of a datagram follow each other within microseconds, and at
 * 10 Gb/s a sender uses all 65536 IDs in half a second, after which a leftover could be completed
 * with pieces of another datagram (RFC 4963). What is given up the transport repairs.
 */
#define REASSEMBLY_LIFE (250 * NS_PER_MS)

/*
 * One datagram in the making. covered: which 8-byte units are here; starts: which of them began a
 * fragment, so that a duplicate can be told from an overlap. have is the bytes that covered stands
 * for, top the end of the highest fragment; have <= top <= total.
 */
struct assembly {
	struct ip_addr from, to;
	uint32_t total; /* UINT32_MAX until the last fragment has come */
	uint32_t have, top;
	bool spoilt;    /* fragments contradicted each other: the rest is dropped too (RFC 5722) */
	uint64_t covered[REASSEMBLY_WORDS], starts[REASSEMBLY_WORDS];
};

struct reassembly {
	uint32_t busy; /* bit i: v[i] is in use. The lowest free one is taken, so few pages are ever touched */
	uint32_t kept; /* bit i: bytes[i] is a whole datagram that somebody still reads; never busy too */
	uint32_t ids[REASSEMBLY_MAX];
	ns_t expires[REASSEMBLY_MAX];
	struct assembly v[REASSEMBLY_MAX];
	uint8_t bytes[REASSEMBLY_MAX][REASSEMBLY_BYTES];
};

/* NET_UDP: *p is now the whole datagram, in the table until the next call. */
enum net_verdict reassembly_add(struct net *n, struct packet *p, ns_t now);
void reassembly_tick(struct net *n, ns_t now);

/* neighbour.c: who has which MAC, for both families. */
enum neighbour_state { NEIGHBOUR_FREE, NEIGHBOUR_RESOLVING, NEIGHBOUR_KNOWN, NEIGHBOUR_REFRESHING };

struct neighbour {
	struct ip_addr ip;
	struct mac_addr mac;
	uint8_t state, tries;
	bool wanted;   /* we send to it; otherwise it only spoke to us */
	int16_t chain; /* the next of the same hash, -1: none */
	ns_t used;     /* when it was last sent to, or learnt */
	ns_t due;      /* the next try, or its age to be looked at */
};

struct neighbours {
	int16_t chains[NET_NEIGHBOURS_MAX];
	struct neighbour v[NET_NEIGHBOURS_MAX];
};

void neighbour_init(struct net *n);
/* The MAC of an address on the link. NULL: not known yet, and asked for. */
const struct mac_addr *neighbour_use(struct net *n, const struct ip_addr *ip, ns_t now, struct net_out *tx);
enum neighbour_learn {
	LEARN_CREATE = 1 << 0, /* it asked for us, so we may soon answer */
	LEARN_KEEP = 1 << 1,   /* a MAC that we know already stays (RFC 4861 7.2.5, no override) */
};
/* It has this MAC. False when nobody here is interested. */
bool neighbour_learn(struct net *n, const struct ip_addr *ip, const struct mac_addr *mac, unsigned how, ns_t now);
void neighbour_tick(struct net *n, ns_t now, struct net_out *tx);

/* arp.c, nd.c */
enum net_verdict arp_input(struct net *n, const uint8_t *data, uint32_t len, ns_t now, struct net_out *tx);
/* mac: whom to ask, NULL: everybody. */
void arp_request(struct net *n, const struct ip_addr *ip, const struct mac_addr *mac, struct net_out *tx);
void arp_announce(struct net *n, struct net_out *tx);
enum net_verdict nd_input(struct net *n, const struct packet *p, ns_t now, struct net_out *tx);
void nd_solicit(struct net *n, const struct ip_addr *ip, const struct mac_addr *mac, struct net_out *tx);
void nd_announce(struct net *n, struct net_out *tx);
/* ff02::1:ffXX:XXXX, to which an address listens (RFC 4291 section 2.7.1). */
struct ip_addr nd_solicited_node(const struct ip_addr *ip);

/* membership.c: which groups we are in, and the machine of RFC 3376 and RFC 3810 for hosts that take all sources. */
struct group {
	struct ip_addr ip;
	uint32_t users;        /* 0: left, and still to be reported */
	uint8_t changes_left;  /* reports of having joined or left */
	ns_t change_at;        /* the next of them */
	ns_t report_at;        /* the answer to a query */
};

#define GROUPS_ALL (NET_GROUPS_MAX + 2) /* and the solicited-node groups of our IPv6 addresses */

/* The state of one family. Versions are IGMP's: MLDv1 is the twin of 2, MLDv2 that of 3. */
struct membership {
	uint8_t version;     /* the version we speak */
	uint8_t robustness;  /* times that a change is reported */
	ns_t query_interval;
	ns_t old_until[3];   /* [1], [2]: a querier of that version is present */
	ns_t general_at;     /* the answer to a general query, version 3 */
};

struct groups {
	uint32_t count, last; /* last: where the last frame's group was */
	uint32_t keys[GROUPS_ALL];
	struct group v[GROUPS_ALL];
	struct membership families[2]; /* IPv4, IPv6 */
};

struct net_membership_query {
	struct ip_addr group; /* len 0: a general query */
	uint8_t version, robustness; /* robustness, interval: 0 when the query does not say */
	ns_t max_delay, interval;
};

enum net_membership_record_type { RECORD_IS_EXCLUDE = 2, RECORD_TO_INCLUDE = 3, RECORD_TO_EXCLUDE = 4 };
#define MEMBERSHIP_RECORDS 32 /* in one report; any MTU takes them */

struct net_membership_record {
	uint8_t type;
	const struct ip_addr *group;
};

extern const struct ip_addr group_all_systems, group_all_nodes; /* 224.0.0.1, ff02::1: every host is in them */

void net_membership_init(struct net *n);
/* We are in this group; of all groups only those with users count. */
bool net_membership_has(struct net *n, const struct ip_addr *group);
bool net_membership_join(struct net *n, const struct ip_addr *group, ns_t now);
void net_membership_query(struct net *n, bool is_ip6, const struct net_membership_query *q, ns_t now);
/* Another host is in the group too: one report is enough for versions 1 and 2. */
void net_membership_heard(struct net *n, const struct ip_addr *group);
void net_membership_tick(struct net *n, ns_t now, struct net_out *tx);

/* igmp.c, mld.c: the messages. */
enum net_verdict igmp_input(struct net *n, const struct packet *p, ns_t now);
void igmp_send_list(struct net *n, const struct net_membership_record *v, uint32_t count, struct net_out *tx);
void igmp_send_report(struct net *n, const struct ip_addr *group, struct net_out *tx);
void igmp_send_leave(struct net *n, const struct ip_addr *group, struct net_out *tx);
enum net_verdict mld_input(struct net *n, const struct packet *p, ns_t now);
void mld_send_list(struct net *n, const struct net_membership_record *v, uint32_t count, struct net_out *tx);
void mld_send_report(struct net *n, const struct ip_addr *group, struct net_out *tx);
void mld_send_done(struct net *n, const struct ip_addr *group, struct net_out *tx);
/* RFC 3376 sections 4.1.1 and 4.1.7: a byte that is a number, or mantissa and exponent. */
uint32_t query_code(uint8_t code);

/* icmp.c */
enum net_verdict icmp_input(struct net *n, const struct packet *p, struct net_out *tx);
enum net_verdict icmp6_input(struct net *n, const struct packet *p, ns_t now, struct net_out *tx);

/* frame.c: frames of our own. */
extern const struct mac_addr mac_broadcast;
bool frame_begin(struct net *n, struct net_out *tx, const struct mac_addr *to, uint16_t type, struct writer *w);
/* Pad it to what Ethernet asks for, and count it. Nothing happens when it did not fit. */
bool frame_end(struct net_out *tx, struct writer *w);
void eth_write(const struct net *n, const struct mac_addr *to, uint16_t type, struct writer *w);

struct ip4_fields {
	const struct ip_addr *from, *to;
	uint8_t protocol, ttl;
	uint16_t id, fragment;
	uint32_t data_len;
};
/* A header without options, with its checksum. */
void ip4_write(const struct ip4_fields *f, struct writer *w);
void ip6_write(const uint8_t *from, const uint8_t *to, uint8_t next, uint8_t hop_limit, uint32_t payload_len,
               struct writer *w);
struct mac_addr mac_of_group(const struct ip_addr *group);

struct net {
	struct net_config config;
	bool all_groups;
	struct ip_addr link_local; /* of IPv6: what MLD and ND speak from */
	struct net_stats stats;
	struct rng rng;
	ns_t deadline; /* no timer is due before it */
	ns_t announce_at, defend_from;
	uint8_t announces_left;
	uint16_t ip4_id;
	uint32_t ip6_id;
	struct flow flows[FLOWS];
	struct groups groups;
	struct neighbours neighbours;
	_Alignas(64) struct reassembly reassembly;
};

static inline void net_arm(struct net *n, ns_t due)
{
	n->deadline = ns_min(n->deadline, due);
}

static inline bool mac_equal(const struct mac_addr *x, const struct mac_addr *y)
{
	return memcmp(x, y, sizeof(*x)) == 0;
}

/* An address of this machine, as configured or made by us. */
static inline bool ip_is_ours(const struct net *n, const struct ip_addr *ip)
{
	if (ip->len == 4)
		return ip_equal(ip, &n->config.ip4);
	return ip_equal(ip, &n->config.ip6) || ip_equal(ip, &n->link_local);
}

#endif
