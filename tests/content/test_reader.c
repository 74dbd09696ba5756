#include "content/reader.h"

#include <stdlib.h>
#include <unistd.h>

#include "base/rng.h"
#include "content/tree.h"
#include "support/suite.h"

enum { BLOCK = 100, BLOCKS = 1000, CONTENT = BLOCK * (BLOCKS - 1) + 37, SLOTS = 128, RANGES = 8 };

static uint8_t content[CONTENT];
static struct content_root *root;
static struct reader reader;
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

static void with_reader(void)
{
	struct reader_config c = { .content_bytes = CONTENT,
		                   .total_blocks = BLOCKS,
		                   .block_bytes = BLOCK,
		                   .slots = SLOTS,
		                   .ranges_max = RANGES,
		                   .byte_sum = sum_bytes,
		                   .net_sum = sum_other };

	tree_make();
	tree_folder("n");
	tree_file("n/o", CONTENT, 7);
	tree_fill(content, CONTENT, 7);
	root = content_root_open(".");
	CU_ASSERT_EQUAL_FATAL(content_open(root, "n", "o", &c.object), 0);
	memory = aligned_alloc(64, reader_bytes(&c));
	memset(memory, 0, reader_bytes(&c));
	reader_init(&reader, &c, memory);
}

static void done(void)
{
	content_close(reader.config.object);
	content_root_close(root);
	free(memory);
	tree_remove();
}

static void check_block(const struct reader_slot *s, const uint8_t *data)
{
	size_t at = (s->block_no - 1) * BLOCK, len = s->block_no == BLOCKS ? 37 : BLOCK;

	CU_ASSERT_EQUAL(s->len, len);
	CU_ASSERT_EQUAL(memcmp(data, content + at, len), 0);
	CU_ASSERT_EQUAL(s->byte_sum, sum_bytes(content + at, len));
	CU_ASSERT_EQUAL(s->net_sum, sum_other(content + at, len));
}

static void give(const struct range *v, uint32_t n, uint64_t *pass)
{
	*pass = reader_give_pass(&reader, v, n);
	CU_ASSERT_NOT_EQUAL_FATAL(*pass, 0);
}

/* Use the next block, which must be this one, and keep `keep` positions behind it. */
static void use(uint64_t pass, uint64_t block_no, uint64_t keep)
{
	uint64_t position;

	while (!reader_next(&reader, pass, &position))
		CU_ASSERT_NOT_EQUAL_FATAL(reader_turn(&reader), 0);
	CU_ASSERT_EQUAL(reader_slot(&reader, position)->block_no, block_no);
	check_block(reader_slot(&reader, position), reader_data(&reader, position));
	reader_advance(&reader);
	reader_release(&reader, position > keep ? position - keep : 0);
}

static void blocks_come_in_the_order_of_the_pass(void)
{
	static const struct range v[] = { { 1, 300 }, { 500, 500 }, { 700, BLOCKS } };
	uint64_t pass, position;

	with_reader();
	give(v, 3, &pass);
	for (unsigned i = 0; i < 3; i++)
		for (uint64_t b = v[i].first; b <= v[i].last; b++)
			use(pass, b, 32);
	CU_ASSERT_EQUAL(reader_turn(&reader), 0);
	CU_ASSERT_FALSE(reader_next(&reader, pass, &position));
	done();
}

static void it_reads_no_further_than_its_slots(void)
{
	static const struct range all = { 1, BLOCKS };
	uint64_t pass, position;
	uint32_t n, total = 0;

	with_reader();
	give(&all, 1, &pass);
	while ((n = reader_turn(&reader)) > 0)
		total += n;
	CU_ASSERT_EQUAL(total, SLOTS);
	for (uint64_t b = 1; b <= SLOTS; b++) {
		CU_ASSERT_FATAL(reader_next(&reader, pass, &position));
		check_block(reader_slot(&reader, position), reader_data(&reader, position));
		reader_advance(&reader);
	}
	CU_ASSERT_EQUAL(reader_turn(&reader), 0);
	reader_release(&reader, 5);
	CU_ASSERT_EQUAL(reader_turn(&reader), 5);
	/* what was not released is still there */
	for (uint64_t p = 5; p < SLOTS; p++)
		check_block(reader_slot(&reader, p), reader_data(&reader, p));
	done();
}

static void a_new_pass_leaves_the_old_one(void)
{
	static const struct range all = { 1, BLOCKS }, few = { 900, 910 };
	uint64_t first, second, position;

	with_reader();
	give(&all, 1, &first);
	use(first, 1, 0); /* and many more are read already */
	reader_release(&reader, 1);
	give(&few, 1, &second);
	CU_ASSERT_FALSE(reader_next(&reader, second, &position)); /* the old pass's are skipped */
	reader_release(&reader, reader.used);
	for (uint64_t b = 900; b <= 910; b++)
		use(second, b, 0);
	CU_ASSERT_EQUAL(reader_turn(&reader), 0);
	done();
}

static void a_pass_waits_until_the_last_one_was_taken(void)
{
	static const struct range all = { 1, BLOCKS }, few = { 3, 4 };
	uint64_t pass;

	with_reader();
	give(&all, 1, &pass);
	CU_ASSERT_EQUAL(reader_give_pass(&reader, &few, 1), 0);
	CU_ASSERT_NOT_EQUAL(reader_turn(&reader), 0);
	CU_ASSERT_EQUAL(reader_give_pass(&reader, &few, 1), 2);
	done();
}

static void repairs_are_read_again_and_bounded(void)
{
	int repair;

	with_reader();
	for (int i = 0; i < READER_REPAIRS; i++)
		CU_ASSERT(reader_ask_repair(&reader, (uint64_t)BLOCKS - (uint64_t)i) >= 0);
	CU_ASSERT_EQUAL(reader_ask_repair(&reader, 1), -1);
	CU_ASSERT_EQUAL(reader_take_repair(&reader), -1);
	CU_ASSERT_EQUAL(reader_turn(&reader), READER_REPAIRS);
	for (int i = 0; i < READER_REPAIRS; i++) {
		repair = reader_take_repair(&reader);
		CU_ASSERT_FATAL(repair >= 0);
		CU_ASSERT_EQUAL(reader.repair_slots[repair].block_no, (uint64_t)BLOCKS - (uint64_t)i);
		check_block(&reader.repair_slots[repair], reader_repair_data(&reader, repair));
		reader_free_repair(&reader, repair);
	}
	CU_ASSERT(reader_ask_repair(&reader, 1) >= 0);
	CU_ASSERT_EQUAL(reader_ask_repair(&reader, 0), -1);
	CU_ASSERT_EQUAL(reader_ask_repair(&reader, BLOCKS + 1), -1);
	done();
}

static void a_truncated_file_stops_it_for_good(void)
{
	static const struct range all = { 1, BLOCKS };
	uint64_t pass, position;

	with_reader();
	give(&all, 1, &pass);
	use(pass, 1, 0);
	CU_ASSERT_EQUAL(truncate("n/o", CONTENT / 2), 0);
	while (reader_next(&reader, pass, &position))
		reader_advance(&reader);
	reader_release(&reader, reader.used);
	CU_ASSERT_EQUAL(reader_turn(&reader), 0);
	CU_ASSERT(reader_failed(&reader));
	CU_ASSERT_EQUAL(truncate("n/o", CONTENT), 0);
	CU_ASSERT_EQUAL(reader_turn(&reader), 0);
	CU_ASSERT_FALSE(reader_next(&reader, pass, &position));
	done();
}

static void slots_fit_the_cache_and_the_content(void)
{
	CU_ASSERT_EQUAL(reader_slots(64 << 20, 1401, 1 << 30), 32768);
	CU_ASSERT_EQUAL(reader_slots(64 << 20, 65000, 1 << 30), 1024);
	CU_ASSERT_EQUAL(reader_slots(64 << 20, 1401, 1000), 1024);
	CU_ASSERT_EQUAL(reader_slots(64 << 20, 1401, 0), 64);
	CU_ASSERT_EQUAL(reader_slots(0, 1401, 1 << 30), 64);
	CU_ASSERT_EQUAL(reader_slots(UINT64_MAX, 1, UINT64_MAX), 1u << 26);
}

static const struct suite_test tests[] = {
	SUITE_TEST(blocks_come_in_the_order_of_the_pass),
	SUITE_TEST(it_reads_no_further_than_its_slots),
	SUITE_TEST(a_new_pass_leaves_the_old_one),
	SUITE_TEST(a_pass_waits_until_the_last_one_was_taken),
	SUITE_TEST(repairs_are_read_again_and_bounded),
	SUITE_TEST(a_truncated_file_stops_it_for_good),
	SUITE_TEST(slots_fit_the_cache_and_the_content),
};
SUITE_MAIN("content/reader", tests)
