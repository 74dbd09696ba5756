/* The messages of IGMP: RFC 3376, RFC 2236. */
#include "net/internal.h"

#define TENTH (100 * NS_PER_MS)
#define VERSION_1_DELAY (10 * NS_PER_S) /* RFC 3376 section 4.1.1: what a version 1 query's zero means */

uint32_t query_code(uint8_t code)
{
	if (code < 128)
		return code;
	return (0x10u | (code & 0x0f)) << ((code >> 4 & 7) + 3);
}

/* RFC 3376 section 7.1: the version is told by the length, and by a delay of zero. */
static bool read_query(const struct packet *p, struct net_membership_query *q)
{
	const struct igmp_message *h = (const struct igmp_message *)p->data;
	const struct query_tail *tail = (const struct query_tail *)(h + 1);

	*q = (struct net_membership_query){ .group = ip_of_bytes(h->group, 4) };
	if (ip_is_zero(&q->group))
		q->group.len = 0;
	if (p->len >= sizeof(*h) + sizeof(*tail)) {
		q->version = 3;
		q->max_delay = query_code(h->max_response) * TENTH;
		q->robustness = tail->flags & 7;
		q->interval = query_code(tail->interval_code) * NS_PER_S;
		return true;
	}
	q->version = h->max_response == 0 ? 1 : 2;
	q->max_delay = h->max_response == 0 ? VERSION_1_DELAY : h->max_response * TENTH;
	return p->len == sizeof(*h);
}

enum net_verdict igmp_input(struct net *n, const struct packet *p, ns_t now)
{
	const struct igmp_message *h = (const struct igmp_message *)p->data;
	struct net_membership_query query;
	struct ip_addr group;

	if (n->config.has_kernel)
		return NET_OTHER_PROTOCOL;
	if (p->len < sizeof(*h))
		return NET_RUNT;
	if (net_sum(p->data, p->len) != 0xffff)
		return NET_BAD_IP;
	if (h->type == IGMP_QUERY) {
		if (!read_query(p, &query))
			return NET_RUNT;
		net_membership_query(n, false, &query, now);
	} else if (h->type == IGMP_REPORT_1 || h->type == IGMP_REPORT_2) {
		group = ip_of_bytes(h->group, 4);
		net_membership_heard(n, &group);
	}
	return NET_HANDLED;
}

/* Hop limit 1, Internetwork Control, and the Router Alert option (RFC 2113): RFC 3376 section 4. */
static bool begin(struct net *n, const uint8_t *to, size_t len, struct net_out *tx, struct writer *w)
{
	struct ip_addr group = ip_of_bytes(to, 4);
	struct mac_addr mac = mac_of_group(&group);
	struct {
		struct ip4_header ip;
		uint8_t router_alert[4];
	} h = {
		.ip = { .version_words = 0x46, .service = 0xc0, .ttl = 1, .protocol = PROTOCOL_IGMP },
		.router_alert = { 0x94, 4, 0, 0 },
	};

	h.ip.total_len = be16_of((uint16_t)(sizeof(h) + len));
	h.ip.id = be16_of(n->ip4_id++);
	memcpy(h.ip.from, n->config.ip4.b, 4); /* 0.0.0.0 when we have none: section 4.2.13 */
	memcpy(h.ip.to, to, 4);
	h.ip.checksum = checksum_of(net_sum(&h, sizeof(h)));
	if (!frame_begin(n, tx, &mac, ETHER_IP4, w))
		return false;
	writer_bytes(w, &h, sizeof(h));
	return true;
}

void igmp_send_list(struct net *n, const struct net_membership_record *v, uint32_t count, struct net_out *tx)
{
	static const uint8_t all_routers_3[4] = { 224, 0, 0, 22 };
	size_t len = sizeof(struct list_report) + count * (sizeof(struct list_record) + 4);
	struct list_report h = { .type = IGMP_REPORT_3, .records = be16_of((uint16_t)count) };
	struct writer w;
	uint8_t *start;

	if (!begin(n, all_routers_3, len, tx, &w))
		return;
	start = w.at;
	writer_bytes(&w, &h, sizeof(h));
	for (uint32_t i = 0; i < count; i++) {
		struct list_record record = { .type = v[i].type };

		writer_bytes(&w, &record, sizeof(record));
		writer_bytes(&w, v[i].group->b, 4);
	}
	h.checksum = checksum_of(net_sum(start, len));
	memcpy(start, &h, sizeof(h));
	if (frame_end(tx, &w))
		n->stats.reports_sent++;
}

static void send_message(struct net *n, uint8_t type, const uint8_t *to, const struct ip_addr *group, struct net_out *tx)
{
	struct igmp_message h = { .type = type };
	struct writer w;

	memcpy(h.group, group->b, sizeof(h.group));
	h.checksum = checksum_of(net_sum(&h, sizeof(h)));
	if (!begin(n, to, sizeof(h), tx, &w))
		return;
	writer_bytes(&w, &h, sizeof(h));
	if (frame_end(tx, &w))
		n->stats.reports_sent++;
}

void igmp_send_report(struct net *n, const struct ip_addr *group, struct net_out *tx)
{
	bool oldest = n->groups.families[0].version == 1;

	send_message(n, oldest ? IGMP_REPORT_1 : IGMP_REPORT_2, group->b, group, tx);
}

void igmp_send_leave(struct net *n, const struct ip_addr *group, struct net_out *tx)
{
	static const uint8_t all_routers[4] = { 224, 0, 0, 2 };

	send_message(n, IGMP_LEAVE, all_routers, group, tx);
}
