/*
 * Neighbour discovery (RFC 4861): solicitations and advertisements. Addresses and the gateway are
 * configured, so there are no router advertisements, and no duplicate address detection beyond the
 * count of conflicts.
 */
#include "net/internal.h"

#define HOP_LIMIT 255 /* sections 7.1.1, 7.1.2: proof that it comes from this link */

struct ip_addr nd_solicited_node(const struct ip_addr *ip)
{
	return (struct ip_addr){ 16, { 0xff, 2, [11] = 1, 0xff, ip->b[13], ip->b[14], ip->b[15] } };
}

/* The link-layer address option of this type. False when the options are malformed. */
static bool read_options(const struct packet *p, uint8_t type, const struct mac_addr **out)
{
	struct reader r = reader_of(p->data + sizeof(struct nd_message), p->len - sizeof(struct nd_message));

	*out = NULL;
	while (reader_left(&r) > 0) {
		const struct nd_link_option *option = (const struct nd_link_option *)r.at;

		if (reader_left(&r) < sizeof(*option) || option->len == 0 || reader_take(&r, option->len * 8u) == NULL)
			return false;
		if (option->type == type)
			*out = &option->mac;
	}
	return true;
}

struct nd_fields {
	uint8_t type, option;
	uint32_t flags;
	const struct ip_addr *from, *to, *target;
};

static void send(struct net *n, const struct nd_fields *f, const struct mac_addr *mac, struct net_out *tx)
{
	struct {
		struct nd_message nd;
		struct nd_link_option link;
	} h = {
		.nd = { .type = f->type, .flags = be32_of(f->flags) },
		.link = { .type = f->option, .len = 1, .mac = n->config.mac },
	};
	uint16_t sum = pseudo_sum(f->from, f->to, PROTOCOL_ICMP6, sizeof(h));
	struct writer w;

	memcpy(h.nd.target, f->target->b, sizeof(h.nd.target));
	h.nd.checksum = checksum_of(net_sum_add(sum, net_sum(&h, sizeof(h)), 0));
	if (!frame_begin(n, tx, mac, ETHER_IP6, &w))
		return;
	ip6_write(f->from->b, f->to->b, PROTOCOL_ICMP6, HOP_LIMIT, sizeof(h), &w);
	writer_bytes(&w, &h, sizeof(h));
	if (frame_end(tx, &w))
		n->stats.nd_sent++;
}

void nd_solicit(struct net *n, const struct ip_addr *ip, const struct mac_addr *mac, struct net_out *tx)
{
	struct ip_addr group = nd_solicited_node(ip);
	struct mac_addr group_mac = mac_of_group(&group);
	struct nd_fields f = { ND_SOLICIT, ND_SOURCE_LINK, 0, &n->config.ip6, mac != NULL ? ip : &group, ip };

	send(n, &f, mac != NULL ? mac : &group_mac, tx);
}

static void announce(struct net *n, const struct ip_addr *ip, struct net_out *tx)
{
	struct mac_addr mac = mac_of_group(&group_all_nodes);
	struct nd_fields f = { ND_ADVERTISE, ND_TARGET_LINK, ND_OVERRIDE, ip, &group_all_nodes, ip };

	send(n, &f, &mac, tx);
}

void nd_announce(struct net *n, struct net_out *tx)
{
	announce(n, &n->config.ip6, tx);
	if (!ip_equal(&n->config.ip6, &n->link_local))
		announce(n, &n->link_local, tx);
}

/* Section 7.2.3. */
static enum net_verdict solicited(struct net *n, const struct packet *p, const struct ip_addr *target,
                                  const struct mac_addr *link, ns_t now, struct net_out *tx)
{
	struct nd_fields f = { ND_ADVERTISE, ND_TARGET_LINK, ND_OVERRIDE | ND_SOLICITED, target, &p->from, target };

	if (!ip_is_ours(n, target))
		return NET_OTHER_HOST;
	if (n->config.has_kernel) { /* which answers; but who asks is about to speak to us */
		if (link != NULL && !ip_is_zero(&p->from))
			neighbour_learn(n, &p->from, link, LEARN_CREATE, now);
		return NET_HANDLED;
	}
	if (ip_is_zero(&p->from)) { /* somebody is about to take our address: it hears that it is taken */
		announce(n, target, tx);
		return NET_HANDLED;
	}
	if (link != NULL)
		neighbour_learn(n, &p->from, link, LEARN_CREATE, now);
	send(n, &f, link != NULL ? link : &p->eth->from, tx);
	return NET_HANDLED;
}

/* Section 7.2.5. */
static enum net_verdict advertised(struct net *n, const struct packet *p, const struct ip_addr *target,
                                   const struct mac_addr *link, ns_t now)
{
	const struct nd_message *h = (const struct nd_message *)p->data;
	unsigned how = be32_get(h->flags) & ND_OVERRIDE ? 0 : LEARN_KEEP;

	if (ip_is_ours(n, target)) {
		n->stats.conflicts++;
		return NET_HANDLED;
	}
	if (!neighbour_learn(n, target, link != NULL ? link : &p->eth->from, how, now))
		return NET_OTHER_HOST;
	return NET_HANDLED;
}

enum net_verdict nd_input(struct net *n, const struct packet *p, ns_t now, struct net_out *tx)
{
	const struct nd_message *h = (const struct nd_message *)p->data;
	bool is_solicit = h->type == ND_SOLICIT;
	const struct mac_addr *link;
	struct ip_addr target;

	if (p->len < sizeof(*h))
		return NET_RUNT;
	if (p->hop_limit != HOP_LIMIT || h->code != 0)
		return NET_BAD_IP;
	if (!read_options(p, is_solicit ? ND_SOURCE_LINK : ND_TARGET_LINK, &link))
		return NET_RUNT;
	target = ip_of_bytes(h->target, 16);
	if (is_solicit)
		return solicited(n, p, &target, link, now, tx);
	return advertised(n, p, &target, link, now);
}
