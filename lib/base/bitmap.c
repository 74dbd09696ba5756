#include "base/bitmap.h"

#include <assert.h>

#define MAX_BITS (1ull << 40)

static uint64_t words_of(uint64_t bits)
{
	return (bits + 63) / 64;
}

size_t bitmap_bytes(uint64_t bits)
{
	uint64_t words = 0, n = bits;

	if (bits > MAX_BITS)
		return 0;
	for (unsigned level = 0; level == 0 || n > 1; level++) {
		n = words_of(n);
		words += level == 0 ? n : 2 * n;
	}
	return (size_t)(words == 0 ? 1 : words) * sizeof(uint64_t);
}

/* The bits beyond the end count as ones in `full`, so that a full last word is seen as full. */
static void pad_full(uint64_t *words, uint64_t bits)
{
	if (bits % 64 != 0)
		words[bits / 64] |= ~0ull << (bits % 64);
}

void bitmap_init(struct bitmap *m, uint64_t bits, void *mem)
{
	uint64_t *at = mem, n = bits;

	assert(bits <= MAX_BITS);
	m->bits = bits;
	m->ones = 0;
	m->levels = 0;
	do {
		unsigned l = m->levels++;

		m->full[l] = at;
		m->words[l] = words_of(n);
		at += m->words[l];
		m->any[l] = m->full[l];
		if (l > 0) {
			m->any[l] = at;
			at += m->words[l];
			pad_full(m->full[l], n);
		}
		n = m->words[l];
	} while (n > 1);
}

/* Word `w` of level 0 as the summaries see it: the bits past the end are ones. */
static uint64_t padded(const struct bitmap *m, uint64_t w)
{
	uint64_t v = m->full[0][w];

	if (w == m->bits / 64)
		v |= ~0ull << (m->bits % 64);
	return v;
}

void bitmap_summarise(struct bitmap *m, uint64_t w, uint64_t before)
{
	bool was_empty = before == 0, now_full = padded(m, w) == ~0ull;

	for (unsigned l = 1; l < m->levels && (was_empty || now_full); l++) {
		uint64_t bit = 1ull << (w & 63);

		w >>= 6;
		if (was_empty) {
			was_empty = m->any[l][w] == 0;
			m->any[l][w] |= bit;
		}
		if (now_full) {
			m->full[l][w] |= bit;
			now_full = m->full[l][w] == ~0ull;
		}
	}
}

/*
 * The first bit at or above `from`, in the words of level 0, that is not `skip`ped: up the
 * summaries until a word has a candidate, then down again to it.
 */
static uint64_t next(const struct bitmap *m, uint64_t *const *levels, uint64_t invert, uint64_t from)
{
	unsigned l = 0;
	uint64_t i = from;

	if (from >= m->bits)
		return m->bits;
	for (;;) {
		uint64_t w = i >> 6;

		if (w >= m->words[l])
			return m->bits;
		uint64_t v = (levels[l][w] ^ invert) & ~0ull << (i & 63);

		if (v == 0) {
			if (l + 1 == m->levels)
				return m->bits;
			i = w + 1;
			l++;
			continue;
		}
		i = w << 6 | (unsigned)__builtin_ctzll(v);
		if (l == 0)
			return i < m->bits ? i : m->bits;
		l--;
		i <<= 6;
	}
}

uint64_t bitmap_next_zero(const struct bitmap *m, uint64_t from)
{
	return next(m, m->full, ~0ull, from);
}

uint64_t bitmap_next_one(const struct bitmap *m, uint64_t from)
{
	return next(m, m->any, 0, from);
}
