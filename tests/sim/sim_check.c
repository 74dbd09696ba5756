#include "sim.h"

/* A step runs all that is due: a deadline that has passed would make the worker spin. */
static void check_deadline(struct sim *s, const char *who, uint32_t number, ns_t deadline)
{
	if (deadline <= s->now)
		sim_fail(s, "%s %u: its deadline has passed and stays (%lld ns ago)", who, number,
		         (long long)(s->now - deadline));
}

void sim_check_client(struct sim *s, uint32_t client)
{
	struct sim_client *c = &s->clients[client];
	const struct client *e = &c->engine;

	check_deadline(s, "client", client, client_deadline(e));
	if (e->missing.n > CLIENT_MISSING_MAX)
		sim_fail(s, "client %u: %u ranges are missing", client, e->missing.n);
	for (uint32_t i = 0; i + 1 < e->missing.n; i++)
		if (e->missing.v[i].last + 1 >= e->missing.v[i + 1].first)
			sim_fail(s, "client %u: its missing list is out of order", client);
	if (c->blocks_mem != NULL && c->delivered > c->blocks.ones)
		sim_fail(s, "client %u stored %llu blocks, but has %llu", client,
		         (unsigned long long)c->delivered, (unsigned long long)c->blocks.ones);
	if (c->finished && c->result == 0 && c->delivered != s->total_blocks)
		sim_fail(s, "client %u says that it is complete with %llu of %llu blocks", client,
		         (unsigned long long)c->delivered, (unsigned long long)s->total_blocks);
	if (e->state == CLIENT_REGULAR && e->hi_seq_no < c->hi_seq_no)
		sim_fail(s, "client %u: its highest sequence number went back", client);
	c->hi_seq_no = e->hi_seq_no;
}

static void check_lists(struct sim *s)
{
	const struct server *e = &s->server.engine;
	uint32_t all = 0, active = 0;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		all += e->clients[i].list != SERVER_NONE;
		active += e->clients[i].list == SERVER_ACTIVE;
	}
	if (all != e->client_count || active != e->active_count)
		sim_fail(s, "server: %u clients of which %u active, but it counts %u and %u", all, active,
		         e->client_count, e->active_count);
}

void sim_check_server(struct sim *s)
{
	struct sim_server *h = &s->server;
	const struct server *e = &h->engine;
	const struct server_client *master = server_find_client(e, e->master_client_id);

	check_deadline(s, "server", 0, server_deadline(e));
	check_lists(s);
	/* The trail may go back: a new Master Client puts it where it is itself (E8). */
	if (e->next_seq_no < h->next_seq_no || e->lead_seq_no < h->lead_seq_no)
		sim_fail(s, "server: a sequence number went back");
	h->next_seq_no = e->next_seq_no;
	h->lead_seq_no = e->lead_seq_no;
	if (e->head_seq_no > e->next_seq_no || e->next_seq_no - e->head_seq_no > e->config.list_max)
		sim_fail(s, "server: its packet list has %llu entries",
		         (unsigned long long)(e->next_seq_no - e->head_seq_no));
	if (e->state == SERVER_DATA && e->master_client_id != 0 &&
	    (master == NULL || master->list != SERVER_ACTIVE))
		sim_fail(s, "server: its Master Client %u is not active", e->master_client_id);
}
