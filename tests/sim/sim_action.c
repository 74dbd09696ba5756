#include "sim.h"

#include <stdio.h>

#include "wdserror.h"

bool sim_is_midway(const struct sim *s, const struct sim_client *c)
{
	return c->alive && !c->finished && c->delivered > 0 && c->delivered < s->total_blocks;
}

static void cut(struct sim *s, struct sim_client *c, uint64_t ways)
{
	if (sim_is_midway(s, c))
		sim_count(s, SIM_COUNT_cuts);
	sim_note_cut(s, c);
	c->up.cut |= (ways & 1) != 0;
	c->down.cut |= (ways & 2) != 0;
}

static void heal(struct sim *s, struct sim_client *c)
{
	sim_note_cut(s, c);
	c->up.cut = c->down.cut = false;
	c->stirred_at = s->now;
}

static void die(struct sim *s, struct sim_client *c)
{
	if (sim_is_midway(s, c))
		sim_count(s, SIM_COUNT_deaths);
	if (!c->closed)
		c->alive = c->in_group = false;
}

static void revive(struct sim *s, uint32_t client, uint64_t port_shift)
{
	struct sim_client *c = &s->clients[client];

	if (c->alive)
		return;
	for (uint32_t i = 0; i < s->config.sessions; i++)
		if (s->servers[i].alive && s->servers[i].engine.pass_state == SERVER_SEND)
			sim_count(s, SIM_COUNT_revivals);
	c->at.port = (uint16_t)(c->at.port + port_shift);
	sim_client_start(s, client);
}

static void stall(struct sim *s, struct sim_client *c, ns_t until)
{
	if (c->consumer_free_at < s->now + until)
		c->consumer_free_at = s->now + until;
}

/* What the administrator does, he does to who takes part in a session. */
static void command(struct sim *s, struct sim_client *c, enum server_in_type type, uint8_t reason)
{
	struct server_in in = { .type = type, .client_id = c->engine.client_id, .reason = reason };

	if (!c->alive || c->finished || c->engine.state != CLIENT_REGULAR)
		return;
	if (type == SERVER_IN_KICK)
		c->may_fail |= SIM_MAY_BE_KICKED;
	for (uint32_t i = 0; i < s->config.sessions; i++)
		if (s->servers[i].alive &&
		    s->servers[i].engine.config.session_id == c->engine.offer.session_id)
			sim_server_step(s, i, &in);
}

static void cancel(struct sim *s, uint32_t client)
{
	struct client_in in = { .type = CLIENT_IN_CANCEL, .win32 = ERROR_CANCELLED };

	if (!s->clients[client].alive)
		return;
	s->clients[client].may_fail |= SIM_MAY_BE_CANCELLED;
	sim_client_step(s, client, &in);
}

static void servers_change(struct sim *s, void (*change)(struct sim *, uint32_t))
{
	for (uint32_t i = 0; i < s->config.clients; i++) {
		sim_note_cut(s, &s->clients[i]);
		if (change == sim_server_fini && sim_is_midway(s, &s->clients[i]))
			sim_count(s, SIM_COUNT_restarts);
	}
	for (uint32_t i = 0; i < s->config.sessions; i++)
		change(s, i);
}

void sim_act(struct sim *s, const struct sim_action *a)
{
	static const char *const names[] = { "cut",    "heal", "die",    "revive", "stall",
		                             "cancel", "kick", "demote", "die",    "revive" };
	struct sim_client *c = &s->clients[a->client];

	if (s->config.verbose)
		printf("%10.3f ms: %s %u, %s %llu\n", (double)s->now / 1e6,
		       a->type >= SIM_SERVER_DIE ? "server" : "client", a->client, names[a->type],
		       (unsigned long long)a->value);
	switch (a->type) {
	case SIM_CUT:
		cut(s, c, a->value);
		break;
	case SIM_HEAL:
		heal(s, c);
		break;
	case SIM_DIE:
		die(s, c);
		break;
	case SIM_REVIVE:
		revive(s, a->client, a->value);
		break;
	case SIM_STALL:
		stall(s, c, a->value);
		break;
	case SIM_CANCEL:
		cancel(s, a->client);
		break;
	case SIM_KICK:
		command(s, c, SERVER_IN_KICK, (uint8_t)a->value);
		break;
	case SIM_DEMOTE:
		command(s, c, SERVER_IN_DEMOTE, 0);
		break;
	case SIM_SERVER_DIE:
		servers_change(s, sim_server_fini);
		break;
	case SIM_SERVER_REVIVE:
		servers_change(s, sim_server_start);
		break;
	}
}
