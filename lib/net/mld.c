/* The messages of MLD: RFC 3810, RFC 2710. */
#include "net/internal.h"

/* RFC 3810 section 5.1.3: milliseconds, or mantissa and exponent. */
static ns_t max_response(uint16_t code)
{
	if (code < 32768)
		return code * NS_PER_MS;
	return (ns_t)(0x1000u | (code & 0x0fff)) * NS_PER_MS << ((code >> 12 & 7) + 3);
}

/* Section 8.1: the version is told by the length. */
static bool read_query(const struct packet *p, struct net_membership_query *q)
{
	const struct mld_message *h = (const struct mld_message *)p->data;
	const struct query_tail *tail = (const struct query_tail *)(h + 1);

	*q = (struct net_membership_query){ .group = ip_of_bytes(h->group, 16), .version = 2 };
	if (ip_is_zero(&q->group))
		q->group.len = 0;
	q->max_delay = be16_get(h->max_response) * NS_PER_MS;
	if (p->len < sizeof(*h) + sizeof(*tail))
		return p->len == sizeof(*h);
	q->version = 3;
	q->max_delay = max_response(be16_get(h->max_response));
	q->robustness = tail->flags & 7;
	q->interval = query_code(tail->interval_code) * NS_PER_S;
	return true;
}

enum net_verdict mld_input(struct net *n, const struct packet *p, ns_t now)
{
	const struct mld_message *h = (const struct mld_message *)p->data;
	struct net_membership_query query;
	struct ip_addr group;

	if (p->len < sizeof(*h))
		return NET_RUNT;
	/* Section 5.1.14, RFC 2710 section 3: from this link only. */
	if (p->hop_limit != 1 || p->from.b[0] != 0xfe || (p->from.b[1] & 0xc0) != 0x80)
		return NET_BAD_IP;
	if (h->type == MLD_REPORT_1) {
		group = ip_of_bytes(h->group, 16);
		net_membership_heard(n, &group);
		return NET_HANDLED;
	}
	if (!read_query(p, &query))
		return NET_RUNT;
	net_membership_query(n, true, &query, now);
	return NET_HANDLED;
}

/* Hop limit 1, and Router Alert in a hop-by-hop header (RFC 2711): section 5. */
static bool begin(struct net *n, const struct ip_addr *to, size_t len, struct net_out *tx, struct writer *w)
{
	static const uint8_t router_alert[] = { PROTOCOL_ICMP6, 0, 5, 2, 0, 0, 1, 0 };
	struct mac_addr mac = mac_of_group(to);

	if (n->link_local.len == 0 || !frame_begin(n, tx, &mac, ETHER_IP6, w))
		return false;
	ip6_write(n->link_local.b, to->b, PROTOCOL_HOP_BY_HOP, 1, (uint32_t)(sizeof(router_alert) + len), w);
	writer_bytes(w, router_alert, sizeof(router_alert));
	return true;
}

static be16 checksum(const struct net *n, const struct ip_addr *to, const void *data, size_t len)
{
	uint16_t sum = pseudo_sum(&n->link_local, to, PROTOCOL_ICMP6, (uint32_t)len);

	return checksum_of(net_sum_add(sum, net_sum(data, len), 0));
}

void mld_send_list(struct net *n, const struct net_membership_record *v, uint32_t count, struct net_out *tx)
{
	static const struct ip_addr all_routers_2 = { 16, { 0xff, 2, [15] = 0x16 } };
	size_t len = sizeof(struct list_report) + count * (sizeof(struct list_record) + 16);
	struct list_report h = { .type = MLD_REPORT_2, .records = be16_of((uint16_t)count) };
	struct writer w;
	uint8_t *start;

	if (!begin(n, &all_routers_2, len, tx, &w))
		return;
	start = w.at;
	writer_bytes(&w, &h, sizeof(h));
	for (uint32_t i = 0; i < count; i++) {
		struct list_record record = { .type = v[i].type };

		writer_bytes(&w, &record, sizeof(record));
		writer_bytes(&w, v[i].group->b, 16);
	}
	h.checksum = checksum(n, &all_routers_2, start, len);
	memcpy(start, &h, sizeof(h));
	if (frame_end(tx, &w))
		n->stats.reports_sent++;
}

static void send_message(struct net *n, uint8_t type, const struct ip_addr *to, const struct ip_addr *group,
                         struct net_out *tx)
{
	struct mld_message h = { .type = type };
	struct writer w;

	memcpy(h.group, group->b, sizeof(h.group));
	h.checksum = checksum(n, to, &h, sizeof(h));
	if (!begin(n, to, sizeof(h), tx, &w))
		return;
	writer_bytes(&w, &h, sizeof(h));
	if (frame_end(tx, &w))
		n->stats.reports_sent++;
}

void mld_send_report(struct net *n, const struct ip_addr *group, struct net_out *tx)
{
	send_message(n, MLD_REPORT_1, group, group, tx);
}

void mld_send_done(struct net *n, const struct ip_addr *group, struct net_out *tx)
{
	static const struct ip_addr all_routers = { 16, { 0xff, 2, [15] = 2 } };

	send_message(n, MLD_DONE, &all_routers, group, tx);
}
