#include "server_rig.h"

static const struct range everything = { 1, RIG_BLOCKS };

static void start(struct rig *r)
{
	rig_config(r);
	rig_start(r, RIG_PACKETS);
}

static void a_poll_asks_and_the_answer_starts_a_pass(void)
{
	struct rig r;
	const struct mt_packet *p;

	start(&r);
	rig_activate(&r, 0, 0);
	p = rig_get(&r, MT_POLL, 0);
	CU_ASSERT_EQUAL(p->poll.poll_seq_no, 1);
	CU_ASSERT_EQUAL(p->poll.backoff_ms, 10);
	CU_ASSERT_EQUAL(p->poll.app_data_len, 3);
	CU_ASSERT_EQUAL(memcmp(p->poll.app_data, "\0\3\1", 3), 0);
	CU_ASSERT_EQUAL(server_room(r.server), 0);
	rig_answer_poll(&r, 0, &everything, 1); /* all answered: no need to wait */
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_PASS), 1);
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_SEND);
	CU_ASSERT_EQUAL(r.server->pass.n, 1);
	CU_ASSERT_EQUAL(r.server->pass_blocks, RIG_BLOCKS);
	CU_ASSERT_EQUAL(server_room(r.server), 4096);
	rig_stop(&r);
}

static void the_back_off_grows_with_the_clients_up_to_its_limit(void)
{
	struct rig r;

	start(&r);
	for (uint32_t i = 0; i < 200; i++)
		rig_activate(&r, i, 0);
	rig_run(&r, rig_ms(20)); /* 10 + 10: nobody answered the poll to the first */
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 2);
	CU_ASSERT_EQUAL(rig_get(&r, MT_POLL, 1)->poll.backoff_ms, 200);
	rig_stop(&r);
	start(&r);
	for (uint32_t i = 0; i < 30; i++)
		rig_activate(&r, i, 0);
	rig_answer_poll(&r, 0, &(struct range){ 7, 7 }, 1);
	rig_answer_qcc(&r, 0, 0);
	rig_run(&r, rig_ms(30));
	rig_feed(&r, 1);
	rig_tick(&r, r.now);
	rig_ack(&r, 0, 1, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(rig_get(&r, MT_POLL, 1)->poll.backoff_ms, 32);
	rig_stop(&r);
}

static void a_query_ends_when_its_time_is_over_and_somebody_answered(void)
{
	struct rig r;

	start(&r);
	rig_activate(&r, 0, 0);
	rig_activate(&r, 1, 0);
	rig_answer_poll(&r, 0, &everything, 1); /* client 1 came after the poll: it is not waited for */
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_SEND);
	rig_stop(&r);

	start(&r);
	rig_activate(&r, 0, 0);
	rig_activate(&r, 1, 0);
	rig_run(&r, rig_ms(20)); /* BackOff 10, RTT 0, margin 10; nobody answered: again, with 2 clients */
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 2);
	CU_ASSERT_EQUAL(rig_get(&r, MT_POLL, 1)->poll.backoff_ms, 20);
	rig_answer_poll(&r, 0, &everything, 1);
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_QUERY);
	rig_run(&r, rig_ms(50) - 1);
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_QUERY);
	rig_run(&r, rig_ms(50));
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_SEND);
	rig_stop(&r);
}

static void one_that_leaves_is_not_waited_for(void)
{
	struct rig r;

	start(&r);
	for (uint32_t i = 0; i < 3; i++)
		rig_activate(&r, i, 0);
	rig_run(&r, rig_ms(20));
	rig_answer_poll(&r, 0, &(struct range){ 10, 20 }, 1);
	rig_answer_poll(&r, 1, &(struct range){ 15, 30 }, 1);
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_QUERY);
	rig_leave(&r, 1, MT_LEAVE_CANCELLED); /* its answer does not count either */
	rig_leave(&r, 2, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_SEND);
	CU_ASSERT_EQUAL(r.server->pass_blocks, 11);
	rig_stop(&r);
}

static void answers_are_merged_sorted_and_clipped(void)
{
	static const struct range a[] = { { 50, 60 }, { 10, 20 }, { 0, 2 } };
	static const struct range b[] = { { 21, 25 },
		                          { 55, 70 },
		                          { RIG_BLOCKS, RIG_BLOCKS + 5 },
		                          { RIG_BLOCKS + 1, UINT64_MAX },
		                          { 80, 79 } };
	static const struct range merged[] = { { 1, 2 }, { 10, 25 }, { 50, 70 }, { RIG_BLOCKS, RIG_BLOCKS } };
	struct rig r;

	start(&r);
	rig_activate(&r, 0, 0);
	rig_activate(&r, 1, 0);
	rig_run(&r, rig_ms(20));
	rig_answer_poll(&r, 0, &everything, 1);
	rig_answer_poll(&r, 0, a, 3); /* takes the place of the first */
	rig_answer_poll(&r, 1, b, 5);
	CU_ASSERT_EQUAL_FATAL(r.server->pass.n, 4);
	CU_ASSERT_EQUAL(memcmp(r.server->pass.v, merged, sizeof(merged)), 0);
	CU_ASSERT_EQUAL(r.server->pass_blocks, 2 + 16 + 21 + 1);
	rig_stop(&r);
}

static void a_client_that_joined_more_than_30_s_after_the_oldest_has_no_say(void)
{
	struct rig r;

	start(&r);
	for (uint32_t i = 0; i < 3; i++)
		rig_activate(&r, i, 0);
	rig_run(&r, rig_ms(59000));
	for (uint32_t i = 0; i < 3; i++) /* still there, if mute */
		rig_qcr(&r, i, 0, 0, 0);
	rig_clear(&r);
	while (rig_count(&r, MT_POLL) == 0)
		rig_run(&r, r.now + NS_PER_MS);
	rig_pollack(&r, 0, r.server->next_poll_seq_no - 1, 59, &(struct range){ 5, 5 }, 1);
	rig_pollack(&r, 1, r.server->next_poll_seq_no - 1, 28, &(struct range){ 1, 100 }, 1);
	rig_pollack(&r, 2, r.server->next_poll_seq_no - 1, 29, &(struct range){ 7, 8 }, 1);
	CU_ASSERT_EQUAL(r.server->longest_in_session_s, 59);
	CU_ASSERT_EQUAL(r.server->pass_blocks, 3);
	rig_stop(&r);
}

/* The answers of client 0, 59 s old, and of client 1, a second old, to the next POLL. */
static void answer_old_and_young(struct rig *r, const struct range *old, uint16_t n)
{
	rig_clear(r);
	while (rig_count(r, MT_POLL) == 0)
		rig_run(r, r->now + NS_PER_MS);
	rig_pollack(r, 0, r->server->next_poll_seq_no - 1, 59, old, n);
	rig_pollack(r, 1, r->server->next_poll_seq_no - 1, 1, &(struct range){ 1, 100 }, 1);
}

static void start_old_and_young(struct rig *r)
{
	start(r);
	rig_activate(r, 0, 0);
	rig_run(r, rig_ms(59000));
	rig_qcr(r, 0, 0, 0, 0); /* still there, if mute */
	rig_activate(r, 1, 0);
}

static void an_old_one_that_is_complete_keeps_nobody_waiting(void)
{
	struct rig r;

	start_old_and_young(&r);
	answer_old_and_young(&r, NULL, 0);
	CU_ASSERT_EQUAL(r.server->pass_blocks, 100);
	rig_stop(&r);
}

/* Client 0 is the master, and acknowledges all of it. */
static void finish_pass(struct rig *r)
{
	rig_clear(r);
	while (r->server->state == SERVER_QCC && rig_count(r, MT_QCC) == 0)
		rig_run(r, r->now + NS_PER_MS);
	if (r->server->state == SERVER_QCC)
		rig_answer_qcc(r, 0, 0);
	rig_run(r, r->now + 600 * NS_PER_MS); /* its longest wait */
	CU_ASSERT_EQUAL_FATAL(r->server->state, SERVER_DATA);
	rig_feed(r, (uint32_t)r->server->pass_blocks);
	for (unsigned i = 0; i < 200 && r->server->pass_state == SERVER_SEND; i++) {
		rig_tick(r, r->now);
		rig_ack(r, 0, r->server->lead_seq_no, ns_to_ms(r->now));
	}
	CU_ASSERT_EQUAL_FATAL(r->server->pass_state, SERVER_QUERY);
}

static void nobody_is_passed_over_twice_running(void)
{
	struct range always = { 200, 200 };
	struct rig r;

	start_old_and_young(&r);
	for (unsigned i = 0; i < 4; i++) {
		answer_old_and_young(&r, &always, 1);
		CU_ASSERT_EQUAL(r.server->pass_blocks, i % 2 == 0 ? 1 : 101);
		finish_pass(&r);
	}
	rig_stop(&r);
}

/* Client 0 lacks 1 to 100, client 1 lacks 41 to 50; so many are sent, twice as many queued. */
static void start_two(struct rig *r, uint32_t sent)
{
	start(r);
	rig_activate(r, 0, 0);
	rig_activate(r, 1, 0);
	rig_run(r, rig_ms(20));
	rig_answer_poll(r, 0, &(struct range){ 1, 100 }, 1);
	rig_answer_poll(r, 1, &(struct range){ 41, 50 }, 1);
	CU_ASSERT_EQUAL_FATAL(r->server->pass_blocks, 100);
	rig_answer_qcc(r, 1, 0);
	rig_run(r, r->now + 30 * NS_PER_MS);
	CU_ASSERT_EQUAL_FATAL(r->server->state, SERVER_DATA);
	r->server->window = sent;
	rig_feed(r, 2 * sent);
	rig_tick(r, r->now);
	CU_ASSERT_EQUAL_FATAL(r->server->lead_seq_no, sent);
	rig_clear(r);
}

static void a_pass_goes_on_as_far_as_somebody_there_asked_for(void)
{
	struct rig r;

	start_two(&r, 45); /* 46 to 50 are still awaited */
	rig_leave(&r, 0, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(r.server->pass_blocks, 50);
	CU_ASSERT_EQUAL(r.server->next_seq_no, 51); /* of what is queued the rest is dropped */
	rig_stop(&r);
}

static void a_pass_does_not_go_on_for_who_has_left(void)
{
	struct rig r;

	start_two(&r, 50);
	rig_leave(&r, 0, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(server_room(r.server), 0);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_PASS_DONE), 0); /* what is in flight may be repaired yet */
	r.server->window = 1000;
	rig_tick(&r, r.now);
	CU_ASSERT_EQUAL(rig_count(&r, MT_ODATA), 0);
	rig_ack(&r, 1, 50, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_PASS_DONE), 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_ODATA), 0);
	rig_answer_poll(&r, 1, &(struct range){ 7, 8 }, 1);
	rig_feed(&r, 2);
	rig_tick(&r, r.now);
	CU_ASSERT_EQUAL(rig_get_out(&r, MT_ODATA, 0)->block_no, 7);
	CU_ASSERT_EQUAL(rig_get_out(&r, MT_ODATA, 0)->seq_no, 51);
	rig_stop(&r);
}

static void nobody_is_older_than_the_session(void)
{
	struct rig r;

	start(&r);
	rig_activate(&r, 0, 0);
	rig_activate(&r, 1, 0);
	rig_run(&r, rig_ms(20));
	rig_pollack(&r, 0, r.server->next_poll_seq_no - 1, UINT32_MAX, &(struct range){ 5, 5 }, 1);
	rig_pollack(&r, 1, r.server->next_poll_seq_no - 1, 0, &(struct range){ 7, 8 }, 1);
	CU_ASSERT_EQUAL(r.server->pass_blocks, 3);
	rig_stop(&r);
}

static void a_pass_that_is_sent_and_acknowledged_is_followed_by_a_query(void)
{
	struct rig r;

	start(&r);
	rig_activate(&r, 0, 0);
	rig_answer_poll(&r, 0, &(struct range){ 11, 13 }, 1);
	rig_answer_qcc(&r, 0, 0);
	rig_run(&r, rig_ms(1));
	rig_feed(&r, 3);
	CU_ASSERT_EQUAL(server_room(r.server), 0);
	rig_tick(&r, r.now);
	rig_ack(&r, 0, 1, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(rig_get_out(&r, MT_ODATA, 2)->block_no, 13);
	rig_ack(&r, 0, 2, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_PASS_DONE), 0);
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 1);
	rig_ack(&r, 0, 3, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_PASS_DONE), 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 2);
	CU_ASSERT_EQUAL(rig_get(&r, MT_POLL, 1)->poll.poll_seq_no, 2);
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_QUERY);
	rig_stop(&r);
}

static void complete_clients_are_asked_again_each_200_ms(void)
{
	struct rig r;

	start(&r);
	rig_activate(&r, 0, 0);
	rig_answer_poll(&r, 0, NULL, 0);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_PASS), 0);
	CU_ASSERT(server_find_client(r.server, r.ids[0])->lacks_nothing);
	rig_run(&r, rig_ms(200) - 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 1);
	rig_run(&r, rig_ms(200));
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 2);
	rig_stop(&r);
}

static void unanswered_polls_become_rarer_up_to_the_back_off(void)
{
	static const uint16_t backoffs[] = { 10, 20, 40, 80, 160, 200, 200 };
	struct rig r;

	start(&r);
	rig_activate(&r, 0, 0);
	rig_run(&r, rig_ms(20 + 30 + 50 + 90 + 170 + 210));
	for (uint32_t i = 0; i < 7; i++)
		CU_ASSERT_EQUAL(rig_get(&r, MT_POLL, i)->poll.backoff_ms, backoffs[i]);
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 7);
	rig_stop(&r);
}

static void the_last_one_to_leave_ends_the_pass_and_the_polling(void)
{
	struct rig r;

	start(&r);
	rig_start_data(&r);
	rig_feed(&r, 100);
	rig_tick(&r, r.now);
	rig_leave(&r, 0, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_IDLE), 1);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_LEFT)->reason, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_IDLE);
	CU_ASSERT_EQUAL(server_room(r.server), 0);
	rig_clear(&r);
	rig_run(&r, rig_ms(5000));
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 0);
	CU_ASSERT_EQUAL(rig_count(&r, MT_ODATA), 0);
	rig_clear(&r);
	rig_activate(&r, 1, 0); /* the next one starts it again */
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 1);
	rig_answer_poll(&r, 1, &everything, 1);
	rig_answer_qcc(&r, 1, 0);
	rig_run(&r, r.now + NS_PER_MS);
	rig_feed(&r, 1);
	rig_tick(&r, r.now);
	CU_ASSERT_EQUAL(rig_get(&r, MT_SPM, 0)->spm.trail_seq_no,
	                1); /* nothing of before is repaired for it */
	CU_ASSERT_EQUAL(rig_get(&r, MT_SPM, 0)->spm.lead_seq_no, 1);
	CU_ASSERT_EQUAL(rig_get_out(&r, MT_ODATA, 0)->seq_no, 2);
	rig_stop(&r);
}

static void pollacks_that_make_no_sense_are_counted(void)
{
	struct mt_pollack p = { .poll_seq_no = 1, .app_data = (const uint8_t *)"\0\3\1", .app_data_len = 3 };
	struct mt_head head = rig_head(1);
	uint8_t bytes[128];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct rig r;

	start(&r);
	rig_activate(&r, 0, 0);
	rig_pollack(&r, 0, 2, 0, &everything, 1);
	rig_pollack(&r, 0, 0, 0, &everything, 1);
	CU_ASSERT_EQUAL(r.server->stats.bad_seq_no, 2);
	p.client_id = r.ids[0];
	mt_write_pollack(&w, &head, &p);
	rig_send(&r, 0, &w); /* a SRVCIR */
	CU_ASSERT_EQUAL(r.server->stats.bad_payload, 1);
	r.ids[1] = r.ids[0] + 1;
	rig_pollack(&r, 1, 1, 0, &everything, 1);
	CU_ASSERT_EQUAL(r.server->stats.unknown_client, 1);
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_QUERY);
	rig_stop(&r);
}

static void the_most_ranges_there_can_be_are_merged(void)
{
	struct range v[MA_RANGES_MAX];
	struct rig r;

	start(&r);
	for (uint32_t i = 0; i < 200; i++)
		rig_activate(&r, i, 0);
	rig_run(&r, rig_ms(20));
	for (uint32_t i = 0; i < 200; i++) { /* all disjoint, in the worst order */
		for (uint32_t k = 0; k < MA_RANGES_MAX; k++) {
			uint64_t at = 3 * ((199 - i) + 200 * (uint64_t)(MA_RANGES_MAX - 1 - k)) + 1;

			v[k] = (struct range){ at, at + 1 };
		}
		rig_answer_poll(&r, i, v, MA_RANGES_MAX);
	}
	CU_ASSERT_EQUAL(r.server->pass_state, SERVER_SEND);
	CU_ASSERT_EQUAL(r.server->pass.n, SERVER_PASS_RANGES_MAX);
	CU_ASSERT_EQUAL(r.server->pass_blocks, 2 * SERVER_PASS_RANGES_MAX);
	for (uint32_t i = 0; i < r.server->pass.n; i++)
		CU_ASSERT_EQUAL(r.server->pass.v[i].first, 3 * (uint64_t)i + 1);
	rig_stop(&r);
}

static void initiation_is_answered_without_state(void)
{
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct msi_packet p;
	struct rig r;

	rig_config(&r);
	server_answer_request(&w, &r.config, false, 0);
	CU_ASSERT(msi_read(bytes, writer_len(&w), &p));
	CU_ASSERT_EQUAL(p.kind, MSI_REPLY);
	CU_ASSERT(endpoint_equal(&p.reply.multicast, &r.config.multicast));
	CU_ASSERT(endpoint_equal(&p.reply.server, &r.config.unicast));
	CU_ASSERT_EQUAL(p.reply.content_bytes, r.config.content_bytes);
	CU_ASSERT_EQUAL(p.reply.total_blocks, RIG_BLOCKS);
	CU_ASSERT_EQUAL(p.reply.block_bytes, RIG_BLOCK_BYTES);
	CU_ASSERT_EQUAL(p.reply.session_id, RIG_SESSION);
	CU_ASSERT_FALSE(p.reply.stamp.is_set);
	w = writer_of(bytes, sizeof(bytes));
	r.config.stamp = (struct msi_stamp){ true, { 1, 2, 3 } };
	server_answer_request(&w, &r.config, true, 0);
	CU_ASSERT(msi_read(bytes, writer_len(&w), &p));
	CU_ASSERT(p.reply.stamp.is_set);
	CU_ASSERT_EQUAL(memcmp(p.reply.stamp.bytes, r.config.stamp.bytes, MSI_STAMP_BYTES), 0);
	w = writer_of(bytes, sizeof(bytes));
	server_answer_request(&w, &r.config, true, 0xc1210103);
	CU_ASSERT(msi_read(bytes, writer_len(&w), &p));
	CU_ASSERT_EQUAL(p.kind, MSI_ERROR);
	CU_ASSERT_EQUAL(p.error, 0xc1210103);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_poll_asks_and_the_answer_starts_a_pass),
	SUITE_TEST(the_back_off_grows_with_the_clients_up_to_its_limit),
	SUITE_TEST(a_query_ends_when_its_time_is_over_and_somebody_answered),
	SUITE_TEST(one_that_leaves_is_not_waited_for),
	SUITE_TEST(answers_are_merged_sorted_and_clipped),
	SUITE_TEST(a_client_that_joined_more_than_30_s_after_the_oldest_has_no_say),
	SUITE_TEST(an_old_one_that_is_complete_keeps_nobody_waiting),
	SUITE_TEST(nobody_is_passed_over_twice_running),
	SUITE_TEST(nobody_is_older_than_the_session),
	SUITE_TEST(a_pass_that_is_sent_and_acknowledged_is_followed_by_a_query),
	SUITE_TEST(a_pass_goes_on_as_far_as_somebody_there_asked_for),
	SUITE_TEST(a_pass_does_not_go_on_for_who_has_left),
	SUITE_TEST(complete_clients_are_asked_again_each_200_ms),
	SUITE_TEST(unanswered_polls_become_rarer_up_to_the_back_off),
	SUITE_TEST(the_last_one_to_leave_ends_the_pass_and_the_polling),
	SUITE_TEST(pollacks_that_make_no_sense_are_counted),
	SUITE_TEST(the_most_ranges_there_can_be_are_merged),
	SUITE_TEST(initiation_is_answered_without_state),
};
SUITE_MAIN("engine/server_pass", tests)
