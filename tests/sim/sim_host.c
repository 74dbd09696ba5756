#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

#define STEPS_MAX 100 /* of a server at one time */

static struct sim_client *client_of(struct sim *s, uint32_t client)
{
	return &s->clients[client];
}

static const uint8_t *content_of(struct sim *s, uint64_t block_no)
{
	return s->content + ma_block_offset(block_no, s->config.block_bytes);
}

static uint32_t block_len(struct sim *s, uint64_t block_no)
{
	return ma_block_len(block_no, s->config.content_bytes, s->config.block_bytes);
}

/* A datagram of what an engine made: content is put between head and tail, and all of it sealed. */
static struct sim_datagram *assemble(struct sim *s, const struct out_packet *p, const struct endpoint *from)
{
	uint32_t body_len = p->block_no == 0 ? 0 : block_len(s, p->block_no);
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
	memcpy(d->bytes + p->head_len, content_of(s, p->block_no), body_len);
	security_seal(&s->checksum, &pieces);
	return d;
}

/* Let a later step of the host run its timers; `have` is the timer event it has already. */
static void arm(struct sim *s, ns_t deadline, ns_t *have, enum sim_event_type type, uint32_t client)
{
	struct sim_event e = { .at = deadline, .type = type, .client = client };

	if (deadline == NS_NEVER || *have <= deadline)
		return;
	if (deadline < s->now)
		e.at = s->now;
	*have = deadline;
	sim_queue_push(s, &e);
}

/* ---- client ---- */

static void step_client(struct sim *s, uint32_t client, const struct client_in *in);

static void join_group(struct sim *s, uint32_t client, struct bitmap *blocks)
{
	struct sim_client *c = client_of(s, client);

	c->group = c->engine.offer.multicast;
	c->in_group = true;
	step_client(s, client, &(struct client_in){ .type = CLIENT_IN_ACCEPT, .blocks = blocks });
}

static void take_offer(struct sim *s, uint32_t client)
{
	struct sim_client *c = client_of(s, client);
	const struct client_offer *o = &c->engine.offer;

	if (o->content_bytes != s->config.content_bytes || o->total_blocks != s->total_blocks ||
	    o->block_bytes != s->config.block_bytes) {
		sim_fail(s, "client %u: the offer is not what was offered", client);
		return;
	}
	c->blocks_mem = calloc(1, bitmap_bytes(o->total_blocks));
	if (c->blocks_mem == NULL)
		abort();
	bitmap_init(&c->blocks, o->total_blocks, c->blocks_mem);
	join_group(s, client, &c->blocks);
}

static void client_event(struct sim *s, uint32_t client, const struct out_event *e)
{
	struct sim_client *c = client_of(s, client);

	switch (e->type) {
	case OUT_OFFER:
		take_offer(s, client);
		break;
	case OUT_MOVED:
		join_group(s, client, &c->blocks);
		break;
	case OUT_FINISHED:
		if (c->finished)
			sim_fail(s, "client %u finished twice", client);
		c->finished = true;
		c->finished_at = s->now;
		c->result = e->win32;
		break;
	case OUT_CLOSED:
		if (c->closed || !c->finished)
			sim_fail(s, "client %u closed twice, or before it had finished", client);
		c->closed = true;
		c->in_group = false;
		break;
	default:
		break;
	}
}

/* What a step has said: taken out first, for an event may make the next step. */
static void drain_client(struct sim *s, uint32_t client)
{
	struct sim_client *c = client_of(s, client);
	struct out_event events[8];
	uint32_t n = s->out.event_count;

	for (uint32_t i = 0; i < s->out.packet_count; i++)
		sim_net_up(s, client, assemble(s, &s->out.packets[i], &c->at));
	if (n > 8)
		n = 8;
	memcpy(events, s->out.events, n * sizeof(events[0]));
	if (s->out.event_count > 8)
		sim_fail(s, "client %u: %u events in one step", client, s->out.event_count);
	outq_clear(&s->out);
	for (uint32_t i = 0; i < n; i++)
		client_event(s, client, &events[i]);
}

static void step_client(struct sim *s, uint32_t client, const struct client_in *in)
{
	struct sim_client *c = client_of(s, client);

	client_step(&c->engine, in, s->now, &s->out);
	drain_client(s, client);
	sim_check_client(s, client);
	arm(s, client_deadline(&c->engine), &c->timer_at, SIM_CLIENT_TIMER, client);
}

void sim_client_start(struct sim *s, uint32_t client)
{
	struct sim_client *c = client_of(s, client);
	struct client_config config = { 0 };
	uint8_t low = (uint8_t)(client + 1);

	client_config_defaults(&config);
	config.seed = rng_next(&s->rng);
	config.initiation = s->initiation;
	config.ip = c->at.ip;
	config.mac_len = config.request.mac_len = 6;
	memcpy(config.mac, (uint8_t[]){ 2, 0, 0, 0, 1, low }, 6);
	memcpy(config.request.mac, config.mac, 6);
	config.request.name_space = (struct msi_name){ 6, u"images" };
	config.request.content = (struct msi_name){ 8, u"demo.img" };
	config.name[0] = 'C';
	config.name[1] = (uint16_t)('0' + client / 100);
	config.name[2] = (uint16_t)('0' + client / 10 % 10);
	config.name[3] = (uint16_t)('0' + client % 10);
	config.client_security = config.server_security = s->checksum;
	client_init(&c->engine, &config, s->now);
	c->alive = true;
	c->started_at = s->now;
	c->timer_at = NS_NEVER;
	c->slots = c->free_slots = s->config.slots;
	c->consume_ns = s->config.consume_ns;
	step_client(s, client, &(struct client_in){ .type = CLIENT_IN_TICK });
}

/* A slot for the block, and its bytes looked at. False when there is none. */
static bool store_block(struct sim *s, uint32_t client, const struct ma_data *block)
{
	struct sim_client *c = client_of(s, client);
	struct sim_event e = { .type = SIM_CONSUMED, .client = client };

	if (c->free_slots == 0)
		return false;
	if (block->block_no == 0 || block->block_no > s->total_blocks)
		sim_fail(s, "client %u wants block %llu", client, (unsigned long long)block->block_no);
	else if (bitmap_test(&c->blocks, block->block_no - 1))
		sim_fail(s, "client %u wants block %llu again", client, (unsigned long long)block->block_no);
	else if (block->data_len != block_len(s, block->block_no) ||
	         memcmp(block->data, content_of(s, block->block_no), block->data_len) != 0)
		sim_fail(s, "client %u takes wrong bytes as block %llu", client,
		         (unsigned long long)block->block_no);
	c->delivered++;
	if (c->consume_ns == 0)
		return true;
	c->free_slots--;
	if (c->consumer_free_at < s->now)
		c->consumer_free_at = s->now;
	c->consumer_free_at += c->consume_ns;
	e.at = c->consumer_free_at;
	sim_queue_push(s, &e);
	return true;
}

static void receive_packet(struct sim *s, uint32_t client, const struct sim_datagram *d)
{
	struct sim_client *c = client_of(s, client);
	struct client_in in = { .type = CLIENT_IN_PACKET, .from = &d->from };
	struct ma_data block;
	struct mt_packet p;
	enum client_want want;

	if (mt_read(d->bytes, d->len, &p) != MT_READ_OK) {
		s->stats.malformed++;
		return;
	}
	want = client_wants(&c->engine, &p, &d->from, &block);
	if (want == CLIENT_WANT_NOT)
		return;
	if (security_verify(&s->checksum, &p) != SECURITY_OK) {
		s->stats.forged++;
		return;
	}
	in.packet = &p;
	in.block = want == CLIENT_WANT_BLOCK ? &block : NULL;
	in.stored = in.block != NULL && store_block(s, client, &block);
	in.free_slots = c->free_slots;
	step_client(s, client, &in);
}

void sim_client_receive(struct sim *s, uint32_t client, const struct sim_datagram *d)
{
	struct sim_client *c = client_of(s, client);
	struct msi_packet msi;

	if (!c->alive || (ip_is_multicast(&d->to.ip) && !(c->in_group && endpoint_equal(&c->group, &d->to))))
		return;
	if (d->from.port != MSI_UDP_PORT)
		receive_packet(s, client, d);
	else if (msi_read(d->bytes, d->len, &msi))
		step_client(s, client,
		            &(struct client_in){ .type = CLIENT_IN_MSI, .from = &d->from, .msi = &msi });
	else
		s->stats.malformed++;
}

void sim_client_timer(struct sim *s, uint32_t client)
{
	struct sim_client *c = client_of(s, client);

	c->timer_at = NS_NEVER;
	if (c->alive)
		step_client(s, client, &(struct client_in){ .type = CLIENT_IN_TICK });
}

void sim_client_consumed(struct sim *s, uint32_t client)
{
	struct sim_client *c = client_of(s, client);

	c->free_slots++;
	if (c->alive)
		step_client(s, client,
		            &(struct client_in){ .type = CLIENT_IN_ROOM, .free_slots = c->free_slots });
}

/* ---- server ---- */

static void server_event(struct sim *s, const struct out_event *e)
{
	struct sim_server *h = &s->server;

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
		break;
	case OUT_IDLE:
		h->idle = true;
		h->passing = false;
		break;
	case OUT_CLIENT_VANISHED:
	case OUT_CLIENT_REFUSED:
		if (s->config.verbose)
			printf("%10.3f ms: event %d of client %u\n", (double)s->now / 1e6, e->type,
			       e->client_id);
		break;
	default:
		break;
	}
}

static void drain_server(struct sim *s)
{
	struct sim_server *h = &s->server;

	for (uint32_t i = 0; i < s->out.packet_count; i++)
		sim_net_down(s, assemble(s, &s->out.packets[i], &h->engine.config.unicast));
	for (uint32_t i = 0; i < s->out.event_count; i++)
		server_event(s, &s->out.events[i]);
	outq_clear(&s->out);
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
static void feed_pass(struct sim *s)
{
	struct sim_server *h = &s->server;
	struct server_in data = { .type = SERVER_IN_DATA };

	while (server_room(&h->engine) > 0 && next_of_pass(h, &data.block_no)) {
		server_step(&h->engine, &data, s->now, &s->out);
		drain_server(s);
	}
}

/* A deadline that has passed asks for another step at once: there is more to send than a queue holds. */
static void step_server(struct sim *s, const struct server_in *in)
{
	struct sim_server *h = &s->server;
	struct server_in tick = { .type = SERVER_IN_TICK };
	unsigned steps = 0;

	server_step(&h->engine, in, s->now, &s->out);
	drain_server(s);
	feed_pass(s);
	while (server_deadline(&h->engine) <= s->now && steps++ < STEPS_MAX) {
		server_step(&h->engine, &tick, s->now, &s->out);
		drain_server(s);
		feed_pass(s);
	}
	sim_check_server(s);
	arm(s, server_deadline(&h->engine), &h->timer_at, SIM_SERVER_TIMER, 0);
}

void sim_server_start(struct sim *s)
{
	struct sim_server *h = &s->server;
	struct server_config config = { 0 };

	server_config_defaults(&config);
	config.seed = rng_next(&s->rng);
	config.session_id = 0x01020304;
	config.multicast = (struct endpoint){ ip4_of(239, 1, 2, 3), 64001 };
	config.unicast = (struct endpoint){ s->initiation.ip, 64001 };
	config.client_security = config.server_security = s->checksum;
	config.content_bytes = s->config.content_bytes;
	config.total_blocks = s->total_blocks;
	config.block_bytes = s->config.block_bytes;
	h->engine_mem = calloc(1, server_mem_bytes(&config));
	if (h->engine_mem == NULL)
		abort();
	server_init(&h->engine, &config, h->engine_mem, s->now);
	h->timer_at = NS_NEVER;
	h->idle = true;
	step_server(s, &(struct server_in){ .type = SERVER_IN_TICK });
}

static void answer_request(struct sim *s, const struct sim_datagram *request)
{
	uint8_t bytes[OUT_CONTROL_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct sim_datagram *d;
	struct msi_packet msi;

	if (!msi_read(request->bytes, request->len, &msi) || msi.kind != MSI_REQUEST || msi.missing != 0) {
		s->stats.malformed++;
		return;
	}
	server_answer_request(&w, &s->server.engine.config, 0);
	d = sim_datagram_new(&s->initiation, &request->from, (uint32_t)writer_len(&w));
	memcpy(d->bytes, bytes, d->len);
	sim_net_down(s, d);
}

void sim_server_receive(struct sim *s, const struct sim_datagram *d)
{
	struct mt_packet p;

	if (endpoint_equal(&d->to, &s->initiation)) {
		answer_request(s, d);
		return;
	}
	if (mt_read(d->bytes, d->len, &p) != MT_READ_OK)
		s->stats.malformed++;
	else if (security_verify(&s->checksum, &p) != SECURITY_OK)
		s->stats.forged++;
	else
		step_server(s,
		            &(struct server_in){ .type = SERVER_IN_PACKET, .from = &d->from, .packet = &p });
}

void sim_server_timer(struct sim *s)
{
	s->server.timer_at = NS_NEVER;
	step_server(s, &(struct server_in){ .type = SERVER_IN_TICK });
}
