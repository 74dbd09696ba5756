/*
 * Reads the blocks of one object ahead of need, in the order of a pass, into a ring of slots; and single
 * blocks again, for repairs that come too late for the ring. Two sides, each one thread:
 *
 *   the reading side, which waits for the disk:  prefetch_turn()
 *   the using side, which never waits:           everything else
 *
 * Block number p of all that was ever read (its position, from 0) lies in slot p & (slots - 1): prefetch_index().
 *   released <= filled <= released + slots; slots of released .. filled-1 are the user's to read.
 *   And no further than `ahead` beyond what is in use: what was read is then still in the processor's caches.
 * Slot i begins at arena + i * block_bytes, without gaps, so one large read fills many slots.
 * That is so once it has grown. Until it is asked to, positions go round the first `few` slots alone: memory that
 * is never touched costs nothing, and what is touched again and again stays in the processor's caches.
 *
 * Passes: the using side hands over a copy of a pass's ranges; the reading side takes it at once, leaving
 * the rest of an earlier one. Positions of a pass that was left are the user's to skip, by their `pass`.
 *
 *  - R1 (filled, release) publishes slots; pairs with U1 in prefetch_next().
 *  - U2 (limit) gives slots back; pairs with R2 in prefetch_turn().
 *    Both are sequentially consistent, with `waiting` (W1, W2): either the reading side sees the room or the
 *    using side sees that it waits.
 *  - U5 (grow_at) is a multiple of `few` at or beyond the limit of the time, so whoever reads an older one of a position
 *    below the limit comes to the same slot; U2 publishes it.
 *  - U3 (pass_given, release) publishes ranges; pairs with R3. R4 (pass_taken) pairs with U4.
 */
#ifndef WDSCAST_CONTENT_PREFETCH_H
#define WDSCAST_CONTENT_PREFETCH_H

#include "base/ranges.h"
#include "base/spsc.h"
#include "content/content.h"

#define PREFETCH_REPAIRS 64         /* blocks that are read again at one time; a power of two */
#define PREFETCH_CHUNK_BYTES 262144 /* of one read: what stays in the core's cache while it is summed */

struct prefetch_slot {
	uint64_t block_no;
	uint64_t pass;
	uint32_t len;
	uint32_t byte_sum; /* 0 unless asked for */
	uint16_t net_sum;
};

struct prefetch_config {
	struct content_object *object;
	uint64_t content_bytes, total_blocks;
	uint32_t block_bytes;
	uint32_t slots;      /* a power of two: prefetch_slots() */
	uint32_t few;        /* that are used until prefetch_grow(), a power of two; 0: all */
	uint32_t ahead;      /* blocks that are read ahead of use at most; 0: as many as there are slots */
	uint32_t ranges_max; /* of a pass */
	uint32_t (*byte_sum)(const void *bytes, size_t len); /* NULL: not wanted */
	uint16_t (*net_sum)(const void *bytes, size_t len);
};

struct prefetch_pass {
	struct range *v;
	uint32_t n;
};

struct prefetch {
	struct prefetch_config config;
	uint8_t *arena, *repair_arena;
	struct prefetch_slot *slots;        /* written by the reading side before R1 */
	struct prefetch_slot *repair_slots;
	struct prefetch_pass passes[2];     /* number n in passes[n & 1] */
	struct spsc repair_asked, repair_done; /* indices of repair_slots: room for all */

	/* the reading side */
	_Alignas(SPSC_LINE) _Atomic uint64_t filled;
	_Atomic uint64_t pass_taken;
	_Atomic bool failed, waiting;
	uint64_t at_position, at_pass, at_block; /* at_block: next of the range, 0 when none */
	uint32_t at_range;

	/* the using side */
	_Alignas(SPSC_LINE) _Atomic uint64_t limit; /* positions below it may be read */
	_Atomic uint64_t grow_at;         /* positions from it on go round all slots; UINT64_MAX: not asked to */
	uint64_t released;
	_Atomic uint64_t pass_given;
	uint64_t used, filled_seen;       /* used: the position that prefetch_next() gives next */
	uint64_t repairs_free;            /* bit i: repair slot i is free */
};

/* The slots that fit cache_bytes, but no more than the content has blocks; a power of two, at least 64. */
uint32_t prefetch_slots(uint64_t cache_bytes, uint32_t block_bytes, uint64_t total_blocks);
/* Memory for prefetch_init(), aligned to 64 and zeroed; the slots' part is touched as it is used. */
size_t prefetch_bytes(const struct prefetch_config *c);
void prefetch_init(struct prefetch *r, const struct prefetch_config *c, void *mem);

/* ---- the reading side ---- */

/* Repairs first, then one chunk ahead. Returns the blocks read; 0: nothing to do, or failed. */
uint32_t prefetch_turn(struct prefetch *r);
/* Either side: the content cannot be read as it was. It stays so. */
bool prefetch_failed(const struct prefetch *r);

/* ---- the using side ---- */

/* A new pass: its number (from 1), or 0 when the last one was not taken yet: try again. */
uint64_t prefetch_give_pass(struct prefetch *r, const struct range *v, uint32_t n);
/* The next block of this pass that is there, blocks of earlier passes being skipped; false: none yet. */
bool prefetch_next(struct prefetch *r, uint64_t pass, uint64_t *position);
/* prefetch_next() gave the position; go on to the following one. */
void prefetch_advance(struct prefetch *r);
/* All positions below this one may be overwritten, and it may be read so far ahead of the one at `at`. */
void prefetch_release(struct prefetch *r, uint64_t below, uint64_t at);
/* From now on all slots are used: repairs come too late for few. */
void prefetch_grow(struct prefetch *r);
/* How many positions before the one at `at` may be kept, so that half of the slots in use are there to be read into. */
uint64_t prefetch_history(const struct prefetch *r, uint64_t at);
/* The reading side waits for room, and there is so much now that it is time to wake it. */
bool prefetch_is_hungry(const struct prefetch *r);

/* Repair slots that are being read, or the caller's. */
static inline uint32_t prefetch_repairs_used(const struct prefetch *r)
{
	return PREFETCH_REPAIRS - (uint32_t)__builtin_popcountll(r->repairs_free);
}

static inline uint64_t prefetch_released(const struct prefetch *r)
{
	return r->released;
}

/* The slot of a position. The first after growing is the first that was never used. */
static inline uint32_t prefetch_index(const struct prefetch *r, uint64_t position)
{
	uint64_t grow_at = atomic_load_explicit(&r->grow_at, memory_order_relaxed); /* U5 */

	if (position < grow_at)
		return (uint32_t)position & (r->config.few - 1);
	return (uint32_t)(position - grow_at + r->config.few) & (r->config.slots - 1);
}

/* What lies at a position that was used and not released. */
static inline const struct prefetch_slot *prefetch_slot(const struct prefetch *r, uint64_t position)
{
	return &r->slots[prefetch_index(r, position)];
}

static inline const uint8_t *prefetch_data(const struct prefetch *r, uint64_t position)
{
	return r->arena + (size_t)prefetch_index(r, position) * r->config.block_bytes;
}

/* Ask for a block again. The repair slot that will hold it, or -1 when all are in use. */
int prefetch_ask_repair(struct prefetch *r, uint64_t block_no);
/* One that is there, or -1. It is the caller's until prefetch_free_repair(). */
int prefetch_take_repair(struct prefetch *r);
void prefetch_free_repair(struct prefetch *r, int repair);

static inline const uint8_t *prefetch_repair_data(const struct prefetch *r, int repair)
{
	return r->repair_arena + (size_t)repair * r->config.block_bytes;
}

#endif
