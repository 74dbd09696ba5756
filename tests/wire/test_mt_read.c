#include "support/suite.h"
#include "wire/mt.h"
#include "wire/mt_samples.h"
#include "wire/mt_vectors.h"

#include <stdlib.h>

/* A copy without a byte to spare, so that a sanitizer sees the first one read beyond it. */
static enum mt_read read_exact(const uint8_t *bytes, size_t len, struct mt_packet *out)
{
	uint8_t *copy = malloc(len + (len == 0));
	enum mt_read result;

	memcpy(copy, bytes, len);
	result = mt_read(copy, len, out);
	free(copy);
	return result;
}

static void check_head(const struct mt_packet *p, const uint8_t *bytes, size_t len, uint8_t type,
                       uint8_t opcode)
{
	CU_ASSERT_EQUAL(p->security.type, type);
	CU_ASSERT_PTR_EQUAL(p->security.data, bytes + MT_SECURITY_HEADER_BYTES);
	CU_ASSERT_PTR_EQUAL(p->covered, bytes + MT_SECURITY_HEADER_BYTES + p->security.data_len);
	CU_ASSERT_PTR_EQUAL(p->covered + p->covered_len, bytes + len);
	CU_ASSERT_EQUAL(p->session_id, 0x6d19ee7e);
	CU_ASSERT_EQUAL(p->sender_time, 123456789);
	CU_ASSERT_EQUAL(p->opcode, opcode);
}

static void a_leave_is_read_with_and_without_options_count(void)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL(mt_read(v1_leave, sizeof(v1_leave), &p), MT_READ_OK);
	check_head(&p, v1_leave, sizeof(v1_leave), MT_SECHDR_CHECKSUM, MT_LEAVE);
	CU_ASSERT_EQUAL(p.security.data_len, 4);
	CU_ASSERT_EQUAL(p.leave.client_id, 0x11223344);
	CU_ASSERT_EQUAL(p.leave.reason, MT_LEAVE_COMPLETE);
	CU_ASSERT_EQUAL(mt_read(v1_leave_counted, sizeof(v1_leave_counted), &p), MT_READ_OK);
	check_head(&p, v1_leave_counted, sizeof(v1_leave_counted), MT_SECHDR_CHECKSUM, MT_LEAVE);
	CU_ASSERT_EQUAL(p.leave.client_id, 0x11223344);
}

static void a_qcc_is_read(void)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL(mt_read(v2_qcc, sizeof(v2_qcc), &p), MT_READ_OK);
	check_head(&p, v2_qcc, sizeof(v2_qcc), MT_SECHDR_NONE, MT_QCC);
	CU_ASSERT_EQUAL(p.qcc.qcc_seq_no, 1);
	CU_ASSERT_EQUAL(p.qcc.qcr_backoff_ms, 2);
	CU_ASSERT_EQUAL(mt_read(v3_qcc_a, sizeof(v3_qcc_a), &p), MT_READ_OK);
	check_head(&p, v3_qcc_a, sizeof(v3_qcc_a), MT_SECHDR_HASH, MT_QCC);
	CU_ASSERT_EQUAL(p.security.data_len, 32);
	CU_ASSERT_EQUAL(p.security.data[0], 0xaa);
}

static void a_join_is_read(void)
{
	static const uint16_t name[MT_NAME_CHARS] = { 'T', 'e', 's', 't', 'M', 'a', 'c', 'h', 'i', 'n', 'e' };
	static const uint8_t mac[] = { 0x00, 0x15, 0x5d, 0x01, 0x02, 0x03 };
	struct ip_addr ip = ip4_of(192, 168, 0, 10);
	struct mt_packet p;

	CU_ASSERT_EQUAL(mt_read(v4_join, sizeof(v4_join), &p), MT_READ_OK);
	check_head(&p, v4_join, sizeof(v4_join), MT_SECHDR_CHECKSUM, MT_JOIN);
	CU_ASSERT_EQUAL(memcmp(p.join.name, name, sizeof(name)), 0);
	CU_ASSERT(ip_equal(&p.join.ip, &ip));
	CU_ASSERT_EQUAL(p.join.mac_len, 6);
	CU_ASSERT_EQUAL(memcmp(p.join.mac, mac, 6), 0);
	CU_ASSERT_PTR_NULL(p.options.user_sid);
	CU_ASSERT_EQUAL(p.options.capabilities_len, 1);
	CU_ASSERT(mt_has_capability(&p.options, MT_CAP_MULTISTREAM));
	CU_ASSERT_FALSE(mt_has_capability(&p.options, 2));
	CU_ASSERT_FALSE(mt_has_capability(&(struct mt_options){ 0 }, MT_CAP_MULTISTREAM));
}

static void what_stands_behind_a_name_is_ignored(void)
{
	uint8_t bytes[sizeof(v4_join)];
	struct mt_packet p;

	memcpy(bytes, v4_join, sizeof(bytes));
	bytes[22 + 2 * 12] = 'x';
	CU_ASSERT_EQUAL(mt_read(bytes, sizeof(bytes), &p), MT_READ_OK);
	CU_ASSERT_EQUAL(p.join.name[10], 'e');
	for (unsigned i = 11; i < MT_NAME_CHARS; i++)
		CU_ASSERT_EQUAL(p.join.name[i], 0);
	memset(&bytes[22], 'x', 32);
	CU_ASSERT_EQUAL(mt_read(bytes, sizeof(bytes), &p), MT_READ_FIELD);
}

static void an_odata_is_read_in_place(void)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL(mt_read(v5_odata, sizeof(v5_odata), &p), MT_READ_OK);
	check_head(&p, v5_odata, sizeof(v5_odata), MT_SECHDR_CHECKSUM, MT_ODATA);
	CU_ASSERT_EQUAL(p.data.client_id, 0x11223344);
	CU_ASSERT_EQUAL(p.data.odata_seq_no, 1);
	CU_ASSERT_EQUAL(p.data.trail_seq_no, 1);
	CU_ASSERT_EQUAL(p.data.data_len, 4);
	CU_ASSERT_PTR_EQUAL(p.data.data, v5_odata + 22 + 22);
	CU_ASSERT_FALSE(p.options.has_lead_seq_no);
}

static void a_nack_is_read_in_place(void)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL(mt_read(v6_nack, sizeof(v6_nack), &p), MT_READ_OK);
	check_head(&p, v6_nack, sizeof(v6_nack), MT_SECHDR_CHECKSUM, MT_NACK);
	CU_ASSERT_EQUAL(p.nack.client_id, 0x11223344);
	CU_ASSERT_EQUAL(p.nack.hi_odata_seq_no, 12);
	CU_ASSERT_EQUAL(p.nack.loss_rate, MT_LOSS_RATE_ONE / 4);
	CU_ASSERT_EQUAL_FATAL(p.nack.count, 2);
	CU_ASSERT_EQUAL(be64_get(p.nack.ranges[0].start), 3);
	CU_ASSERT_EQUAL(be64_get(p.nack.ranges[0].end), 5);
	CU_ASSERT_EQUAL(be64_get(p.nack.ranges[1].start), 9);
	CU_ASSERT_EQUAL(be64_get(p.nack.ranges[1].end), 9);
}

/* Write the i-th sample with this kind of security. */
static size_t write_sample(size_t i, uint8_t security_type, uint16_t security_len, uint8_t *out)
{
	struct mt_head head = { security_type, security_len, 0x6d19ee7e, 123456789 };
	struct writer w = writer_of(out, MT_SAMPLE_BYTES_MAX);

	mt_samples[i].write(&w, &head);
	CU_ASSERT_FALSE_FATAL(w.full);
	return writer_len(&w);
}

static void check_truncations(const uint8_t *bytes, size_t len, size_t section_end)
{
	struct mt_packet p;

	for (size_t cut = 0; cut < len; cut++) {
		enum mt_read result = read_exact(bytes, cut, &p);

		/* The one cut that leaves a packet: just before OptionsCount (E13). */
		CU_ASSERT_EQUAL(result, cut == section_end ? MT_READ_OK : MT_READ_SHORT);
	}
	CU_ASSERT_EQUAL(read_exact(bytes, len, &p), MT_READ_OK);
}

static void no_truncated_packet_is_read(void)
{
	static const struct {
		uint8_t type;
		uint16_t len;
	} kinds[] = {
		{ MT_SECHDR_NONE, 0 },
		{ MT_SECHDR_CHECKSUM, 4 },
		{ MT_SECHDR_HASH, 32 },
		{ MT_SECHDR_SIGN, 256 },
	};
	uint8_t bytes[MT_SAMPLE_BYTES_MAX];

	for (size_t i = 0; i < mt_samples_count; i++)
		for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++) {
			size_t len = write_sample(i, kinds[k].type, kinds[k].len, bytes);

			check_truncations(bytes, len, len - mt_samples[i].options_bytes);
		}
}

static void bytes_after_a_packet_are_refused(void)
{
	uint8_t bytes[MT_SAMPLE_BYTES_MAX + 3];
	struct mt_packet p;

	for (size_t i = 0; i < mt_samples_count; i++) {
		size_t len = write_sample(i, MT_SECHDR_NONE, 0, bytes);

		memset(&bytes[len], 0, 3);
		for (size_t more = 1; more <= 3; more++)
			CU_ASSERT_EQUAL(read_exact(bytes, len + more, &p), MT_READ_TRAILING);
	}
}

static void a_lone_byte_is_no_options_count(void)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL(mt_read(v1_leave_counted, sizeof(v1_leave) + 1, &p), MT_READ_SHORT);
}

/* v2_qcc with these options instead of its OptionsCount 0. */
static enum mt_read read_with_options(const void *options, size_t len, struct mt_packet *out)
{
	static uint8_t bytes[256];
	size_t section_end = sizeof(v2_qcc) - 2;

	memcpy(bytes, v2_qcc, section_end);
	memcpy(bytes + section_end, options, len);
	return mt_read(bytes, section_end + len, out);
}
#define READ_WITH(out, ...)                                                                                  \
	read_with_options((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), out)

static void an_unknown_option_is_skipped(void)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL(READ_WITH(&p, 0, 3, 9, 9, 0, 3, 1, 2, 3, 1, 2, 0, 1, 77, 9, 9, 0, 0), MT_READ_OK);
	CU_ASSERT(p.options.has_mem);
	CU_ASSERT_EQUAL(p.options.mem_util, 77);
	CU_ASSERT_FALSE(p.options.has_cpu);
	CU_ASSERT_FALSE(p.options.has_net);
}

static void an_option_of_the_wrong_form_is_refused(void)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL(READ_WITH(&p, 0, 1, 1, 1, 0, 1, 100), MT_READ_OK);
	CU_ASSERT_EQUAL(READ_WITH(&p, 0, 1, 1, 1, 0, 1, 101), MT_READ_FIELD);
	CU_ASSERT_EQUAL(READ_WITH(&p, 0, 1, 1, 1, 0, 2, 0, 1), MT_READ_FIELD);
	CU_ASSERT_EQUAL(READ_WITH(&p, 0, 1, 1, 1, 0, 0), MT_READ_FIELD);
	CU_ASSERT_EQUAL(READ_WITH(&p, 0, 1, 4, 6, 0, 4, 0, 0, 0, 1), MT_READ_FIELD);
	CU_ASSERT_EQUAL(READ_WITH(&p, 0, 2, 1, 1, 0, 1, 100), MT_READ_SHORT);
	CU_ASSERT_EQUAL(READ_WITH(&p, 0xff, 0xff), MT_READ_SHORT);
}

static void an_empty_blob_is_not_an_absent_one(void)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL(READ_WITH(&p, 0, 1, 5, 5, 0, 0), MT_READ_OK);
	CU_ASSERT_PTR_NOT_NULL(p.options.capabilities);
	CU_ASSERT_PTR_NULL(p.options.user_sid);
	CU_ASSERT_FALSE(mt_has_capability(&p.options, MT_CAP_MULTISTREAM));
}

/* The result of reading v with one byte changed. */
static enum mt_read read_changed(const uint8_t *v, size_t len, size_t at, uint8_t value)
{
	uint8_t bytes[128];
	struct mt_packet p;

	memcpy(bytes, v, len);
	bytes[at] = value;
	return read_exact(bytes, len, &p);
}
#define READ_CHANGED(v, at, value) read_changed(v, sizeof(v), at, value)

static void headers_that_are_none_are_refused(void)
{
	CU_ASSERT_EQUAL(READ_CHANGED(v2_qcc, 0, 'w'), MT_READ_NOT_WD);
	CU_ASSERT_EQUAL(READ_CHANGED(v2_qcc, 1, 'W'), MT_READ_NOT_WD);
	CU_ASSERT_EQUAL(READ_CHANGED(v2_qcc, 9, 0x00), MT_READ_OPCODE);
	CU_ASSERT_EQUAL(READ_CHANGED(v2_qcc, 9, 0x10), MT_READ_OPCODE);
	CU_ASSERT_EQUAL(READ_CHANGED(v2_qcc, 4, 1), MT_READ_FIELD);   /* NONE with data */
	CU_ASSERT_EQUAL(READ_CHANGED(v1_leave, 4, 3), MT_READ_FIELD); /* CHECKSUM of 3 bytes */
	CU_ASSERT_EQUAL(READ_CHANGED(v1_leave, 3, 1), MT_READ_FIELD);
	CU_ASSERT_EQUAL(READ_CHANGED(v3_qcc_a, 3, 0xff), MT_READ_SHORT);
	CU_ASSERT_EQUAL(READ_CHANGED(v2_qcc, 2, 0x77), MT_READ_OK); /* the session knows its mode */
}

static void fields_their_layout_forbids_are_refused(void)
{
	struct mt_packet p;
	uint8_t bytes[MT_SAMPLE_BYTES_MAX];
	size_t len, demote6 = mt_samples_count - 1;

	CU_ASSERT_EQUAL(READ_CHANGED(v4_join, 54, 5), MT_READ_FIELD);   /* IPAddrLen */
	CU_ASSERT_EQUAL(READ_CHANGED(v4_join, 59, 255), MT_READ_SHORT); /* MacAddrLen */
	CU_ASSERT_EQUAL(READ_CHANGED(v6_nack, 43, 3), MT_READ_SHORT);   /* RangeCount */
	CU_ASSERT_EQUAL(READ_CHANGED(v5_odata, 43, 7), MT_READ_SHORT);  /* DataLen */
	len = write_sample(demote6, MT_SECHDR_NONE, 0, bytes);
	bytes[18 + 4 + 19 + 19 + 1]++; /* ClientCount 251 */
	CU_ASSERT_EQUAL(mt_read(bytes, len, &p), MT_READ_FIELD);
}

/* E6: who follows the text to the letter sends one, and means the other ranges well. */
static void an_inverted_range_does_not_spoil_a_nack(void)
{
	CU_ASSERT_EQUAL(READ_CHANGED(v6_nack, 51, 10), MT_READ_OK);
}

static const struct suite_test tests[] = {
	SUITE_TEST(an_inverted_range_does_not_spoil_a_nack),
	SUITE_TEST(a_leave_is_read_with_and_without_options_count),
	SUITE_TEST(a_qcc_is_read),
	SUITE_TEST(a_join_is_read),
	SUITE_TEST(what_stands_behind_a_name_is_ignored),
	SUITE_TEST(an_odata_is_read_in_place),
	SUITE_TEST(a_nack_is_read_in_place),
	SUITE_TEST(no_truncated_packet_is_read),
	SUITE_TEST(bytes_after_a_packet_are_refused),
	SUITE_TEST(a_lone_byte_is_no_options_count),
	SUITE_TEST(an_unknown_option_is_skipped),
	SUITE_TEST(an_option_of_the_wrong_form_is_refused),
	SUITE_TEST(an_empty_blob_is_not_an_absent_one),
	SUITE_TEST(headers_that_are_none_are_refused),
	SUITE_TEST(fields_their_layout_forbids_are_refused),
};
SUITE_MAIN("wire/mt_read", tests)
