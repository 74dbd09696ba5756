/* The client engine under a storm of inputs (tests/engine/client_storm.h) that the fuzzer chooses. */
#include "client_storm.h"

#include "choices.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct byte_choices c = choices_of(data, size);

	storm_run(&c.choices, UINT64_MAX);
	return 0;
}
