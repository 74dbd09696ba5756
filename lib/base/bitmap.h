/*
 * A bitmap whose runs are found in O(log n): above the bits stand two summaries, 64 to one and
 * again, which tell words that are all ones and words that have any. A receiver of a tebibyte in
 * 1385-byte blocks has 800 million bits; its next missing block is six words away.
 * Numbers are 0-based here. One thread.
 */
#ifndef WDSCAST_BASE_BITMAP_H
#define WDSCAST_BASE_BITMAP_H

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define BITMAP_LEVELS 6 /* 64^6 bits and more than any memory holds */

struct bitmap {
	uint64_t bits;                 /* size */
	uint64_t ones;                 /* how many are set */
	unsigned levels;               /* of each summary, the bits themselves being level 0 */
	uint64_t *full[BITMAP_LEVELS]; /* full[0] is the bits; full[l] bit i: word i of full[l-1] is all ones */
	uint64_t *any[BITMAP_LEVELS];  /* any[0] == full[0]; any[l] bit i: word i of any[l-1] is not zero */
	uint64_t words[BITMAP_LEVELS];
};

/* Bytes of memory that bitmap_init() needs for so many bits. 0 when bits is beyond 2^40. */
size_t bitmap_bytes(uint64_t bits);
/* All zero. mem: bitmap_bytes(bits) bytes, zeroed, aligned to 8; it stays the caller's. */
void bitmap_init(struct bitmap *m, uint64_t bits, void *mem);

static inline bool bitmap_test(const struct bitmap *m, uint64_t i)
{
	return m->full[0][i >> 6] >> (i & 63) & 1;
}

/* The summaries, after word w was `before` and had a bit set. */
void bitmap_summarise(struct bitmap *m, uint64_t w, uint64_t before);

/* Set bit i; false when it was set already. Most bits are in words that stay neither empty nor full. */
static inline bool bitmap_set(struct bitmap *m, uint64_t i)
{
	uint64_t w = i >> 6, before = m->full[0][w], after = before | 1ull << (i & 63);

	assert(i < m->bits);
	if (after == before)
		return false;
	m->full[0][w] = after;
	m->ones++;
	if (before == 0 || after == ~0ull || w == m->bits >> 6) /* the last word is full before all its bits are ones */
		bitmap_summarise(m, w, before);
	return true;
}

/* The first zero, or one, at or above from; m->bits when there is none. */
uint64_t bitmap_next_zero(const struct bitmap *m, uint64_t from);
uint64_t bitmap_next_one(const struct bitmap *m, uint64_t from);

#endif
