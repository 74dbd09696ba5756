#include "base/ranges.h"

#include <string.h>

uint32_t ranges_find(const struct ranges *s, uint64_t x)
{
	uint32_t lo = 0, hi = s->n;

	while (lo < hi) {
		uint32_t mid = lo + (hi - lo) / 2;

		if (s->v[mid].last < x)
			lo = mid + 1;
		else
			hi = mid;
	}
	return lo;
}

bool ranges_has(const struct ranges *s, uint64_t x)
{
	uint32_t i = ranges_find(s, x);

	return i < s->n && s->v[i].first <= x;
}

uint64_t ranges_total(const struct ranges *s)
{
	uint64_t total = 0;

	for (uint32_t i = 0; i < s->n; i++)
		total += s->v[i].last - s->v[i].first + 1;
	return total;
}

/* Replace the ranges from..to-1 by `count` (0 to 2) others. */
static bool splice(struct ranges *s, uint32_t from, uint32_t to, const struct range *with, uint32_t count)
{
	if (s->n - (to - from) + count > s->max)
		return false;
	memmove(s->v + from + count, s->v + to, (s->n - to) * sizeof(*s->v));
	if (count > 0)
		memcpy(s->v + from, with, count * sizeof(*s->v));
	s->n = s->n - (to - from) + count;
	return true;
}

bool ranges_add(struct ranges *s, uint64_t first, uint64_t last)
{
	/* The first range that overlaps or touches, and the first beyond those that do. */
	uint32_t from = ranges_find(s, first == 0 ? 0 : first - 1), to = from;
	struct range merged = { first, last };

	while (to < s->n && s->v[to].first <= last + 1) {
		if (s->v[to].first < merged.first)
			merged.first = s->v[to].first;
		if (s->v[to].last > merged.last)
			merged.last = s->v[to].last;
		to++;
	}
	return splice(s, from, to, &merged, 1);
}

bool ranges_remove(struct ranges *s, uint64_t first, uint64_t last)
{
	uint32_t from = ranges_find(s, first), to = from, count = 0;
	struct range rest[2];

	while (to < s->n && s->v[to].first <= last)
		to++;
	if (from == to)
		return true;
	if (s->v[from].first < first)
		rest[count++] = (struct range){ s->v[from].first, first - 1 };
	if (s->v[to - 1].last > last)
		rest[count++] = (struct range){ last + 1, s->v[to - 1].last };
	return splice(s, from, to, rest, count);
}
