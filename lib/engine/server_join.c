/* JOIN, JOINACK and QCR: how a client gets onto the Active list and stays there. 3.1.5.2, 3.1.5.8. */
#include "engine/server_internal.h"

#define REFUSED_EVENT_MS 1000 /* a full session is told once in this time, not at each JOIN */
#define SOURCE_PENDING_MAX 16 /* clients of one address that have not answered a JOINACK yet */

/* Who gets none for want of credit asks again anyway: a JOIN pays for its own JOINACK, but not for three. */
static void send_join_ack(struct server *s, struct server_client *c, ns_t now, struct outq *out)
{
	struct mt_head head = server_head(s, now);
	struct mt_joinack p = { .client_id = c->client_id,
		                .min_nack_backoff_ms = s->min_nack_backoff_ms,
		                .max_nack_backoff_ms = s->max_nack_backoff_ms,
		                .rtt_ms = s->state == SERVER_DATA ? server_u16(s->master_rtt_ms)
		                                                  : 0, /* 2.2.6 */
		                .client_time = c->client_time };
	struct writer w;

	c->join_ack_sends++;
	if (!outq_begin(out, &w))
		return;
	mt_write_joinack(&w, &head, &p);
	if (!credit_spend(s->config.credits, &c->from.ip, (uint32_t)writer_len(&w), now)) {
		s->stats.unpaid_joinacks++;
		return;
	}
	server_send(s, &w, &c->from, out);
	s->stats.joinacks++;
}

static void arm_pending(struct server *s)
{
	s->pending_at = NS_NEVER;
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i].list == SERVER_PENDING)
			s->pending_at = ns_min(s->pending_at, s->clients[i].join_ack_at);
}

static void offer_id(struct server *s, struct server_client *c, ns_t now, struct outq *out)
{
	send_join_ack(s, c, now, out);
	c->join_ack_at = now + server_ms(s->config.join_ack_to_qcr_ms);
	arm_pending(s);
}

/* 3.1.6.1; the first JOINACK counts as one of MaxJoinAckSends. */
void server_run_join_acks(struct server *s, ns_t now, struct outq *out)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		struct server_client *c = &s->clients[i];

		if (c->list != SERVER_PENDING || now < c->join_ack_at)
			continue;
		if (c->join_ack_sends >= s->config.max_join_ack_sends) {
			server_forget(s, c, OUT_CLIENT_VANISHED, 0, now, out);
			continue;
		}
		send_join_ack(s, c, now, out);
		c->join_ack_at = now + server_ms(s->config.join_ack_to_qcr_ms);
	}
	arm_pending(s);
}

/*
 * 3.1.1.1 has them count up from a random one. Then who gets one knows the others', and could answer JOINACKs
 * that went to addresses it only made up. No client can tell how the next one came about.
 */
static uint32_t new_client_id(struct server *s)
{
	uint32_t id;

	do
		id = (uint32_t)security_random(&s->rng);
	while (id == 0 || server_find(s, id) != NULL); /* 0 is the MasterClientId of nobody */
	return id;
}

static struct server_client *find_endpoint(struct server *s, const struct endpoint *from)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i].list != SERVER_NONE && endpoint_equal(&s->clients[i].from, from))
			return &s->clients[i];
	return NULL;
}

struct places {
	uint32_t all, pending;
	struct server_client *oldest; /* of those that are pending */
};

/* Those that an address has; that all have, when ip is NULL. */
static struct places places_of(struct server *s, const struct ip_addr *ip)
{
	struct places p = { 0 };

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		struct server_client *c = &s->clients[i];

		if (c->list == SERVER_NONE || (ip != NULL && !ip_equal(&c->from.ip, ip)))
			continue;
		p.all++;
		if (c->list != SERVER_PENDING)
			continue;
		p.pending++;
		if (p.oldest == NULL || c->joined_at < p.oldest->joined_at)
			p.oldest = c;
	}
	return p;
}

/*
 * A place for who asks from there. JOINs cost their sender nothing, and their address may be made up: so of one
 * address only so many wait for their QCR at a time, and when all places are taken the oldest that waits goes. An
 * honest client answers within its round trip, and asks again if that was too long. And an address that does answer
 * has only so many places in all, lest one host take those of a room.
 */
static struct server_client *find_place(struct server *s, const struct ip_addr *ip)
{
	struct places p = places_of(s, ip);

	if (p.pending < SOURCE_PENDING_MAX && p.all < s->config.address_clients_max) {
		for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
			if (s->clients[i].list == SERVER_NONE)
				return &s->clients[i];
		p = places_of(s, NULL);
	}
	if (p.oldest != NULL)
		s->stats.pending_dropped++;
	return p.oldest;
}

static void refuse(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	struct out_event e = { .type = OUT_CLIENT_REFUSED, .client = *in->from };

	s->stats.refused_full++;
	s->stats.refused_address += places_of(s, &in->from->ip).all >= s->config.address_clients_max;
	if (s->refused_at != NS_NEVER && now - s->refused_at < server_ms(REFUSED_EVENT_MS))
		return;
	s->refused_at = now;
	memcpy(e.name, in->packet->join.name, sizeof(e.name));
	outq_event(out, &e);
}

static void fill_client(struct server *s, struct server_client *c, const struct server_in *in, ns_t now)
{
	const struct mt_join *join = &in->packet->join;

	memset(c, 0, sizeof(*c));
	c->list = SERVER_PENDING;
	c->from = *in->from;
	memcpy(c->name, join->name, sizeof(c->name));
	c->mac_len = join->mac_len < sizeof(c->mac) ? join->mac_len : (uint8_t)sizeof(c->mac);
	memcpy(c->mac, join->mac, c->mac_len);
	c->client_time = in->packet->sender_time;
	c->first_seq_no = c->judged_seq_no = s->lead_seq_no;
	c->joined_at = c->last_update = now;
	c->supports_demote = mt_has_capability(&in->packet->options, MT_CAP_MULTISTREAM);
	c->kick_reason = MT_KICK_POLICY_NOT_MET; /* E2: the text's initial constant does not exist */
	c->nacked_at = c->congested_at = c->stalled_at = NS_NEVER;
	c->cpu_util = c->mem_util = c->net_util = 255;
	c->client_id = new_client_id(s);
	c->first_seq_no = s->lead_seq_no; /* from its JOINACK on it counts what is lost, not only from its QCR */
}

/*
 * E12: a JOIN from where we have an active client. Either the network delivered it late, and the client
 * goes on with the id it has; or it was started anew, and takes the id it is told. So it keeps its id: with
 * another one the first would be in a session that knows it no more, for ever.
 */
static void rejoin_active(struct server *s, struct server_client *c, const struct server_in *in, ns_t now,
                          struct outq *out)
{
	if (c->client_time != in->packet->sender_time) {
		c->client_time = in->packet->sender_time;
		c->last_update = now;
		c->first_seq_no = s->lead_seq_no;
		c->progress = 0;
		c->lacks_nothing = false;
	}
	send_join_ack(s, c, now, out);
}

static void rejoin(struct server *s, struct server_client *c, const struct server_in *in, ns_t now,
                   struct outq *out)
{
	switch (c->list) {
	case SERVER_ACTIVE:
		rejoin_active(s, c, in, now, out);
		break;
	case SERVER_PENDING:
		c->client_time = in->packet->sender_time;
		c->join_ack_sends = 0;
		offer_id(s, c, now, out);
		break;
	default: /* kicked or demoted */
		if (c->client_time == in->packet->sender_time)
			break;
		server_event(c, OUT_CLIENT_VANISHED, 0, out);
		fill_client(s, c, in, now);
		offer_id(s, c, now, out);
	}
}

static uint32_t packet_bytes(const struct mt_packet *p)
{
	return (uint32_t)(MT_SECURITY_HEADER_BYTES + p->security.data_len + p->covered_len);
}

void server_on_join(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	struct server_client *c = find_endpoint(s, in->from);

	s->stats.joins++;
	credit_earn(s->config.credits, &in->from->ip, packet_bytes(in->packet), now);
	if (c != NULL) {
		rejoin(s, c, in, now, out);
		return;
	}
	c = find_place(s, &in->from->ip);
	if (c == NULL) { /* E12 */
		refuse(s, in, now, out);
		return;
	}
	s->client_count += c->list == SERVER_NONE;
	fill_client(s, c, in, now);
	offer_id(s, c, now, out);
}

/* now - ServerTime, less the time the client says it waited (6.7 of the sheet). */
static void measure_rtt(struct server_client *c, const struct mt_qcr *q, ns_t now)
{
	uint64_t now_ms = ns_to_ms(now), rtt_ms;

	if (q->server_time == 0 || q->server_time > now_ms) /* 0: voluntary, it answers nothing */
		return;
	rtt_ms = now_ms - q->server_time;
	rtt_ms -= rtt_ms < q->backoff_ms ? rtt_ms : q->backoff_ms;
	c->rtt_ms = rtt_ms < SERVER_RTT_MAX_MS ? (uint32_t)rtt_ms : SERVER_RTT_MAX_MS;
}

/* The Status Trigger: MS-WDSMA 3.1.5.3. The join's QCR has no payload. */
static void take_progress(struct server *s, struct server_client *c, const struct mt_qcr *q)
{
	struct ma_packet app;

	if (q->app_data_len == 0)
		return;
	if (!ma_read(q->app_data, q->app_data_len, &app) || app.opcode != MA_CNT_PROGRESS) {
		s->stats.bad_payload++;
		return;
	}
	c->progress = app.progress.progress < 100 ? app.progress.progress : 100;
	c->time_in_session_s = app.progress.time_in_session_s;
}

static void take_load(struct server_client *c, const struct mt_options *o)
{
	if (o->has_cpu)
		c->cpu_util = o->cpu_util;
	if (o->has_mem)
		c->mem_util = o->mem_util;
	if (o->has_net)
		c->net_util = o->net_util;
}

/* 3.1.5.2.3. */
static void activate(struct server *s, struct server_client *c, ns_t now, struct outq *out)
{
	bool first = s->active_count == 0;

	c->list = SERVER_ACTIVE;
	s->active_count++;
	arm_pending(s);
	server_event(c, OUT_CLIENT_JOINED, 0, out);
	/* In QCCState without clients the next QCC may be half a second away: begin anew. */
	if (s->state == SERVER_PRE_START || (s->state == SERVER_QCC && first))
		server_enter_qcc(s, now, out);
	if (s->pass_state == SERVER_IDLE)
		server_start_query(s, now, out);
}

static void take_qcr(struct server *s, struct server_client *c, const struct mt_packet *p, ns_t now)
{
	s->stats.qcrs++;
	c->last_update = now;
	c->loss_rate = p->qcr.loss_rate < MT_LOSS_RATE_ONE ? p->qcr.loss_rate : MT_LOSS_RATE_ONE;
	measure_rtt(c, &p->qcr, now);
	take_progress(s, c, &p->qcr);
	take_load(c, &p->options);
}

void server_on_qcr(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	const struct mt_qcr *q = &in->packet->qcr;
	struct server_client *c = server_find_sender(s, q->client_id, in->from);

	if (c == NULL)
		return;
	if (q->qcc_seq_no != 0 && (c->list == SERVER_PENDING || q->qcc_seq_no != s->next_qcc_seq_no - 1)) {
		s->stats.bad_seq_no++;
		return;
	}
	take_qcr(s, c, in->packet, now);
	if (c->list == SERVER_PENDING)
		activate(s, c, now, out);
	else if (q->qcc_seq_no != 0)
		c->qcr_received = true;
}
