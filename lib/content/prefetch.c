#include "content/prefetch.h"

#define SLOTS_MIN 64
#define SLOTS_MAX (1u << 26)
#define HUNGRY_PART 4

static size_t round_up(size_t n)
{
	return (n + SPSC_LINE - 1) / SPSC_LINE * SPSC_LINE;
}

static uint64_t block_offset(const struct prefetch_config *c, uint64_t block_no)
{
	return (block_no - 1) * c->block_bytes;
}

static uint32_t block_len(const struct prefetch_config *c, uint64_t block_no)
{
	uint64_t left = c->content_bytes - block_offset(c, block_no);

	return left < c->block_bytes ? (uint32_t)left : c->block_bytes;
}

uint32_t prefetch_slots(uint64_t cache_bytes, uint32_t block_bytes, uint64_t total_blocks)
{
	uint64_t fit = cache_bytes / block_bytes;
	uint32_t slots = SLOTS_MIN;

	if (fit > total_blocks)
		fit = spsc_capacity(total_blocks < SLOTS_MAX ? (uint32_t)total_blocks : SLOTS_MAX);
	while (slots < SLOTS_MAX && slots * 2ull <= fit)
		slots *= 2;
	return slots;
}

size_t prefetch_bytes(const struct prefetch_config *c)
{
	return round_up((size_t)c->slots * c->block_bytes) + round_up((size_t)PREFETCH_REPAIRS * c->block_bytes) +
	       round_up(c->slots * sizeof(struct prefetch_slot)) +
	       round_up(PREFETCH_REPAIRS * sizeof(struct prefetch_slot)) +
	       2 * round_up(c->ranges_max * sizeof(struct range)) + 2 * round_up(PREFETCH_REPAIRS * sizeof(uint32_t));
}

static void *carve(uint8_t **at, size_t bytes)
{
	void *p = *at;

	*at += round_up(bytes);
	return p;
}

static bool has_grown(const struct prefetch *r, uint64_t at)
{
	return at >= atomic_load_explicit(&r->grow_at, memory_order_relaxed);
}

static uint64_t ahead_of(const struct prefetch *r, uint64_t at)
{
	const struct prefetch_config *c = &r->config;

	return has_grown(r, at) || c->ahead < c->few / 2 ? c->ahead : c->few / 2;
}

void prefetch_init(struct prefetch *r, const struct prefetch_config *c, void *mem)
{
	uint8_t *at = mem;

	memset(r, 0, sizeof(*r));
	r->config = *c;
	if (c->ahead == 0 || c->ahead > c->slots)
		r->config.ahead = c->slots;
	if (c->few == 0 || c->few > c->slots)
		r->config.few = c->slots;
	atomic_init(&r->grow_at, r->config.few == c->slots ? 0 : UINT64_MAX);
	atomic_init(&r->limit, ahead_of(r, 0));
	r->arena = carve(&at, (size_t)c->slots * c->block_bytes);
	r->repair_arena = carve(&at, (size_t)PREFETCH_REPAIRS * c->block_bytes);
	r->slots = carve(&at, c->slots * sizeof(struct prefetch_slot));
	r->repair_slots = carve(&at, PREFETCH_REPAIRS * sizeof(struct prefetch_slot));
	for (unsigned i = 0; i < 2; i++)
		r->passes[i].v = carve(&at, c->ranges_max * sizeof(struct range));
	spsc_init(&r->repair_asked, carve(&at, PREFETCH_REPAIRS * sizeof(uint32_t)), PREFETCH_REPAIRS, sizeof(uint32_t));
	spsc_init(&r->repair_done, carve(&at, PREFETCH_REPAIRS * sizeof(uint32_t)), PREFETCH_REPAIRS, sizeof(uint32_t));
	r->repairs_free = UINT64_MAX;
	static_assert(PREFETCH_REPAIRS == 64, "a bit of repairs_free each");
}

/* ---- the reading side ---- */

static void sum_block(const struct prefetch_config *c, const uint8_t *data, struct prefetch_slot *s)
{
	s->byte_sum = c->byte_sum != NULL ? c->byte_sum(data, s->len) : 0;
	s->net_sum = c->net_sum != NULL ? c->net_sum(data, s->len) : 0;
}

static bool read_blocks(struct prefetch *r, uint64_t block_no, uint32_t n, void *to)
{
	const struct prefetch_config *c = &r->config;
	size_t len = (size_t)(n - 1) * c->block_bytes + block_len(c, block_no + n - 1);

	if (content_read(c->object, block_offset(c, block_no), to, len))
		return true;
	atomic_store_explicit(&r->failed, true, memory_order_release);
	return false;
}

static void read_repair(struct prefetch *r, uint32_t i)
{
	struct prefetch_slot *s = &r->repair_slots[i];
	uint8_t *to = r->repair_arena + (size_t)i * r->config.block_bytes;

	if (!read_blocks(r, s->block_no, 1, to))
		return;
	s->len = block_len(&r->config, s->block_no);
	sum_block(&r->config, to, s);
	spsc_push(&r->repair_done, &i, sizeof(i));
}

static uint32_t read_repairs(struct prefetch *r)
{
	uint32_t n = 0, i;

	while (!prefetch_failed(r) && spsc_pop(&r->repair_asked, &i, sizeof(i))) {
		read_repair(r, i);
		n++;
	}
	return n;
}

/* Take the newest pass, if there is one that is newer than ours. */
static void take_pass(struct prefetch *r)
{
	uint64_t given = atomic_load_explicit(&r->pass_given, memory_order_acquire); /* R3 */

	if (given == r->at_pass)
		return;
	r->at_pass = given;
	r->at_range = 0;
	r->at_block = r->passes[given & 1].n > 0 ? r->passes[given & 1].v[0].first : 0;
	atomic_store_explicit(&r->pass_taken, given, memory_order_release); /* R4 */
}

/* How many blocks the next read takes: side by side in the file and in the slots, and released. */
static uint32_t chunk_blocks(const struct prefetch *r, const struct range *range)
{
	const struct prefetch_config *c = &r->config;
	uint64_t limit = atomic_load_explicit(&r->limit, memory_order_seq_cst); /* R2 */
	uint64_t n = limit - r->at_position;
	uint64_t to_wrap = (has_grown(r, r->at_position) ? c->slots : c->few) - prefetch_index(r, r->at_position);
	uint64_t chunk = PREFETCH_CHUNK_BYTES / c->block_bytes + 1;

	if (n > to_wrap)
		n = to_wrap;
	if (n > chunk)
		n = chunk;
	if (n > range->last - r->at_block + 1)
		n = range->last - r->at_block + 1;
	return (uint32_t)n;
}

static void fill_slots(struct prefetch *r, uint32_t n, uint8_t *data)
{
	for (uint32_t i = 0; i < n; i++) {
		struct prefetch_slot *s = &r->slots[prefetch_index(r, r->at_position + i)];

		s->block_no = r->at_block + i;
		s->pass = r->at_pass;
		s->len = block_len(&r->config, s->block_no);
		sum_block(&r->config, data + (size_t)i * r->config.block_bytes, s);
	}
}

static void go_on(struct prefetch *r, uint32_t n)
{
	const struct prefetch_pass *p = &r->passes[r->at_pass & 1];

	r->at_position += n;
	r->at_block += n;
	if (r->at_block > p->v[r->at_range].last) {
		r->at_range++;
		r->at_block = r->at_range < p->n ? p->v[r->at_range].first : 0;
	}
	atomic_store_explicit(&r->filled, r->at_position, memory_order_release); /* R1 */
}

/* The same; and who waits says so before it looks once more. */
static uint32_t room_for(struct prefetch *r, const struct range *range)
{
	uint32_t n = chunk_blocks(r, range);
	bool waiting = atomic_load_explicit(&r->waiting, memory_order_relaxed);

	if (waiting != (n == 0))
		atomic_store_explicit(&r->waiting, n == 0, memory_order_seq_cst); /* W1 */
	return n > 0 || waiting ? n : chunk_blocks(r, range);
}

static uint32_t read_ahead(struct prefetch *r)
{
	uint8_t *to;
	uint32_t n;

	take_pass(r);
	if (r->at_block == 0)
		return 0;
	n = room_for(r, &r->passes[r->at_pass & 1].v[r->at_range]);
	to = r->arena + (size_t)prefetch_index(r, r->at_position) * r->config.block_bytes;
	if (n == 0 || !read_blocks(r, r->at_block, n, to))
		return 0;
	fill_slots(r, n, to);
	go_on(r, n);
	return n;
}

uint32_t prefetch_turn(struct prefetch *r)
{
	uint32_t n;

	if (prefetch_failed(r))
		return 0;
	n = read_repairs(r);
	return n + (prefetch_failed(r) ? 0 : read_ahead(r));
}

bool prefetch_failed(const struct prefetch *r)
{
	return atomic_load_explicit(&r->failed, memory_order_acquire);
}

/* ---- the using side ---- */

uint64_t prefetch_give_pass(struct prefetch *r, const struct range *v, uint32_t n)
{
	uint64_t given = atomic_load_explicit(&r->pass_given, memory_order_relaxed);
	struct prefetch_pass *p = &r->passes[(given + 1) & 1];

	assert(n <= r->config.ranges_max && (n == 0 || v[n - 1].last <= r->config.total_blocks));
	/* U4: once it has taken the last pass it no longer looks at the one before. */
	if (atomic_load_explicit(&r->pass_taken, memory_order_acquire) != given)
		return 0;
	memcpy(p->v, v, n * sizeof(*v));
	p->n = n;
	atomic_store_explicit(&r->pass_given, given + 1, memory_order_release); /* U3 */
	return given + 1;
}

bool prefetch_next(struct prefetch *r, uint64_t pass, uint64_t *position)
{
	for (;; r->used++) {
		if (r->used == r->filled_seen)
			r->filled_seen = atomic_load_explicit(&r->filled, memory_order_acquire); /* U1 */
		if (r->used == r->filled_seen)
			return false;
		if (prefetch_slot(r, r->used)->pass == pass) {
			*position = r->used;
			return true;
		}
	}
}

void prefetch_advance(struct prefetch *r)
{
	assert(r->used < r->filled_seen);
	r->used++;
}

/* Where the slots end that may be read into: those of the few, until all of them lie before the growth. */
static uint64_t free_until(const struct prefetch *r)
{
	uint64_t few = r->released + r->config.few;

	return has_grown(r, few) ? r->released + r->config.slots : few;
}

void prefetch_release(struct prefetch *r, uint64_t below, uint64_t at)
{
	uint64_t limit, ahead = at + ahead_of(r, at);

	assert(below <= at && at <= r->used);
	if (below > r->released)
		r->released = below;
	limit = free_until(r);
	if (ahead < limit)
		limit = ahead;
	if (limit > atomic_load_explicit(&r->limit, memory_order_relaxed))
		atomic_store_explicit(&r->limit, limit, memory_order_seq_cst); /* U2 */
}

void prefetch_grow(struct prefetch *r)
{
	uint64_t few = r->config.few, limit = atomic_load_explicit(&r->limit, memory_order_relaxed);

	if (atomic_load_explicit(&r->grow_at, memory_order_relaxed) == UINT64_MAX)
		atomic_store_explicit(&r->grow_at, (limit + few - 1) / few * few, memory_order_relaxed); /* U5 */
}

uint64_t prefetch_history(const struct prefetch *r, uint64_t at)
{
	return (has_grown(r, at) ? r->config.slots : r->config.few) / 2;
}

bool prefetch_is_hungry(const struct prefetch *r)
{
	return atomic_load_explicit(&r->waiting, memory_order_seq_cst) && /* W2 */
	       atomic_load_explicit(&r->limit, memory_order_relaxed) -
	                       atomic_load_explicit(&r->filled, memory_order_relaxed) >= ahead_of(r, r->used) / HUNGRY_PART;
}

int prefetch_ask_repair(struct prefetch *r, uint64_t block_no)
{
	uint32_t i;

	if (r->repairs_free == 0 || block_no == 0 || block_no > r->config.total_blocks)
		return -1;
	i = (uint32_t)__builtin_ctzll(r->repairs_free);
	r->repairs_free &= ~(1ull << i);
	r->repair_slots[i].block_no = block_no;
	spsc_push(&r->repair_asked, &i, sizeof(i)); /* room for all */
	return (int)i;
}

int prefetch_take_repair(struct prefetch *r)
{
	uint32_t i;

	return spsc_pop(&r->repair_done, &i, sizeof(i)) ? (int)i : -1;
}

void prefetch_free_repair(struct prefetch *r, int repair)
{
	r->repairs_free |= 1ull << repair;
}
