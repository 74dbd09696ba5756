/* Echo for both families (RFC 792, RFC 4443), and where ICMPv6 goes from there. */
#include "net/internal.h"

#define TTL 64

/* To whoever sent it: the answer takes the frame's way back, and needs nothing resolved. */
static bool begin_reply(struct net *n, const struct packet *p, struct net_out *tx, struct writer *w)
{
	struct ip4_fields f = {
		.from = &p->to,
		.to = &p->from,
		.protocol = PROTOCOL_ICMP,
		.ttl = TTL,
		.data_len = p->len,
	};

	if (!frame_begin(n, tx, &p->eth->from, p->to.len == 4 ? ETHER_IP4 : ETHER_IP6, w))
		return false;
	if (p->to.len == 16) {
		ip6_write(p->to.b, p->from.b, PROTOCOL_ICMP6, TTL, p->len, w);
		return true;
	}
	f.id = n->ip4_id++;
	ip4_write(&f, w);
	return true;
}

static enum net_verdict reply_to_echo(struct net *n, const struct packet *p, uint8_t type, struct net_out *tx)
{
	struct icmp_header h = { .type = type };
	uint16_t sum = p->to.len == 4 ? 0 : pseudo_sum(&p->to, &p->from, PROTOCOL_ICMP6, p->len);
	struct writer w;

	if (!begin_reply(n, p, tx, &w))
		return NET_HANDLED;
	sum = net_sum_add(sum, net_sum(&h, sizeof(h)), 0);
	sum = net_sum_add(sum, net_sum(p->data + sizeof(h), p->len - sizeof(h)), 0);
	h.checksum = checksum_of(sum);
	writer_bytes(&w, &h, sizeof(h));
	writer_bytes(&w, p->data + sizeof(h), p->len - sizeof(h));
	if (frame_end(tx, &w))
		n->stats.echoes++;
	return NET_HANDLED;
}

enum net_verdict icmp_input(struct net *n, const struct packet *p, struct net_out *tx)
{
	const struct icmp_header *h = (const struct icmp_header *)p->data;

	if (n->config.has_kernel)
		return NET_OTHER_PROTOCOL;
	if (p->len < sizeof(*h))
		return NET_RUNT;
	if (net_sum(p->data, p->len) != 0xffff)
		return NET_BAD_IP;
	/* RFC 1122 section 3.2.2.6: one to a group may be left unanswered. */
	if (h->type != ICMP_ECHO_REQUEST || ip_is_multicast(&p->to))
		return NET_OTHER_PROTOCOL;
	return reply_to_echo(n, p, ICMP_ECHO_REPLY, tx);
}

enum net_verdict icmp6_input(struct net *n, const struct packet *p, ns_t now, struct net_out *tx)
{
	const struct icmp_header *h = (const struct icmp_header *)p->data;

	if (p->len < sizeof(*h))
		return NET_RUNT;
	if (!packet_sums_up(p))
		return NET_BAD_IP;
	if (h->type == ND_SOLICIT || h->type == ND_ADVERTISE)
		return nd_input(n, p, now, tx);
	if (n->config.has_kernel)
		return NET_OTHER_PROTOCOL;
	if (h->type == MLD_QUERY || h->type == MLD_REPORT_1)
		return mld_input(n, p, now);
	if (h->type != ICMP6_ECHO_REQUEST || ip_is_multicast(&p->to))
		return NET_OTHER_PROTOCOL;
	return reply_to_echo(n, p, ICMP6_ECHO_REPLY, tx);
}
