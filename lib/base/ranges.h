/*
 * A set of 64-bit numbers as ranges: sorted, disjoint, never touching, in memory the caller
 * gives. Invariant: v[i].last + 1 < v[i + 1].first for all i.
 */
#ifndef WDSCAST_BASE_RANGES_H
#define WDSCAST_BASE_RANGES_H

#include <stdbool.h>
#include <stdint.h>

struct range {
	uint64_t first, last; /* both included; last < UINT64_MAX */
};

struct ranges {
	struct range *v;
	uint32_t n, max;
};

static inline struct ranges ranges_of(struct range *mem, uint32_t max)
{
	return (struct ranges){ mem, 0, max };
}

/* Add first..last. False, and nothing changed, when it would need more than max ranges. */
bool ranges_add(struct ranges *s, uint64_t first, uint64_t last);
/* Take first..last out. False, and nothing changed, when a split finds no room. */
bool ranges_remove(struct ranges *s, uint64_t first, uint64_t last);
bool ranges_has(const struct ranges *s, uint64_t x);
/* How many numbers there are in the set. */
uint64_t ranges_total(const struct ranges *s);
/* Index of the first range whose last is >= x; n when there is none. O(log n). */
uint32_t ranges_find(const struct ranges *s, uint64_t x);

#endif
