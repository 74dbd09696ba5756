/*
 * Slow clients. The criteria are outside the protocol (the sheet's 6.17); ours is what an administrator sees:
 * a session that its Master Client keeps below a rate. Each tick of DataState is looked at: was there always
 * something to send that only the window held back, and did less go out than the threshold asks for? So many
 * such ticks, and the caller is told who it is; he kicks or demotes it, or does nothing.
 *
 * A tick is charged to the Master Client, and to those who complained within it and are no faster by the
 * measure that makes a master (3.1.5.9.6.1): half a room of slow clients goes at once, not one by one. But who
 * lets a tick pass in between had bad luck only. A tick at full rate clears everybody; one in which nothing went
 * out at all is a pause, not slowness, and says nothing. The last client slows nobody.
 */
#include "engine/server_internal.h"

#define TICK_MS 100
#define SLOW_TICKS 5        /* until a client is slow */
#define SLOW_TICKS_MAX 30   /* however long its way is */
#define TICK_ROUND_TRIPS 16 /* a window needs some until it is what the way can take */
#define TOLD_A_TICK 16
#define LOSS_MIN (MT_LOSS_RATE_ONE / 100) /* a stray loss makes nobody slow */

static void begin_tick(struct server *s, ns_t now)
{
	s->slow_at = now + server_ms(TICK_MS);
	s->slow_lead_seq_no = s->lead_seq_no;
	s->held_by_window = s->lead_seq_no + 1 < s->next_seq_no;
}

void server_begin_slow(struct server *s, ns_t now)
{
	if (s->config.slow_bytes_per_s > 0)
		begin_tick(s, now);
}

static uint32_t ticks_until_slow(const struct server *s)
{
	uint32_t n = TICK_ROUND_TRIPS * s->master_rtt_ms / TICK_MS;

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
	return c->loss_rate > LOSS_MIN && c->nacked_at != NS_NEVER && now - c->nacked_at <= server_ms(TICK_MS) &&
	       server_is_as_slow_as_master(s, c);
}

static void charge(struct server *s, ns_t now, struct outq *out)
{
	uint32_t limit = ticks_until_slow(s), told = 0;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX && told < TOLD_A_TICK; i++) {
		struct server_client *c = &s->clients[i];

		if (!is_charged(s, c, now)) {
			c->slow_ticks -= c->slow_ticks > 0;
			continue;
		}
		if (++c->slow_ticks < limit)
			continue;
		c->slow_ticks = 0;
		told++;
		server_event(c, OUT_CLIENT_SLOW, 0, out);
	}
}

void server_run_slow(struct server *s, ns_t now, struct outq *out)
{
	uint64_t bytes = (s->lead_seq_no - s->slow_lead_seq_no) * s->config.block_bytes;
	uint64_t least = (uint64_t)s->config.slow_bytes_per_s * TICK_MS / 1000;

	if (bytes >= least)
		clear_all(s);
	else if (bytes > 0 && s->held_by_window && s->active_count > 1)
		charge(s, now, out);
	begin_tick(s, now);
}
