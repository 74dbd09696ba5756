/*
 * The XDP program of an af_xdp port: UDP frames of our sessions go to the port's socket of their queue,
 * everything else, ARP and ssh with it, on to the kernel as if we were not there.
 *
 * The port writes the maps: `ports` has the destinations that are ours, `groups` the multicast groups
 * that whole runs of fragments are taken for. Only the first fragment of a datagram has its UDP port, and
 * fragments come in any order, so those of our groups are all taken; those of unicast, which the protocol
 * has none of, are left to the kernel.
 */
#include <linux/bpf.h>
#include <linux/if_ether.h>
#include <linux/in.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/udp.h>
#include <bpf/bpf_endian.h>
#include <bpf/bpf_helpers.h>

#include "port/xdp_maps.h"

#define TAGS_MAX 2
#define MORE_FRAGMENTS 0x2000
#define FRAGMENT_OFFSET 0x1fff
#define MORE_FRAGMENTS6 0x0001
#define FRAGMENT_OFFSET6 0xfff8

/* The driver puts its sockets here, by queue, and finds the map by this name. */
struct {
	__uint(type, BPF_MAP_TYPE_XSKMAP);
	__uint(max_entries, XDP_QUEUES_MAX);
	__type(key, __u32);
	__type(value, __u32);
} xsks_map SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, XDP_DESTINATIONS_MAX);
	__type(key, struct xdp_destination);
	__type(value, __u8);
} ports SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, XDP_DESTINATIONS_MAX);
	__type(key, struct xdp_destination); /* port 0 */
	__type(value, __u8);
} groups SEC(".maps");

struct vlan_tag {
	__be16 tci, type;
};

struct fragment6 {
	__u8 next, reserved;
	__be16 offset;
	__be32 id;
};

/* Where in the frame; end is one past its last byte. */
struct cursor {
	void *at, *end;
};

/* The next bytes as a T, and the cursor after them; NULL when the frame ends before. */
#define TAKE(c, T) ((c)->at + sizeof(T) > (c)->end ? NULL : ((c)->at += sizeof(T), (T *)((c)->at - sizeof(T))))

static __always_inline int is_in(void *map, const struct xdp_destination *to)
{
	return bpf_map_lookup_elem(map, to) != NULL;
}

/* A datagram in one piece, or the first of several. */
static __always_inline int is_our_port(struct cursor *c, struct xdp_destination *to)
{
	struct udphdr *udp = TAKE(c, struct udphdr);

	if (udp == NULL)
		return 0;
	to->port = udp->dest;
	return is_in(&ports, to);
}

static __always_inline int is_our_ip4(struct cursor *c)
{
	struct xdp_destination to = { 0 };
	struct iphdr *ip = TAKE(c, struct iphdr);

	if (ip == NULL || ip->version != 4 || ip->ihl < 5 || ip->protocol != IPPROTO_UDP)
		return 0;
	to.family = 4;
	__builtin_memcpy(to.ip, &ip->daddr, 4);
	if (ip->frag_off & bpf_htons(MORE_FRAGMENTS | FRAGMENT_OFFSET))
		return is_in(&groups, &to);
	c->at = (void *)ip + ip->ihl * 4; /* in this form the verifier sees how far it can be */
	return is_our_port(c, &to);
}

static __always_inline int is_our_ip6(struct cursor *c)
{
	struct xdp_destination to = { 0 };
	struct ipv6hdr *ip = TAKE(c, struct ipv6hdr);
	struct fragment6 *fragment;

	if (ip == NULL || ip->version != 6)
		return 0;
	to.family = 6;
	__builtin_memcpy(to.ip, &ip->daddr, 16);
	if (ip->nexthdr == IPPROTO_UDP)
		return is_our_port(c, &to);
	if (ip->nexthdr != IPPROTO_FRAGMENT)
		return 0;
	fragment = TAKE(c, struct fragment6);
	if (fragment == NULL || fragment->next != IPPROTO_UDP)
		return 0;
	if (fragment->offset & bpf_htons(MORE_FRAGMENTS6 | FRAGMENT_OFFSET6))
		return is_in(&groups, &to);
	return is_our_port(c, &to); /* an atomic fragment, RFC 6946 */
}

SEC("xdp")
int wdscast_xdp(struct xdp_md *context)
{
	struct cursor c = { (void *)(long)context->data, (void *)(long)context->data_end };
	struct ethhdr *ethernet = TAKE(&c, struct ethhdr);
	struct vlan_tag *tag;
	__be16 type;
	int ours = 0;

	if (ethernet == NULL)
		return XDP_PASS;
	type = ethernet->h_proto;
#pragma unroll
	for (int i = 0; i < TAGS_MAX; i++) {
		if (type != bpf_htons(ETH_P_8021Q) && type != bpf_htons(ETH_P_8021AD))
			break;
		tag = TAKE(&c, struct vlan_tag);
		if (tag == NULL)
			return XDP_PASS;
		type = tag->type;
	}
	if (type == bpf_htons(ETH_P_IP))
		ours = is_our_ip4(&c);
	else if (type == bpf_htons(ETH_P_IPV6))
		ours = is_our_ip6(&c);
	/* Without a socket on this queue the frame is the kernel's. */
	return ours ? bpf_redirect_map(&xsks_map, context->rx_queue_index, XDP_PASS) : XDP_PASS;
}

char program_license[] SEC("license") = "Dual BSD/GPL";
