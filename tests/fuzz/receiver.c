#include "parties.h"

#include <assert.h>
#include <stdlib.h>
#include <stdio.h>

enum { TURNS_MAX = 1000, BUDGET = 1 << 20, CACHE_TIGHT = 4, ENDING_S = 3 };

static void on_negotiate(void *arg, const struct client_offer *offer)
{
	(void)arg, (void)offer;
}

static void on_start(void *arg, const struct client_offer *offer)
{
	struct receiver_session *s = arg;

	s->blocks = offer->total_blocks;
	s->delivered = calloc(1, s->blocks / 8 + 1);
	assert(s->delivered != NULL);
}

/* Each once. */
static void note(struct receiver_session *s, uint64_t block)
{
	assert(block < s->blocks && (s->delivered[block / 8] & 1u << block % 8) == 0);
	s->delivered[block / 8] |= (uint8_t)(1u << block % 8);
}

static void on_contents(void *arg, uint32_t slot, uint32_t count, uint64_t offset)
{
	struct receiver_session *s = arg;
	struct buffers *b = &s->ctl->buffers;
	const struct client_offer *o = &s->ctl->offer;
	uint32_t len = store_run_bytes(b->store, slot, count);

	assert(!s->completed && count > 0 && slot + count <= b->store->slots);
	assert(offset % o->block_bytes == 0 && offset <= o->content_bytes && len <= o->content_bytes - offset);
	assert(len == (uint64_t)count * o->block_bytes || offset + len == o->content_bytes);
	for (uint32_t i = 0; i < count; i++)
		note(s, offset / o->block_bytes + i);
	assert(!s->receiver->exact || party_is_content(store_slot(b->store, slot), len, offset));
	buffers_deliver(b, slot, count);
	if (s->receiver->holds && s->held_count < sizeof(s->held) / sizeof(s->held[0])) {
		s->held[s->held_count].offset = offset;
		s->held[s->held_count++].len = len;
	} else {
		assert(buffers_complete(b, offset, len));
	}
	buffers_returned(b, slot);
}

static void on_complete(void *arg, uint32_t win32, const char *why)
{
	struct receiver_session *s = arg;

	assert(!s->completed && strnlen(why, CTL_WHY_BYTES) < CTL_WHY_BYTES);
	s->completed = true;
	s->result = win32;
	for (uint64_t i = 0; win32 == 0 && i < s->blocks; i++) /* all, when it says so */
		assert(s->delivered[i / 8] & 1u << i % 8);
}

static const struct ctl_ops ops = { on_negotiate, on_start, on_contents, on_complete };

static void set_name(struct msi_name *n, const char *text)
{
	n->len = (uint16_t)(wdscast_utf16(text, (char16_t *)n->units, MSI_NAME_CHARS_MAX) - 1);
}

static void begin_session(struct receiver *r, const struct endpoint *initiation, unsigned choice)
{
	struct receiver_session *s = &r->sessions[r->session_count++];
	uint32_t block = choice & PARTY_LARGE ? PARTY_LARGE_BLOCK : PARTY_SMALL_BLOCK, win32;
	struct ctl_config c = { .worker = r->worker,
		                .budget = &r->budget,
		                .cache_bytes = choice & PARTY_TIGHT ? CACHE_TIGHT * block : 2 * PARTY_CONTENT_BYTES,
		                .run_bytes = 3 * block,
		                .ops = &ops,
		                .arg = s };
	char why[CTL_WHY_BYTES];

	s->receiver = r;
	client_config_defaults(&c.client);
	c.client.seed = r->session_count;
	c.client.server_security = c.client.client_security = party_security(choice);
	c.client.initiation = *initiation;
	set_name(&c.client.request.name_space, "images");
	set_name(&c.client.request.content, "a.img");
	s->ctl = ctl_new(&c, r->now, &win32, why);
	assert(s->ctl != NULL);
}

void receiver_init(struct receiver *r, struct port *port, const struct endpoint *initiation, unsigned choice, ns_t now)
{
	struct worker_config config = { .by_hand = true, .seed = 1 };

	memset(r, 0, sizeof(*r));
	r->budget.limit = BUDGET;
	r->exact = party_security(choice).mode == SECURITY_HASH;
	r->now = now;
	r->worker = worker_new(port, &config);
	assert(r->worker != NULL);
	for (unsigned i = 0; i < (choice & PARTY_TWO ? 2u : 1u); i++)
		begin_session(r, initiation, choice);
}

/* What the consumer holds, the store does not give away. */
static void check(const struct receiver *r)
{
	assert(atomic_load(&r->budget.used) <= r->budget.limit);
	for (unsigned i = 0; i < r->session_count; i++) {
		const struct receiver_session *s = &r->sessions[i];

		if (s->ctl != NULL && s->ctl->arena != NULL && !s->ctl->over)
			assert(store_room(&s->ctl->lane.store) + s->held_count <= s->ctl->lane.store.slots);
	}
}

void receiver_turn(struct receiver *r, ns_t now)
{
	unsigned turns = 0, work;

	r->now = now;
	do {
		work = rx_turn(r->worker->rx, now);
		for (unsigned i = 0; i < r->session_count; i++)
			if (!ctl_is_over(r->sessions[i].ctl))
				work += ctl_turn(r->sessions[i].ctl, now);
		check(r);
		assert(turns++ < TURNS_MAX);
	} while (work > 0);
}

void receiver_complete(struct receiver *r)
{
	r->holds = false;
	for (unsigned i = 0; i < r->session_count; i++) {
		struct receiver_session *s = &r->sessions[i];

		for (unsigned h = 0; h < s->held_count; h++)
			assert(buffers_complete(&s->ctl->buffers, s->held[h].offset, s->held[h].len));
		s->held_count = 0;
	}
}

void receiver_cancel(struct receiver *r)
{
	for (unsigned i = 0; i < r->session_count; i++)
		ctl_cancel(r->sessions[i].ctl, 1223);
}

bool receiver_is_over(const struct receiver *r)
{
	for (unsigned i = 0; i < r->session_count; i++)
		if (!ctl_is_over(r->sessions[i].ctl))
			return false;
	return true;
}

uint32_t receiver_block_bytes(const struct receiver *r)
{
	return r->sessions[0].ctl->answered ? r->sessions[0].ctl->offer.block_bytes : 0;
}

void receiver_end(struct receiver *r)
{
	receiver_complete(r);
	receiver_cancel(r);
	for (ns_t end = r->now + ENDING_S * NS_PER_S; !receiver_is_over(r) && r->now < end;)
		receiver_turn(r, r->now + 50 * NS_PER_MS);
	assert(receiver_is_over(r)); /* whatever came, a cancel ends it */
	for (unsigned i = 0; i < r->session_count; i++) {
		assert(r->sessions[i].completed);
		ctl_free(r->sessions[i].ctl);
		free(r->sessions[i].delivered);
	}
	assert(atomic_load(&r->budget.used) == 0);
	worker_free(r->worker);
}
