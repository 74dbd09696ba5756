/*
 * Slow clients. The criteria are outside the protocol (the sheet's 6.17); ours is what an administrator sees:
 * a session that its Master Client keeps below a rate. Each tick of DataState is looked at: was there always
 * something to send that only the window held back, and did less go out, repairs too, than the threshold asks
 * for? So many such ticks, and the caller is told who it is; he kicks or demotes it, or does nothing.
 *
 * A tick is charged to the Master Client, and to those who complained lately and are no faster by the
 * measure that makes a master (3.1.5.9.6.1): half a room of slow clients goes at once, not one by one. But who
 * lets a tick pass in between had bad luck only. A tick at full rate clears everybody. The last client slows nobody.
 *
 * Who lately lost much of what was sent, or whose packets wait in a queue, has a way that carries no more: that is
 * known soon. Without these signs it may be a window that grows yet, on a long way. And a tick in which nothing
 * went out at all is a pause, of a disk or a processor, unless such a master is heard meanwhile: then all wait for
 * its repairs.
 */
#include "engine/server_internal.h"

#define TICK_MS 50
#define SLOW_TICKS 10       /* until a client is slow */
#define SLOW_TICKS_MAX 60   /* however long its way is */
#define CONGESTED_TICKS 4   /* the same when it lost much within the last CONGESTED_MS */
#define CONGESTED_MS 1000
#define COMPLAINT_MS 100    /* so long a NACK is a complaint about the present rate */
#define TICK_ROUND_TRIPS 16 /* a window needs some until it is what the way can take */
#define TOLD_A_TICK 16
#define LOSS_MIN (MT_LOSS_RATE_ONE / 100) /* a stray loss makes nobody slow */

static void begin_tick(struct server *s, ns_t now)
{
	s->slow_at = now + server_ms(TICK_MS);
	s->slow_lead_seq_no = s->lead_seq_no;
	s->slow_acks = s->stats.acks;
	s->slow_rdata = s->stats.rdata;
	s->held_by_window = s->lead_seq_no + 1 < s->next_seq_no;
}

void server_begin_slow(struct server *s, ns_t now)
{
	if (s->config.slow_bytes_per_s > 0)
		begin_tick(s, now);
}

static bool is_within(ns_t at, uint64_t ms, ns_t now)
{
	return at != NS_NEVER && now - at <= server_ms(ms);
}

/* Its way carries no more: it loses much, or its packets wait in a queue; but not for its own disk. */
static bool is_congested(const struct server *s, const struct server_client *c, ns_t now)
{
	if (is_within(c->stalled_at, CONGESTED_MS, now))
		return false;
	return is_within(c->congested_at, CONGESTED_MS, now) ||
	       (c->client_id == s->master_client_id && server_is_queueing(s));
}

static uint32_t ticks_until_slow(const struct server *s, const struct server_client *c, ns_t now)
{
	uint32_t n = TICK_ROUND_TRIPS * s->master_rtt_ms / TICK_MS;

	if (is_congested(s, c, now))
		return CONGESTED_TICKS;
	return n < SLOW_TICKS ? SLOW_TICKS : n < SLOW_TICKS_MAX ? n : SLOW_TICKS_MAX;
}

static void clear_all(struct server *s)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		s->clients[i].slow_ticks = 0;
}

static bool is_charged(const struct server *s, const struct server_client *c, ns_t now)
{
	if (c->list != SERVER_ACTIVE || server_is_shunned(c, now))
		return false;
	if (c->client_id == s->master_client_id)
		return true;
	return c->loss_rate > LOSS_MIN && is_within(c->nacked_at, COMPLAINT_MS, now) && server_is_as_slow_as_master(s, c);
}

static void charge(struct server *s, ns_t now, struct outq *out)
{
	uint32_t told = 0;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX && told < TOLD_A_TICK; i++) {
		struct server_client *c = &s->clients[i];

		if (!is_charged(s, c, now)) {
			c->slow_ticks -= c->slow_ticks > 0;
			continue;
		}
		if (++c->slow_ticks < ticks_until_slow(s, c, now))
			continue;
		c->slow_ticks = 0;
		told++;
		server_event(c, OUT_CLIENT_SLOW, 0, out);
	}
}

/* Nothing went out: because all wait for what the master lost? */
static bool awaits_repairs(struct server *s, ns_t now)
{
	const struct server_client *c = server_find(s, s->master_client_id);

	return c != NULL && is_congested(s, c, now) &&
	       (s->stats.acks != s->slow_acks || is_within(c->nacked_at, TICK_MS, now));
}

void server_run_slow(struct server *s, ns_t now, struct outq *out)
{
	uint64_t bytes = (s->lead_seq_no - s->slow_lead_seq_no) * s->config.block_bytes;
	uint64_t repairs = (s->stats.rdata - s->slow_rdata) * s->config.block_bytes;
	uint64_t least = (uint64_t)s->config.slow_bytes_per_s * TICK_MS / 1000;

	if (bytes + repairs >= least)
		clear_all(s);
	else if (s->held_by_window && s->active_count > 1 && (bytes > 0 || awaits_repairs(s, now)))
		charge(s, now, out);
	begin_tick(s, now);
}
