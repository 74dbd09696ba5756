#include "store/store.h"

#include <stdlib.h>

#include "support/suite.h"

enum { SLOTS = 5, BLOCK = 7 };

static uint8_t arena[SLOTS * BLOCK];

static struct store fresh(void **mem)
{
	struct store s;

	*mem = aligned_alloc(64, store_mem_bytes(SLOTS));
	store_init(&s, arena, SLOTS, BLOCK, *mem);
	return s;
}

static uint32_t take(struct store *s)
{
	uint32_t count;

	return store_take_run(s, 1, &count);
}

static void publish(struct store *s, uint64_t block_no)
{
	store_publish(s, store_reserve(s), block_no, BLOCK);
}

static void blocks_in_order_lie_side_by_side(void)
{
	void *mem;
	struct store s = fresh(&mem);

	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t slot = store_reserve(&s);

		CU_ASSERT_PTR_EQUAL(store_slot(&s, slot), arena + i * BLOCK);
		store_publish(&s, slot, i + 1, BLOCK);
	}
	for (uint32_t i = 0; i < SLOTS; i++) {
		uint32_t slot = take(&s);

		CU_ASSERT_EQUAL(slot, i);
		CU_ASSERT_EQUAL(s.blocks[slot].block_no, i + 1);
		store_free(&s, slot);
	}
	CU_ASSERT_EQUAL(take(&s), STORE_NO_SLOT);
	CU_ASSERT_EQUAL(store_reserve(&s), 0); /* and again from the start */
	free(mem);
}

static void every_slot_can_be_in_any_one_place(void)
{
	void *mem;
	struct store s = fresh(&mem);
	uint32_t held[SLOTS];

	for (uint32_t i = 0; i < SLOTS; i++)
		held[i] = store_reserve(&s);
	CU_ASSERT_EQUAL(store_reserve(&s), STORE_NO_SLOT);
	CU_ASSERT_EQUAL(store_room(&s), 0);
	for (uint32_t i = 0; i < SLOTS; i++)
		store_unreserve(&s, held[i]);
	CU_ASSERT_EQUAL(store_room(&s), SLOTS);
	CU_ASSERT_EQUAL(store_reserve(&s), held[SLOTS - 1]); /* the last one back goes first */
	free(mem);
}

static void blocks_that_follow_each_other_are_taken_together(void)
{
	static const uint64_t order[SLOTS] = { 1, 2, 3, 7, 8 };
	uint32_t count;
	void *mem;
	struct store s = fresh(&mem);

	for (uint32_t i = 0; i < SLOTS; i++)
		publish(&s, order[i]);
	CU_ASSERT_EQUAL(store_take_run(&s, 2, &count), 0);
	CU_ASSERT_EQUAL(count, 2);
	CU_ASSERT_EQUAL(store_run_bytes(&s, 0, 2), 2 * BLOCK);
	CU_ASSERT_EQUAL(store_take_run(&s, SLOTS, &count), 2);
	CU_ASSERT_EQUAL(count, 1);
	CU_ASSERT_EQUAL(store_take_run(&s, SLOTS, &count), 3);
	CU_ASSERT_EQUAL(count, 2);
	CU_ASSERT_EQUAL(store_take_run(&s, SLOTS, &count), STORE_NO_SLOT);
	CU_ASSERT_EQUAL(count, 0);
	free(mem);
}

static void blocks_that_do_not_lie_side_by_side_are_taken_one_by_one(void)
{
	uint32_t count;
	void *mem;
	struct store s = fresh(&mem);
	uint32_t first = store_reserve(&s), second = store_reserve(&s);

	store_publish(&s, second, 1, BLOCK);
	store_publish(&s, first, 2, BLOCK);
	CU_ASSERT_EQUAL(store_take_run(&s, SLOTS, &count), second);
	CU_ASSERT_EQUAL(count, 1);
	CU_ASSERT_EQUAL(store_take_run(&s, SLOTS, &count), first);
	free(mem);
}

/* With so large blocks a run is four slots. */
static void slots_that_came_back_go_before_new_ones(void)
{
	enum { LARGE = 64 << 10, MANY = 100 };
	struct store s;
	void *mem = aligned_alloc(64, store_mem_bytes(MANY));
	uint32_t highest = 0;

	store_init(&s, arena, MANY, LARGE, mem); /* nothing is written to it */
	for (uint32_t i = 0; i < 1000; i++) {
		uint32_t slot = store_reserve(&s);

		highest = slot > highest ? slot : highest;
		store_publish(&s, slot, i + 1, LARGE);
		store_free(&s, take(&s));
	}
	CU_ASSERT_EQUAL(highest, 3);
	for (uint32_t i = 0; i < MANY; i++)
		CU_ASSERT_NOT_EQUAL_FATAL(store_reserve(&s), STORE_NO_SLOT);
	CU_ASSERT_EQUAL(store_reserve(&s), STORE_NO_SLOT);
	CU_ASSERT_EQUAL(store_room(&s), 0);
	free(mem);
}

static void sizes_out_of_range_are_refused(void)
{
	CU_ASSERT_EQUAL(store_mem_bytes(0), 0);
	CU_ASSERT_EQUAL(store_mem_bytes(STORE_SLOTS_MAX + 1), 0);
}

static const struct suite_test tests[] = {
	SUITE_TEST(blocks_in_order_lie_side_by_side),
	SUITE_TEST(every_slot_can_be_in_any_one_place),
	SUITE_TEST(blocks_that_follow_each_other_are_taken_together),
	SUITE_TEST(blocks_that_do_not_lie_side_by_side_are_taken_one_by_one),
	SUITE_TEST(slots_that_came_back_go_before_new_ones),
	SUITE_TEST(sizes_out_of_range_are_refused),
};
SUITE_MAIN("store/store", tests)
