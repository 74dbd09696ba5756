/*
 * Block slots of one receiving session, in memory that is given. Slot i begins at
 * arena + i * block_bytes, without gaps, and slots are handed out in the order in which they were
 * given back, at first in address order: so blocks that arrive in order lie side by side.
 *
 * A slot is a token in one of four places: free ring, worker, done ring, consumer. Both rings have
 * room for every slot, so no push of a slot can fail.
 *
 *   worker:   store_reserve() -> fill -> store_publish()   or   store_unreserve()
 *   control:  store_take() -> ... consumer ... -> store_free()
 *
 * store_free() has one caller at a time: the API's lock sees to it.
 */
#ifndef WDSCAST_STORE_STORE_H
#define WDSCAST_STORE_STORE_H

#include "base/spsc.h"

#define STORE_NO_SLOT UINT32_MAX
#define STORE_SLOTS_MAX (1u << 26)

/* What a slot holds. Written by the worker before store_publish(), then read by the consumer's side. */
struct store_block {
	uint64_t block_no;
	uint32_t len;
};

struct store {
	uint8_t *arena;
	uint32_t slots, block_bytes;
	struct store_block *blocks; /* [slots] */
	struct spsc free_ring;      /* consumer side -> worker: uint32_t slot */
	struct spsc done_ring;      /* worker -> consumer side */
	uint32_t *spare;            /* worker: slots reserved and not used, next to be handed out again */
	uint32_t spare_count;
};

/* Bytes that store_init() needs beside the arena. 0 when slots is 0 or beyond STORE_SLOTS_MAX. */
size_t store_mem_bytes(uint32_t slots);
/* arena: slots * block_bytes bytes. mem: store_mem_bytes(slots), aligned to 64. Both stay the caller's. */
void store_init(struct store *s, void *arena, uint32_t slots, uint32_t block_bytes, void *mem);

static inline uint8_t *store_slot(const struct store *s, uint32_t slot)
{
	return s->arena + (size_t)slot * s->block_bytes;
}

/* Worker: an empty slot, or STORE_NO_SLOT. */
uint32_t store_reserve(struct store *s);
/* Worker: the slot is not needed after all; it is the next that store_reserve() gives. */
void store_unreserve(struct store *s, uint32_t slot);
/* Worker: slots that store_reserve() can give now. */
uint32_t store_room(const struct store *s);
/* Worker: block_no lies in the slot. */
void store_publish(struct store *s, uint32_t slot, uint64_t block_no, uint32_t len);

/* Consumer side: the next block, or STORE_NO_SLOT. */
uint32_t store_take(struct store *s);
/* Consumer side: the slot is empty again. */
void store_free(struct store *s, uint32_t slot);

#endif
