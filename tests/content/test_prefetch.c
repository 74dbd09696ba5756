#include "content/prefetch.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"
#include "content/tree.h"
#include "support/suite.h"

enum { BLOCK = 100, BLOCKS = 1000, CONTENT = BLOCK * (BLOCKS - 1) + 37, SLOTS = 128, RANGES = 8 };

static uint8_t content[CONTENT];
static struct content_root *root;
static struct prefetch prefetch;
static void *memory;

static uint32_t sum_bytes(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += p[i];
	return sum;
}

static uint16_t sum_other(const void *bytes, size_t len)
{
	return (uint16_t)(sum_bytes(bytes, len) * 3);
}

static void with_prefetch_of(uint32_t few, uint32_t ahead)
{
	struct prefetch_config c = { .content_bytes = CONTENT,
		                   .total_blocks = BLOCKS,
		                   .block_bytes = BLOCK,
		                   .slots = SLOTS,
		                   .few = few,
		                   .ahead = ahead,
		                   .ranges_max = RANGES,
		                   .byte_sum = sum_bytes,
		                   .net_sum = sum_other };

	tree_make();
	tree_folder("n");
	tree_file("n/o", CONTENT, 7);
	tree_fill(content, CONTENT, 7);
	root = content_root_open(".");
	CU_ASSERT_EQUAL_FATAL(content_open(root, "n", "o", &c.object), 0);
	memory = aligned_alloc(64, prefetch_bytes(&c));
	memset(memory, 0, prefetch_bytes(&c));
	prefetch_init(&prefetch, &c, memory);
}

static void with_prefetch(void)
{
	with_prefetch_of(0, 0);
}

static void done(void)
{
	content_close(prefetch.config.object);
	content_root_close(root);
	free(memory);
	tree_remove();
}

static void check_block(const struct prefetch_slot *s, const uint8_t *data)
{
	size_t at = (s->block_no - 1) * BLOCK, len = s->block_no == BLOCKS ? 37 : BLOCK;

	CU_ASSERT_EQUAL(s->len, len);
	CU_ASSERT_EQUAL(memcmp(data, content + at, len), 0);
	CU_ASSERT_EQUAL(s->byte_sum, sum_bytes(content + at, len));
	CU_ASSERT_EQUAL(s->net_sum, sum_other(content + at, len));
}

static void give(const struct range *v, uint32_t n, uint64_t *pass)
{
	*pass = prefetch_give_pass(&prefetch, v, n);
	CU_ASSERT_NOT_EQUAL_FATAL(*pass, 0);
}

/* Use the next block, which must be this one, and keep `keep` positions behind it. */
static void use(uint64_t pass, uint64_t block_no, uint64_t keep)
{
	uint64_t position;

	while (!prefetch_next(&prefetch, pass, &position))
		CU_ASSERT_NOT_EQUAL_FATAL(prefetch_turn(&prefetch), 0);
	CU_ASSERT_EQUAL(prefetch_slot(&prefetch, position)->block_no, block_no);
	check_block(prefetch_slot(&prefetch, position), prefetch_data(&prefetch, position));
	prefetch_advance(&prefetch);
	prefetch_release(&prefetch, position > keep ? position - keep : 0, position + 1);
}

static void blocks_come_in_the_order_of_the_pass(void)
{
	static const struct range v[] = { { 1, 300 }, { 500, 500 }, { 700, BLOCKS } };
	uint64_t pass, position;

	with_prefetch();
	give(v, 3, &pass);
	for (unsigned i = 0; i < 3; i++)
		for (uint64_t b = v[i].first; b <= v[i].last; b++)
			use(pass, b, 32);
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 0);
	CU_ASSERT_FALSE(prefetch_next(&prefetch, pass, &position));
	done();
}

static void it_reads_no_further_than_its_slots(void)
{
	static const struct range all = { 1, BLOCKS };
	uint64_t pass, position;
	uint32_t n, total = 0;

	with_prefetch();
	give(&all, 1, &pass);
	while ((n = prefetch_turn(&prefetch)) > 0)
		total += n;
	CU_ASSERT_EQUAL(total, SLOTS);
	for (uint64_t b = 1; b <= SLOTS; b++) {
		CU_ASSERT_FATAL(prefetch_next(&prefetch, pass, &position));
		check_block(prefetch_slot(&prefetch, position), prefetch_data(&prefetch, position));
		prefetch_advance(&prefetch);
	}
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 0);
	prefetch_release(&prefetch, 5, prefetch.used);
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 5);
	/* what was not released is still there */
	for (uint64_t p = 5; p < SLOTS; p++)
		check_block(prefetch_slot(&prefetch, p), prefetch_data(&prefetch, p));
	done();
}

static void it_reads_no_further_ahead_than_told(void)
{
	static const struct range all = { 1, BLOCKS };
	uint64_t pass, position;

	with_prefetch_of(0, 40);
	give(&all, 1, &pass);
	CU_ASSERT_FALSE(prefetch_is_hungry(&prefetch));
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 40);
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 0);
	for (uint64_t b = 1; b <= 9; b++) {
		CU_ASSERT_FATAL(prefetch_next(&prefetch, pass, &position));
		prefetch_advance(&prefetch);
	}
	prefetch_release(&prefetch, 0, 9);
	CU_ASSERT_FALSE(prefetch_is_hungry(&prefetch)); /* it waits, but a quarter of 40 is 10 */
	CU_ASSERT_FATAL(prefetch_next(&prefetch, pass, &position));
	prefetch_advance(&prefetch);
	prefetch_release(&prefetch, 0, 10);
	CU_ASSERT(prefetch_is_hungry(&prefetch));
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 10);
	CU_ASSERT_FALSE(prefetch_is_hungry(&prefetch));
	done();
}

/* Those that may be kept before `used` are there; slots beyond the first `slots` were never touched. */
static void check_history(uint32_t slots)
{
	uint64_t history = prefetch_history(&prefetch, prefetch.used);

	CU_ASSERT_EQUAL(history, slots / 2);
	for (uint64_t p = prefetch.used - history; p < prefetch.used; p++)
		check_block(prefetch_slot(&prefetch, p), prefetch_data(&prefetch, p));
	for (uint32_t i = slots; i < SLOTS; i++)
		CU_ASSERT_EQUAL(prefetch.slots[i].block_no, 0);
}

static void use_to(uint64_t pass, uint64_t from, uint64_t to)
{
	for (uint64_t b = from; b <= to; b++)
		use(pass, b, prefetch_history(&prefetch, b) - 1);
}

static void few_slots_are_used_until_it_is_to_grow(void)
{
	static const struct range all = { 1, BLOCKS };
	uint64_t pass;

	with_prefetch_of(32, 0);
	give(&all, 1, &pass);
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 16); /* half of them: the others are history */
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 0);
	use_to(pass, 1, 333);
	check_history(32);
	prefetch_grow(&prefetch);
	prefetch_grow(&prefetch);
	use_to(pass, 334, 500);
	check_history(SLOTS);
	use_to(pass, 501, BLOCKS);
	check_history(SLOTS);
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 0);
	done();
}

static void it_grows_wherever_it_is(void)
{
	static const struct range all = { 1, BLOCKS };
	uint64_t pass;

	for (uint64_t at = 1; at < 70; at++) {
		with_prefetch_of(32, 0);
		give(&all, 1, &pass);
		use_to(pass, 1, at);
		prefetch_grow(&prefetch);
		use_to(pass, at + 1, BLOCKS);
		check_history(SLOTS);
		done();
	}
}

static void a_new_pass_leaves_the_old_one(void)
{
	static const struct range all = { 1, BLOCKS }, few = { 900, 910 };
	uint64_t first, second, position;

	with_prefetch();
	give(&all, 1, &first);
	use(first, 1, 0); /* and many more are read already */
	prefetch_release(&prefetch, 1, prefetch.used);
	give(&few, 1, &second);
	CU_ASSERT_FALSE(prefetch_next(&prefetch, second, &position)); /* the old pass's are skipped */
	prefetch_release(&prefetch, prefetch.used, prefetch.used);
	for (uint64_t b = 900; b <= 910; b++)
		use(second, b, 0);
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 0);
	done();
}

static void a_pass_waits_until_the_last_one_was_taken(void)
{
	static const struct range all = { 1, BLOCKS }, few = { 3, 4 };
	uint64_t pass;

	with_prefetch();
	give(&all, 1, &pass);
	CU_ASSERT_EQUAL(prefetch_give_pass(&prefetch, &few, 1), 0);
	CU_ASSERT_NOT_EQUAL(prefetch_turn(&prefetch), 0);
	CU_ASSERT_EQUAL(prefetch_give_pass(&prefetch, &few, 1), 2);
	done();
}

static void repairs_are_read_again_and_bounded(void)
{
	int repair;

	with_prefetch();
	for (int i = 0; i < PREFETCH_REPAIRS; i++)
		CU_ASSERT(prefetch_ask_repair(&prefetch, (uint64_t)BLOCKS - (uint64_t)i) >= 0);
	CU_ASSERT_EQUAL(prefetch_ask_repair(&prefetch, 1), -1);
	CU_ASSERT_EQUAL(prefetch_take_repair(&prefetch), -1);
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), PREFETCH_REPAIRS);
	for (int i = 0; i < PREFETCH_REPAIRS; i++) {
		repair = prefetch_take_repair(&prefetch);
		CU_ASSERT_FATAL(repair >= 0);
		CU_ASSERT_EQUAL(prefetch.repair_slots[repair].block_no, (uint64_t)BLOCKS - (uint64_t)i);
		check_block(&prefetch.repair_slots[repair], prefetch_repair_data(&prefetch, repair));
		prefetch_free_repair(&prefetch, repair);
	}
	CU_ASSERT(prefetch_ask_repair(&prefetch, 1) >= 0);
	CU_ASSERT_EQUAL(prefetch_ask_repair(&prefetch, 0), -1);
	CU_ASSERT_EQUAL(prefetch_ask_repair(&prefetch, BLOCKS + 1), -1);
	done();
}

static void a_truncated_file_stops_it_for_good(void)
{
	static const struct range all = { 1, BLOCKS };
	uint64_t pass, position;

	with_prefetch();
	give(&all, 1, &pass);
	use(pass, 1, 0);
	CU_ASSERT_EQUAL(truncate("n/o", CONTENT / 2), 0);
	while (prefetch_next(&prefetch, pass, &position))
		prefetch_advance(&prefetch);
	prefetch_release(&prefetch, prefetch.used, prefetch.used);
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 0);
	CU_ASSERT(prefetch_failed(&prefetch));
	CU_ASSERT_EQUAL(truncate("n/o", CONTENT), 0);
	CU_ASSERT_EQUAL(prefetch_turn(&prefetch), 0);
	CU_ASSERT_FALSE(prefetch_next(&prefetch, pass, &position));
	done();
}

static void slots_fit_the_cache_and_the_content(void)
{
	CU_ASSERT_EQUAL(prefetch_slots(64 << 20, 1401, 1 << 30), 32768);
	CU_ASSERT_EQUAL(prefetch_slots(64 << 20, 65000, 1 << 30), 1024);
	CU_ASSERT_EQUAL(prefetch_slots(64 << 20, 1401, 1000), 1024);
	CU_ASSERT_EQUAL(prefetch_slots(64 << 20, 1401, 0), 64);
	CU_ASSERT_EQUAL(prefetch_slots(0, 1401, 1 << 30), 64);
	CU_ASSERT_EQUAL(prefetch_slots(UINT64_MAX, 1, UINT64_MAX), 1u << 26);
}

static const struct suite_test tests[] = {
	SUITE_TEST(blocks_come_in_the_order_of_the_pass),
	SUITE_TEST(it_reads_no_further_than_its_slots),
	SUITE_TEST(it_reads_no_further_ahead_than_told),
	SUITE_TEST(few_slots_are_used_until_it_is_to_grow),
	SUITE_TEST(it_grows_wherever_it_is),
	SUITE_TEST(a_new_pass_leaves_the_old_one),
	SUITE_TEST(a_pass_waits_until_the_last_one_was_taken),
	SUITE_TEST(repairs_are_read_again_and_bounded),
	SUITE_TEST(a_truncated_file_stops_it_for_good),
	SUITE_TEST(slots_fit_the_cache_and_the_content),
};
SUITE_MAIN("content/prefetch", tests)
