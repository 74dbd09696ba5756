/* A set of byte ranges that grows as it must: sorted, disjoint, never touching. */
#ifndef WDSGET_SPANS_H
#define WDSGET_SPANS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct span {
	uint64_t start, end; /* end is not included */
};

struct spans {
	struct span *v;
	size_t n, max;
};

/* False: no memory, and nothing changed. */
bool spans_add(struct spans *s, uint64_t start, uint64_t end);
/* The end of the range that begins at or before `at` and holds it; `at` when none does. */
uint64_t spans_end(const struct spans *s, uint64_t at);
void spans_free(struct spans *s);

#endif
