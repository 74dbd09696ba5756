#include "support/suite.h"
#include "wire/msi.h"
#include "wire/msi_vectors.h"

#include <stdlib.h>

static bool read_exact(const uint8_t *bytes, size_t len, struct msi_packet *out)
{
	uint8_t *copy = malloc(len + (len == 0));
	bool ok;

	memcpy(copy, bytes, len);
	ok = msi_read(copy, len, out);
	free(copy);
	return ok;
}
#define READ(out, ...)                                                                                       \
	read_exact((const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }), out)

static void check_refusals(const uint8_t *bytes, size_t len)
{
	uint8_t more[256];
	struct msi_packet p;

	for (size_t cut = 0; cut < len; cut++)
		CU_ASSERT_FALSE(read_exact(bytes, cut, &p));
	memcpy(more, bytes, len);
	more[len] = 0;
	CU_ASSERT_FALSE(read_exact(more, len + 1, &p));
}

static void check_written(const struct writer *w, const uint8_t *expected, size_t len)
{
	CU_ASSERT_FALSE(w->full);
	CU_ASSERT_EQUAL_FATAL(writer_len(w), len);
	CU_ASSERT_EQUAL(memcmp(w->start, expected, len), 0);
}

static void check_name(const struct msi_name *name, const char *expected)
{
	CU_ASSERT_EQUAL(name->len, strlen(expected));
	for (unsigned i = 0; i <= name->len; i++)
		CU_ASSERT_EQUAL(name->units[i], expected[i]);
}

static void the_request_is_read_and_written(void)
{
	static const uint8_t mac[] = { 0x00, 0x15, 0x5d, 0x01, 0x02, 0x03 };
	uint8_t mem[128];
	struct writer w = writer_of(mem, sizeof(mem));
	struct msi_packet p;

	CU_ASSERT_FATAL(msi_read(msi_request_example, sizeof(msi_request_example), &p));
	CU_ASSERT_EQUAL(p.kind, MSI_REQUEST);
	CU_ASSERT_EQUAL(p.missing, 0);
	check_name(&p.request.name_space, "WDS:default/install.wim/1");
	check_name(&p.request.content, "install.wim");
	CU_ASSERT_EQUAL(p.request.mac_len, 6);
	CU_ASSERT_EQUAL(memcmp(p.request.mac, mac, 6), 0);
	CU_ASSERT_FALSE(p.request.ipv6_capable);
	msi_write_request(&w, &p.request);
	check_written(&w, msi_request_example, sizeof(msi_request_example));
	check_refusals(msi_request_example, sizeof(msi_request_example));
}

static void a_request_can_offer_ipv6(void)
{
	struct msi_request request = { .name_space = { 1, { 'n' } },
		                       .content = { 1, { 'c' } },
		                       .ipv6_capable = true };
	uint8_t mem[128];
	struct writer w = writer_of(mem, sizeof(mem));
	struct msi_packet p;

	msi_write_request(&w, &request);
	CU_ASSERT_FATAL(msi_read(mem, writer_len(&w), &p));
	CU_ASSERT(p.request.ipv6_capable);
	CU_ASSERT_EQUAL(p.missing, 0);
	check_refusals(mem, writer_len(&w));
	mem[writer_len(&w) - 1] = 0;
	CU_ASSERT_FATAL(msi_read(mem, writer_len(&w), &p));
	CU_ASSERT_FALSE(p.request.ipv6_capable);
}

static void the_reply_is_read_and_written(void)
{
	struct ip_addr group = ip4_of(239, 0, 0, 111), server = ip4_of(192, 168, 0, 200);
	uint8_t mem[128];
	struct writer w = writer_of(mem, sizeof(mem));
	struct msi_packet p;

	CU_ASSERT_FATAL(msi_read(msi_reply_example, sizeof(msi_reply_example), &p));
	CU_ASSERT_EQUAL(p.kind, MSI_REPLY);
	CU_ASSERT_EQUAL(p.missing, 0);
	CU_ASSERT(ip_equal(&p.reply.multicast.ip, &group));
	CU_ASSERT(ip_equal(&p.reply.server.ip, &server));
	CU_ASSERT_EQUAL(p.reply.multicast.port, 64132);
	CU_ASSERT_EQUAL(p.reply.server.port, 64132);
	CU_ASSERT_EQUAL(p.reply.content_bytes, 4018886380ull);
	CU_ASSERT_EQUAL(p.reply.total_blocks, 457472);
	CU_ASSERT_EQUAL(p.reply.block_bytes, 8785);
	CU_ASSERT_EQUAL(p.reply.session_id, 0x6d19ee7e);
	msi_write_reply(&w, &p.reply);
	check_written(&w, msi_reply_example, sizeof(msi_reply_example));
	check_refusals(msi_reply_example, sizeof(msi_reply_example));
}

static void a_reply_carries_ipv6(void)
{
	struct ip_addr group = { 16, { 0xff, 0x15, [15] = 7 } };
	struct msi_reply reply = { .multicast = { group, 1 }, .server = { group, 2 }, .block_bytes = 3 };
	uint8_t mem[128];
	struct writer w = writer_of(mem, sizeof(mem));
	struct msi_packet p;

	msi_write_reply(&w, &reply);
	CU_ASSERT_FATAL(msi_read(mem, writer_len(&w), &p));
	CU_ASSERT(endpoint_equal(&p.reply.multicast, &reply.multicast));
	CU_ASSERT(endpoint_equal(&p.reply.server, &reply.server));
	check_refusals(mem, writer_len(&w));
}

static void a_stamp_is_asked_for_and_told(void)
{
	struct msi_request request = { .name_space = { 1, { 'n' } }, .content = { 1, { 'c' } }, .stamp.is_set = true };
	struct ip_addr ip = ip4_of(239, 1, 2, 3);
	struct msi_reply reply = { .multicast = { ip, 1 }, .server = { ip, 2 }, .stamp = { true, { 1, [15] = 16 } } };
	uint8_t mem[256];
	struct writer w = writer_of(mem, sizeof(mem));
	struct msi_packet p;

	msi_write_request(&w, &request);
	CU_ASSERT_FATAL(msi_read(mem, writer_len(&w), &p));
	CU_ASSERT(p.request.stamp.is_set);
	CU_ASSERT_EQUAL(p.missing, 0);
	check_refusals(mem, writer_len(&w));
	w = writer_of(mem, sizeof(mem));
	msi_write_reply(&w, &reply);
	CU_ASSERT_FATAL(msi_read(mem, writer_len(&w), &p));
	CU_ASSERT(p.reply.stamp.is_set);
	CU_ASSERT_EQUAL(memcmp(p.reply.stamp.bytes, reply.stamp.bytes, MSI_STAMP_BYTES), 0);
	check_refusals(mem, writer_len(&w));
}

static void the_error_is_read_and_written(void)
{
	uint8_t mem[16];
	struct writer w = writer_of(mem, sizeof(mem));
	struct msi_packet p;

	CU_ASSERT_FATAL(msi_read(msi_error_example, sizeof(msi_error_example), &p));
	CU_ASSERT_EQUAL(p.kind, MSI_ERROR);
	CU_ASSERT_EQUAL(p.error, 0xc1210103);
	msi_write_error(&w, p.error);
	check_written(&w, msi_error_example, sizeof(msi_error_example));
	check_refusals(msi_error_example, sizeof(msi_error_example));
}

static void an_error_wins_over_what_stands_beside_it(void)
{
	uint8_t bytes[sizeof(msi_reply_example) + 8];
	struct msi_packet p;

	memcpy(bytes, msi_reply_example, sizeof(msi_reply_example));
	memcpy(&bytes[sizeof(msi_reply_example)], &msi_error_example[3], 8);
	bytes[2]++;
	CU_ASSERT_FATAL(msi_read(bytes, sizeof(bytes), &p));
	CU_ASSERT_EQUAL(p.kind, MSI_ERROR);
	CU_ASSERT_EQUAL(p.error, 0xc1210103);
	CU_ASSERT_EQUAL(p.missing, 0);
	CU_ASSERT_FALSE(READ(&p, 2, 0, 1, 3, 0x0b, 0, 4, 0, 0, 0, 0));
}

static void what_is_missing_is_told(void)
{
	struct msi_packet p;

	CU_ASSERT(READ(&p, 1, 0, 0));
	CU_ASSERT_EQUAL(p.missing, MSI_MISSING_NAMESPACE | MSI_MISSING_CONTENT | MSI_MISSING_MAC);
	CU_ASSERT_EQUAL(p.request.name_space.len, 0);
	CU_ASSERT_EQUAL(p.request.name_space.units[0], 0);
	CU_ASSERT(READ(&p, 1, 0, 1, 5, 0x0c, 0, 1, 7));
	CU_ASSERT_EQUAL(p.missing, MSI_MISSING_NAMESPACE | MSI_MISSING_CONTENT);
	CU_ASSERT(READ(&p, 1, 0, 1, 6, 1, 0, 2, 0, 0));
	CU_ASSERT_EQUAL(p.missing, MSI_MISSING_CONTENT | MSI_MISSING_MAC);
	CU_ASSERT(READ(&p, 2, 0, 1, 2, 5, 0, 2, 0, 1));
	CU_ASSERT_EQUAL(p.kind, MSI_REPLY);
	CU_ASSERT_EQUAL(p.missing, MSI_MISSING_REPLY);
	CU_ASSERT_EQUAL(p.reply.multicast.port, 1);
}

static void an_unknown_option_is_skipped(void)
{
	struct msi_packet p;

	CU_ASSERT(READ(&p, 1, 0, 3, 9, 9, 0, 1, 1, 9, 9, 0, 0, 5, 0x0c, 0, 1, 7));
	CU_ASSERT_EQUAL(p.request.mac[0], 7);
	CU_ASSERT(READ(&p, 1, 0, 1, 3, 0x0b, 0, 1, 1)); /* an error has no meaning in a request */
}

static void malformed_options_are_refused(void)
{
	struct msi_packet p;

	CU_ASSERT_FALSE(READ(&p, 1, 0, 1, 6, 1, 0, 0));                         /* a name without its NUL */
	CU_ASSERT_FALSE(READ(&p, 1, 0, 1, 6, 1, 0, 2, 'x', 0));                 /* the same */
	CU_ASSERT_FALSE(READ(&p, 1, 0, 1, 6, 1, 0, 3, 'x', 0, 0));              /* half a unit */
	CU_ASSERT_FALSE(READ(&p, 1, 0, 1, 6, 1, 0, 4, 0, 0, 0, 0));             /* two NUL */
	CU_ASSERT_FALSE(READ(&p, 1, 0, 1, 1, 0x0d, 0, 2, 0, 0));                /* IPV6_CAPABLE of 2 bytes */
	CU_ASSERT_FALSE(READ(&p, 2, 0, 1, 5, 3, 0, 5, 239, 0, 0, 1, 1));        /* an address of 5 bytes */
	CU_ASSERT_FALSE(READ(&p, 2, 0, 1, 2, 5, 0, 4, 0, 0, 0, 1));             /* a port of 4 bytes */
	CU_ASSERT_FALSE(READ(&p, 2, 0, 1, 4, 7, 0, 4, 0, 0, 0, 1));             /* a size of 4 bytes */
	CU_ASSERT_FALSE(READ(&p, 2, 0, 1, 3, 9, 0, 2, 0, 1));                   /* a block size of 2 bytes */
	CU_ASSERT_FALSE(READ(&p, 1, 0, 2, 5, 0x0c, 0, 1, 7, 5, 0x0c, 0, 1, 7)); /* twice */
	CU_ASSERT_FALSE(READ(&p, 0, 0, 0));
	CU_ASSERT_FALSE(READ(&p, 3, 0, 0));
}

static void sizes_of_names_and_macs_are_bounded(void)
{
	static uint8_t bytes[3 + 4 + 2 * MSI_NAME_CHARS_MAX + 2];
	struct msi_packet p;

	memset(bytes, 'x', sizeof(bytes));
	memcpy(bytes, (const uint8_t[]){ 1, 0, 1, 6, 1, 4, 0 }, 7); /* 512 units */
	bytes[sizeof(bytes) - 3] = bytes[sizeof(bytes) - 4] = 0;
	CU_ASSERT(read_exact(bytes, sizeof(bytes) - 2, &p));
	CU_ASSERT_EQUAL(p.request.name_space.len, MSI_NAME_CHARS_MAX - 1);
	memset(bytes + 7, 'x', sizeof(bytes) - 7);
	bytes[6] = 2; /* 513 */
	bytes[sizeof(bytes) - 1] = bytes[sizeof(bytes) - 2] = 0;
	CU_ASSERT_FALSE(read_exact(bytes, sizeof(bytes), &p));
	memcpy(bytes, (const uint8_t[]){ 1, 0, 1, 5, 0x0c, 0, 33 }, 7);
	CU_ASSERT_FALSE(read_exact(bytes, 7 + 33, &p));
	bytes[6] = 32;
	CU_ASSERT(read_exact(bytes, 7 + 32, &p));
}

static void what_cannot_be_read_is_not_written(void)
{
	static struct msi_request request;
	struct msi_reply reply = { .multicast.ip = { .len = 4 } };
	uint8_t mem[4096];
	struct writer w = writer_of(mem, sizeof(mem));

	request.content.len = MSI_NAME_CHARS_MAX;
	msi_write_request(&w, &request);
	CU_ASSERT(w.full);
	w = writer_of(mem, sizeof(mem));
	request.content.len = 1;
	request.mac_len = 33;
	msi_write_request(&w, &request);
	CU_ASSERT(w.full);
	w = writer_of(mem, sizeof(mem));
	msi_write_reply(&w, &reply);
	CU_ASSERT(w.full);
}

/* Ours: the last option, over all before its value. Who does not know it skips it. */
static void a_proof_is_the_last_option(void)
{
	struct msi_reply reply = { .multicast = { ip4_of(239, 0, 0, 1), 1 }, .server = { ip4_of(10, 0, 0, 1), 1 } };
	uint8_t mem[256], *proof;
	struct writer w = writer_of(mem, sizeof(mem));
	struct msi_packet p;

	msi_write_reply(&w, &reply);
	CU_ASSERT_FATAL(msi_read(mem, writer_len(&w), &p));
	CU_ASSERT_EQUAL(p.proof.len, 0);
	proof = msi_append_proof(&w, 32);
	CU_ASSERT_PTR_NOT_NULL_FATAL(proof);
	memset(proof, 7, 32);
	CU_ASSERT_FATAL(msi_read(mem, writer_len(&w), &p));
	CU_ASSERT_EQUAL(p.kind, MSI_REPLY);
	CU_ASSERT_EQUAL(p.missing, 0);
	CU_ASSERT_EQUAL(p.proof.len, 32);
	CU_ASSERT_PTR_EQUAL(p.proof.bytes, proof);
	CU_ASSERT_PTR_EQUAL(p.proof.packet, mem);
	CU_ASSERT_EQUAL(p.proof.covered_len, writer_len(&w) - 32);
	check_refusals(mem, writer_len(&w));
	msi_append_proof(&w, 32);
	CU_ASSERT_FALSE(read_exact(mem, writer_len(&w), &p)); /* two: the first is not the last */
	w = writer_of(mem, sizeof(mem));
	msi_write_error(&w, 5);
	CU_ASSERT_PTR_NOT_NULL(msi_append_proof(&w, 0));
	CU_ASSERT_FALSE(read_exact(mem, writer_len(&w), &p)); /* empty */
	CU_ASSERT_PTR_NULL(msi_append_proof(&w, 1000));
	CU_ASSERT(w.full);
}

static const struct suite_test tests[] = {
	SUITE_TEST(the_request_is_read_and_written),
	SUITE_TEST(a_request_can_offer_ipv6),
	SUITE_TEST(the_reply_is_read_and_written),
	SUITE_TEST(a_reply_carries_ipv6),
	SUITE_TEST(a_stamp_is_asked_for_and_told),
	SUITE_TEST(the_error_is_read_and_written),
	SUITE_TEST(an_error_wins_over_what_stands_beside_it),
	SUITE_TEST(what_is_missing_is_told),
	SUITE_TEST(an_unknown_option_is_skipped),
	SUITE_TEST(malformed_options_are_refused),
	SUITE_TEST(sizes_of_names_and_macs_are_bounded),
	SUITE_TEST(what_cannot_be_read_is_not_written),
	SUITE_TEST(a_proof_is_the_last_option),
};
SUITE_MAIN("wire/msi", tests)
