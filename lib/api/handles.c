/*
 * A handle is a number: which entry of the table, and the generation in which the entry was given out.
 * So a stale, foreign or made-up handle is told from a good one without following it anywhere.
 */
#include "api/state.h"

#define INDEX_BITS 10
#define TAG 0x5u /* no pointer to anything aligned ends so */
#define TAG_BITS 3

static_assert(1u << INDEX_BITS == SESSIONS_MAX, "an index names every entry");

static struct {
	struct session *session; /* NULL: free */
	uint32_t generation;
} entries[SESSIONS_MAX];
static uint32_t next_free; /* where to look first: an entry rests as long as it can */

static HANDLE handle_of(uint32_t index)
{
	uintptr_t v = ((uintptr_t)entries[index].generation << INDEX_BITS | index) << TAG_BITS | TAG;

	return (HANDLE)v; /* NOLINT: a number, never followed */
}

HANDLE handles_add(struct session *s)
{
	for (uint32_t i = 0; i < SESSIONS_MAX; i++) {
		uint32_t index = (next_free + i) & (SESSIONS_MAX - 1);

		if (entries[index].session != NULL)
			continue;
		next_free = index + 1;
		entries[index].session = s;
		entries[index].generation++;
		return handle_of(index);
	}
	return NULL;
}

static uint32_t index_of(HANDLE h)
{
	return (uint32_t)((uintptr_t)h >> TAG_BITS) & (SESSIONS_MAX - 1);
}

struct session *handles_find(HANDLE h)
{
	uint32_t index = index_of(h);

	return handle_of(index) == h ? entries[index].session : NULL;
}

void handles_remove(HANDLE h)
{
	if (handles_find(h) != NULL)
		entries[index_of(h)].session = NULL;
}

struct session *handles_next(uint32_t *at)
{
	while (*at < SESSIONS_MAX) {
		struct session *s = entries[(*at)++].session;

		if (s != NULL)
			return s;
	}
	return NULL;
}
