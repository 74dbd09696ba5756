#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define MUCH_LOSS 0.08 /* ten requests may all be lost */

void sim_fail(struct sim *s, const char *format, ...)
{
	va_list args;
	int n;

	if (s->why[0] != '\0')
		return;
	n = snprintf(s->why, sizeof(s->why), "at %.6f s: ", (double)s->now / NS_PER_S);
	va_start(args, format);
	vsnprintf(s->why + n, sizeof(s->why) - (size_t)n, format, args);
	va_end(args);
}

void sim_config_defaults(struct sim_config *c)
{
	memset(c, 0, sizeof(*c));
	c->seed = 1;
	c->clients = 2;
	c->sessions = 1;
	c->content_bytes = 300 * 100 - 7;
	c->block_bytes = 100;
	c->link.delay_ns = NS_PER_MS / 2;
	c->link.jitter_ns = NS_PER_MS / 5;
	c->link.reorder_ns = 3 * NS_PER_MS;
	c->slots = 4096;
	c->start_within_ns = 50 * NS_PER_MS;
	c->mode = SECURITY_CHECKSUM;
	c->stuck_ns = 120 * NS_PER_S;
	c->limit_ns = 600 * NS_PER_S;
	c->events_max = 20000000;
}

void sim_config_own_links(struct sim_config *c)
{
	for (uint32_t i = 0; i < SIM_CLIENTS_MAX && !c->own_links; i++)
		c->up[i] = c->down[i] = c->link;
	c->own_links = true;
}

static void make_content(struct sim *s)
{
	struct rng rng = { s->config.seed ^ 0x636f6e74656e74ull };

	s->content = malloc(s->config.content_bytes + sizeof(uint64_t));
	if (s->content == NULL)
		abort();
	for (uint64_t i = 0; i < s->config.content_bytes; i += sizeof(uint64_t)) {
		uint64_t word = rng_next(&rng);

		memcpy(s->content + i, &word, sizeof(word));
	}
}

static void make_keys(struct sim *s)
{
	static const char key[] = "what the lab has distributed", wrong[] = "what somebody has guessed";

	switch (s->config.mode) {
	case SECURITY_HASH:
		security_init_hash(&s->security, key, sizeof(key), SECURITY_HMAC_A);
		security_init_hash(&s->wrong_key, wrong, sizeof(wrong), SECURITY_HMAC_A);
		break;
	case SECURITY_NONE:
		security_init_none(&s->security);
		security_init_none(&s->wrong_key);
		break;
	default:
		security_init_checksum(&s->security);
		security_init_checksum(&s->wrong_key);
		break;
	}
}

static void plug_in(struct sim *s, uint32_t client)
{
	struct sim_client *c = &s->clients[client];
	struct sim_event e = { .type = SIM_START, .host = client };

	c->at = (struct endpoint){ ip4_of(10, 0, 1, (uint8_t)(client + 1)), 50000 };
	c->up.config = s->config.own_links ? s->config.up[client] : s->config.link;
	c->down.config = s->config.own_links ? s->config.down[client] : s->config.link;
	c->loses_much = c->up.config.loss > MUCH_LOSS || c->down.config.loss > MUCH_LOSS;
	c->timer_at = NS_NEVER;
	e.at = rng_below(&s->rng, s->config.start_within_ns + 1);
	sim_queue_push(s, &e);
}

static void init_hosts(struct sim *s)
{
	for (uint32_t i = 0; i < s->config.sessions; i++)
		sim_server_start(s, i);
	for (uint32_t i = 0; i < s->config.clients; i++)
		plug_in(s, i);
	for (uint32_t i = 0; i < s->config.liar_count; i++) {
		s->liars[i] = s->config.liars[i];
		sim_liar_start(s, i);
	}
	sim_watch(s);
	for (uint32_t i = 0; i < s->config.action_count; i++) {
		struct sim_event e = { .at = s->config.actions[i].at, .type = SIM_ACTION, .host = i };

		sim_queue_push(s, &e);
	}
}

static void init(struct sim *s, const struct sim_config *config)
{
	memset(s, 0, sizeof(*s));
	s->config = *config;
	s->rng.state = config->seed;
	credit_init(&s->credits, config->seed);
	s->total_blocks = ma_total_blocks(config->content_bytes, config->block_bytes);
	s->initiation = (struct endpoint){ ip4_of(10, 0, 0, 1), MSI_UDP_PORT };
	s->egress.config.bytes_per_s = config->egress_bytes_per_s;
	s->egress.config.queue_bytes = config->egress_queue_bytes;
	make_keys(s);
	s->out_mem = calloc(1, outq_bytes(SIM_OUTQ_PACKETS));
	s->clients = calloc(config->clients, sizeof(s->clients[0]));
	if (s->out_mem == NULL || s->clients == NULL)
		abort();
	outq_init(&s->out, s->out_mem, SIM_OUTQ_PACKETS);
	make_content(s);
	init_hosts(s);
}

static void dispatch(struct sim *s, const struct sim_event *e)
{
	switch (e->type) {
	case SIM_TO_CLIENT:
		sim_client_receive(s, e->host, e->datagram);
		break;
	case SIM_TO_SERVER:
		sim_server_receive(s, e->datagram);
		break;
	case SIM_TO_LIAR:
		sim_liar_receive(s, e->host, e->datagram);
		break;
	case SIM_CLIENT_TIMER:
		sim_client_timer(s, e->host);
		break;
	case SIM_SERVER_TIMER:
		sim_server_timer(s, e->host);
		break;
	case SIM_CONSUMED:
		sim_client_consumed(s, e->host, e->life);
		break;
	case SIM_START:
		sim_client_start(s, e->host);
		break;
	case SIM_LIES_NOW:
		sim_liar_lie(s, e->host);
		break;
	case SIM_WATCH:
		sim_watch(s);
		break;
	case SIM_ACTION:
		s->stats.actions++;
		sim_act(s, &s->config.actions[e->host]);
		break;
	}
	if (e->datagram != NULL)
		sim_datagram_drop(e->datagram);
}

/* All clients have ended, or their power is off for good; notes when that was. */
static bool all_done(struct sim *s)
{
	if (s->stats.actions < s->config.action_count)
		return false;
	for (uint32_t i = 0; i < s->config.clients; i++)
		if (!s->clients[i].closed && (s->clients[i].alive || s->clients[i].life == 0))
			return false;
	if (s->stats.all_done_ns == 0)
		s->stats.all_done_ns = s->now;
	return true;
}

static bool all_forgotten(struct sim *s)
{
	if (!all_done(s))
		return false;
	for (uint32_t i = 0; i < s->config.sessions; i++)
		if (s->servers[i].alive && s->servers[i].engine.client_count > 0)
			return false;
	for (uint32_t i = 0; i < s->config.liar_count; i++)
		if (s->now <= s->liars[i].until)
			return false;
	s->stats.all_forgotten_ns = s->now;
	return true;
}

static void tell_stuck(struct sim *s)
{
	for (uint32_t i = 0; i < s->config.clients; i++) {
		const struct sim_client *c = &s->clients[i];

		if (!c->closed && (c->alive || c->life == 0))
			sim_fail(s, "client %u is stuck in state %d with %llu of %llu blocks", i,
			         c->engine.state, (unsigned long long)c->delivered,
			         (unsigned long long)s->total_blocks);
	}
	for (uint32_t i = 0; i < s->config.sessions; i++)
		sim_fail(s, "session %u still knows %u clients", i, s->servers[i].engine.client_count);
}

static bool take_event(struct sim *s, struct sim_event *e)
{
	if (!sim_queue_pop(s, e))
		return false;
	if (e->at <= s->config.limit_ns && s->stats.events < s->config.events_max)
		return true;
	if (e->datagram != NULL)
		sim_datagram_drop(e->datagram);
	return false;
}

static void count_floods(struct sim *s)
{
	for (uint32_t i = 0; i < s->config.sessions; i++) {
		s->stats.counts[SIM_COUNT_flooded] += s->servers[i].engine.stats.pending_dropped;
		s->stats.counts[SIM_COUNT_nacks_refused] += s->servers[i].engine.stats.nacks_too_many;
	}
}

bool sim_run(struct sim *s, const struct sim_config *config)
{
	struct sim_event e;

	init(s, config);
	while (s->why[0] == '\0' && !all_forgotten(s)) {
		if (!take_event(s, &e)) {
			tell_stuck(s);
			break;
		}
		s->now = e.at;
		s->stats.events++;
		dispatch(s, &e);
	}
	count_floods(s);
	if (s->why[0] == '\0')
		sim_check_end(s);
	return s->why[0] == '\0';
}

void sim_fini(struct sim *s)
{
	sim_queue_fini(s);
	for (uint32_t i = 0; i < s->config.sessions; i++)
		sim_server_fini(s, i);
	for (uint32_t i = 0; i < s->config.clients; i++)
		free(s->clients[i].blocks_mem);
	free(s->clients);
	free(s->content);
	free(s->out_mem);
	security_fini(&s->security);
	security_fini(&s->wrong_key);
}
