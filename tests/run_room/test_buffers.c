#include "run/buffers.h"

#include <stdlib.h>

#include "support/suite.h"

enum { SLOTS = 4, BLOCK = 10 };

struct bench {
	struct store store;
	struct buffers buffers;
	uint8_t arena[SLOTS * BLOCK];
	void *store_mem, *buffers_mem;
};

static struct bench *bench_new(void)
{
	struct bench *b = calloc(1, (sizeof(*b) + 63) / 64 * 64);

	b->store_mem = aligned_alloc(64, store_mem_bytes(SLOTS));
	b->buffers_mem = calloc(1, buffers_bytes(SLOTS));
	store_init(&b->store, b->arena, SLOTS, BLOCK, b->store_mem);
	buffers_init(&b->buffers, &b->store, b->buffers_mem);
	return b;
}

static void bench_free(struct bench *b)
{
	free(b->store_mem);
	free(b->buffers_mem);
	free(b);
}

/* A block goes all the way to the consumer's callback. */
static uint32_t deliver(struct bench *b, uint64_t block_no)
{
	uint32_t slot = store_reserve(&b->store);

	store_publish(&b->store, slot, block_no, BLOCK);
	slot = store_take_run(&b->store, 1, &(uint32_t){ 0 });
	buffers_deliver(&b->buffers, slot, 1);
	return slot;
}

static uint64_t offset_of(uint64_t block_no)
{
	return (block_no - 1) * BLOCK;
}

static void a_slot_is_kept_by_callback_completion_and_references(void)
{
	struct bench *b = bench_new();
	uint32_t slot = deliver(b, 1);
	const uint8_t *at = store_slot(&b->store, slot);

	CU_ASSERT(buffers_add_ref(&b->buffers, at));
	buffers_returned(&b->buffers, slot);
	CU_ASSERT_EQUAL(store_room(&b->store), SLOTS - 1);
	CU_ASSERT(buffers_complete(&b->buffers, 0, BLOCK));
	CU_ASSERT_EQUAL(store_room(&b->store), SLOTS - 1);
	CU_ASSERT(buffers_release(&b->buffers, at));
	CU_ASSERT_EQUAL(store_room(&b->store), SLOTS);
	bench_free(b);
}

static void completion_has_to_match_and_comes_once(void)
{
	struct bench *b = bench_new();
	uint32_t slot = deliver(b, 3);

	CU_ASSERT(!buffers_complete(&b->buffers, offset_of(3), BLOCK - 1));
	CU_ASSERT(!buffers_complete(&b->buffers, offset_of(3) + 1, BLOCK));
	CU_ASSERT(!buffers_complete(&b->buffers, offset_of(7), BLOCK)); /* the same bucket */
	CU_ASSERT(!buffers_complete(&b->buffers, UINT64_MAX, BLOCK));
	CU_ASSERT(buffers_complete(&b->buffers, offset_of(3), BLOCK));
	CU_ASSERT(!buffers_complete(&b->buffers, offset_of(3), BLOCK));
	CU_ASSERT_EQUAL(store_room(&b->store), SLOTS - 1); /* its callback still runs */
	buffers_returned(&b->buffers, slot);
	CU_ASSERT_EQUAL(store_room(&b->store), SLOTS);
	bench_free(b);
}

static void blocks_of_one_bucket_complete_in_any_order(void)
{
	struct bench *b = bench_new();
	static const uint64_t no[] = { 1, 5, 9 };

	for (unsigned i = 0; i < 3; i++)
		buffers_returned(&b->buffers, deliver(b, no[i]));
	CU_ASSERT(buffers_complete(&b->buffers, offset_of(5), BLOCK));
	CU_ASSERT(buffers_complete(&b->buffers, offset_of(9), BLOCK));
	CU_ASSERT(buffers_complete(&b->buffers, offset_of(1), BLOCK));
	CU_ASSERT_EQUAL(store_room(&b->store), SLOTS);
	bench_free(b);
}

static void only_addresses_of_held_slots_are_taken(void)
{
	struct bench *b = bench_new();
	uint32_t slot = deliver(b, 1);
	const uint8_t *at = store_slot(&b->store, slot);

	CU_ASSERT(!buffers_add_ref(&b->buffers, at + 1));
	CU_ASSERT(!buffers_add_ref(&b->buffers, store_slot(&b->store, slot + 1)));
	CU_ASSERT(!buffers_add_ref(&b->buffers, b->arena + SLOTS * BLOCK));
	CU_ASSERT(!buffers_add_ref(&b->buffers, b->arena - BLOCK));
	CU_ASSERT(!buffers_add_ref(&b->buffers, NULL));
	CU_ASSERT(!buffers_release(&b->buffers, at)); /* one too many */
	CU_ASSERT(buffers_add_ref(&b->buffers, at));
	CU_ASSERT(buffers_add_ref(&b->buffers, at));
	CU_ASSERT_EQUAL(b->buffers.referenced, 1);
	CU_ASSERT(buffers_release(&b->buffers, at));
	CU_ASSERT(buffers_release(&b->buffers, at));
	CU_ASSERT_EQUAL(b->buffers.referenced, 0);
	CU_ASSERT(!buffers_release(&b->buffers, at));
	bench_free(b);
}

/* Its slots go back together, and only the whole is known. */
static void a_run_is_completed_and_released_whole(void)
{
	struct bench *b = bench_new();
	uint32_t slot, count;
	const uint8_t *at;

	for (uint64_t block_no = 1; block_no <= 3; block_no++)
		store_publish(&b->store, store_reserve(&b->store), block_no, block_no < 3 ? BLOCK : BLOCK - 1);
	slot = store_take_run(&b->store, SLOTS, &count);
	CU_ASSERT_EQUAL(count, 3);
	buffers_deliver(&b->buffers, slot, count);
	at = store_slot(&b->store, slot);
	CU_ASSERT(!buffers_add_ref(&b->buffers, at + BLOCK));
	CU_ASSERT(buffers_add_ref(&b->buffers, at));
	buffers_returned(&b->buffers, slot);
	CU_ASSERT(!buffers_complete(&b->buffers, 0, BLOCK));
	CU_ASSERT(!buffers_complete(&b->buffers, offset_of(2), 2 * BLOCK - 1));
	CU_ASSERT(buffers_complete(&b->buffers, 0, 3 * BLOCK - 1));
	CU_ASSERT_EQUAL(store_room(&b->store), SLOTS - 3);
	CU_ASSERT(buffers_release(&b->buffers, at));
	CU_ASSERT_EQUAL(store_room(&b->store), SLOTS);
	bench_free(b);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_run_is_completed_and_released_whole),
	SUITE_TEST(a_slot_is_kept_by_callback_completion_and_references),
	SUITE_TEST(completion_has_to_match_and_comes_once),
	SUITE_TEST(blocks_of_one_bucket_complete_in_any_order),
	SUITE_TEST(only_addresses_of_held_slots_are_taken),
};
SUITE_MAIN("run/buffers", tests)
