#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "support/suite.h"

#define MIB (1ull << 20)

static unsigned long mapped_kib(void)
{
	unsigned long pages = 0;
	FILE *f = fopen("/proc/self/statm", "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fscanf(f, "%lu", &pages), 1);
	fclose(f);
	return pages * 4;
}

static bool is_zero(const uint8_t *p, size_t bytes)
{
	return p[0] == 0 && memcmp(p, p + 1, bytes - 1) == 0;
}

static void check(size_t bytes, int node)
{
	uint8_t *p = host_alloc(bytes, node);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	CU_ASSERT(is_zero(p, bytes));
	memset(p, 0xa5, bytes);
	if (bytes >= 2 * MIB)
		CU_ASSERT_EQUAL((uintptr_t)p % (2 * MIB), 0);
	host_free(p, bytes);
}

static void memory_is_zeroed_and_aligned_on_any_node(void)
{
	static const size_t sizes[] = { 1, 4096, 2 * MIB - 1, 2 * MIB, 2 * MIB + 1, 9 * MIB + 77 };

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
		for (int node = -1; node < 2; node++)
			check(sizes[i], node);
}

static void all_of_it_is_given_back(void)
{
	unsigned long before;

	check(64 * MIB, -1);
	before = mapped_kib();
	for (int i = 0; i < 20; i++)
		check(64 * MIB, 0);
	CU_ASSERT(mapped_kib() < before + 4096);
}

static void memory_beyond_all_bounds_is_refused(void)
{
	CU_ASSERT_PTR_NULL(host_alloc(0, -1));
	CU_ASSERT_PTR_NULL(host_alloc(SIZE_MAX, -1));
	CU_ASSERT_PTR_NULL(host_alloc(SIZE_MAX - 3 * MIB, -1));
	CU_ASSERT_PTR_NULL(host_alloc(1ull << 60, -1));
}

static const struct suite_test tests[] = {
	SUITE_TEST(memory_is_zeroed_and_aligned_on_any_node),
	SUITE_TEST(all_of_it_is_given_back),
	SUITE_TEST(memory_beyond_all_bounds_is_refused),
};
SUITE_MAIN("host/memory", tests)
