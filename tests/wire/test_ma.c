#include "support/suite.h"
#include "wire/ma.h"
#include "wire/ma_vectors.h"

#include <stdlib.h>

#define LAST_BLOCK 0x6fb00u
#define CONTENT_BYTES 4018886380ull
#define BLOCK_BYTES 8785u

static bool read_exact(const uint8_t *bytes, size_t len, struct ma_packet *out)
{
	uint8_t *copy = malloc(len + (len == 0));
	bool ok;

	memcpy(copy, bytes, len);
	ok = ma_read(copy, len, out);
	free(copy);
	return ok;
}

static void check_refusals(const uint8_t *bytes, size_t len)
{
	uint8_t more[2048];
	struct ma_packet p;

	for (size_t cut = 0; cut < len; cut++)
		CU_ASSERT_FALSE(read_exact(bytes, cut, &p));
	memcpy(more, bytes, len);
	more[len] = 0;
	CU_ASSERT_FALSE(read_exact(more, len + 1, &p));
	more[1]++; /* Packet-Size with it */
	CU_ASSERT_FALSE(read_exact(more, len + 1, &p));
}

static void check_written(const struct writer *w, const uint8_t *expected, size_t len)
{
	CU_ASSERT_FALSE(w->full);
	CU_ASSERT_EQUAL_FATAL(writer_len(w), len);
	CU_ASSERT_EQUAL(memcmp(w->start, expected, len), 0);
}

static void a_srvcir_is_read_and_written(void)
{
	uint8_t mem[16];
	struct writer w = writer_of(mem, sizeof(mem));
	struct ma_packet p;

	CU_ASSERT(ma_read(ma_srvcir_example, sizeof(ma_srvcir_example), &p));
	CU_ASSERT_EQUAL(p.opcode, MA_SRV_CIR);
	ma_write_srvcir(&w);
	check_written(&w, ma_srvcir_example, sizeof(ma_srvcir_example));
	check_refusals(ma_srvcir_example, sizeof(ma_srvcir_example));
}

static void a_cntcir_of_one_range_is_read_and_written(void)
{
	struct range all = { 1, LAST_BLOCK };
	uint8_t mem[64];
	struct writer w = writer_of(mem, sizeof(mem));
	struct ma_packet p;

	CU_ASSERT_FATAL(ma_read(ma_cntcir_all_missing, sizeof(ma_cntcir_all_missing), &p));
	CU_ASSERT_EQUAL(p.opcode, MA_CNT_CIR);
	CU_ASSERT_EQUAL(p.cntcir.progress, 0);
	CU_ASSERT_EQUAL(p.cntcir.time_in_session_s, 5);
	CU_ASSERT_EQUAL_FATAL(p.cntcir.count, 1);
	CU_ASSERT_EQUAL(be64_get(p.cntcir.ranges[0].first), 1);
	CU_ASSERT_EQUAL(be64_get(p.cntcir.ranges[0].last), LAST_BLOCK);
	ma_write_cntcir(&w, &p.cntcir, &all, 1);
	check_written(&w, ma_cntcir_all_missing, sizeof(ma_cntcir_all_missing));
	check_refusals(ma_cntcir_all_missing, sizeof(ma_cntcir_all_missing));
}

static void a_cntcir_of_two_ranges_is_read_and_written(void)
{
	struct range missing[] = { { 0x10, 0x1f }, { LAST_BLOCK, LAST_BLOCK } };
	uint8_t mem[64];
	struct writer w = writer_of(mem, sizeof(mem));
	struct ma_packet p;

	CU_ASSERT_FATAL(ma_read(ma_cntcir_two_ranges, sizeof(ma_cntcir_two_ranges), &p));
	CU_ASSERT_EQUAL(p.cntcir.progress, 99);
	CU_ASSERT_EQUAL(p.cntcir.time_in_session_s, 312);
	CU_ASSERT_EQUAL_FATAL(p.cntcir.count, 2);
	CU_ASSERT_EQUAL(be64_get(p.cntcir.ranges[1].first), LAST_BLOCK);
	ma_write_cntcir(&w, &p.cntcir, missing, 2);
	check_written(&w, ma_cntcir_two_ranges, sizeof(ma_cntcir_two_ranges));
	check_refusals(ma_cntcir_two_ranges, sizeof(ma_cntcir_two_ranges));
}

static void a_cntcir_has_the_first_64_ranges_and_no_more(void)
{
	struct range missing[MA_RANGES_MAX + 1];
	uint8_t mem[MA_CNTCIR_BYTES_MAX + 16];
	struct writer w = writer_of(mem, sizeof(mem));
	struct ma_packet p;

	for (uint32_t i = 0; i <= MA_RANGES_MAX; i++)
		missing[i] = (struct range){ 1 + 10 * i, 5 + 10 * i };
	ma_write_cntcir(&w, &(struct ma_cntcir){ .progress = 50 }, missing, MA_RANGES_MAX + 1);
	CU_ASSERT_EQUAL_FATAL(writer_len(&w), MA_CNTCIR_BYTES_MAX);
	CU_ASSERT_FATAL(ma_read(mem, writer_len(&w), &p));
	CU_ASSERT_EQUAL_FATAL(p.cntcir.count, MA_RANGES_MAX);
	CU_ASSERT_EQUAL(be64_get(p.cntcir.ranges[63].last), 635);
	check_refusals(mem, MA_CNTCIR_BYTES_MAX);
	mem[0] = (uint8_t)((MA_CNTCIR_BYTES_MAX + 16) >> 8);
	mem[1] = (uint8_t)(MA_CNTCIR_BYTES_MAX + 16);
	mem[9]++; /* 65, and all there */
	CU_ASSERT_FALSE(ma_read(mem, sizeof(mem), &p));
}

static void a_data_is_read_in_place_and_written(void)
{
	uint8_t mem[64];
	struct writer w = writer_of(mem, sizeof(mem));
	struct ma_packet p;

	CU_ASSERT_FATAL(ma_read(ma_data_short, sizeof(ma_data_short), &p));
	CU_ASSERT_EQUAL(p.opcode, MA_SRV_DATA);
	CU_ASSERT_EQUAL(p.data.block_no, 1);
	CU_ASSERT_EQUAL(p.data.data_len, 4);
	CU_ASSERT_PTR_EQUAL(p.data.data, ma_data_short + MA_DATA_FIELDS_BYTES);
	ma_write_data(&w, &p.data);
	check_written(&w, ma_data_short, sizeof(ma_data_short));
	check_refusals(ma_data_short, sizeof(ma_data_short));
}

static void check_full_block(const uint8_t *head, uint64_t block_no)
{
	static uint8_t bytes[MA_DATA_FIELDS_BYTES + BLOCK_BYTES], mem[sizeof(bytes)];
	uint32_t len = ma_block_len(block_no, CONTENT_BYTES, BLOCK_BYTES);
	struct writer w = writer_of(mem, sizeof(mem));
	struct ma_packet p;

	memcpy(bytes, head, MA_DATA_FIELDS_BYTES);
	CU_ASSERT_FATAL(ma_read(bytes, MA_DATA_FIELDS_BYTES + len, &p));
	CU_ASSERT_EQUAL(p.data.block_no, block_no);
	CU_ASSERT_EQUAL(p.data.data_len, len);
	ma_write_data_head(&w, &p.data);
	check_written(&w, head, MA_DATA_FIELDS_BYTES);
}

static void the_blocks_of_the_published_session_are_read_and_written(void)
{
	CU_ASSERT_EQUAL(ma_total_blocks(CONTENT_BYTES, BLOCK_BYTES), LAST_BLOCK);
	CU_ASSERT_EQUAL(ma_block_len(LAST_BLOCK, CONTENT_BYTES, BLOCK_BYTES), 3645);
	check_full_block(ma_data_first, 1);
	check_full_block(ma_data_last, LAST_BLOCK);
}

static void a_data_beyond_packet_size_does_not_fit(void)
{
	static uint8_t data[65523], mem[70000];
	struct writer w = writer_of(mem, sizeof(mem));

	ma_write_data(&w, &(struct ma_data){ 1, 65522, data });
	CU_ASSERT_FALSE(w.full);
	w = writer_of(mem, sizeof(mem));
	ma_write_data(&w, &(struct ma_data){ 1, 65523, data });
	CU_ASSERT(w.full);
}

static void a_progress_is_read_and_written(void)
{
	uint8_t mem[16];
	struct writer w = writer_of(mem, sizeof(mem));
	struct ma_packet p;

	CU_ASSERT_FATAL(ma_read(ma_progress_example, sizeof(ma_progress_example), &p));
	CU_ASSERT_EQUAL(p.opcode, MA_CNT_PROGRESS);
	CU_ASSERT_EQUAL(p.progress.time_in_session_s, 312);
	CU_ASSERT_EQUAL(p.progress.progress, 99);
	ma_write_progress(&w, &p.progress);
	check_written(&w, ma_progress_example, sizeof(ma_progress_example));
	check_refusals(ma_progress_example, sizeof(ma_progress_example));
}

static void an_unknown_opcode_is_refused(void)
{
	struct ma_packet p;

	CU_ASSERT_FALSE(ma_read((const uint8_t[]){ 0, 3, 0 }, 3, &p));
	CU_ASSERT_FALSE(ma_read((const uint8_t[]){ 0, 3, 5 }, 3, &p));
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_srvcir_is_read_and_written),
	SUITE_TEST(a_cntcir_of_one_range_is_read_and_written),
	SUITE_TEST(a_cntcir_of_two_ranges_is_read_and_written),
	SUITE_TEST(a_cntcir_has_the_first_64_ranges_and_no_more),
	SUITE_TEST(a_data_is_read_in_place_and_written),
	SUITE_TEST(the_blocks_of_the_published_session_are_read_and_written),
	SUITE_TEST(a_data_beyond_packet_size_does_not_fit),
	SUITE_TEST(a_progress_is_read_and_written),
	SUITE_TEST(an_unknown_opcode_is_refused),
};
SUITE_MAIN("wire/ma", tests)
