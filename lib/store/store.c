#include "store/store.h"

#define RUN_BYTES (256u << 10)
#define RUN_SLOTS_MAX 256u

static size_t round_up(size_t n)
{
	return (n + SPSC_LINE - 1) / SPSC_LINE * SPSC_LINE;
}

size_t store_mem_bytes(uint32_t slots)
{
	size_t ring = (size_t)spsc_capacity(slots) * sizeof(uint32_t);

	if (slots == 0 || slots > STORE_SLOTS_MAX)
		return 0;
	return round_up((size_t)slots * sizeof(struct store_block)) + 2 * round_up(ring) +
	       round_up((size_t)slots * sizeof(uint32_t));
}

void store_init(struct store *s, void *arena, uint32_t slots, uint32_t block_bytes, void *mem)
{
	uint32_t capacity = spsc_capacity(slots);
	size_t ring = round_up((size_t)capacity * sizeof(uint32_t));
	uint8_t *at = mem;

	assert(slots > 0 && slots <= STORE_SLOTS_MAX);
	s->arena = arena;
	s->slots = slots;
	s->block_bytes = block_bytes;
	s->blocks = (struct store_block *)(void *)at;
	at += round_up((size_t)slots * sizeof(struct store_block));
	spsc_init(&s->free_ring, at, capacity, sizeof(uint32_t));
	spsc_init(&s->done_ring, at + ring, capacity, sizeof(uint32_t));
	s->spare = (uint32_t *)(void *)(at + 2 * ring);
	s->spare_count = 0;
	s->run = RUN_BYTES / block_bytes < RUN_SLOTS_MAX ? RUN_BYTES / block_bytes : RUN_SLOTS_MAX;
	s->run = s->run > 0 ? s->run : 1;
	s->fresh = s->fresh_end = s->returned_left = 0;
}

/* A run that came back, if there is one; else a new one, while there are any; else whatever comes back. */
static void choose_run(struct store *s)
{
	if (s->fresh < s->slots && spsc_count(&s->free_ring) < s->run)
		s->fresh_end = s->slots - s->fresh < s->run ? s->slots : s->fresh + s->run;
	else
		s->returned_left = s->run;
}

uint32_t store_reserve(struct store *s)
{
	uint32_t slot;

	if (s->spare_count > 0)
		return s->spare[--s->spare_count];
	if (s->fresh == s->fresh_end && s->returned_left == 0)
		choose_run(s);
	if (s->fresh < s->fresh_end)
		return s->fresh++;
	if (!spsc_pop(&s->free_ring, &slot, sizeof(slot)))
		return STORE_NO_SLOT;
	s->returned_left--;
	return slot;
}

void store_unreserve(struct store *s, uint32_t slot)
{
	assert(s->spare_count < s->slots);
	s->spare[s->spare_count++] = slot;
}

void store_publish(struct store *s, uint32_t slot, uint64_t block_no, uint32_t len)
{
	s->blocks[slot] = (struct store_block){ block_no, len };
	bool pushed = spsc_push(&s->done_ring, &slot, sizeof(slot));

	assert(pushed); /* the ring has room for every slot */
	(void)pushed;
}

static bool follows(const struct store *s, uint32_t slot, uint32_t next)
{
	return next == slot + 1 && s->blocks[next].block_no == s->blocks[slot].block_no + 1;
}

uint32_t store_take_run(struct store *s, uint32_t max, uint32_t *count)
{
	uint32_t first, next;

	*count = 0;
	if (!spsc_pop(&s->done_ring, &first, sizeof(first)))
		return STORE_NO_SLOT;
	*count = 1;
	while (*count < max && spsc_peek(&s->done_ring, &next, sizeof(next)) && follows(s, first + *count - 1, next)) {
		spsc_pop(&s->done_ring, &next, sizeof(next));
		(*count)++;
	}
	return first;
}

void store_free(struct store *s, uint32_t slot)
{
	bool pushed = spsc_push(&s->free_ring, &slot, sizeof(slot));

	assert(pushed);
	(void)pushed;
}
