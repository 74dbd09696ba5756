#include "sim.h"

#include <stdio.h>

#include "wdserror.h"

/* What the protocol's timers stand: ten requests a second apart, JOINs for 30 s, silence for 30 s. */
#define CUT_STOOD_NS (5 * NS_PER_S)

static void cut(struct sim *s, struct sim_client *c, uint64_t ways)
{
	if (!c->up.cut && !c->down.cut)
		c->cut_at = s->now;
	c->up.cut |= (ways & 1) != 0;
	c->down.cut |= (ways & 2) != 0;
}

void sim_note_cut(struct sim *s, struct sim_client *c)
{
	if (!c->up.cut && !c->down.cut)
		return;
	c->cut_total += s->now - (c->cut_at > c->started_at ? c->cut_at : c->started_at);
	c->cut_at = s->now;
	if (c->cut_total > CUT_STOOD_NS)
		c->may_fail |= SIM_MAY_TIME_OUT;
}

static void heal(struct sim *s, struct sim_client *c)
{
	sim_note_cut(s, c);
	c->up.cut = c->down.cut = false;
	c->stirred_at = s->now;
}

static void die(struct sim_client *c)
{
	if (!c->closed)
		c->alive = c->in_group = false;
}

static void revive(struct sim *s, uint32_t client, uint64_t port_shift)
{
	struct sim_client *c = &s->clients[client];

	if (c->alive)
		return;
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

static void servers_die(struct sim *s)
{
	for (uint32_t i = 0; i < s->config.sessions; i++)
		sim_server_fini(s, i);
	for (uint32_t i = 0; i < s->config.clients; i++)
		s->clients[i].may_fail |= SIM_MAY_TIME_OUT;
}

static void servers_revive(struct sim *s)
{
	for (uint32_t i = 0; i < s->config.sessions; i++)
		sim_server_start(s, i);
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
		die(c);
		break;
	case SIM_REVIVE:
		revive(s, a->client, a->value);
		break;
	case SIM_STALL:
		stall(s, c, a->value);
		break;
	case SIM_CANCEL:
		c->may_fail |= SIM_MAY_BE_CANCELLED;
		if (c->alive)
			sim_client_step(
			        s, a->client,
			        &(struct client_in){ .type = CLIENT_IN_CANCEL, .win32 = ERROR_CANCELLED });
		break;
	case SIM_KICK:
		command(s, c, SERVER_IN_KICK, (uint8_t)a->value);
		break;
	case SIM_DEMOTE:
		command(s, c, SERVER_IN_DEMOTE, 0);
		break;
	case SIM_SERVER_DIE:
		servers_die(s);
		break;
	case SIM_SERVER_REVIVE:
		servers_revive(s);
		break;
	}
}
