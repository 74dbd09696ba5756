/* NACK and zero NACK, MS-WDSMT 3.2.5.12. There is no suppression: an NCF is ignored. */
#include "engine/client_internal.h"

#define ZERO_NACK_INTERVAL_MS 20 /* at least so long between two; not in the specification */
#define ZERO_NACKS_OWED_MAX 10
#define NACK_DOUBLINGS_MAX 6
#define NACK_WAIT_MAX_MS 100 /* doubled back-offs end here */

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

/* How often in a row NACKs have asked in vain for what is lowest in the list. */
static void count_vain(struct client *c)
{
	uint64_t lowest = c->missing.v[0].first;

	if (c->nack_lowest != lowest)
		c->nacks_in_vain = 0;
	else if (c->nacks_in_vain < NACK_DOUBLINGS_MAX)
		c->nacks_in_vain++;
	c->nack_lowest = lowest;
}

/* A back-off of nothing would repeat for ever in one moment. */
static uint32_t repeat_ms(uint32_t backoff_ms, uint32_t doublings)
{
	uint32_t ms = backoff_ms > 0 ? backoff_ms : 1, doubled = ms << doublings;

	if (ms >= NACK_WAIT_MAX_MS)
		return ms;
	return doubled < NACK_WAIT_MAX_MS ? doubled : NACK_WAIT_MAX_MS;
}

static void arm_repeat(struct client *c, ns_t now)
{
	client_arm(c, CLIENT_TIMER_NACK,
	           client_random_after(c, now, repeat_ms(c->min_nack_backoff_ms, c->nacks_in_vain),
	                               repeat_ms(c->max_nack_backoff_ms, c->nacks_in_vain)));
}

/*
 * 3.2.5.12.1. Of a long list the low end goes first: it is what leaves the server first. A back-off is two
 * round trips, and a server repairs a packet once in four of its own: so each NACK in a row that got
 * nothing doubles it, up to a tenth of a second. Fewer NACKs than the text has are no other protocol.
 */
void client_nack_due(struct client *c, ns_t now, struct outq *out)
{
	uint16_t count = (uint16_t)(c->missing.n < CLIENT_NACK_RANGES ? c->missing.n : CLIENT_NACK_RANGES);

	if (count == 0)
		return;
	if (send_nack(c, count, now, out))
		c->stats.nacks++;
	count_vain(c);
	arm_repeat(c, now);
}

/*
 * A repair came, or the round trip is another: what a NACK in vain has waited for is over. What is still
 * missing is asked for again a back-off from now, not when the doubled one ends.
 */
void client_nack_sooner(struct client *c, ns_t now)
{
	c->nacks_in_vain = 0;
	if (client_is_armed(c, CLIENT_TIMER_NACK) &&
	    c->timer[CLIENT_TIMER_NACK] > now + repeat_ms(c->max_nack_backoff_ms, 0) * NS_PER_MS)
		arm_repeat(c, now);
}

static ns_t zero_nack_interval(const struct client *c)
{
	uint32_t ms = c->master_rtt_ms > ZERO_NACK_INTERVAL_MS ? c->master_rtt_ms : ZERO_NACK_INTERVAL_MS;

	return ms * NS_PER_MS;
}

/* 3.2.5.12.2 */
void client_zero_nack_due(struct client *c, ns_t now, struct outq *out)
{
	if (c->zero_nacks_owed == 0) { /* the interval after the last is over */
		c->refused_run = 0;
		return;
	}
	c->zero_nacks_owed--;
	if (send_nack(c, 0, now, out))
		c->stats.zero_nacks++;
	client_arm(c, CLIENT_TIMER_ZERO_NACK, now + zero_nack_interval(c));
}

/*
 * Each zero NACK cuts the server's window by a quarter, and a full cache refuses most of a window at
 * once: so they keep an interval, and a run of 2^n refusals owes n + 1 of them.
 */
void client_refuse(struct client *c, ns_t now)
{
	c->refused_run++;
	if ((c->refused_run & (c->refused_run - 1)) == 0 && c->zero_nacks_owed < ZERO_NACKS_OWED_MAX)
		c->zero_nacks_owed++;
	if (!client_is_armed(c, CLIENT_TIMER_ZERO_NACK))
		client_arm(c, CLIENT_TIMER_ZERO_NACK, now);
}
