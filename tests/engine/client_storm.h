/*
 * A storm of inputs over a client engine, hostile ones among them, made from choices: a random
 * number's in test_client_random, a fuzzer's bytes in fuzz_client. Whatever comes, what must hold is
 * asserted.
 */
#ifndef WDSCAST_TESTS_ENGINE_CLIENT_STORM_H
#define WDSCAST_TESTS_ENGINE_CLIENT_STORM_H

#include <stdbool.h>
#include <stdint.h>

struct storm_choices {
	/* 0 .. n-1; n is at least 1. Sets *over when there is nothing more to choose from. */
	uint64_t (*below)(struct storm_choices *c, uint64_t n);
	bool over;
};

/* What a storm has reached, for a test to see that it was one. */
struct storm_result {
	bool finished, closed;
	uint64_t steps, blocks, packets_out;
};

/* Until the choices are over, the session is closed, or so many steps are taken. */
struct storm_result storm_run(struct storm_choices *choices, uint64_t steps);

#endif
