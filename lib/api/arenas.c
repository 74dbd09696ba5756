/* Which session an address belongs to: the arenas of all sessions, sorted, found in O(log n). */
#include "api/state.h"

struct arena {
	uintptr_t start, end;
	struct session *session;
};

static struct arena arenas[SESSIONS_MAX];
static uint32_t arena_count;

/* The first arena that ends beyond the address. */
static uint32_t position(uintptr_t address)
{
	uint32_t low = 0, high = arena_count;

	while (low < high) {
		uint32_t middle = (low + high) / 2;

		if (arenas[middle].end <= address)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

void arenas_add(struct session *s, const void *start, size_t bytes)
{
	uint32_t at = position((uintptr_t)start);

	assert(arena_count < SESSIONS_MAX); /* a session has one, and no more sessions have handles */
	memmove(&arenas[at + 1], &arenas[at], (arena_count - at) * sizeof(arenas[0]));
	arenas[at] = (struct arena){ (uintptr_t)start, (uintptr_t)start + bytes, s };
	arena_count++;
}

void arenas_remove(const struct session *s)
{
	for (uint32_t i = 0; i < arena_count; i++) {
		if (arenas[i].session != s)
			continue;
		memmove(&arenas[i], &arenas[i + 1], (arena_count - i - 1) * sizeof(arenas[0]));
		arena_count--;
		return;
	}
}

struct session *arenas_find(const void *address)
{
	uint32_t at = position((uintptr_t)address);

	return at < arena_count && arenas[at].start <= (uintptr_t)address ? arenas[at].session : NULL;
}
