#include "support/suite.h"
#include "wire/mt.h"
#include "wire/mt_rewrite.h"
#include "wire/mt_samples.h"
#include "wire/mt_vectors.h"

static const struct mt_head checksum_head = { MT_SECHDR_CHECKSUM, 4, 0x6d19ee7e, 123456789 };

/* The checksum is security's to fill in: here its room must be there, and zero. */
static void check_checksummed(const struct writer *w, const uint8_t *expected, size_t len)
{
	static const uint8_t zero[4];

	CU_ASSERT_FALSE(w->full);
	CU_ASSERT_EQUAL_FATAL(writer_len(w), len);
	CU_ASSERT_EQUAL(memcmp(w->start, expected, 5), 0);
	CU_ASSERT_EQUAL(memcmp(w->start + 5, zero, 4), 0);
	CU_ASSERT_EQUAL(memcmp(w->start + 9, expected + 9, len - 9), 0);
}

static void a_leave_is_written(void)
{
	uint8_t mem[64];
	struct writer w = writer_of(mem, sizeof(mem));

	memset(mem, 0xee, sizeof(mem));
	mt_write_leave(&w, &checksum_head, &(struct mt_leave){ 0x11223344, MT_LEAVE_COMPLETE });
	check_checksummed(&w, v1_leave_counted, sizeof(v1_leave_counted));
	CU_ASSERT_EQUAL(memcmp(&mem[9], &v1_leave[9], sizeof(v1_leave) - 9), 0);
}

static void a_qcc_is_written(void)
{
	struct mt_head none = { MT_SECHDR_NONE, 0, 0x6d19ee7e, 123456789 };
	struct mt_head hash = { MT_SECHDR_HASH, 32, 0x6d19ee7e, 123456789 };
	struct mt_qcc qcc = { 1, 2 };
	uint8_t mem[64];
	struct writer w = writer_of(mem, sizeof(mem));

	mt_write_qcc(&w, &none, &qcc);
	CU_ASSERT_EQUAL_FATAL(writer_len(&w), sizeof(v2_qcc));
	CU_ASSERT_EQUAL(memcmp(mem, v2_qcc, sizeof(v2_qcc)), 0);
	w = writer_of(mem, sizeof(mem));
	mt_write_qcc(&w, &hash, &qcc);
	CU_ASSERT_EQUAL_FATAL(writer_len(&w), sizeof(v3_qcc_a));
	CU_ASSERT_EQUAL(memcmp(mem, v3_qcc_a, 5), 0);
	CU_ASSERT_EQUAL(memcmp(mem + 37, v3_qcc_a + 37, sizeof(v3_qcc_a) - 37), 0);
}

static void a_join_is_written(void)
{
	static const uint8_t multistream = MT_CAP_MULTISTREAM;
	struct mt_join join = {
		.name = { 'T', 'e', 's', 't', 'M', 'a', 'c', 'h', 'i', 'n', 'e', 0, 'x' },
		.ip = { 4, { 192, 168, 0, 10 } },
		.mac_len = 6,
		.mac = { 0x00, 0x15, 0x5d, 0x01, 0x02, 0x03 },
	};
	struct mt_options options = { .capabilities = &multistream, .capabilities_len = 1 };
	uint8_t mem[128];
	struct writer w = writer_of(mem, sizeof(mem));

	mt_write_join(&w, &checksum_head, &join, &options);
	check_checksummed(&w, v4_join, sizeof(v4_join));
}

static void an_odata_is_written_whole_and_in_pieces(void)
{
	static const uint8_t payload[] = { 0xde, 0xad, 0xbe, 0xef };
	struct mt_data data = { 0x11223344, 1, 1, sizeof(payload), payload };
	uint8_t mem[128];
	struct writer w = writer_of(mem, sizeof(mem));

	mt_write_data(&w, &checksum_head, MT_ODATA, &data, NULL);
	check_checksummed(&w, v5_odata, sizeof(v5_odata));
	w = writer_of(mem, sizeof(mem));
	mt_write_data_head(&w, &checksum_head, MT_ODATA, &data);
	CU_ASSERT_EQUAL(writer_len(&w), 22 + MT_DATA_FIELDS_BYTES);
	writer_bytes(&w, payload, sizeof(payload));
	mt_write_options(&w, NULL);
	check_checksummed(&w, v5_odata, sizeof(v5_odata));
}

static void a_nack_is_written(void)
{
	static const struct range ranges[] = { { 3, 5 }, { 9, 9 } };
	struct mt_nack nack = { .client_id = 0x11223344,
		                .hi_odata_seq_no = 12,
		                .loss_rate = MT_LOSS_RATE_ONE / 4 };
	uint8_t mem[128];
	struct writer w = writer_of(mem, sizeof(mem));

	mt_write_nack(&w, &checksum_head, &nack, ranges, 2);
	check_checksummed(&w, v6_nack, sizeof(v6_nack));
}

/* What is read of a packet is all that was written into it. */
static void every_packet_survives_the_round_trip(void)
{
	struct mt_head head = { MT_SECHDR_HASH, 32, 0x01020304, 0x1122334455667788ull };
	uint8_t once[MT_SAMPLE_BYTES_MAX], again[MT_SAMPLE_BYTES_MAX];
	struct mt_packet p;

	for (size_t i = 0; i < mt_samples_count; i++) {
		struct writer w = writer_of(once, sizeof(once)), v = writer_of(again, sizeof(again));

		memset(&p, 0xa5, sizeof(p)); /* what is not read must not matter */
		mt_samples[i].write(&w, &head);
		memset(&once[5], 0x5a, 32);
		CU_ASSERT_EQUAL_FATAL(mt_read(once, writer_len(&w), &p), MT_READ_OK);
		CU_ASSERT_EQUAL(p.opcode, mt_samples[i].opcode);
		mt_rewrite(&v, &p);
		CU_ASSERT_FALSE(v.full);
		CU_ASSERT_EQUAL_FATAL(writer_len(&v), writer_len(&w));
		CU_ASSERT_EQUAL(memcmp(once, again, writer_len(&v)), 0);
	}
}

static void there_is_a_sample_of_every_opcode(void)
{
	unsigned seen = 0;

	for (size_t i = 0; i < mt_samples_count; i++)
		seen |= 1u << mt_samples[i].opcode;
	CU_ASSERT_EQUAL(seen, 0xfffe); /* 0x01 to 0x0f */
}

static void no_writer_passes_its_end(void)
{
	struct mt_head head = { MT_SECHDR_CHECKSUM, 4, 1, 2 };
	uint8_t mem[MT_SAMPLE_BYTES_MAX];

	for (size_t i = 0; i < mt_samples_count; i++) {
		struct writer w = writer_of(mem, sizeof(mem));
		size_t len;

		mt_samples[i].write(&w, &head);
		len = writer_len(&w);
		for (size_t room = 0; room < len; room++) {
			w = writer_of(mem, room);
			mem[room] = 0x77;
			mt_samples[i].write(&w, &head);
			CU_ASSERT(w.full);
			CU_ASSERT_EQUAL(mem[room], 0x77);
		}
	}
}

static void rdata_never_has_options(void)
{
	struct mt_options options = { .has_lead_seq_no = true, .lead_seq_no = 1 };
	struct mt_data data = { .client_id = 1 };
	uint8_t mem[128];
	struct writer w = writer_of(mem, sizeof(mem));

	mt_write_data(&w, &checksum_head, MT_RDATA, &data, &options);
	CU_ASSERT_EQUAL(writer_len(&w), 22 + MT_DATA_FIELDS_BYTES + MT_OPTIONS_COUNT_BYTES);
}

static void counts_and_addresses_beyond_their_limit_do_not_fit(void)
{
	static const struct mt_wire_kick kicks[MT_KICK_MAX + 1];
	static const be32 ids[MT_DEMOTE_MAX + 1];
	struct mt_demote demote = {
		.multicast.ip = { .len = 4 }, .unicast.ip = { .len = 4 }, .count = MT_DEMOTE_MAX + 1, .client_ids = ids
	};
	struct mt_join join = { .ip = { .len = 5 } };
	uint8_t mem[MT_SAMPLE_BYTES_MAX];
	struct writer w = writer_of(mem, sizeof(mem));

	mt_write_kick(&w, &checksum_head, &(struct mt_kick){ MT_KICK_MAX + 1, kicks });
	CU_ASSERT(w.full);
	w = writer_of(mem, sizeof(mem));
	mt_write_demote(&w, &checksum_head, &demote);
	CU_ASSERT(w.full);
	w = writer_of(mem, sizeof(mem));
	mt_write_join(&w, &checksum_head, &join, NULL);
	CU_ASSERT(w.full);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_leave_is_written),
	SUITE_TEST(a_qcc_is_written),
	SUITE_TEST(a_join_is_written),
	SUITE_TEST(an_odata_is_written_whole_and_in_pieces),
	SUITE_TEST(a_nack_is_written),
	SUITE_TEST(every_packet_survives_the_round_trip),
	SUITE_TEST(there_is_a_sample_of_every_opcode),
	SUITE_TEST(no_writer_passes_its_end),
	SUITE_TEST(rdata_never_has_options),
	SUITE_TEST(counts_and_addresses_beyond_their_limit_do_not_fit),
};
SUITE_MAIN("wire/mt_write", tests)
