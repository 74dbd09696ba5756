/* Random and hostile inputs, at random times: whatever comes, what holds must hold. */
#include "base/rng.h"
#include "client_storm.h"
#include "support/suite.h"

enum { SEEDS = 3000, STEPS = 20000 };

struct random_choices {
	struct storm_choices choices;
	struct rng rng;
};

static uint64_t below(struct storm_choices *c, uint64_t n)
{
	return rng_below(&((struct random_choices *)c)->rng, n);
}

static void no_storm_breaks_what_must_hold(void)
{
	unsigned finished = 0, closed = 0;
	uint64_t blocks = 0, packets = 0;

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct random_choices c = { { below, false }, { seed } };
		struct storm_result r = storm_run(&c.choices, STEPS);

		finished += r.finished;
		closed += r.closed;
		blocks += r.blocks;
		packets += r.packets_out;
	}
	CU_ASSERT(finished > SEEDS / 2); /* they were storms, not calms */
	CU_ASSERT(closed > SEEDS / 2);
	CU_ASSERT(blocks > SEEDS * 20);
	CU_ASSERT(packets > SEEDS * 100);
}

static const struct suite_test tests[] = {
	SUITE_TEST(no_storm_breaks_what_must_hold),
};
SUITE_MAIN("engine/client_random", tests)
