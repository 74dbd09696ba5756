/* Headers of datagrams to send: one frame, or the fragments of it. */
#include "net/internal.h"

#define TTL_UNICAST 64
#define TTL_MULTICAST 32

/* Both lie in the network of this prefix. */
static bool same_network(const struct ip_addr *x, const struct ip_addr *y, uint8_t prefix)
{
	unsigned bytes = prefix / 8, rest = prefix % 8;

	if (x->len != y->len || bytes > x->len || memcmp(x->b, y->b, bytes) != 0)
		return false;
	return rest == 0 || bytes == x->len || (x->b[bytes] ^ y->b[bytes]) >> (8 - rest) == 0;
}

static bool is_on_link(const struct net *n, const struct ip_addr *to)
{
	if (to->len == 4)
		return same_network(to, &n->config.ip4, n->config.prefix4);
	return same_network(to, &n->link_local, 10) || same_network(to, &n->config.ip6, n->config.prefix6);
}

/* Where frames to this address go. False: not known yet, or nowhere. */
static bool find_mac(struct net *n, const struct ip_addr *to, ns_t now, struct net_out *tx, struct mac_addr *out)
{
	const struct ip_addr *hop = to;
	const struct mac_addr *mac;

	if (ip_is_multicast(to)) {
		*out = mac_of_group(to);
		return true;
	}
	if (!is_on_link(n, to))
		hop = to->len == 4 ? &n->config.gateway4 : &n->config.gateway6;
	if (hop->len == 0 || ip_is_zero(to) || (mac = neighbour_use(n, hop, now, tx)) == NULL)
		return false;
	*out = *mac;
	return true;
}

static uint16_t udp_checksum(const struct net_send *s, uint16_t len)
{
	uint16_t sum;

	if (!s->has_checksum)
		return 0;
	sum = sum_fold((uint32_t)s->from->port + s->to->port + len + s->payload_sum +
	               pseudo_sum(&s->from->ip, &s->to->ip, PROTOCOL_UDP, len));
	/* Zero would say that there is none (RFC 768). */
	return sum == 0xffff ? sum : (uint16_t)~sum;
}

static void udp_write(const struct net_send *s, struct writer *w)
{
	uint16_t len = (uint16_t)(s->payload_len + sizeof(struct udp_header));
	struct udp_header *h = writer_take(w, sizeof(*h));

	if (h != NULL)
		*h = (struct udp_header){
			.from = be16_of(s->from->port),
			.to = be16_of(s->to->port),
			.len = be16_of(len),
			.checksum = be16_of(udp_checksum(s, len)),
		};
}

/* Bytes at .. at + len - 1 of the IP payload, which is all of it or a fragment. */
struct piece {
	uint32_t at, len, id;
	bool more, is_fragment;
};

static void ip_write_4(const struct net_send *s, uint8_t ttl, const struct piece *p, struct writer *w)
{
	struct ip4_fields f = {
		.from = &s->from->ip,
		.to = &s->to->ip,
		.protocol = PROTOCOL_UDP,
		.ttl = ttl,
		.id = (uint16_t)p->id,
		.fragment = (uint16_t)(p->at / 8 | (p->more ? IP4_MORE : 0)),
		.data_len = p->len,
	};

	ip4_write(&f, w);
}

static void ip_write_6(const struct net_send *s, uint8_t ttl, const struct piece *p, struct writer *w)
{
	struct ip6_fragment f = {
		.next = PROTOCOL_UDP,
		.offset = be16_of((uint16_t)(p->at | (p->more ? IP6_MORE : 0))),
		.id = be32_of(p->id),
	};

	if (!p->is_fragment) {
		ip6_write(s->from->ip.b, s->to->ip.b, PROTOCOL_UDP, ttl, p->len, w);
		return;
	}
	ip6_write(s->from->ip.b, s->to->ip.b, PROTOCOL_FRAGMENT, ttl, p->len + (uint32_t)sizeof(f), w);
	writer_bytes(w, &f, sizeof(f));
}

static void head_write(const struct net *n, const struct net_send *s, const struct mac_addr *mac,
                       const struct piece *p, struct net_head *out)
{
	struct writer w = writer_of(out->bytes, sizeof(out->bytes));
	uint8_t ttl = ip_is_multicast(&s->to->ip) ? TTL_MULTICAST : TTL_UNICAST;
	uint32_t udp_bytes = p->at == 0 ? (uint32_t)sizeof(struct udp_header) : 0;

	eth_write(n, mac, s->to->ip.len == 4 ? ETHER_IP4 : ETHER_IP6, &w);
	if (s->to->ip.len == 4)
		ip_write_4(s, ttl, p, &w);
	else
		ip_write_6(s, ttl, p, &w);
	if (p->at == 0)
		udp_write(s, &w);
	out->len = (uint32_t)writer_len(&w);
	out->payload_at = p->at == 0 ? 0 : p->at - (uint32_t)sizeof(struct udp_header);
	out->payload_len = p->len - udp_bytes;
}

/* Bytes of IP payload in one packet: whole, or in each fragment but the last. */
static uint32_t room_for(const struct net *n, bool is_ip6, bool is_fragment)
{
	uint32_t heads = is_ip6 ? sizeof(struct ip6_header) : sizeof(struct ip4_header);

	if (is_fragment && is_ip6)
		heads += sizeof(struct ip6_fragment);
	if (n->config.mtu <= heads)
		return 0;
	return is_fragment ? (n->config.mtu - heads) & ~7u : n->config.mtu - heads;
}

uint32_t net_payload_max(const struct net *n, const struct ip_addr *to)
{
	uint32_t room = room_for(n, to->len == 16, false);

	return room > sizeof(struct udp_header) ? room - (uint32_t)sizeof(struct udp_header) : 0;
}

static bool can_send(const struct net_send *s)
{
	if (s->from->ip.len != s->to->ip.len || s->to->ip.len == 0 || s->payload_len > NET_DATAGRAM_MAX)
		return false;
	return s->has_checksum || s->to->ip.len == 4; /* RFC 8200 section 8.1 */
}

uint32_t net_heads(struct net *n, const struct net_send *s, struct net_head *heads, uint32_t max, ns_t now,
                   struct net_out *tx)
{
	bool is_ip6 = s->to->ip.len == 16;
	uint32_t total = s->payload_len + (uint32_t)sizeof(struct udp_header), room, count;
	struct mac_addr mac;
	struct piece p = { .is_fragment = total > room_for(n, is_ip6, false) };

	room = p.is_fragment ? room_for(n, is_ip6, true) : total;
	if (!can_send(s) || room == 0 || (count = (total + room - 1) / room) > max)
		return 0;
	if (!find_mac(n, &s->to->ip, now, tx, &mac))
		return 0;
	/* A datagram alone needs no ID, but a router on its way might cut it up. */
	p.id = is_ip6 ? (p.is_fragment ? n->ip6_id++ : 0) : n->ip4_id++;
	for (uint32_t i = 0; i < count; i++, p.at += room) {
		p.len = total - p.at < room ? total - p.at : room;
		p.more = i + 1 < count;
		head_write(n, s, &mac, &p, &heads[i]);
	}
	return count;
}
