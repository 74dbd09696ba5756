/* A net machine with a clock and a peer that makes frames for it. */
#ifndef WDSCAST_TESTS_NET_RIG_H
#define WDSCAST_TESTS_NET_RIG_H

#include "net/internal.h"
#include "support/suite.h"

#define RIG_IP4 ip4_of(10, 0, 0, 5)
#define RIG_PEER4 ip4_of(10, 0, 0, 9)
#define RIG_GROUP4 ip4_of(239, 129, 2, 3)
#define RIG_IP6 rig_ip("2001:db8::5")
#define RIG_PEER6 rig_ip("2001:db8::9")
#define RIG_GROUP6 rig_ip("ff15::1:2:3")

static const struct mac_addr rig_mac = { { 0x02, 0, 0, 0, 0, 0x05 } };
static const struct mac_addr rig_peer_mac = { { 0x02, 0, 0, 0, 0, 0x09 } };

struct rig {
	struct net *net;
	struct net_out tx;
	struct net_datagram datagram;
	ns_t now;
};

/* 10.0.0.5/24 behind 10.0.0.1, no IPv6, no kernel, MTU 1500; the start of the clock is not zero. */
struct net_config rig_config(void);
/* The same and 2001:db8::5/64 behind 2001:db8::1. */
struct net_config rig_config6(void);
struct rig *rig_new(const struct net_config *c);
/* As rig_new(), with the announcements out of the way. */
struct rig *rig_started(const struct net_config *c);
void rig_free(struct rig *r);

struct rig_frame {
	uint32_t len;
	uint8_t bytes[10000];
};

enum net_verdict rig_input(struct rig *r, const struct rig_frame *f);
enum net_verdict rig_input_flags(struct rig *r, const struct rig_frame *f, unsigned flags);
/* The clock goes on to this time, and the machine ticks. What it sent before is forgotten. */
void rig_tick(struct rig *r, ns_t now);
/* Until the machine itself says that something is due. */
void rig_tick_due(struct rig *r);
uint64_t rig_count(const struct rig *r, enum net_verdict v);

struct ip_addr rig_ip(const char *text);
/* A frame from its bytes in hexadecimal; spaces are skipped. */
struct rig_frame rig_hex(const char *text);
/* Frame i that the machine sent has these bytes, and zeros up to the least length of Ethernet. */
void rig_assert_sent(const struct rig *r, uint32_t i, const char *hex);

/* From the peer; the frame's MAC is that of the group, or ours. */
struct rig_frame rig_ip4_frame(const struct ip_addr *to, uint8_t protocol, const void *data, uint32_t len);
struct rig_frame rig_ip6_frame(const struct ip_addr *to, uint8_t next, uint8_t hop_limit, const void *data, uint32_t len);
/* The IPv4 header's checksum is made right again. */
void rig_fix_ip4(struct rig_frame *f);
/* ICMPv6 from its bytes in hexadecimal, the checksum (which they leave zero) filled in. */
struct rig_frame rig_icmp6_frame(struct ip_addr from, struct ip_addr to, uint8_t hop_limit, const char *hex);
/* The same of a message of IGMP. */
struct rig_frame rig_igmp_frame(struct ip_addr to, const char *hex);
/* UDP from port 1000 to port 2000, with its checksum; payload byte i is (uint8_t)(i * 7 + i / 256). */
struct rig_frame rig_udp_frame(const struct ip_addr *to, uint32_t payload_len);
bool rig_payload_is_right(const struct net_datagram *d, uint32_t payload_len);
/* The fragment of a whole datagram's frame that has bytes at .. at + len - 1 of its IP payload. */
struct rig_frame rig_fragment(const struct rig_frame *whole, uint32_t id, uint32_t at, uint32_t len, bool more);

/* seeds.c: a frame of every kind, to be damaged. */
#define RIG_SEEDS 16
#define RIG_SEED_FRAGMENTS6 5 /* three that make a datagram of 4000 bytes */
#define RIG_SEED_QUERIES 9    /* IGMPv3, IGMPv2, MLDv2, and a solicitation */
void rig_make_seeds(struct rig_frame seeds[RIG_SEEDS]);

#endif
