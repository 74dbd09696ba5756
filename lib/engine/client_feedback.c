/* NACK and zero NACK, MS-WDSMT 3.2.5.12. There is no suppression: an NCF is ignored. */
#include "engine/client_internal.h"

#define ZERO_NACK_INTERVAL_MS 20 /* at least so long between two; not in the specification */

/* 3.1.5.9.5: the rate as a number of MT_LOSS_RATE_ONE. */
uint64_t client_loss_rate_field(const struct client *c)
{
	if (!(c->loss_rate > 0))
		return 0;
	return c->loss_rate >= 1 ? MT_LOSS_RATE_ONE : (uint64_t)(c->loss_rate * (double)MT_LOSS_RATE_ONE);
}

/* E4: LossRate is scaled in the zero NACK as everywhere. */
static bool send_nack(struct client *c, uint16_t count, ns_t now, struct outq *out)
{
	struct mt_head head = client_head(c, now);
	struct mt_nack nack = { .client_id = c->client_id,
		                .hi_odata_seq_no = c->hi_seq_no,
		                .loss_rate = client_loss_rate_field(c) };
	struct writer w;

	if (!outq_begin(out, &w))
		return false;
	mt_write_nack(&w, &head, &nack, c->missing.v, count);
	return client_send(c, &w, out);
}

/* 3.2.5.12: the Master Client at once, the others after a while, at random. */
void client_begin_nacks(struct client *c, ns_t now)
{
	if (client_is_master(c))
		client_arm(c, CLIENT_TIMER_NACK, now);
	else
		client_arm(c, CLIENT_TIMER_NACK,
		           client_random_after(c, now, c->min_nack_backoff_ms, c->max_nack_backoff_ms));
}

/* 3.2.5.12.1. Of a long list the low end goes first: it is what leaves the server first. */
void client_nack_due(struct client *c, ns_t now, struct outq *out)
{
	uint16_t count = (uint16_t)(c->missing.n < CLIENT_NACK_RANGES ? c->missing.n : CLIENT_NACK_RANGES);
	uint16_t from_ms = c->min_nack_backoff_ms;

	if (count == 0)
		return;
	if (send_nack(c, count, now, out))
		c->stats.nacks++;
	if (from_ms == 0)
		from_ms = 1; /* a back-off of nothing would repeat for ever in one moment */
	client_arm(c, CLIENT_TIMER_NACK, client_random_after(c, now, from_ms, c->max_nack_backoff_ms));
}

/* 3.2.5.12.2. Each cuts the server's window, and a full cache refuses a whole window: so one a round trip. */
void client_send_zero_nack(struct client *c, ns_t now, struct outq *out)
{
	uint64_t interval_ms = ZERO_NACK_INTERVAL_MS;

	if (now < c->zero_nack_after)
		return;
	if (c->master_rtt_ms > interval_ms)
		interval_ms = c->master_rtt_ms;
	c->zero_nack_after = now + interval_ms * NS_PER_MS;
	if (send_nack(c, 0, now, out))
		c->stats.zero_nacks++;
}
