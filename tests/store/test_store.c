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
		uint32_t slot = store_take(&s);

		CU_ASSERT_EQUAL(slot, i);
		CU_ASSERT_EQUAL(s.blocks[slot].block_no, i + 1);
		store_free(&s, slot);
	}
	CU_ASSERT_EQUAL(store_take(&s), STORE_NO_SLOT);
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

static void sizes_out_of_range_are_refused(void)
{
	CU_ASSERT_EQUAL(store_mem_bytes(0), 0);
	CU_ASSERT_EQUAL(store_mem_bytes(STORE_SLOTS_MAX + 1), 0);
}

static const struct suite_test tests[] = {
	SUITE_TEST(blocks_in_order_lie_side_by_side),
	SUITE_TEST(every_slot_can_be_in_any_one_place),
	SUITE_TEST(sizes_out_of_range_are_refused),
};
SUITE_MAIN("store/store", tests)
