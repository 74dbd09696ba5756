/* SessionNegotiate and NegotiateRequiredDataRange: only what is asked for is fetched. */
#include "api/world.h"

#include <stdlib.h>

enum { OBJECT_BYTES = 300000 };

#define NAME_IS_FRESH_NS (1100 * NS_PER_MS)

static DWORD want(struct consumer *c, uint64_t start, uint64_t size)
{
	ULARGE_INTEGER s = { .QuadPart = start }, n = { .QuadPart = size };

	return WdsTransportClientNegotiateRequiredDataRange(c->session, c->negotiate_key, s, n);
}

static struct consumer *run(consumer_hook *negotiate)
{
	struct consumer *c = consumer_new();

	c->on_negotiate = negotiate;
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(c->result, ERROR_SUCCESS);
	return c;
}

/* Has exactly the blocks that these bytes touch been delivered? */
static bool has_only(const struct consumer *c, uint64_t start, uint64_t end)
{
	uint64_t blocks = (c->size + c->block_bytes - 1) / c->block_bytes;

	for (uint64_t i = 0; i < blocks; i++) {
		bool touched = i * c->block_bytes < end && (i + 1) * c->block_bytes > start;

		if (c->seen[i] != touched)
			return false;
	}
	return true;
}

static void want_middle(struct consumer *c)
{
	CU_ASSERT_EQUAL(want(c, 100000, 20000), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(want(c, 119000, 1000), ERROR_SUCCESS); /* within it */
	CU_ASSERT_EQUAL(want(c, 120000, 10000), ERROR_SUCCESS); /* goes on */
}

static void only_the_blocks_of_the_range_come(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(OBJECT_BYTES, 1);
	c = run(want_middle);
	CU_ASSERT_EQUAL(c->size, OBJECT_BYTES);
	CU_ASSERT(has_only(c, 100000, 130000));
	consumer_free(c);
	world_stop();
}

static void want_last_byte(struct consumer *c)
{
	CU_ASSERT_EQUAL(want(c, OBJECT_BYTES - 1, 1), ERROR_SUCCESS);
}

static void the_last_byte_alone_comes_in_its_block(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(OBJECT_BYTES, 2);
	c = run(want_last_byte);
	CU_ASSERT(has_only(c, OBJECT_BYTES - 1, OBJECT_BYTES));
	CU_ASSERT_EQUAL(c->contents, 1);
	consumer_free(c);
	world_stop();
}

static void want_nothing(struct consumer *c)
{
	CU_ASSERT_EQUAL(want(c, 0, 0), ERROR_SUCCESS);
}

static void an_empty_range_alone_wants_nothing(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(OBJECT_BYTES, 3);
	c = run(want_nothing);
	CU_ASSERT_STRING_EQUAL(c->log, "NSXD");
	consumer_free(c);
	world_stop();
}

static void want_badly(struct consumer *c)
{
	ULARGE_INTEGER zero = { .QuadPart = 0 };

	CU_ASSERT_EQUAL(want(c, OBJECT_BYTES, 1), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(want(c, 1, OBJECT_BYTES), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(want(c, UINT64_MAX, UINT64_MAX), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(WdsTransportClientNegotiateRequiredDataRange(c->session, NULL, zero, zero),
	                ERROR_INVALID_HANDLE);
	CU_ASSERT_EQUAL(WdsTransportClientNegotiateRequiredDataRange(c->session, c->session, zero, zero),
	                ERROR_INVALID_HANDLE);
}

static void use_old_key(struct consumer *c)
{
	CU_ASSERT_EQUAL(want(c, 0, 1), ERROR_INVALID_HANDLE);
}

static void the_key_dies_with_the_callback_and_bad_ranges_change_nothing(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(OBJECT_BYTES, 4);
	c = consumer_new();
	c->on_negotiate = want_badly;
	c->on_start = use_old_key;
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(c->bytes, OBJECT_BYTES); /* all of it, for nothing was named */
	consumer_free(c);
	world_stop();
}

static void want_odd_blocks(struct consumer *c)
{
	for (uint64_t at = 0; at < c->size; at += 2 * c->block_bytes)
		CU_ASSERT_EQUAL(want(c, at, 1), ERROR_SUCCESS);
}

static void many_ranges_are_kept_apart_in_spite_of_loss(void)
{
	struct consumer *c;

	world_start_initialized();
	world_object(OBJECT_BYTES, 5);
	world_lose_one_in(17);
	c = run(want_odd_blocks);
	for (uint64_t i = 0; i < (c->size + c->block_bytes - 1) / c->block_bytes; i++)
		CU_ASSERT_EQUAL(c->seen[i], i % 2 == 0);
	consumer_free(c);
	world_stop();
}

static struct wdscast_content_identity seen;

static void read_identity(struct consumer *c)
{
	seen = (struct wdscast_content_identity){ .size = sizeof(seen) };
	CU_ASSERT_EQUAL(wdscast_read_content_identity(c->session, &seen), ERROR_SUCCESS);
}

static struct wdscast_content_identity identity_now(void)
{
	consumer_free(run(read_identity));
	CU_ASSERT_EQUAL(seen.has_stamp, 1);
	CU_ASSERT_NOT_EQUAL(seen.session_id, 0);
	return seen;
}

static bool same_stamp(const struct wdscast_content_identity *a, const struct wdscast_content_identity *b)
{
	return memcmp(a->stamp, b->stamp, sizeof(a->stamp)) == 0;
}

static void a_content_is_told_from_another_of_its_name_and_size(void)
{
	struct wdscast_content_identity first, again, other;

	world_start_initialized();
	world_object(OBJECT_BYTES, 6);
	first = identity_now();
	again = identity_now();
	CU_ASSERT(same_stamp(&first, &again));
	world_object(OBJECT_BYTES, 7);
	host_nap(NAME_IS_FRESH_NS); /* so long the server does not look at the file again */
	other = identity_now();
	CU_ASSERT_FALSE(same_stamp(&first, &other));
	world_stop();
}

static void the_identity_is_there_when_the_server_has_answered(void)
{
	struct wdscast_content_identity identity = { .size = sizeof(identity) };
	struct consumer *c;

	world_start_initialized();
	world_object(OBJECT_BYTES, 8);
	c = consumer_new();
	CU_ASSERT_EQUAL(wdscast_read_content_identity(c->session, &identity), ERROR_NOT_READY);
	consumer_start(c);
	CU_ASSERT(consumer_wait(c));
	CU_ASSERT_EQUAL(wdscast_read_content_identity(c->session, &identity), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(wdscast_read_content_identity(c->session, NULL), ERROR_INVALID_PARAMETER);
	identity.size = 8;
	CU_ASSERT_EQUAL(wdscast_read_content_identity(c->session, &identity), ERROR_INVALID_PARAMETER);
	CU_ASSERT_EQUAL(wdscast_read_content_identity(NULL, &identity), ERROR_INVALID_HANDLE);
	consumer_free(c);
	world_stop();
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_content_is_told_from_another_of_its_name_and_size),
	SUITE_TEST(the_identity_is_there_when_the_server_has_answered),
	SUITE_TEST(only_the_blocks_of_the_range_come),
	SUITE_TEST(the_last_byte_alone_comes_in_its_block),
	SUITE_TEST(an_empty_range_alone_wants_nothing),
	SUITE_TEST(the_key_dies_with_the_callback_and_bad_ranges_change_nothing),
	SUITE_TEST(many_ranges_are_kept_apart_in_spite_of_loss),
};
SUITE_MAIN("api/negotiate", tests)
