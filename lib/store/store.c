#include "store/store.h"

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
	for (uint32_t i = 0; i < slots; i++)
		store_free(s, i);
}

uint32_t store_reserve(struct store *s)
{
	uint32_t slot;

	if (s->spare_count > 0)
		return s->spare[--s->spare_count];
	return spsc_pop(&s->free_ring, &slot, sizeof(slot)) ? slot : STORE_NO_SLOT;
}

void store_unreserve(struct store *s, uint32_t slot)
{
	assert(s->spare_count < s->slots);
	s->spare[s->spare_count++] = slot;
}

uint32_t store_room(const struct store *s)
{
	return s->spare_count + spsc_count(&s->free_ring);
}

void store_publish(struct store *s, uint32_t slot, uint64_t block_no, uint32_t len)
{
	s->blocks[slot] = (struct store_block){ block_no, len };
	bool pushed = spsc_push(&s->done_ring, &slot, sizeof(slot));

	assert(pushed); /* the ring has room for every slot */
	(void)pushed;
}

uint32_t store_take(struct store *s)
{
	uint32_t slot;

	return spsc_pop(&s->done_ring, &slot, sizeof(slot)) ? slot : STORE_NO_SLOT;
}

void store_free(struct store *s, uint32_t slot)
{
	bool pushed = spsc_push(&s->free_ring, &slot, sizeof(slot));

	assert(pushed);
	(void)pushed;
}
