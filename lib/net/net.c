/* Where frames come in, and what is due goes out. */
#include "net/internal.h"

#define ANNOUNCES 2                      /* RFC 5227 section 1.1 */
#define ANNOUNCE_INTERVAL (2 * NS_PER_S)

#define X(name, text) [NET_##name] = text,
const char *const net_verdict_names[NET_VERDICT_COUNT] = { NET_VERDICTS(X) };
#undef X

size_t net_bytes(void)
{
	return sizeof(struct net);
}

/* fe80:: and the MAC (RFC 4291 appendix A), unless that is what was configured. */
static struct ip_addr link_local_of(const struct net_config *c)
{
	const uint8_t *m = c->mac.b;

	if (c->ip6.len == 0)
		return (struct ip_addr){ 0 };
	if (c->ip6.b[0] == 0xfe && (c->ip6.b[1] & 0xc0) == 0x80)
		return c->ip6;
	return (struct ip_addr){ 16, { 0xfe, 0x80, [8] = m[0] ^ 2, m[1], m[2], 0xff, 0xfe, m[3], m[4], m[5] } };
}

static void join_solicited_node(struct net *n, const struct ip_addr *ip, ns_t now)
{
	struct ip_addr group = nd_solicited_node(ip);

	net_membership_join(n, &group, now);
}

struct net *net_init(void *mem, const struct net_config *c, ns_t now)
{
	struct net *n = mem;

	n->config = *c;
	n->rng.state = c->seed;
	n->link_local = link_local_of(c);
	n->ip4_id = (uint16_t)rng_next(&n->rng);
	n->ip6_id = (uint32_t)rng_next(&n->rng);
	n->deadline = n->announce_at = NS_NEVER;
	neighbour_init(n);
	net_membership_init(n);
	if (c->has_kernel)
		return n;
	n->announces_left = ANNOUNCES;
	n->announce_at = now;
	net_arm(n, now);
	if (c->ip6.len != 0) {
		join_solicited_node(n, &c->ip6, now);
		join_solicited_node(n, &n->link_local, now);
	}
	return n;
}

static enum net_verdict ip_input(struct net *n, struct packet *p, unsigned flags, ns_t now, struct net_datagram *out,
                                 struct net_out *tx)
{
	bool whole = !p->is_fragment;
	enum net_verdict v;

	if (p->protocol == PROTOCOL_UDP) {
		if (!whole && (v = reassembly_add(n, p, now)) != NET_UDP)
			return v;
		return udp_read(p, whole, flags, out);
	}
	if (!whole)
		return NET_OTHER_PROTOCOL;
	if (p->protocol == PROTOCOL_IGMP && p->to.len == 4)
		return igmp_input(n, p, now);
	if (p->protocol == PROTOCOL_ICMP && p->to.len == 4)
		return icmp_input(n, p, tx);
	if (p->protocol == PROTOCOL_ICMP6 && p->to.len == 16)
		return icmp6_input(n, p, now, tx);
	return NET_OTHER_PROTOCOL;
}

/*
 * Ours: a group that we are in, whatever the MAC (access points turn multicast into unicast), or our
 * address in a frame for us (RFC 1122 section 3.3.6).
 */
static bool is_for_us(struct net *n, const struct packet *p)
{
	if (ip_is_multicast(&p->to))
		return n->all_groups || net_membership_has(n, &p->to);
	return ip_is_ours(n, &p->to) && (p->eth->to.b[0] & 1) == 0;
}

/* What is in an Ethernet frame for this port, of this type. */
static enum net_verdict payload_input(struct net *n, uint16_t type, const struct reader *r, struct packet *p,
                                      unsigned flags, ns_t now, struct net_datagram *out, struct net_out *tx)
{
	uint32_t len = (uint32_t)reader_left(r);
	enum net_verdict v = NET_OTHER_PROTOCOL;

	if (type == ETHER_ARP)
		return arp_input(n, r->at, len, now, tx);
	if (type == ETHER_IP4)
		v = (flags & NET_L3_BAD) ? NET_BAD_IP : ip4_read(r->at, len, p);
	else if (type == ETHER_IP6)
		v = ip6_read(r->at, len, p);
	if (v != NET_UDP)
		return v;
	if (!is_for_us(n, p))
		return NET_OTHER_HOST;
	return ip_input(n, p, flags, now, out, tx);
}

static enum net_verdict frame_input(struct net *n, const uint8_t *frame, uint32_t len, unsigned flags, ns_t now,
                                    struct net_datagram *out, struct net_out *tx)
{
	enum net_verdict v;
	struct reader r = reader_of(frame, len);
	const struct eth_header *eth = reader_take(&r, sizeof(*eth));
	uint16_t type, vlan = 0;
	struct packet p;

	if (eth == NULL)
		return NET_RUNT;
	if (mac_equal(&eth->from, &n->config.mac))
		return NET_OWN;
	/* A group cannot be a sender: an answer to it would multiply. */
	if ((eth->from.b[0] & 1) || ((eth->to.b[0] & 1) == 0 && !mac_equal(&eth->to, &n->config.mac)))
		return NET_OTHER_HOST;
	type = be16_get(eth->type);
	if (type == ETHER_VLAN) {
		const struct vlan_header *tag = reader_take(&r, sizeof(*tag));

		if (tag == NULL)
			return NET_RUNT;
		vlan = be16_get(tag->tag) & 0x0fff;
		type = be16_get(tag->type);
	}
	if (vlan != n->config.vlan)
		return NET_OTHER_VLAN;
	p.eth = eth;
	v = payload_input(n, type, &r, &p, flags, now, out, tx);
	if (v == NET_UDP && out->whole)
		flow_remember(&n->flows[flow_place(frame, len)], frame, len, &p, out);
	return v;
}

/*
 * Longer than the MTU, or cut to it: the kernel of a sender on this machine has joined what should have been
 * many frames, and nobody on the way has parted them.
 */
static bool is_oversize(const struct net *n, uint32_t len)
{
	return len > n->config.mtu + sizeof(struct eth_header) + sizeof(struct vlan_header);
}

static bool is_cut(const struct net *n, uint32_t len)
{
	return len >= n->config.mtu + sizeof(struct eth_header);
}

enum net_verdict net_input(struct net *n, const uint8_t *frame, uint32_t len, unsigned flags, ns_t now,
                           struct net_datagram *out, struct net_out *tx)
{
	enum net_verdict v;

	if (is_oversize(n, len))
		v = NET_OVERSIZE;
	else if (!flow_read(&n->flows[flow_place(frame, len)], frame, len, flags, out, &v))
		v = frame_input(n, frame, len, flags, now, out, tx);
	if (v == NET_RUNT && is_cut(n, len))
		v = NET_OVERSIZE;
	n->stats.verdicts[v]++;
	return v;
}

static void announce(struct net *n, ns_t now, struct net_out *tx)
{
	if (now < n->announce_at) {
		net_arm(n, n->announce_at);
		return;
	}
	if (n->config.ip4.len != 0)
		arp_announce(n, tx);
	if (n->config.ip6.len != 0)
		nd_announce(n, tx);
	n->announce_at = --n->announces_left > 0 ? now + ANNOUNCE_INTERVAL : NS_NEVER;
	net_arm(n, n->announce_at);
}

void net_take_all_groups(struct net *n)
{
	n->all_groups = true;
}

void net_tick(struct net *n, ns_t now, struct net_out *tx)
{
	if (now < n->deadline)
		return;
	n->deadline = NS_NEVER; /* and each part says when it is due next */
	announce(n, now, tx);
	neighbour_tick(n, now, tx);
	net_membership_tick(n, now, tx);
	reassembly_tick(n, now);
}

uint32_t net_own_groups(const struct net *n, struct ip_addr out[NET_OWN_GROUPS])
{
	uint32_t count = 0;

	if (n->config.has_kernel)
		return 0;
	out[count++] = group_all_systems;
	if (n->config.ip6.len == 0)
		return count;
	out[count++] = group_all_nodes;
	out[count++] = nd_solicited_node(&n->config.ip6);
	out[count] = nd_solicited_node(&n->link_local);
	return count + !ip_equal(&out[count], &out[count - 1]);
}

ns_t net_deadline(const struct net *n)
{
	return n->deadline;
}

const struct net_stats *net_read_stats(const struct net *n)
{
	return &n->stats;
}
