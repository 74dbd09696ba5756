#include "sim.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

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
	*c = (struct sim_config){ .seed = 1,
		                  .clients = 2,
		                  .content_bytes = 300 * 100 - 7,
		                  .block_bytes = 100,
		                  .link = { .delay_ns = NS_PER_MS / 2,
		                            .jitter_ns = NS_PER_MS / 5,
		                            .reorder_ns = 3 * NS_PER_MS },
		                  .slots = 4096,
		                  .start_within_ns = 50 * NS_PER_MS,
		                  .limit_ns = 600 * NS_PER_S };
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

static void plug_in(struct sim *s, uint32_t client)
{
	struct sim_client *c = &s->clients[client];
	struct sim_event e = { .type = SIM_START, .client = client };

	c->at = (struct endpoint){ ip4_of(10, 0, 1, (uint8_t)(client + 1)), 50000 };
	c->up.config = c->down.config = s->config.link;
	c->timer_at = NS_NEVER;
	e.at = rng_below(&s->rng, s->config.start_within_ns + 1);
	sim_queue_push(s, &e);
}

static void init(struct sim *s, const struct sim_config *config)
{
	memset(s, 0, sizeof(*s));
	s->config = *config;
	s->rng.state = config->seed;
	s->total_blocks = ma_total_blocks(config->content_bytes, config->block_bytes);
	s->initiation = (struct endpoint){ ip4_of(10, 0, 0, 1), MSI_UDP_PORT };
	security_init_checksum(&s->checksum);
	s->out_mem = calloc(1, outq_bytes(SIM_OUTQ_PACKETS));
	s->clients = calloc(config->clients, sizeof(s->clients[0]));
	if (s->out_mem == NULL || s->clients == NULL)
		abort();
	outq_init(&s->out, s->out_mem, SIM_OUTQ_PACKETS);
	make_content(s);
	sim_server_start(s);
	for (uint32_t i = 0; i < config->clients; i++)
		plug_in(s, i);
}

static void dispatch(struct sim *s, const struct sim_event *e)
{
	switch (e->type) {
	case SIM_TO_CLIENT:
		sim_client_receive(s, e->client, e->datagram);
		break;
	case SIM_TO_SERVER:
		sim_server_receive(s, e->datagram);
		break;
	case SIM_CLIENT_TIMER:
		sim_client_timer(s, e->client);
		break;
	case SIM_SERVER_TIMER:
		sim_server_timer(s);
		break;
	case SIM_CONSUMED:
		sim_client_consumed(s, e->client);
		break;
	case SIM_START:
		sim_client_start(s, e->client);
		break;
	}
	if (e->datagram != NULL)
		sim_datagram_drop(e->datagram);
}

/* All clients have ended; notes when that was. */
static bool all_done(struct sim *s)
{
	for (uint32_t i = 0; i < s->config.clients; i++)
		if (!s->clients[i].closed)
			return false;
	if (s->stats.all_done_ns == 0)
		s->stats.all_done_ns = s->now;
	return true;
}

static bool all_forgotten(struct sim *s)
{
	if (!all_done(s) || s->server.engine.client_count > 0)
		return false;
	s->stats.all_forgotten_ns = s->now;
	return true;
}

static void tell_stuck(struct sim *s)
{
	for (uint32_t i = 0; i < s->config.clients; i++) {
		const struct sim_client *c = &s->clients[i];

		if (!c->closed)
			sim_fail(s, "client %u is stuck in state %d with %llu of %llu blocks", i,
			         c->engine.state, (unsigned long long)c->delivered,
			         (unsigned long long)s->total_blocks);
	}
	sim_fail(s, "the server still knows %u clients", s->server.engine.client_count);
}

/* What must hold once nothing is left to happen. */
static void check_end(struct sim *s)
{
	for (uint32_t i = 0; i < s->config.clients; i++) {
		const struct sim_client *c = &s->clients[i];

		if (c->result != 0)
			sim_fail(s, "client %u ended with %u (0x%08x)", i, c->result, c->result);
		else if (bitmap_next_zero(&c->blocks, 0) != c->blocks.bits)
			sim_fail(s, "client %u has no block %llu", i,
			         (unsigned long long)bitmap_next_zero(&c->blocks, 0) + 1);
	}
	if (!s->server.idle)
		sim_fail(s, "the server has not said that it is idle");
}

bool sim_run(struct sim *s, const struct sim_config *config)
{
	struct sim_event e;

	init(s, config);
	while (s->why[0] == '\0' && !all_forgotten(s)) {
		if (!sim_queue_pop(s, &e) || e.at > config->limit_ns) {
			if (e.datagram != NULL)
				sim_datagram_drop(e.datagram);
			tell_stuck(s);
			break;
		}
		s->now = e.at;
		s->stats.events++;
		dispatch(s, &e);
	}
	if (s->why[0] == '\0')
		check_end(s);
	return s->why[0] == '\0';
}

void sim_fini(struct sim *s)
{
	sim_queue_fini(s);
	for (uint32_t i = 0; i < s->config.clients; i++)
		free(s->clients[i].blocks_mem);
	free(s->clients);
	free(s->server.engine_mem);
	free(s->content);
	free(s->out_mem);
	security_fini(&s->checksum);
}
