#include "run/share.h"

#include "host/host.h"

struct head {
	bool frame;
	struct net_datagram d;
};

struct ring {
	struct spsc heads;
	struct head head_mem[SHARE_ITEMS];
	_Alignas(SPSC_LINE) uint32_t given; /* the producer's: which bytes are next */
	uint64_t handed, dropped;
	_Alignas(SPSC_LINE) uint32_t taken; /* the consumer's */
	uint8_t bytes[SHARE_ITEMS][SHARE_ITEM_BYTES];
};

struct share {
	uint32_t workers;
	size_t bytes;
	_Atomic uint8_t wanted[UINT16_MAX + 1]; /* W: a bit for each worker */
	struct ring rings[];                    /* [to * workers + from] */
};

static_assert(SHARE_WORKERS_MAX <= 8, "one byte has a bit for each worker");

struct share *share_new(uint32_t workers, int node)
{
	size_t bytes = sizeof(struct share) + workers * workers * sizeof(struct ring);
	struct share *s = host_alloc(bytes, node);

	if (s == NULL)
		return NULL;
	s->workers = workers;
	s->bytes = bytes;
	for (uint32_t i = 0; i < workers * workers; i++)
		spsc_init(&s->rings[i].heads, s->rings[i].head_mem, SHARE_ITEMS, sizeof(struct head));
	return s;
}

void share_free(struct share *s)
{
	if (s != NULL)
		host_free(s, s->bytes);
}

static struct ring *ring_of(struct share *s, uint32_t to, uint32_t from)
{
	return &s->rings[to * s->workers + from];
}

void share_want(struct share *s, uint32_t worker, uint16_t port, bool wants)
{
	uint8_t bit = (uint8_t)(1u << worker);

	if (wants)
		atomic_fetch_or_explicit(&s->wanted[port], bit, memory_order_relaxed);
	else
		atomic_fetch_and_explicit(&s->wanted[port], (uint8_t)~bit, memory_order_relaxed);
}

/* The bytes are the producer's while the ring has no head for them: spsc_count() is never too small here. */
static void hand(struct ring *r, bool frame, const struct net_datagram *d)
{
	struct head h = { frame, *d };

	if (d->len > SHARE_ITEM_BYTES || spsc_count(&r->heads) == SHARE_ITEMS) {
		r->dropped++;
		return;
	}
	memcpy(r->bytes[r->given++ % SHARE_ITEMS], d->data, d->len);
	spsc_push(&r->heads, &h, sizeof(h));
	r->handed++;
}

bool share_datagram(struct share *s, uint32_t worker, const struct net_datagram *d)
{
	unsigned others = atomic_load_explicit(&s->wanted[d->to.port], memory_order_relaxed) & ~(1u << worker);

	for (unsigned left = others; left != 0; left &= left - 1)
		hand(ring_of(s, (uint32_t)__builtin_ctz(left), worker), false, d);
	return others != 0;
}

void share_frame(struct share *s, uint32_t worker, const uint8_t *frame, uint32_t len)
{
	struct net_datagram d = { .data = frame, .len = len };

	for (uint32_t to = 0; to < s->workers; to++)
		if (to != worker)
			hand(ring_of(s, to, worker), true, &d);
}

bool share_peek(struct share *s, uint32_t worker, uint32_t from, struct share_item *out)
{
	struct ring *r = ring_of(s, worker, from);
	struct head h;

	if (!spsc_peek(&r->heads, &h, sizeof(h)))
		return false;
	out->frame = h.frame;
	out->d = h.d;
	out->d.data = r->bytes[r->taken % SHARE_ITEMS];
	return true;
}

void share_next(struct share *s, uint32_t worker, uint32_t from)
{
	struct ring *r = ring_of(s, worker, from);
	struct head h;

	r->taken++;
	spsc_pop(&r->heads, &h, sizeof(h));
}

uint32_t share_workers(const struct share *s)
{
	return s->workers;
}

uint64_t share_handed(const struct share *s, uint32_t worker)
{
	uint64_t n = 0;

	for (uint32_t to = 0; to < s->workers; to++)
		n += s->rings[to * s->workers + worker].handed;
	return n;
}

uint64_t share_dropped(const struct share *s, uint32_t worker)
{
	uint64_t n = 0;

	for (uint32_t to = 0; to < s->workers; to++)
		n += s->rings[to * s->workers + worker].dropped;
	return n;
}
