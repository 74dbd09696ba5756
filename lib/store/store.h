/*
 * Block slots of one receiving session, in memory that is given. Slot i begins at
 * arena + i * block_bytes, without gaps, and slots are handed out in the order in which they were
 * given back, at first in address order: so blocks that arrive in order lie side by side.
 *
 * Slots that came back are used again, a run of them at a time, before others are used for the first
 * time: so a consumer that keeps up has all its blocks in a small part of the arena, which stays in the
 * processor's caches and is all that is ever touched.
 *
 * A slot is a token in one of four places: free ring, worker, done ring, consumer. Both rings have
 * room for every slot, so no push of a slot can fail.
 *
 *   worker:   store_reserve() -> fill -> store_publish()   or   store_unreserve()
 *   control:  store_take_run() -> ... consumer ... -> store_free()
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
	uint32_t run;               /* slots that are handed out together */
	uint32_t fresh, fresh_end;  /* worker: never handed out from `fresh` on; the run that is being used ends here */
	uint32_t returned_left;     /* worker: of a run that came back */
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
/*
 * Worker: slots that store_reserve() can give now; exact when less than seven eighths of all. While there is plenty,
 * what the consumer's side is doing at the moment is not looked at.
 */
static inline uint32_t store_room(const struct store *s)
{
	uint32_t own = s->spare_count + s->slots - s->fresh, seen = own + spsc_seen(&s->free_ring);

	return seen >= s->slots - s->slots / 8 ? seen : own + spsc_count(&s->free_ring);
}
/* Worker, or anybody once it is done with the store: slots that are with the worker, in the done ring or with
 * the consumer. */
static inline uint32_t store_used(const struct store *s)
{
	return s->fresh - s->spare_count - spsc_count(&s->free_ring);
}
/* Worker: block_no lies in the slot. */
void store_publish(struct store *s, uint32_t slot, uint64_t block_no, uint32_t len);

/*
 * Consumer side: the next block, or STORE_NO_SLOT; and up to max of those that follow it, in the content as in
 * the arena: slots from the first on, *count in all.
 */
uint32_t store_take_run(struct store *s, uint32_t max, uint32_t *count);
/* Bytes of such a run. */
static inline uint32_t store_run_bytes(const struct store *s, uint32_t slot, uint32_t count)
{
	return (count - 1) * s->block_bytes + s->blocks[slot + count - 1].len;
}
/* Consumer side: the slot is empty again. */
void store_free(struct store *s, uint32_t slot);

#endif
