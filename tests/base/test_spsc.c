#include "base/spsc.h"

#include <pthread.h>
#include <sched.h>

#include "support/suite.h"

enum { CAPACITY = 64, ITEMS = 200000 };

static void a_full_ring_refuses_and_an_empty_one_too(void)
{
	uint32_t mem[4], x;
	struct spsc r;

	spsc_init(&r, mem, 4, sizeof(uint32_t));
	CU_ASSERT_FALSE(spsc_pop(&r, &x, sizeof(x)));
	for (uint32_t i = 0; i < 4; i++)
		CU_ASSERT(spsc_push(&r, &i, sizeof(i)));
	x = 9;
	CU_ASSERT_FALSE(spsc_push(&r, &x, sizeof(x)));
	for (uint32_t i = 0; i < 4; i++) {
		CU_ASSERT(spsc_pop(&r, &x, sizeof(x)));
		CU_ASSERT_EQUAL(x, i);
	}
	CU_ASSERT_EQUAL(spsc_count(&r), 0);
}

static void *produce(void *arg)
{
	struct spsc *r = arg;

	for (uint64_t i = 0; i < ITEMS;) {
		if (spsc_push(r, &i, sizeof(i)))
			i++;
		else
			sched_yield();
	}
	return NULL;
}

/* Under TSan, which knows POSIX threads only, this is the proof of the ring's orderings. */
static void two_threads_see_every_item_once_in_order(void)
{
	static uint64_t mem[CAPACITY];
	uint64_t next = 0, x;
	struct spsc r;
	pthread_t t;

	spsc_init(&r, mem, CAPACITY, sizeof(uint64_t));
	CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, produce, &r), 0);
	while (next < ITEMS) {
		if (!spsc_pop(&r, &x, sizeof(x))) {
			sched_yield();
			continue;
		}
		if (x != next)
			break;
		next++;
	}
	CU_ASSERT_EQUAL(next, ITEMS);
	pthread_join(t, NULL);
}

static void capacity_is_the_next_power_of_two(void)
{
	CU_ASSERT_EQUAL(spsc_capacity(1), 1);
	CU_ASSERT_EQUAL(spsc_capacity(3), 4);
	CU_ASSERT_EQUAL(spsc_capacity(64), 64);
	CU_ASSERT_EQUAL(spsc_capacity(65), 128);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_full_ring_refuses_and_an_empty_one_too),
	SUITE_TEST(two_threads_see_every_item_once_in_order),
	SUITE_TEST(capacity_is_the_next_power_of_two),
};
SUITE_MAIN("base/spsc", tests)
