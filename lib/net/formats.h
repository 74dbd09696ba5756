/* What stands on the wire below UDP. Structs of bytes: packed, without alignment (see base/bytes.h). */
#ifndef WDSCAST_NET_FORMATS_H
#define WDSCAST_NET_FORMATS_H

#include <assert.h>

#include "base/address.h"
#include "base/bytes.h"

#define ETH_FRAME_MIN 60 /* without the FCS */

enum ether_type { ETHER_IP4 = 0x0800, ETHER_ARP = 0x0806, ETHER_VLAN = 0x8100, ETHER_IP6 = 0x86dd };

enum ip_protocol {
	PROTOCOL_HOP_BY_HOP = 0,
	PROTOCOL_ICMP = 1,
	PROTOCOL_IGMP = 2,
	PROTOCOL_UDP = 17,
	PROTOCOL_ROUTING = 43,
	PROTOCOL_FRAGMENT = 44,
	PROTOCOL_ICMP6 = 58,
	PROTOCOL_DESTINATION = 60,
};

struct eth_header {
	struct mac_addr to, from;
	be16 type;
};

struct vlan_header {
	be16 tag;  /* priority 3 bits, drop eligible 1, VLAN 12 */
	be16 type; /* of what follows */
};

/* RFC 826, for Ethernet and IPv4. */
struct arp_packet {
	be16 hardware, protocol;
	uint8_t hardware_len, protocol_len;
	be16 operation;
	struct mac_addr sender_mac;
	uint8_t sender_ip[4];
	struct mac_addr target_mac;
	uint8_t target_ip[4];
};

enum arp_operation { ARP_REQUEST = 1, ARP_REPLY = 2 };

struct ip4_header {
	uint8_t version_words, service;
	be16 total_len, id, fragment;
	uint8_t ttl, protocol;
	be16 checksum;
	uint8_t from[4], to[4];
};

#define IP4_MORE 0x2000u   /* of `fragment` */
#define IP4_OFFSET 0x1fffu /* in 8-byte units */

struct ip6_header {
	be32 version_class_flow;
	be16 payload_len;
	uint8_t next, hop_limit;
	uint8_t from[16], to[16];
};

struct ip6_extension {
	uint8_t next, len; /* in 8-byte units beyond the first */
};

struct ip6_fragment {
	uint8_t next, reserved;
	be16 offset; /* a multiple of 8, and IP6_MORE */
	be32 id;
};

#define IP6_MORE 1u

struct udp_header {
	be16 from, to, len, checksum;
};

struct icmp_header {
	uint8_t type, code;
	be16 checksum;
};

enum icmp_type {
	ICMP_ECHO_REPLY = 0,
	ICMP_ECHO_REQUEST = 8,
	ICMP6_ECHO_REQUEST = 128,
	ICMP6_ECHO_REPLY = 129,
	MLD_QUERY = 130,
	MLD_REPORT_1 = 131,
	MLD_DONE = 132,
	ND_SOLICIT = 135,
	ND_ADVERTISE = 136,
	MLD_REPORT_2 = 143,
};

enum igmp_type {
	IGMP_QUERY = 0x11,
	IGMP_REPORT_1 = 0x12,
	IGMP_REPORT_2 = 0x16,
	IGMP_LEAVE = 0x17,
	IGMP_REPORT_3 = 0x22,
};

/* RFC 2236 section 2: every message of versions 1 and 2, and how a version 3 query begins. */
struct igmp_message {
	uint8_t type, max_response; /* tenths of a second */
	be16 checksum;
	uint8_t group[4];
};

/* RFC 3376 section 4.1 and RFC 3810 section 5.1: what follows the group in a query of the newest version. */
struct query_tail {
	uint8_t flags; /* the querier's robustness in the low 3 bits */
	uint8_t interval_code;
	be16 sources;
};

/* RFC 3376 section 4.2, RFC 3810 section 5.2. */
struct list_report {
	uint8_t type, reserved;
	be16 checksum, reserved_2, records;
};

struct list_record {
	uint8_t type, auxiliary_len;
	be16 sources;
	/* the group's address */
};

/* RFC 2710 section 3: every message of version 1, and how a version 2 query begins. */
struct mld_message {
	uint8_t type, code;
	be16 checksum, max_response, reserved; /* milliseconds */
	uint8_t group[16];
};

/* RFC 4861 sections 4.3 and 4.4. */
struct nd_message {
	uint8_t type, code;
	be16 checksum;
	be32 flags;
	uint8_t target[16];
};

#define ND_SOLICITED 0x40000000u
#define ND_OVERRIDE 0x20000000u

/* RFC 4861 section 4.6.1. */
struct nd_link_option {
	uint8_t type, len; /* len 1: 8 bytes */
	struct mac_addr mac;
};

enum nd_option { ND_SOURCE_LINK = 1, ND_TARGET_LINK = 2 };

static_assert(sizeof(struct eth_header) == 14, "14 bytes on the wire");
static_assert(sizeof(struct arp_packet) == 28, "28 bytes on the wire");
static_assert(sizeof(struct ip4_header) == 20, "20 bytes on the wire");
static_assert(sizeof(struct ip6_header) == 40, "40 bytes on the wire");
static_assert(sizeof(struct ip6_fragment) == 8, "8 bytes on the wire");
static_assert(sizeof(struct udp_header) == 8, "8 bytes on the wire");
static_assert(sizeof(struct igmp_message) == 8, "8 bytes on the wire");
static_assert(sizeof(struct mld_message) == 24, "24 bytes on the wire");
static_assert(sizeof(struct nd_message) == 24, "24 bytes on the wire");

#endif
