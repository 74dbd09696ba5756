#include "sim.h"

#include <stdio.h>
#include <stdlib.h>

#include "wdserror.h"

#define EVENTS_A_STEP 8

static struct sim_client *client_of(struct sim *s, uint32_t client)
{
	return &s->clients[client];
}

static void join_group(struct sim *s, uint32_t client, struct bitmap *blocks)
{
	struct sim_client *c = client_of(s, client);

	c->group = c->engine.offer.multicast;
	c->in_group = true;
	c->master_is_me = c->misses = false;
	c->hi_seq_no = c->spm_seq_no = c->qcc_seq_no = c->poll_seq_no = 0;
	sim_client_step(s, client, &(struct client_in){ .type = CLIENT_IN_ACCEPT, .blocks = blocks });
}

static void *new_bitmap(struct bitmap *m, uint64_t bits)
{
	void *mem = calloc(1, bitmap_bytes(bits));

	if (mem == NULL)
		abort();
	bitmap_init(m, bits, mem);
	return mem;
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
	c->blocks_mem = new_bitmap(&c->blocks, o->total_blocks);
	join_group(s, client, &c->blocks);
}

static void finish(struct sim *s, uint32_t client, uint32_t win32)
{
	struct sim_client *c = client_of(s, client);

	if (c->finished)
		sim_fail(s, "client %u finished twice", client);
	c->finished = true;
	c->finished_at = s->now;
	c->result = win32;
	c->may_time_out = sim_may_time_out(s, c);
	if (win32 == ERROR_TIMEOUT)
		sim_count(s, SIM_COUNT_timeouts);
	if (win32 == 0 && c->moved)
		sim_count(s, SIM_COUNT_moved);
	if (s->config.verbose)
		printf("%10.3f ms: client %u finished, 0x%x, %llu blocks\n", (double)s->now / 1e6, client,
		       win32, (unsigned long long)c->delivered);
}

static void on_event(struct sim *s, uint32_t client, const struct out_event *e)
{
	struct sim_client *c = client_of(s, client);

	switch (e->type) {
	case OUT_OFFER:
		take_offer(s, client);
		break;
	case OUT_MOVED:
		c->moved = true;
		join_group(s, client, &c->blocks);
		break;
	case OUT_FINISHED:
		finish(s, client, e->win32);
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
static void drain(struct sim *s, uint32_t client)
{
	struct sim_client *c = client_of(s, client);
	struct out_event events[EVENTS_A_STEP];
	uint32_t n = s->out.event_count;

	for (uint32_t i = 0; i < s->out.packet_count; i++)
		sim_net_up(s, client, sim_assemble(s, &s->out.packets[i], &c->at));
	if (n > EVENTS_A_STEP) {
		sim_fail(s, "client %u: %u events in one step", client, n);
		n = EVENTS_A_STEP;
	}
	memcpy(events, s->out.events, n * sizeof(events[0]));
	outq_clear(&s->out);
	for (uint32_t i = 0; i < n; i++)
		on_event(s, client, &events[i]);
}

void sim_client_step(struct sim *s, uint32_t client, const struct client_in *in)
{
	struct sim_client *c = client_of(s, client);
	uint64_t acks = c->engine.stats.acks;

	client_step(&c->engine, in, s->now, &s->out);
	if (c->engine.stats.acks != acks)
		sim_check_acks(s, client);
	drain(s, client);
	sim_check_client(s, client);
	sim_arm(s, client_deadline(&c->engine), &c->timer_at, SIM_CLIENT_TIMER, client);
}

static void configure(struct sim *s, uint32_t client, struct client_config *out)
{
	struct sim_client *c = client_of(s, client);

	client_config_defaults(out);
	out->seed = rng_next(&s->rng);
	out->initiation = s->initiation;
	out->ip = c->at.ip;
	out->mac_len = out->request.mac_len = 6;
	memcpy(out->mac, (uint8_t[]){ 2, 0, 0, 0, 1, (uint8_t)(client + 1) }, 6);
	memcpy(out->request.mac, out->mac, 6);
	out->request.name_space = (struct msi_name){ 6, u"images" };
	out->request.content = (struct msi_name){ 8, u"demo.img" };
	out->name[0] = 'C';
	out->name[1] = (uint16_t)('0' + client / 100);
	out->name[2] = (uint16_t)('0' + client / 10 % 10);
	out->name[3] = (uint16_t)('0' + client % 10);
	out->client_security = out->server_security = s->security;
}

void sim_client_start(struct sim *s, uint32_t client)
{
	struct sim_client *c = client_of(s, client);
	struct client_config config = { 0 };

	configure(s, client, &config);
	client_init(&c->engine, &config, s->now);
	c->life++;
	c->alive = true;
	c->finished = c->closed = c->in_group = c->moved = false;
	c->may_fail = 0;
	c->started_at = c->stirred_at = c->heard_at = c->noted_at = s->now;
	c->cut_off_ns = 0;
	c->state = CLIENT_INITIATING;
	c->pollack_by = c->qcr_by = NS_NEVER;
	c->requests = c->joins = c->qcrs = c->nacks = (struct sim_pace){ .at = s->now };
	c->pollacks = c->backoff_ms = 0;
	c->timer_at = NS_NEVER;
	c->delivered = 0;
	free(c->blocks_mem);
	c->blocks_mem = NULL;
	c->slots = c->free_slots = s->config.slots;
	c->consume_ns = client < s->config.slow_clients ? s->config.consume_ns : 0;
	c->consumer_free_at = 0;
	sim_client_step(s, client, &(struct client_in){ .type = CLIENT_IN_TICK });
}

/* The consumer takes it in its time; a slot is its until then. */
static void consume(struct sim *s, uint32_t client)
{
	struct sim_client *c = client_of(s, client);
	struct sim_event e = { .type = SIM_CONSUMED, .host = client, .life = c->life };

	c->delivered++;
	c->stirred_at = s->now;
	if (c->consumer_free_at < s->now)
		c->consumer_free_at = s->now;
	c->consumer_free_at += c->consume_ns;
	if (c->consumer_free_at == s->now)
		return;
	c->free_slots--;
	e.at = c->consumer_free_at;
	sim_queue_push(s, &e);
}

/* A slot for the block, and its bytes looked at. False when there is none. */
static bool store_block(struct sim *s, uint32_t client, const struct ma_data *block)
{
	struct sim_client *c = client_of(s, client);

	if (c->free_slots == 0) {
		sim_count(s, SIM_COUNT_no_room);
		return false;
	}
	if (block->block_no == 0 || block->block_no > s->total_blocks)
		sim_fail(s, "client %u wants block %llu", client, (unsigned long long)block->block_no);
	else if (bitmap_test(&c->blocks, block->block_no - 1))
		sim_fail(s, "client %u wants block %llu again", client, (unsigned long long)block->block_no);
	else if (block->data_len != sim_block_len(s, block->block_no) ||
	         memcmp(block->data, sim_block(s, block->block_no), block->data_len) != 0)
		sim_fail(s, "client %u takes wrong bytes as block %llu", client,
		         (unsigned long long)block->block_no);
	consume(s, client);
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
		s->stats.counts[SIM_COUNT_corrupt] += d->corrupt;
		return;
	}
	want = client_wants(&c->engine, &p, &d->from, &block);
	if (want == CLIENT_WANT_NOT)
		return;
	if (security_verify(&s->security, &p) != SECURITY_OK) {
		s->stats.forged++;
		s->stats.counts[SIM_COUNT_corrupt] += d->corrupt;
		return;
	}
	if (d->corrupt)
		sim_fail(s, "client %u takes a corrupt packet", client);
	in.packet = &p;
	in.block = want == CLIENT_WANT_BLOCK ? &block : NULL;
	in.stored = in.block != NULL && store_block(s, client, &block);
	in.free_slots = c->free_slots;
	sim_check_taken(c, &p);
	sim_note_asked(s, c, &p);
	sim_client_step(s, client, &in);
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
		sim_client_step(s, client,
		                &(struct client_in){ .type = CLIENT_IN_MSI, .from = &d->from, .msi = &msi });
	else
		s->stats.malformed++;
}

void sim_client_timer(struct sim *s, uint32_t client)
{
	struct sim_client *c = client_of(s, client);

	c->timer_at = NS_NEVER;
	if (c->alive)
		sim_client_step(s, client, &(struct client_in){ .type = CLIENT_IN_TICK });
}

void sim_client_consumed(struct sim *s, uint32_t client, uint32_t life)
{
	struct sim_client *c = client_of(s, client);

	if (!c->alive || c->life != life)
		return;
	c->free_slots++;
	sim_client_step(s, client,
	                &(struct client_in){ .type = CLIENT_IN_ROOM, .free_slots = c->free_slots });
}
