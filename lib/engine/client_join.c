/* Joining, MS-WDSMT 3.2.3 and 3.2.5.3: JOIN until a JOINACK comes. */
#include <assert.h>

#include "engine/client_internal.h"
#include "wdserror.h"

static void send_join(struct client *c, ns_t now, struct outq *out)
{
	static const uint8_t capabilities[] = { MT_CAP_MULTISTREAM };
	const struct client_config *g = &c->config;
	struct mt_head head = client_head(c, now);
	struct mt_options options = { .capabilities = capabilities, .capabilities_len = sizeof(capabilities) };
	struct mt_join join = { .ip = g->ip, .mac_len = g->mac_len };
	struct writer w;

	if (!outq_begin(out, &w))
		return;
	memcpy(join.name, g->name, sizeof(join.name));
	memcpy(join.mac, g->mac, sizeof(g->mac));
	if (g->user_sid_len > 0) {
		options.user_sid = g->user_sid;
		options.user_sid_len = g->user_sid_len;
	}
	mt_write_join(&w, &head, &join, &options);
	if (client_send(c, &w, out))
		c->stats.joins++;
}

void client_join_due(struct client *c, ns_t now, struct outq *out)
{
	send_join(c, now, out);
	client_arm(c, CLIENT_TIMER_JOIN, now + c->config.join_interval_ms * NS_PER_MS);
}

/* Transport variables of a session that begins, 3.2.1; 3.2.5.16 wants the same for a lower one. */
static void reset_transport(struct client *c)
{
	c->client_id = c->master_client_id = 0;
	c->last_poll_seq_no = c->last_qcc_seq_no = c->last_spm_seq_no = 0;
	c->min_nack_backoff_ms = c->max_nack_backoff_ms = c->master_rtt_ms = 0;
	c->loss_rate = 0;
	c->first_seq_no = c->hi_seq_no = c->hi_loss_seq_no = c->lead_seq_no = 0;
	c->missing_start = c->missing_end = 0;
	c->missing.n = 0;
	c->acked_seq_no = c->held_server_time = c->window_seen = c->stirred_at = 0;
	c->stride = 1;
	c->has_acked = c->ack_held = false;
	c->refused_run = c->zero_nacks_owed = 0;
	c->nack_lowest = c->nacks_in_vain = 0;
}

static bool lacks_nothing(const struct client *c)
{
	return c->blocks == NULL || c->blocks->ones == c->blocks->bits;
}

/* The answer to OUT_OFFER brings the bitmap; the one to OUT_MOVED goes on with what there is. */
static bool may_join(const struct client *c)
{
	return c->state == CLIENT_OFFERED || (c->state == CLIENT_MOVING && !client_is_armed(c, CLIENT_TIMER_LEAVE));
}

void client_accept(struct client *c, struct bitmap *blocks, ns_t now, struct outq *out)
{
	if (!may_join(c))
		return;
	if (c->state == CLIENT_OFFERED) {
		assert(c->offer.total_blocks == 0 || (blocks != NULL && blocks->bits == c->offer.total_blocks));
		c->blocks = blocks;
		c->unwanted = blocks == NULL ? 0 : blocks->ones;
	}
	c->joined_at = now;
	if (lacks_nothing(c)) {
		client_finish(c, ERROR_SUCCESS, MT_LEAVE_COMPLETE, now, out);
		return;
	}
	reset_transport(c);
	c->state = CLIENT_JOINING;
	client_arm(c, CLIENT_TIMER_INACTIVE, now + c->config.inactivity_timeout_ms * NS_PER_MS);
	client_join_due(c, now, out);
}

static void arm_rejoin(struct client *c, ns_t served_at)
{
	c->served_at = served_at;
	client_arm(c, CLIENT_TIMER_REJOIN, served_at + c->config.rejoin_interval_ms * NS_PER_MS);
}

/*
 * A server that lost our QCR, or forgot us behind a broken way, never says so: its multicasts go on, so
 * that we are never inactive, and nothing that we send counts. So who was not given a block for a while,
 * and could have taken one, joins again, as often as it takes. A server that knows us answers with the
 * id that we have.
 */
void client_rejoin_due(struct client *c, ns_t now, struct outq *out)
{
	bool served = now - c->served_at < c->config.rejoin_interval_ms * NS_PER_MS;

	if (served || c->free_slots == 0) {
		arm_rejoin(c, served ? c->served_at : now);
		return;
	}
	arm_rejoin(c, now);
	client_join_due(c, now, out);
}

/* 3.2.5.3.2, and 3.2.5.5 in RegularState: there the server did not get our QCR. */
void client_on_joinack(struct client *c, const struct mt_packet *p, ns_t now, struct outq *out)
{
	bool joining = c->state == CLIENT_JOINING;

	c->stats.joinacks++;
	c->client_id = p->joinack.client_id;
	c->min_nack_backoff_ms = p->joinack.min_nack_backoff_ms;
	c->max_nack_backoff_ms = p->joinack.max_nack_backoff_ms;
	c->master_rtt_ms = p->joinack.rtt_ms;
	c->state = CLIENT_REGULAR;
	client_disarm(c, CLIENT_TIMER_JOIN);
	arm_rejoin(c, now);
	client_send_join_qcr(c, p->sender_time, now, out);
	client_arm(c, CLIENT_TIMER_FORCE_QCC, now + c->config.force_qcc_interval_ms * NS_PER_MS);
	if (joining)
		client_event(c, OUT_JOINED, out);
}
