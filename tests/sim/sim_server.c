#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 100 /* of a server at one time */

const uint8_t *sim_block(const struct sim *s, uint64_t block_no)
{
	return s->content + ma_block_offset(block_no, s->config.block_bytes);
}

uint32_t sim_block_len(const struct sim *s, uint64_t block_no)
{
	return ma_block_len(block_no, s->config.content_bytes, s->config.block_bytes);
}

struct sim_datagram *sim_assemble(struct sim *s, const struct out_packet *p, const struct endpoint *from)
{
	uint32_t body_len = p->block_no == 0 ? 0 : sim_block_len(s, p->block_no);
	struct sim_datagram *d = sim_datagram_new(from, &p->to, p->head_len + body_len + p->tail_len);
	struct security_pieces pieces = { .head = d->bytes,
		                          .head_len = p->head_len,
		                          .body = d->bytes + p->head_len,
		                          .body_len = body_len,
		                          .tail = d->bytes + p->head_len + body_len,
		                          .tail_len = p->tail_len };

	memcpy(d->bytes, s->out.bytes + p->head_at, p->head_len);
	memcpy(d->bytes + p->head_len + body_len, s->out.bytes + p->tail_at, p->tail_len);
	if (p->block_no == 0)
		return d;
	memcpy(d->bytes + p->head_len, sim_block(s, p->block_no), body_len);
	security_seal(&s->security, &pieces);
	return d;
}

static bool is_liar(const struct sim *s, const struct endpoint *at)
{
	for (uint32_t i = 0; i < s->config.liar_count; i++)
		if (endpoint_equal(&s->liars[i].at, at))
			return true;
	return false;
}

static bool has_old_liar(const struct sim *s, const struct server *e)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		const struct server_client *c = &e->clients[i];

		if (c->list == SERVER_ACTIVE && s->now - c->joined_at > 35 * NS_PER_S && is_liar(s, &c->from))
			return true;
	}
	return false;
}

static void count_join(struct sim *s, const struct server *e, const struct endpoint *at)
{
	if (e->pass_state == SERVER_SEND && e->lead_seq_no > 0)
		sim_count(s, SIM_COUNT_joins);
	if (!is_liar(s, at) && has_old_liar(s, e))
		sim_count(s, SIM_COUNT_beside_liars);
}

static void on_event(struct sim *s, struct sim_server *h, const struct out_event *e)
{
	if (s->config.verbose && e->type >= OUT_CLIENT_JOINED && e->type != OUT_PASS_DONE)
		printf("%10.3f ms: session %u, event %d of client %u, window %.0f\n", (double)s->now / 1e6,
		       h->index, e->type, e->client_id, h->engine.window);
	switch (e->type) {
	case OUT_PASS:
		h->passing = true;
		h->range = 0;
		h->next_block = h->engine.pass.n > 0 ? h->engine.pass.v[0].first : 0;
		break;
	case OUT_PASS_DONE:
		h->passing = false;
		break;
	case OUT_CLIENT_JOINED:
		h->idle = false;
		count_join(s, &h->engine, &e->client);
		break;
	case OUT_MASTER:
		if (is_liar(s, &e->client))
			sim_count(s, SIM_COUNT_liar_masters);
		break;
	case OUT_IDLE:
		h->idle = true;
		h->passing = false;
		break;
	case OUT_CLIENT_SLOW:
		h->slow[h->slow_count++ % SIM_SLOW_MAX] = e->client_id;
		break;
	default:
		break;
	}
}

static void drain(struct sim *s, struct sim_server *h)
{
	for (uint32_t i = 0; i < s->out.packet_count; i++) {
		const struct out_packet *p = &s->out.packets[i];
		struct sim_datagram *d = sim_assemble(s, p, &h->engine.config.unicast);

		if (p->block_no != 0)
			sim_check_sent(s, h->index, p);
		sim_check_named(s, h->index, d);
		sim_net_down(s, d);
	}
	h->lists_changed |= s->out.event_count > 0;
	for (uint32_t i = 0; i < s->out.event_count; i++)
		on_event(s, h, &s->out.events[i]);
	outq_clear(&s->out);
}

/* One step, what it has said, and what must hold after it. */
static void step(struct sim *s, struct sim_server *h, const struct server_in *in)
{
	uint64_t polls = h->engine.stats.polls;

	server_step(&h->engine, in, s->now, &s->out);
	if (h->engine.stats.polls != polls)
		sim_check_polled(s, h->index);
	drain(s, h);
	sim_check_server(s, h->index);
}

/* The next block of the pass; false when all were fed. */
static bool next_of_pass(struct sim_server *h, uint64_t *block_no)
{
	const struct ranges *pass = &h->engine.pass;

	if (!h->passing || h->range >= pass->n)
		return false;
	*block_no = h->next_block;
	if (h->next_block < pass->v[h->range].last)
		h->next_block++;
	else if (++h->range < pass->n)
		h->next_block = pass->v[h->range].first;
	return true;
}

/* Content is at hand at once here: feed whatever there is room for. */
static void feed_pass(struct sim *s, struct sim_server *h)
{
	struct server_in data = { .type = SERVER_IN_DATA };

	while (server_room(&h->engine) > 0 && next_of_pass(h, &data.block_no))
		step(s, h, &data);
}

static struct sim_client *find_client(struct sim *s, const struct endpoint *at)
{
	for (uint32_t i = 0; i < s->config.clients; i++)
		if (endpoint_equal(&s->clients[i].at, at))
			return &s->clients[i];
	return NULL;
}

/* What the policy says of the clients that the engine found slow. */
static void run_policy(struct sim *s, struct sim_server *h)
{
	while (h->slow_count > 0) {
		struct server_in in = { .client_id = h->slow[--h->slow_count % SIM_SLOW_MAX] };
		const struct server_client *known = server_find_client(&h->engine, in.client_id);
		struct sim_client *c = known == NULL ? NULL : find_client(s, &known->from);
		bool kick = s->config.policy == SIM_KICK_SLOW || (known != NULL && !known->supports_demote);

		in.type = kick ? SERVER_IN_KICK : SERVER_IN_DEMOTE;
		in.reason = MT_KICK_POLICY_NOT_MET;
		if (kick && c != NULL) {
			c->may_fail |= SIM_MAY_BE_KICKED;
			sim_count(s, SIM_COUNT_kicked);
		}
		step(s, h, &in);
	}
}

/* A deadline that has passed asks for another step at once: there is more to send than a queue holds. */
void sim_server_step(struct sim *s, uint32_t session, const struct server_in *in)
{
	struct sim_server *h = &s->servers[session];
	struct server_in tick = { .type = SERVER_IN_TICK };
	unsigned steps = 0;

	step(s, h, in);
	run_policy(s, h);
	feed_pass(s, h);
	while (server_deadline(&h->engine) <= s->now && steps++ < STEPS_MAX) {
		step(s, h, &tick);
		run_policy(s, h);
		feed_pass(s, h);
	}
	sim_check_server_deadline(s, session);
	sim_arm(s, server_deadline(&h->engine), &h->timer_at, SIM_SERVER_TIMER, session);
}

/* A session of a server that was started anew has another id, so nobody takes it for the old one. */
static void configure(struct sim *s, uint32_t session, struct server_config *out)
{
	server_config_defaults(out);
	out->seed = rng_next(&s->rng);
	out->session_id = 0x01020300 + session + (uint32_t)(s->now / NS_PER_MS << 8);
	out->multicast =
	        (struct endpoint){ ip4_of(239, 1, 2, (uint8_t)(3 + session)), (uint16_t)(64001 + session) };
	out->unicast = (struct endpoint){ s->initiation.ip, (uint16_t)(64001 + session) };
	out->client_security = out->server_security = s->security;
	out->credits = &s->credits;
	out->content_bytes = s->config.content_bytes;
	out->total_blocks = s->total_blocks;
	out->block_bytes = s->config.block_bytes;
	if (s->config.max_window != 0) {
		out->exp_max_window = s->config.exp_max_window;
		out->max_window = s->config.max_window;
		out->list_max = s->config.list_max;
	}
	if (s->config.policy == SIM_KICK_SLOW ||
	    (s->config.policy == SIM_DEMOTE_SLOW && session + 1 < s->config.sessions))
		out->slow_bytes_per_s = s->config.slow_bytes_per_s >> session;
	if (session + 1 < s->config.sessions) {
		out->lower_session_id = out->session_id + 1;
		out->lower_multicast = (struct endpoint){ ip4_of(239, 1, 2, (uint8_t)(4 + session)),
			                                  (uint16_t)(64002 + session) };
		out->lower_unicast = (struct endpoint){ s->initiation.ip, (uint16_t)(64002 + session) };
	}
}

void sim_server_fini(struct sim *s, uint32_t session)
{
	struct sim_server *h = &s->servers[session];

	free(h->engine_mem);
	free(h->nacked);
	h->alive = false;
	h->engine_mem = NULL;
	h->nacked = NULL;
	free(h->wanted.blocks);
	h->wanted.blocks = NULL;
}

void sim_server_start(struct sim *s, uint32_t session)
{
	struct sim_server *h = &s->servers[session];
	struct server_config config = { 0 };

	configure(s, session, &config);
	sim_server_fini(s, session);
	*h = (struct sim_server){ .index = session, .alive = true, .idle = true, .timer_at = NS_NEVER };
	h->engine_mem = calloc(1, server_mem_bytes(&config));
	h->nacked = calloc(1, config.list_max);
	h->wanted.blocks = calloc((s->total_blocks + 63) / 64, sizeof(h->wanted.blocks[0]));
	if (h->engine_mem == NULL || h->nacked == NULL || h->wanted.blocks == NULL)
		abort();
	server_init(&h->engine, &config, h->engine_mem, s->now);
	sim_server_step(s, session, &(struct server_in){ .type = SERVER_IN_TICK });
}

static void answer_request(struct sim *s, const struct sim_datagram *request)
{
	uint8_t bytes[OUT_CONTROL_BYTES_MAX], digest[SECURITY_HASH_BYTES];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct sim_datagram *d;
	struct msi_packet msi;

	if (!msi_read(request->bytes, request->len, &msi) || msi.kind != MSI_REQUEST || msi.missing != 0) {
		s->stats.malformed++;
		return;
	}
	if (proof_is_due(&s->security) && !proof_of_request_holds(&msi.proof, &s->security, digest)) {
		s->stats.forged++;
		return;
	}
	server_answer_request(&w, &s->servers[0].engine.config, false, 0);
	if (proof_is_due(&s->security))
		proof_end_answer(&w, &s->security, digest);
	d = sim_datagram_new(&s->initiation, &request->from, (uint32_t)writer_len(&w));
	memcpy(d->bytes, bytes, d->len);
	sim_net_down(s, d);
}

static void on_packet(struct sim *s, struct sim_server *h, const struct sim_datagram *d,
                      const struct mt_packet *p)
{
	uint64_t acks = h->engine.stats.acks;
	uint32_t master = h->engine.master_client_id;

	if (d->corrupt)
		sim_fail(s, "session %u takes a corrupt packet", h->index);
	if (p->opcode == MT_NACK)
		sim_check_nacked(s, h->index, &p->nack, &d->from);
	if (p->opcode == MT_POLLACK)
		sim_check_pollack(s, h->index, &p->pollack, &d->from);
	sim_server_step(s, h->index,
	                &(struct server_in){ .type = SERVER_IN_PACKET, .from = &d->from, .packet = p });
	if (h->engine.stats.acks != acks)
		sim_check_acked(s, h->index, master, &d->from);
}

static void refuse(struct sim *s, const struct sim_datagram *d, uint64_t *counter)
{
	++*counter;
	s->stats.counts[SIM_COUNT_corrupt] += d->corrupt;
}

void sim_server_receive(struct sim *s, const struct sim_datagram *d)
{
	uint32_t session = d->to.port - 64001u;
	struct mt_packet p;

	if (!s->servers[0].alive)
		return;
	if (d->to.port == s->initiation.port)
		answer_request(s, d);
	else if (session >= s->config.sessions || mt_read(d->bytes, d->len, &p) != MT_READ_OK)
		refuse(s, d, &s->stats.malformed);
	else if (security_verify(&s->security, &p) != SECURITY_OK)
		refuse(s, d, &s->stats.forged);
	else
		on_packet(s, &s->servers[session], d, &p);
}

void sim_server_timer(struct sim *s, uint32_t session)
{
	s->servers[session].timer_at = NS_NEVER;
	if (s->servers[session].alive)
		sim_server_step(s, session, &(struct server_in){ .type = SERVER_IN_TICK });
}
