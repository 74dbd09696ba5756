/* A fuzzer's bytes as the choices of a storm over an engine (tests/engine/client_storm.h). */
#ifndef WDSCAST_TESTS_FUZZ_CHOICES_H
#define WDSCAST_TESTS_FUZZ_CHOICES_H

#include "base/bytes.h"
#include "client_storm.h"

struct byte_choices {
	struct storm_choices choices;
	struct reader left;
};

/* A byte for a small choice, more for a larger one. */
static inline uint64_t choose_below(struct storm_choices *c, uint64_t n)
{
	struct byte_choices *b = (struct byte_choices *)c;
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

static inline struct byte_choices choices_of(const uint8_t *data, size_t size)
{
	return (struct byte_choices){ { choose_below, false }, reader_of(data, size) };
}

#endif
