#include "base/rng.h"
#include "security/security.h"
#include "security/sum.h"
#include "support/suite.h"

#include <stdlib.h>

#define LEN_MAX 300
#define SHIFT_MAX 33 /* a little more than a vector */

static uint8_t bytes[LEN_MAX + SHIFT_MAX];

static void fill(void)
{
	struct rng rng = { 1 };

	for (size_t i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)rng_next(&rng);
}

static uint32_t sum_slowly(const uint8_t *src, size_t len)
{
	uint32_t sum = 0;

	while (len-- > 0)
		sum += *src++;
	return sum;
}

static void check_sums(uint32_t (*sum)(const uint8_t *, size_t))
{
	fill();
	for (size_t shift = 0; shift < SHIFT_MAX; shift++)
		for (size_t len = 0; len <= LEN_MAX; len++)
			CU_ASSERT_EQUAL(sum(bytes + shift, len), sum_slowly(bytes + shift, len));
}

typedef uint32_t copy_sum(uint8_t *restrict, const uint8_t *restrict, size_t, size_t, size_t);

/* Into memory of exactly this size, at this shift, so that a sanitizer sees a store beyond it. */
static void check_copy(copy_sum *copy, size_t len, size_t shift, size_t before, size_t after)
{
	uint8_t *mem = malloc(shift + len + 1), *all = malloc(before + len + after), *src = all + before;

	memcpy(all, bytes + shift, before + len + after);
	memset(mem, 0xee, shift + len + 1);
	CU_ASSERT_EQUAL(copy(mem + shift, src, len, before, after), sum_slowly(all, before + len + after));
	CU_ASSERT_EQUAL(memcmp(mem + shift, src, len), 0);
	CU_ASSERT_EQUAL(mem[shift + len], 0xee);
	CU_ASSERT(shift == 0 || mem[shift - 1] == 0xee);
	free(mem);
	free(all);
}

static void check_copies(copy_sum *copy)
{
	fill();
	for (size_t shift = 0; shift < SHIFT_MAX; shift++)
		for (size_t len = 0; len <= 200; len++)
			check_copy(copy, len, shift, 0, 0);
	for (size_t around = 0; around <= 100; around++)
		for (size_t len = 0; len <= 100; len++)
			check_copy(copy, len, len % SHIFT_MAX, around, 100 - around);
}

static void the_portable_sum_is_right_at_all_lengths_and_alignments(void)
{
	check_sums(sum_portable);
	check_copies(sum_copy_portable);
}

static void the_avx2_sum_is_right_at_all_lengths_and_alignments(void)
{
	if (!sum_has_avx2())
		return;
	check_sums(sum_avx2);
	check_copies(sum_copy_avx2);
}

static void the_sum_of_a_whole_datagram_does_not_overflow(void)
{
	static uint8_t full[65536], copy[65536];

	memset(full, 0xff, sizeof(full));
	CU_ASSERT_EQUAL(security_sum(full, sizeof(full)), 65536u * 255);
	CU_ASSERT_EQUAL(security_copy_sum(copy, full, sizeof(full), 0, 0), 65536u * 255);
	CU_ASSERT_EQUAL(memcmp(full, copy, sizeof(full)), 0);
	CU_ASSERT_EQUAL(security_sum(NULL, 0), 0);
}

static const struct suite_test tests[] = {
	SUITE_TEST(the_portable_sum_is_right_at_all_lengths_and_alignments),
	SUITE_TEST(the_avx2_sum_is_right_at_all_lengths_and_alignments),
	SUITE_TEST(the_sum_of_a_whole_datagram_does_not_overflow),
};
SUITE_MAIN("security/sum", tests)
