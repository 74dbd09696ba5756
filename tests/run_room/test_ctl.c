#include "run_room/rig.h"

#include <stdlib.h>

static void a_refusal_of_the_server_is_the_result(void)
{
	struct rig *r = rig_new(1);
	struct rig_session *s = rig_session(r, 1);

	CU_ASSERT_FATAL(rig_receive_request(r));
	rig_error(r, WDSMCS_E_CONTENT_NOT_FOUND);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(s->started, 0);
	rig_session_free(s);
	rig_free(r);
}

static void a_silent_server_is_given_up_in_time(void)
{
	struct rig *r = rig_new(1);
	struct rig_session *s = rig_session(r, 1);
	ns_t timeout = s->ctl->config.client.initiate_timeout_ms * NS_PER_MS;

	rig_pass(r, s, timeout - 1);
	CU_ASSERT_EQUAL(s->completed, 0);
	rig_pass(r, s, 1);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, ERROR_TIMEOUT);
	CU_ASSERT_STRING_EQUAL(s->why, "gave up after 10 s: no answer from 10.77.0.2 port 5041: no server runs there, or a "
	                               "firewall drops UDP");
	rig_session_free(s);
	rig_free(r);
}

static void a_server_that_vanishes_is_given_up_in_time(void)
{
	struct rig *r = rig_new(1);
	struct rig_session *s = rig_joined(r, 1);

	rig_pass(r, s, 30 * NS_PER_S - 1);
	CU_ASSERT_EQUAL(s->completed, 0);
	rig_pass(r, s, 1);
	CU_ASSERT_EQUAL(s->result, ERROR_TIMEOUT);
	CU_ASSERT_EQUAL(strncmp(s->why, "gave up after 30 s", 18), 0);
	rig_session_free(s);
	rig_free(r);
}

static void an_offer_beyond_memory_is_refused_before_any_is_taken(void)
{
	struct rig *r = rig_new(1);
	struct rig_session *s = rig_session(r, 1000);
	struct msi_reply huge = rig_offer(r);

	CU_ASSERT_FATAL(rig_receive_request(r));
	huge.total_blocks = 1ull << 40;
	huge.content_bytes = huge.total_blocks * RIG_BLOCK;
	rig_reply_with(r, &huge);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->result, ERROR_NOT_ENOUGH_MEMORY);
	CU_ASSERT_EQUAL(s->negotiated, 1);
	CU_ASSERT_EQUAL(s->started, 0);
	CU_ASSERT_EQUAL(strncmp(s->why, "not enough memory for 1099511627776 blocks", 42), 0);
	rig_session_free(s);
	rig_free(r);
}

static void an_empty_object_completes_at_once(void)
{
	struct rig *r = rig_new(0);
	struct rig_session *s = rig_session(r, 8);

	CU_ASSERT_FATAL(rig_receive_request(r));
	rig_reply(r);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->started, 1);
	CU_ASSERT_EQUAL(s->delivered_count, 0);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, ERROR_SUCCESS);
	rig_session_free(s);
	rig_free(r);
}

static void cancel_now(struct rig_session *s)
{
	ctl_cancel(s->ctl, 1234);
	ctl_cancel(s->ctl, 99); /* the first counts */
}

static void a_cancel_in_the_last_block_wins_over_success(void)
{
	struct rig *r = rig_new(2);
	struct rig_session *s = rig_joined(r, 8);

	s->in_contents = cancel_now;
	rig_odata(r, 1);
	rig_odata(r, 2);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->delivered_count, 1); /* and nothing after it */
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, 1234);
	rig_session_free(s);
	rig_free(r);
}

static void a_cancel_says_leave(void)
{
	struct rig *r = rig_new(2);
	struct rig_session *s = rig_joined(r, 8);

	ctl_cancel(s->ctl, ERROR_CANCELLED);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->completed, 1);
	rig_pass(r, s, 200 * NS_PER_MS);
	CU_ASSERT(rig_receive_opcode(r, MT_LEAVE));
	CU_ASSERT_EQUAL(r->packet.leave.reason, MT_LEAVE_CANCELLED);
	rig_session_free(s);
	rig_free(r);
}

static void a_cancel_while_negotiating_starts_nothing(void)
{
	struct rig *r = rig_new(2);
	struct rig_session *s = rig_session(r, 8);

	s->in_negotiate = cancel_now;
	CU_ASSERT_FATAL(rig_receive_request(r));
	rig_reply(r);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->started, 0);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, 1234);
	rig_session_free(s);
	rig_free(r);
}

static void a_cancel_before_the_first_turn_is_not_lost(void)
{
	struct rig *r = rig_new(2);
	struct rig_session *s = rig_session(r, 8);
	struct ctl_config config = s->ctl->config;
	char why[CTL_WHY_BYTES];
	uint32_t win32;

	rig_session_free(s);
	s = calloc(1, sizeof(*s));
	s->rig = r;
	config.arg = s;
	s->ctl = ctl_new(&config, r->now, &win32, why);
	ctl_cancel(s->ctl, 1234);
	rx_turn(r->worker->rx, r->now); /* the cancel finds no lane */
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, 1234);
	rig_session_free(s);
	rig_free(r);
}

static void want_some(struct rig_session *s)
{
	CU_ASSERT(ctl_want(s->ctl, 150, 1));          /* block 2 */
	CU_ASSERT(ctl_want(s->ctl, 399, 2));          /* blocks 4 and 5 */
	CU_ASSERT(!ctl_want(s->ctl, 1001, 0));        /* beyond the end */
	CU_ASSERT(!ctl_want(s->ctl, 900, 101));
	CU_ASSERT(!ctl_want(s->ctl, 1, UINT64_MAX));
}

static void only_the_wanted_ranges_are_fetched(void)
{
	struct rig *r = rig_new(10);
	struct rig_session *s = rig_session(r, 8);
	static const uint64_t offsets[] = { 100, 300, 400 };

	s->in_negotiate = want_some;
	CU_ASSERT_FATAL(rig_receive_request(r));
	rig_reply(r);
	rig_turn(r, s);
	CU_ASSERT_FATAL(rig_receive_opcode(r, MT_JOIN));
	rig_joinack(r);
	rig_turn(r, s);
	for (uint64_t b = 1; b <= 5; b++)
		rig_odata(r, b);
	rig_turn(r, s);
	CU_ASSERT_EQUAL_FATAL(s->delivered_count, 3);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT_EQUAL(s->delivered[i].offset, offsets[i]);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, ERROR_SUCCESS);
	rig_session_free(s);
	rig_free(r);
}

static void want_nothing(struct rig_session *s)
{
	CU_ASSERT(ctl_want(s->ctl, 0, 0));
}

static void who_wants_nothing_is_done_at_once(void)
{
	struct rig *r = rig_new(10);
	struct rig_session *s = rig_session(r, 8);

	s->in_negotiate = want_nothing;
	CU_ASSERT_FATAL(rig_receive_request(r));
	rig_reply(r);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->started, 1);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, ERROR_SUCCESS);
	rig_session_free(s);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_refusal_of_the_server_is_the_result),
	SUITE_TEST(a_silent_server_is_given_up_in_time),
	SUITE_TEST(a_server_that_vanishes_is_given_up_in_time),
	SUITE_TEST(an_offer_beyond_memory_is_refused_before_any_is_taken),
	SUITE_TEST(an_empty_object_completes_at_once),
	SUITE_TEST(a_cancel_in_the_last_block_wins_over_success),
	SUITE_TEST(a_cancel_says_leave),
	SUITE_TEST(a_cancel_while_negotiating_starts_nothing),
	SUITE_TEST(a_cancel_before_the_first_turn_is_not_lost),
	SUITE_TEST(only_the_wanted_ranges_are_fetched),
	SUITE_TEST(who_wants_nothing_is_done_at_once),
};
SUITE_MAIN("run/ctl", tests)
