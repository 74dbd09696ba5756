/* Over many scenarios: did all that was to befall the hosts do so? */
#include "sim.h"

#include <stdio.h>

#define SCENARIOS_MIN 1000 /* of fewer the rare may be missing */

bool sim_count_tell(const uint64_t counts[SIM_COUNT_MAX], uint64_t scenarios)
{
	static const char *const texts[] = {
#define X(name, text) text,
		SIM_COUNTS(X)
#undef X
	};
	bool all = true;

	for (unsigned i = 0; i < SIM_COUNT_MAX; i++) {
		printf("%12llu %s\n", (unsigned long long)counts[i], texts[i]);
		all = all && counts[i] > 0;
	}
	return all || scenarios < SCENARIOS_MIN;
}
