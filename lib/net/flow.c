#include "net/internal.h"

/* Where the frames of a flow agree. */
static void mask_all(struct flow *f, uint32_t at, uint32_t count)
{
	memset(f->mask + at, 0xff, count);
}

/* Version and header length; no fragment, whatever "don't fragment" says; protocol; addresses. */
static void mask_ip4(struct flow *f)
{
	uint32_t fragment = f->ip_at + (uint32_t)offsetof(struct ip4_header, fragment);

	mask_all(f, f->ip_at, 1);
	f->mask[fragment] = (IP4_MORE | IP4_OFFSET) >> 8;
	f->mask[fragment + 1] = IP4_OFFSET & 0xff;
	mask_all(f, f->ip_at + (uint32_t)offsetof(struct ip4_header, protocol), 1);
	mask_all(f, f->ip_at + (uint32_t)offsetof(struct ip4_header, from), 8);
}

/* Version, not class and flow label; next header; addresses. */
static void mask_ip6(struct flow *f)
{
	f->mask[f->ip_at] = 0xf0;
	mask_all(f, f->ip_at + (uint32_t)offsetof(struct ip6_header, next), 1);
	mask_all(f, f->ip_at + (uint32_t)offsetof(struct ip6_header, from), 32);
}

static void mask_ethernet(struct flow *f)
{
	mask_all(f, 0, f->ip_at);
	if (f->ip_at > sizeof(struct eth_header)) /* a tag's priority may change */
		f->mask[sizeof(struct eth_header)] = 0x0f;
}

void flow_remember(struct flow *f, const uint8_t *frame, uint32_t len, const struct packet *p,
                   const struct net_datagram *d)
{
	uint32_t ip_at = sizeof(struct eth_header), udp_at = (uint32_t)(p->data - frame);
	bool is_ip6 = p->from.len == 16;

	if (be16_get(p->eth->type) == ETHER_VLAN)
		ip_at += (uint32_t)sizeof(struct vlan_header);
	/* With options or extension headers: such frames are read each from its start. */
	if (len < FLOW_BYTES || udp_at - ip_at != (is_ip6 ? sizeof(struct ip6_header) : sizeof(struct ip4_header)))
		return;
	*f = (struct flow){ .ip_at = ip_at, .udp_at = udp_at, .from = d->from, .to = d->to, .to_multicast = d->to_multicast };
	memcpy(f->bytes, frame, FLOW_BYTES);
	mask_ethernet(f);
	if (is_ip6)
		mask_ip6(f);
	else
		mask_ip4(f);
	mask_all(f, udp_at, 4); /* the ports */
}

/* 16 bytes at a time, which every machine that this runs on can. */
typedef uint64_t pair __attribute__((vector_size(16)));

static inline pair pair_at(const uint8_t *p)
{
	pair v;

	memcpy(&v, p, sizeof(v));
	return v;
}

static inline bool is_of(const struct flow *f, const uint8_t *frame)
{
	pair difference = { 0 };

	for (uint32_t i = 0; i < FLOW_BYTES; i += (uint32_t)sizeof(pair))
		difference |= (pair_at(frame + i) ^ pair_at(f->bytes + i)) & pair_at(f->mask + i);
	return (difference[0] | difference[1]) == 0;
}

/* The length of the packet by its header, and whether the header is right. */
static bool read_ip(const struct flow *f, const uint8_t *ip, uint32_t *len)
{
	const struct ip4_header *h4 = (const struct ip4_header *)ip;
	const struct ip6_header *h6 = (const struct ip6_header *)ip;

	if (f->from.ip.len == 4) {
		*len = be16_get(h4->total_len);
		return ip4_header_sums_up(h4);
	}
	*len = be16_get(h6->payload_len) + (uint32_t)sizeof(*h6);
	return true;
}

bool flow_read(const struct flow *f, const uint8_t *frame, uint32_t len, unsigned flags, struct net_datagram *out,
               enum net_verdict *verdict)
{
	uint32_t ip_len, head = f->udp_at - f->ip_at;

	if (f->udp_at == 0 || len < FLOW_BYTES || (flags & NET_L3_BAD) || !is_of(f, frame))
		return false;
	if (!read_ip(f, frame + f->ip_at, &ip_len))
		return false;
	if (ip_len < head + sizeof(struct udp_header) || ip_len > len - f->ip_at)
		return false;
	out->from = f->from;
	out->to = f->to;
	out->to_multicast = f->to_multicast;
	out->whole = true;
	*verdict = udp_read_data(frame + f->udp_at, ip_len - head, flags, out);
	return true;
}
