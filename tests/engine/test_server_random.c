/* The server under storms of random packets: whatever comes, what holds must hold. */
#include "base/rng.h"
#include "server_storm.h"
#include "support/suite.h"

enum { SEEDS = 30, STEPS = 20000 };

struct dice {
	struct storm_choices choices;
	struct rng rng;
};

static uint64_t roll(struct storm_choices *c, uint64_t n)
{
	return rng_below(&((struct dice *)c)->rng, n);
}

static void whatever_comes_what_holds_must_hold(void)
{
	struct server_storm_result all = { 0 };

	for (uint64_t seed = 1; seed <= SEEDS; seed++) {
		struct dice dice = { { roll, false }, { seed } };
		struct server_storm_result one = server_storm_run(&dice.choices, STEPS);

		all.odata += one.odata;
		all.rdata += one.rdata;
		all.joined += one.joined;
		all.passes += one.passes;
		all.masters += one.masters;
	}
	CU_ASSERT(all.odata > 1000); /* it was a storm, and the machine went on */
	CU_ASSERT(all.rdata > 1000);
	CU_ASSERT(all.joined > 1000);
	CU_ASSERT(all.passes > 100);
	CU_ASSERT(all.masters > 100);
}

static const struct suite_test tests[] = { SUITE_TEST(whatever_comes_what_holds_must_hold) };
SUITE_MAIN("engine/server_random", tests)
