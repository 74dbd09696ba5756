/*
 * A storm of packets, commands and times over a server engine, hostile ones among them, made from
 * choices: a random number's in test_server_random, a fuzzer's bytes in fuzz_server. Whatever comes,
 * what must hold is asserted.
 */
#ifndef WDSCAST_TESTS_ENGINE_SERVER_STORM_H
#define WDSCAST_TESTS_ENGINE_SERVER_STORM_H

#include "client_storm.h"

/* What a storm has reached, for a test to see that it was one. */
struct server_storm_result {
	uint64_t steps, odata, rdata, joined, passes, masters;
};

/* Until the choices are over, the session has ended, or so many steps are taken. */
struct server_storm_result server_storm_run(struct storm_choices *choices, uint64_t steps);

#endif
