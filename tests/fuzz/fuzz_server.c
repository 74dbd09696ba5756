/* The server engine under a storm of inputs (tests/engine/server_storm.h) that the fuzzer chooses. */
#include "base/bytes.h"
#include "server_storm.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct bytes {
	struct storm_choices choices;
	struct reader left;
};

/* A byte for a small choice, more for a larger one. */
static uint64_t below(struct storm_choices *c, uint64_t n)
{
	struct bytes *b = (struct bytes *)c;
	uint64_t v = 0;

	for (uint64_t rest = n - 1; rest > 0; rest >>= 8) {
		const uint8_t *byte = reader_take(&b->left, 1);

		if (byte == NULL) {
			c->over = true;
			return 0;
		}
		v = v << 8 | *byte;
	}
	return v % n;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes b = { { below, false }, reader_of(data, size) };

	server_storm_run(&b.choices, UINT64_MAX);
	return 0;
}
