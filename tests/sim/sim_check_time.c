/*
 * Timers: none starves, and each client has its end within those of its state, whatever befalls it. Looked at
 * after each step, and every so often, for a timer that is not armed makes no step.
 */
#include "sim.h"

#include "wdserror.h"

#define MS NS_PER_MS
#define WATCH_NS (100 * MS)

/* What lib/engine promises. Of a client: */
#define INITIATING_NS (10 * NS_PER_S)
#define SILENCE_NS (30 * NS_PER_S)
#define LEAVE_MS 200
#define REQUEST_NS (1000 * MS)
#define JOIN_NS (500 * MS)
#define QCR_NS (20 * NS_PER_S)
#define NACK_MS 100
/* Of a server, which waits for nobody's round trip longer than RTT_NS: */
#define RTT_NS (2000 * MS)
#define SPM_NS (1000 * MS)
#define QCC_IN_STATE_NS (500 * MS + RTT_NS)
#define QCC_NS (5000 * MS + RTT_NS)
#define POLL_NS ((200 + 10 + 200) * MS + RTT_NS)
#define KICK_NS (15 * NS_PER_S)
#define DEMOTE_NS (500 * MS)
#define DEAD_NS (60 * NS_PER_S)

/* How long of these a client must have been cut off to be excused when it gives up. */
#define CUT_INITIATING_NS (5 * NS_PER_S)
#define CUT_JOINING_NS (20 * NS_PER_S)
#define CUT_REGULAR_NS (25 * NS_PER_S)

/* Something is sent again and again, at most so long apart; most 0: for now it need not be. */
static void check_pace(struct sim *s, const char *who, uint32_t number, const char *what, struct sim_pace *p,
                       uint64_t count, ns_t most)
{
	if (most != 0 && s->now - p->at > most)
		sim_fail(s, "%s %u has sent no %s for %.3f s", who, number, what,
		         (double)(s->now - p->at) / NS_PER_S);
	if (most == 0 || count != p->count)
		*p = (struct sim_pace){ count, s->now };
}

/* ---- clients ---- */

static bool session_is_gone(const struct sim *s, const struct sim_client *c)
{
	for (uint32_t i = 0; i < s->config.sessions; i++)
		if (s->servers[i].alive &&
		    s->servers[i].engine.config.session_id == c->engine.offer.session_id)
			return false;
	return true;
}

static bool is_cut_off(const struct sim *s, const struct sim_client *c)
{
	if (c->state == CLIENT_REGULAR) /* where hearing is all it takes */
		return c->down.cut;
	return c->up.cut || c->down.cut || !s->servers[0].alive;
}

void sim_note_cut(struct sim *s, struct sim_client *c)
{
	if (is_cut_off(s, c))
		c->cut_off_ns += s->now - c->noted_at;
	c->noted_at = s->now;
}

void sim_note_heard(struct sim *s, struct sim_client *c)
{
	sim_note_cut(s, c);
	c->cut_off_ns = 0;
	c->heard_at = s->now;
}

bool sim_may_time_out(struct sim *s, struct sim_client *c)
{
	sim_note_cut(s, c);
	switch (c->state) {
	case CLIENT_INITIATING:
		return c->cut_off_ns >= CUT_INITIATING_NS || c->loses_much;
	case CLIENT_JOINING:
		return c->cut_off_ns >= CUT_JOINING_NS || session_is_gone(s, c);
	case CLIENT_REGULAR:
		return c->cut_off_ns >= CUT_REGULAR_NS || session_is_gone(s, c);
	default:
		return false;
	}
}

/* 0: in that state it must not be seen. */
static ns_t longest_in_state(const struct sim_client *c)
{
	switch (c->state) {
	case CLIENT_INITIATING:
		return INITIATING_NS;
	case CLIENT_JOINING:
	case CLIENT_REGULAR:
		return SILENCE_NS;
	case CLIENT_MOVING:
	case CLIENT_LEAVING:
		return (c->backoff_ms > LEAVE_MS ? c->backoff_ms : LEAVE_MS) * MS;
	default:
		return 0;
	}
}

static void check_state(struct sim *s, uint32_t client)
{
	struct sim_client *c = &s->clients[client];

	if (s->now - c->heard_at > longest_in_state(c))
		sim_fail(s, "client %u is in state %d and has heard nothing for %.3f s", client, c->state,
		         (double)(s->now - c->heard_at) / NS_PER_S);
	if (c->engine.state == c->state)
		return;
	sim_note_heard(s, c);
	c->state = c->engine.state;
	c->pollack_by = c->qcr_by = NS_NEVER;
	if (c->state == CLIENT_JOINING) /* a session, perhaps another than before */
		c->backoff_ms = 0;
}

static void check_paces(struct sim *s, uint32_t client, bool same)
{
	struct sim_client *c = &s->clients[client];
	const struct client *e = &c->engine;
	bool regular = same && c->state == CLIENT_REGULAR;
	uint32_t backoff_ms = c->backoff_ms > NACK_MS ? c->backoff_ms : NACK_MS;

	check_pace(s, "client", client, "request", &c->requests, e->stats.requests,
	           same && c->state == CLIENT_INITIATING ? REQUEST_NS : 0);
	check_pace(s, "client", client, "JOIN", &c->joins, e->stats.joins,
	           same && c->state == CLIENT_JOINING ? JOIN_NS : 0);
	check_pace(s, "client", client, "QCR", &c->qcrs, e->stats.qcrs, regular ? QCR_NS : 0);
	check_pace(s, "client", client, "NACK", &c->nacks, e->stats.nacks,
	           regular && c->misses && e->missing.n > 0 ? backoff_ms * MS : 0);
	c->misses = e->missing.n > 0;
}

/* POLL and QCC say within which time they are to be answered. */
static void check_answer(struct sim *s, uint32_t client, const char *what, ns_t *by, bool sent)
{
	if (s->now > *by)
		sim_fail(s, "client %u should have sent its %s %.3f s ago", client, what,
		         (double)(s->now - *by) / NS_PER_S);
	if (sent)
		*by = NS_NEVER;
}

void sim_check_client_times(struct sim *s, uint32_t client)
{
	struct sim_client *c = &s->clients[client];
	const struct client *e = &c->engine;
	bool same = c->state == e->state;

	if (!c->alive || c->closed)
		return;
	check_answer(s, client, "POLLACK", &c->pollack_by, e->stats.pollacks != c->pollacks);
	check_answer(s, client, "QCR", &c->qcr_by, e->stats.qcrs != c->qcrs.count);
	c->pollacks = e->stats.pollacks;
	if (e->max_nack_backoff_ms > c->backoff_ms)
		c->backoff_ms = e->max_nack_backoff_ms;
	check_paces(s, client, same);
	check_state(s, client);
}

/* A client is about to take a packet. */
void sim_note_asked(struct sim *s, struct sim_client *c, const struct mt_packet *p)
{
	const struct client *e = &c->engine;

	sim_note_heard(s, c);
	if (c->state != CLIENT_REGULAR)
		return;
	if (p->opcode == MT_POLL && p->poll.poll_seq_no > e->last_poll_seq_no)
		c->pollack_by = s->now + p->poll.backoff_ms * MS;
	if (p->opcode == MT_QCC && p->qcc.qcc_seq_no > e->last_qcc_seq_no)
		c->qcr_by = s->now + p->qcc.qcr_backoff_ms * MS;
}

/* ---- servers ---- */

void sim_check_server_times(struct sim *s, uint32_t session)
{
	struct sim_server *h = &s->servers[session];
	const struct server *e = &h->engine;
	const struct server_stats *t = &e->stats;
	bool same = h->state == e->state, asks = h->pass_state == e->pass_state;

	h->state = e->state;
	h->pass_state = e->pass_state;
	check_pace(s, "session", session, "SPM", &h->spms, t->spms,
	           same && e->state == SERVER_DATA ? SPM_NS : 0);
	check_pace(s, "session", session, "QCC", &h->qccs, t->qccs,
	           !same                     ? 0
	           : e->state == SERVER_DATA ? QCC_NS
	           : e->state == SERVER_QCC  ? QCC_IN_STATE_NS
	                                     : 0);
	check_pace(s, "session", session, "POLL", &h->polls, t->polls,
	           asks && e->pass_state == SERVER_QUERY ? POLL_NS : 0);
	if (e->active_count > 0 &&
	    (e->pass_state == SERVER_IDLE || (e->state != SERVER_DATA && e->state != SERVER_QCC)))
		sim_fail(s, "session %u is in states %d and %d with %u clients", session, e->state,
		         e->pass_state, e->active_count);
}

static void check_member(struct sim *s, uint32_t session, const struct server_client *c)
{
	if (c->list == SERVER_PENDING ? c->join_ack_at < s->now : s->now - c->last_update > DEAD_NS + 1)
		sim_fail(s, "session %u: client %u should be forgotten", session, c->client_id);
}

static void watch_server(struct sim *s, uint32_t session)
{
	struct sim_server *h = &s->servers[session];
	bool kicked = false, demoted = false;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		const struct server_client *c = &h->engine.clients[i];

		if (c->list == SERVER_NONE)
			continue;
		kicked |= c->list == SERVER_KICKED;
		demoted |= c->list == SERVER_DEMOTED;
		check_member(s, session, c);
	}
	check_pace(s, "session", session, "KICK", &h->kicks, h->engine.stats.kicks,
	           kicked ? KICK_NS + WATCH_NS : 0);
	check_pace(s, "session", session, "DEMOTE", &h->demotes, h->engine.stats.demotes,
	           demoted ? DEMOTE_NS + WATCH_NS : 0);
	sim_check_server_times(s, session);
}

void sim_watch(struct sim *s)
{
	struct sim_event again = { .at = s->now + WATCH_NS, .type = SIM_WATCH };

	for (uint32_t i = 0; i < s->config.sessions; i++)
		if (s->servers[i].alive && s->servers[i].engine.state != SERVER_TERMINATED)
			watch_server(s, i);
	for (uint32_t i = 0; i < s->config.clients; i++)
		sim_check_client_times(s, i);
	sim_queue_push(s, &again);
}
