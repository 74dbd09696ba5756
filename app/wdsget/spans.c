#include "spans.h"

#include <stdlib.h>
#include <string.h>

/* The first span that ends at or beyond `at`. */
static size_t find(const struct spans *s, uint64_t at)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t middle = (low + high) / 2;

		if (s->v[middle].end < at)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static bool grow(struct spans *s)
{
	size_t max = s->max == 0 ? 16 : s->max * 2;
	struct span *v;

	if (s->n < s->max)
		return true;
	v = realloc(s->v, max * sizeof(*v));
	if (v == NULL)
		return false;
	s->v = v;
	s->max = max;
	return true;
}

bool spans_add(struct spans *s, uint64_t start, uint64_t end)
{
	size_t first = find(s, start), last = first;

	while (last < s->n && s->v[last].start <= end) {
		if (s->v[last].start < start)
			start = s->v[last].start;
		if (s->v[last].end > end)
			end = s->v[last].end;
		last++;
	}
	if (last == first && !grow(s))
		return false;
	memmove(&s->v[first + 1], &s->v[last], (s->n - last) * sizeof(s->v[0]));
	s->n = s->n - (last - first) + 1;
	s->v[first] = (struct span){ start, end };
	return true;
}

uint64_t spans_end(const struct spans *s, uint64_t at)
{
	size_t i = find(s, at);

	if (i < s->n && s->v[i].end == at)
		i++;
	return i < s->n && s->v[i].start <= at ? s->v[i].end : at;
}

void spans_free(struct spans *s)
{
	free(s->v);
	*s = (struct spans){ 0 };
}
