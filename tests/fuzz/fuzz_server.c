/* The server engine under a storm of inputs (tests/engine/server_storm.h) that the fuzzer chooses. */
#include "server_storm.h"

#include "choices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct byte_choices c = choices_of(data, size);

	server_storm_run(&c.choices, UINT64_MAX);
	return 0;
}
