#include "base/bitmap.h"

#include <stdlib.h>

#include "base/rng.h"
#include "support/suite.h"

/* Against a plain array of bools, at sizes around every level's edges. */
static void against_model(uint64_t bits, uint64_t sets, uint64_t seed)
{
	void *mem = calloc(1, bitmap_bytes(bits));
	bool *model = calloc(1, bits + 1);
	struct rng rng = { seed };
	struct bitmap m;
	uint64_t ones = 0;

	bitmap_init(&m, bits, mem);
	for (uint64_t k = 0; k < sets && bits > 0; k++) {
		uint64_t i = rng_below(&rng, bits);

		CU_ASSERT_EQUAL(bitmap_set(&m, i), !model[i]);
		ones += !model[i];
		model[i] = true;
	}
	CU_ASSERT_EQUAL(m.ones, ones);
	for (uint64_t i = 0; i <= bits; i++) {
		uint64_t zero = i, one = i;

		while (zero < bits && model[zero])
			zero++;
		while (one < bits && !model[one])
			one++;
		if (bitmap_next_zero(&m, i) != zero || bitmap_next_one(&m, i) != one) {
			CU_FAIL("a run is not found");
			break;
		}
	}
	free(mem);
	free(model);
}

static void runs_are_found_at_every_size(void)
{
	static const uint64_t sizes[] = { 0, 1, 2, 63, 64, 65, 127, 128, 4095, 4096, 4097, 8192, 12300 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		against_model(sizes[i], 0, 1);
		against_model(sizes[i], 3, 2);
		against_model(sizes[i], sizes[i] / 2, 3);
	}
	against_model(300, 10000, 4);
}

static void full_words_are_skipped_to_the_last_bit(void)
{
	enum { BITS = 64 * 64 * 64 + 5 };
	void *mem = calloc(1, bitmap_bytes(BITS));
	struct bitmap m;

	bitmap_init(&m, BITS, mem);
	for (uint64_t i = 0; i < BITS - 1; i++)
		bitmap_set(&m, i);
	CU_ASSERT_EQUAL(bitmap_next_zero(&m, 0), BITS - 1);
	CU_ASSERT_EQUAL(m.levels, 4);
	bitmap_set(&m, BITS - 1);
	CU_ASSERT_EQUAL(bitmap_next_zero(&m, 0), BITS);
	CU_ASSERT_EQUAL(m.ones, BITS);
	free(mem);
}

static void an_impossible_size_is_refused(void)
{
	CU_ASSERT_EQUAL(bitmap_bytes(1ull << 60), 0);
	CU_ASSERT(bitmap_bytes(0) > 0);
}

static const struct suite_test tests[] = {
	SUITE_TEST(runs_are_found_at_every_size),
	SUITE_TEST(full_words_are_skipped_to_the_last_bit),
	SUITE_TEST(an_impossible_size_is_refused),
};
SUITE_MAIN("base/bitmap", tests)
