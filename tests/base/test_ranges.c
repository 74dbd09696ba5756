#include "base/ranges.h"

#include <string.h>

#include "base/rng.h"
#include "support/suite.h"

enum { SPACE = 200, MAX = 64 };

static bool holds_invariant(const struct ranges *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->v[i].first > s->v[i].last || (i > 0 && s->v[i - 1].last + 1 >= s->v[i].first))
			return false;
	return true;
}

static void any_sequence_agrees_with_a_plain_set(void)
{
	for (uint64_t seed = 1; seed <= 200; seed++) {
		struct rng rng = { seed };
		struct range mem[MAX];
		struct ranges s = ranges_of(mem, MAX);
		bool model[SPACE + 1] = { false };
		uint64_t total = 0;

		for (int step = 0; step < 100; step++) {
			uint64_t first = rng_below(&rng, SPACE), last = first + rng_below(&rng, 12);
			bool add = rng_below(&rng, 3) != 0;

			if (last >= SPACE)
				last = SPACE - 1;
			if (add ? !ranges_add(&s, first, last) : !ranges_remove(&s, first, last))
				CU_FAIL("no room");
			for (uint64_t x = first; x <= last; x++)
				model[x] = add;
		}
		CU_ASSERT(holds_invariant(&s));
		for (uint64_t x = 0; x < SPACE; x++) {
			total += model[x];
			CU_ASSERT_EQUAL(ranges_has(&s, x), model[x]);
		}
		CU_ASSERT_EQUAL(ranges_total(&s), total);
	}
}

static void a_full_set_refuses_and_keeps_what_it_has(void)
{
	struct range mem[2], before[2];
	struct ranges s = ranges_of(mem, 2);

	CU_ASSERT(ranges_add(&s, 10, 20));
	CU_ASSERT(ranges_add(&s, 30, 40));
	memcpy(before, mem, sizeof(mem));
	CU_ASSERT_FALSE(ranges_add(&s, 50, 50));
	CU_ASSERT_FALSE(ranges_remove(&s, 15, 15));
	CU_ASSERT_EQUAL(memcmp(before, mem, sizeof(mem)), 0);
	CU_ASSERT(ranges_add(&s, 21, 29)); /* joins both */
	CU_ASSERT_EQUAL(s.n, 1);
	CU_ASSERT(ranges_add(&s, 0, 0));
	CU_ASSERT(ranges_has(&s, 0));
}

static const struct suite_test tests[] = {
	SUITE_TEST(any_sequence_agrees_with_a_plain_set),
	SUITE_TEST(a_full_set_refuses_and_keeps_what_it_has),
};
SUITE_MAIN("base/ranges", tests)
