#include "sim.h"

#include "wdserror.h"

#define ULL(x) ((unsigned long long)(x))

/* A step runs all that is due: a deadline that has passed would make the worker spin. */
static void check_deadline(struct sim *s, const char *who, uint32_t number, ns_t deadline)
{
	if (deadline <= s->now)
		sim_fail(s, "%s %u: its deadline has passed and stays (%lld ns ago)", who, number,
		         (long long)(s->now - deadline));
}

/* Sequence numbers never go back. */
static void check_grows(struct sim *s, const char *who, uint32_t number, const char *what, uint64_t now,
                        uint64_t *before)
{
	if (now < *before)
		sim_fail(s, "%s %u: its %s went back from %llu to %llu", who, number, what, ULL(*before),
		         ULL(now));
	*before = now;
}

static void check_missing(struct sim *s, uint32_t client, const struct ranges *missing)
{
	if (missing->n > CLIENT_MISSING_MAX)
		sim_fail(s, "client %u: %u ranges are missing", client, missing->n);
	for (uint32_t i = 0; i + 1 < missing->n; i++)
		if (missing->v[i].last + 1 >= missing->v[i + 1].first)
			sim_fail(s, "client %u: its missing list is out of order", client);
}

/* It takes part, nothing keeps blocks from it, and none has come for long. */
static void check_stuck(struct sim *s, uint32_t client)
{
	const struct sim_client *c = &s->clients[client];
	bool kept = c->up.cut || c->down.cut || c->consumer_free_at > s->now;

	if (c->alive && !c->finished && !kept && s->now - c->stirred_at > s->config.stuck_ns)
		sim_fail(s, "client %u is stuck in state %d with %llu of %llu blocks", client,
		         c->engine.state, ULL(c->delivered), ULL(s->total_blocks));
}

void sim_check_client(struct sim *s, uint32_t client)
{
	struct sim_client *c = &s->clients[client];
	const struct client *e = &c->engine;

	check_deadline(s, "client", client, client_deadline(e));
	check_missing(s, client, &e->missing);
	check_stuck(s, client);
	sim_check_client_times(s, client);
	if (c->blocks_mem != NULL && c->delivered > c->blocks.ones)
		sim_fail(s, "client %u stored %llu blocks, but has %llu", client, ULL(c->delivered),
		         ULL(c->blocks.ones));
	if (c->finished && c->result == 0 && c->delivered != s->total_blocks)
		sim_fail(s, "client %u says that it is complete with %llu of %llu blocks", client,
		         ULL(c->delivered), ULL(s->total_blocks));
	if (s->out.dropped > 0)
		sim_fail(s, "client %u: %llu packets found no room", client, ULL(s->out.dropped));
	if (e->state != CLIENT_REGULAR)
		return;
	check_grows(s, "client", client, "highest number", e->hi_seq_no, &c->hi_seq_no);
	check_grows(s, "client", client, "SPM number", e->last_spm_seq_no, &c->spm_seq_no);
	check_grows(s, "client", client, "QCC number", e->last_qcc_seq_no, &c->qcc_seq_no);
	check_grows(s, "client", client, "POLL number", e->last_poll_seq_no, &c->poll_seq_no);
}

/* Costs much, and holds until somebody comes or goes. */
static bool lists_changed(struct sim_server *h)
{
	const struct server *e = &h->engine;
	bool changed = h->lists_changed || h->known != e->client_count || h->joins != e->stats.joins;

	h->lists_changed = false;
	h->known = e->client_count;
	h->joins = e->stats.joins;
	return changed;
}

static void check_lists(struct sim *s, uint32_t session)
{
	const struct server *e = &s->servers[session].engine;
	uint32_t all = 0, active = 0;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		const struct server_client *c = &e->clients[i];

		if (c->list == SERVER_NONE)
			continue;
		all++;
		active += c->list == SERVER_ACTIVE;
		if (server_find_client(e, c->client_id) != c)
			sim_fail(s, "session %u: two clients are %u", session, c->client_id);
	}
	if (all != e->client_count || active != e->active_count)
		sim_fail(s, "session %u: %u clients of which %u active, but it counts %u and %u", session,
		         all, active, e->client_count, e->active_count);
}

/* At most one Master Client, and one that takes part. */
static void check_master(struct sim *s, uint32_t session)
{
	const struct server *e = &s->servers[session].engine;
	const struct server_client *master = server_find_client(e, e->master_client_id);

	if (e->state == SERVER_DATA && e->master_client_id != 0 &&
	    (master == NULL || master->list != SERVER_ACTIVE))
		sim_fail(s, "session %u: its Master Client %u is not active", session, e->master_client_id);
}

void sim_check_server_deadline(struct sim *s, uint32_t session)
{
	check_deadline(s, "session", session, server_deadline(&s->servers[session].engine));
}

void sim_check_server(struct sim *s, uint32_t session)
{
	struct sim_server *h = &s->servers[session];
	const struct server *e = &h->engine;

	if (lists_changed(h))
		check_lists(s, session);
	check_master(s, session);
	sim_check_server_times(s, session);
	/*
	 * The trail may go back: a new Master Client puts it where it is itself (E8). So may the next number:
	 * what is queued for those alone who have left is dropped. Sent is what is up to the lead.
	 */
	check_grows(s, "session", session, "lead", e->lead_seq_no, &h->lead_seq_no);
	check_grows(s, "session", session, "SPM number", e->next_spm_seq_no, &h->spm_seq_no);
	check_grows(s, "session", session, "QCC number", e->next_qcc_seq_no, &h->qcc_seq_no);
	check_grows(s, "session", session, "POLL number", e->next_poll_seq_no, &h->poll_seq_no);
	if (e->head_seq_no > e->next_seq_no || e->next_seq_no - e->head_seq_no > e->config.list_max)
		sim_fail(s, "session %u: its packet list has %lld entries", session,
		         (long long)(e->next_seq_no - e->head_seq_no));
	if (e->trail_seq_no > e->lead_seq_no || e->lead_seq_no >= e->next_seq_no)
		sim_fail(s, "session %u: trail %llu, lead %llu, next %llu", session, ULL(e->trail_seq_no),
		         ULL(e->lead_seq_no), ULL(e->next_seq_no));
	if (s->out.dropped > 0)
		sim_fail(s, "session %u: %llu packets found no room", session, ULL(s->out.dropped));
	if (e->pass.n > SERVER_PASS_RANGES_MAX || e->window > e->config.max_window || e->window < 1)
		sim_fail(s, "session %u: %u ranges in a pass, a window of %f", session, e->pass.n, e->window);
}

static bool is_kick(uint32_t result)
{
	return result == WDSTPC_E_KICKED_POLICY_NOT_MET || result == WDSTPC_E_KICKED_FALLBACK ||
	       result == WDSTPC_E_KICKED_FAIL;
}

static bool may_end_so(const struct sim_client *c)
{
	switch (c->result) {
	case 0:
		return true;
	case ERROR_TIMEOUT:
		return c->may_time_out;
	case ERROR_CANCELLED:
		return c->may_fail & SIM_MAY_BE_CANCELLED;
	default:
		return is_kick(c->result) && (c->may_fail & SIM_MAY_BE_KICKED);
	}
}

/*
 * What the servers say to addresses that liars made up is no more than what these sent, and a credit that
 * grows with time: lib/engine/server_join.c.
 */
static void check_amplification(struct sim *s)
{
	uint64_t credit = s->config.sessions * (32768 + 16384 * (s->now / NS_PER_S + 1));

	if (s->stats.nobody_bytes > s->stats.lie_bytes + credit)
		sim_fail(s, "%llu bytes to nobody for %llu bytes of lies", ULL(s->stats.nobody_bytes),
		         ULL(s->stats.lie_bytes));
}

void sim_check_end(struct sim *s)
{
	check_amplification(s);
	for (uint32_t i = 0; i < s->config.clients; i++) {
		const struct sim_client *c = &s->clients[i];

		if (!c->closed) /* its power is off */
			continue;
		if (!may_end_so(c))
			sim_fail(s, "client %u ended with %u (0x%08x)", i, c->result, c->result);
		else if (c->result == 0 && bitmap_next_zero(&c->blocks, 0) != c->blocks.bits)
			sim_fail(s, "client %u has no block %llu", i,
			         ULL(bitmap_next_zero(&c->blocks, 0) + 1));
	}
	for (uint32_t i = 0; i < s->config.sessions; i++)
		if (s->servers[i].alive && !s->servers[i].idle)
			sim_fail(s, "session %u has not said that it is idle", i);
}
