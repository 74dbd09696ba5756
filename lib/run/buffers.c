#include "run/buffers.h"

size_t buffers_bytes(uint32_t slots)
{
	return (size_t)slots * sizeof(struct buffer) + (size_t)spsc_capacity(slots) * sizeof(uint32_t);
}

void buffers_init(struct buffers *b, struct store *store, void *mem)
{
	uint32_t buckets = spsc_capacity(store->slots);

	b->store = store;
	b->slots = mem;
	b->buckets = (uint32_t *)(void *)(b->slots + store->slots);
	b->mask = buckets - 1;
	b->referenced = 0;
	memset(b->slots, 0, (size_t)store->slots * sizeof(*b->slots));
	for (uint32_t i = 0; i < buckets; i++)
		b->buckets[i] = STORE_NO_SLOT;
}

static uint32_t *bucket_of(struct buffers *b, uint64_t block_no)
{
	return &b->buckets[block_no & b->mask];
}

static void free_if_unused(struct buffers *b, uint32_t slot)
{
	const struct buffer *f = &b->slots[slot];

	if (!f->outstanding && !f->in_callback && f->refs == 0)
		for (uint32_t i = 0; i < f->count; i++)
			store_free(b->store, slot + i);
}

void buffers_deliver(struct buffers *b, uint32_t slot, uint32_t count)
{
	uint32_t *bucket = bucket_of(b, b->store->blocks[slot].block_no);

	b->slots[slot] = (struct buffer){ .next = *bucket, .count = count, .outstanding = true, .in_callback = true };
	*bucket = slot;
}

void buffers_returned(struct buffers *b, uint32_t slot)
{
	b->slots[slot].in_callback = false;
	free_if_unused(b, slot);
}

bool buffers_complete(struct buffers *b, uint64_t offset, uint32_t size)
{
	uint64_t block_no = offset / b->store->block_bytes + 1;
	uint32_t *at = bucket_of(b, block_no);

	if (offset % b->store->block_bytes != 0)
		return false;
	while (*at != STORE_NO_SLOT && b->store->blocks[*at].block_no != block_no)
		at = &b->slots[*at].next;
	if (*at == STORE_NO_SLOT || store_run_bytes(b->store, *at, b->slots[*at].count) != size)
		return false;
	uint32_t slot = *at;

	*at = b->slots[slot].next;
	b->slots[slot].outstanding = false;
	free_if_unused(b, slot);
	return true;
}

/* The slot that begins at the address and that the consumer holds, or NULL. */
static struct buffer *find(struct buffers *b, const void *address)
{
	uintptr_t at = (uintptr_t)address - (uintptr_t)b->store->arena;
	uintptr_t slot = at / b->store->block_bytes;

	if (slot >= b->store->slots || at % b->store->block_bytes != 0)
		return NULL;
	struct buffer *f = &b->slots[slot];

	return f->outstanding || f->in_callback || f->refs > 0 ? f : NULL;
}

bool buffers_add_ref(struct buffers *b, const void *address)
{
	struct buffer *f = find(b, address);

	if (f == NULL || f->refs == UINT32_MAX)
		return false;
	b->referenced += f->refs == 0;
	f->refs++;
	return true;
}

bool buffers_release(struct buffers *b, const void *address)
{
	struct buffer *f = find(b, address);

	if (f == NULL || f->refs == 0)
		return false;
	f->refs--;
	b->referenced -= f->refs == 0;
	free_if_unused(b, (uint32_t)(f - b->slots));
	return true;
}
