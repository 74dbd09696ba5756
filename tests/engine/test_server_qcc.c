#include "server_rig.h"

static void a_lone_client_becomes_master_after_one_wait(void)
{
	struct rig r;
	const struct mt_packet *p;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_activate(&r, 0, 4);
	p = rig_get(&r, MT_QCC, 0);
	CU_ASSERT_EQUAL(p->qcc.qcc_seq_no, 1);
	CU_ASSERT_EQUAL(p->qcc.qcr_backoff_ms, 5); /* 1 ms for one client, and its RTT */
	rig_answer_qcc(&r, 0, 3);
	rig_run(&r, rig_ms(5) - 1);
	CU_ASSERT_EQUAL(r.server->state, SERVER_QCC);
	rig_run(&r, rig_ms(5));
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_MASTER)->client_id, r.ids[0]);
	p = rig_get(&r, MT_SPM, 0);
	CU_ASSERT_EQUAL(p->spm.spm_seq_no, 1);
	CU_ASSERT_EQUAL(p->spm.master_client_id, r.ids[0]);
	CU_ASSERT_EQUAL(p->spm.rtt_ms, 3);
	CU_ASSERT_EQUAL(p->spm.min_nack_backoff_ms, 6);
	CU_ASSERT_EQUAL(p->spm.max_nack_backoff_ms, 6);
	CU_ASSERT_EQUAL(p->spm.trail_seq_no, 0);
	CU_ASSERT_EQUAL(p->spm.lead_seq_no, 0);
	rig_ack(&r, 0, 0, RIG_START_MS + 5); /* what a client makes of that SPM is accepted */
	CU_ASSERT_EQUAL(r.server->stats.acks, 1);
	rig_stop(&r);
}

static void the_slowest_of_those_that_answer_becomes_master(void)
{
	static const uint64_t rtt_ms[] = { 2, 9, 5, 30 };
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	for (uint32_t i = 0; i < 4; i++)
		rig_activate(&r, i, 0);
	rig_run(&r, rig_ms(1));                                         /* nobody answered the first QCC */
	CU_ASSERT_EQUAL(rig_get(&r, MT_QCC, 1)->qcc.qcr_backoff_ms, 8); /* 4 clients, second attempt */
	for (uint32_t i = 0; i < 3; i++)                                /* client 3 does not answer */
		rig_qcr(&r, i, 2, RIG_START_MS + 1 - rtt_ms[i], 0);
	rig_run(&r, rig_ms(9));
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[1]);
	CU_ASSERT_EQUAL(r.server->master_rtt_ms, 9);
	rig_stop(&r);
}

static void the_time_a_client_waited_is_not_its_round_trip(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_activate(&r, 0, 0);
	r.now = rig_ms(40);
	rig_qcr(&r, 0, 0, RIG_START_MS, 33);
	CU_ASSERT_EQUAL(server_find_client(r.server, r.ids[0])->rtt_ms, 7);
	rig_qcr(&r, 0, 0, RIG_START_MS, 60000);
	CU_ASSERT_EQUAL(server_find_client(r.server, r.ids[0])->rtt_ms, 0);
	rig_qcr(&r, 0, 0, RIG_START_MS + 41, 0); /* from the future */
	CU_ASSERT_EQUAL(server_find_client(r.server, r.ids[0])->rtt_ms, 0);
	rig_qcr(&r, 0, 0, 1, 0);
	CU_ASSERT_EQUAL(server_find_client(r.server, r.ids[0])->rtt_ms, 2000); /* bounded */
	rig_stop(&r);
}

static void the_wait_doubles_while_nobody_answers_and_is_capped(void)
{
	static const uint64_t waits_ms[] = { 1, 2, 4, 8, 16, 32, 64, 128, 256, 500, 500 };
	struct rig r;
	ns_t at;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_activate(&r, 0, 0);
	at = r.now;
	for (unsigned i = 0; i < sizeof(waits_ms) / sizeof(waits_ms[0]); i++) {
		CU_ASSERT_EQUAL(rig_count(&r, MT_QCC), i + 1);
		CU_ASSERT_EQUAL(rig_get(&r, MT_QCC, i)->qcc.qcr_backoff_ms, waits_ms[i]);
		at += waits_ms[i] * NS_PER_MS;
		rig_run(&r, at - 1);
		CU_ASSERT_EQUAL(rig_count(&r, MT_QCC), i + 1);
		rig_run(&r, at);
	}
	rig_stop(&r);
}

static void without_clients_a_qcc_goes_out_each_half_second(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_activate(&r, 0, 0);
	rig_leave(&r, 0, MT_LEAVE_COMPLETE);
	rig_run(&r, rig_ms(5000));
	rig_clear(&r);
	rig_run(&r, rig_ms(15000));
	CU_ASSERT_EQUAL(rig_count(&r, MT_QCC), 20);
	rig_clear(&r);
	rig_activate(&r, 1, 0); /* and the first one is asked at once */
	CU_ASSERT_EQUAL(rig_count(&r, MT_QCC), 1);
	CU_ASSERT_EQUAL(rig_get(&r, MT_QCC, 0)->qcc.qcr_backoff_ms, 1);
	rig_stop(&r);
}

static void in_data_state_a_qcc_goes_out_each_interval(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	for (unsigned i = 1; i <= 50; i++) {
		rig_run(&r, rig_ms(i * 100));
		rig_ack(&r, 0, 0, ns_to_ms(r.now));
	}
	CU_ASSERT_EQUAL(rig_count(&r, MT_QCC), 0);
	rig_run(&r, rig_ms(5001)); /* DataState began at 1 */
	CU_ASSERT_EQUAL(rig_count(&r, MT_QCC), 1);
	CU_ASSERT_EQUAL(rig_get(&r, MT_QCC, 0)->qcc.qcr_backoff_ms, 5000);
	rig_qcr(&r, 0, rig_get(&r, MT_QCC, 0)->qcc.qcc_seq_no, ns_to_ms(r.now), 0);
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	rig_stop(&r);
}

static void spms_come_each_220_ms_and_five_unanswered_end_data_state(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r); /* the first SPM at 1 */
	rig_run(&r, rig_ms(1 + 4 * 220) - 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_SPM), 3);
	rig_run(&r, rig_ms(1 + 4 * 220));
	CU_ASSERT_EQUAL(rig_count(&r, MT_SPM), 4);
	rig_run(&r, rig_ms(1 + 5 * 220) - 1);
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	rig_run(&r, rig_ms(1 + 5 * 220));
	CU_ASSERT_EQUAL(r.server->state, SERVER_QCC);
	CU_ASSERT_EQUAL(rig_count(&r, MT_QCC), 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_SPM), 4);
	rig_stop(&r);
}

static void an_ack_keeps_the_master(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	for (unsigned i = 1; i <= 10; i++) {
		rig_run(&r, rig_ms(i * 1000));
		rig_ack(&r, 0, 0, ns_to_ms(r.now));
	}
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	rig_stop(&r);
}

static void a_slow_master_gets_spms_at_four_of_its_round_trips(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	r.now = rig_ms(150);
	rig_ack(&r, 0, 0, RIG_START_MS); /* 150 ms */
	rig_run(&r, rig_ms(221));        /* the one that was due */
	rig_clear(&r);
	rig_run(&r, rig_ms(221 + 600) - 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_SPM), 0);
	rig_run(&r, rig_ms(221 + 600));
	CU_ASSERT_EQUAL(rig_count(&r, MT_SPM), 1);
	CU_ASSERT_EQUAL(rig_get(&r, MT_SPM, 0)->spm.min_nack_backoff_ms, 300);
	rig_stop(&r);
}

static void a_master_that_leaves_is_replaced_at_once(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	rig_activate(&r, 1, 0);
	rig_clear(&r);
	rig_leave(&r, 0, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(r.server->state, SERVER_QCC);
	rig_answer_qcc(&r, 1, 0);
	rig_run(&r, r.now + NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[1]);
	rig_stop(&r);
}

static void a_vanished_master_is_replaced_by_one_that_answers(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	rig_activate(&r, 1, 0);
	rig_run(&r, rig_ms(1 + 5 * 220));
	CU_ASSERT_EQUAL(r.server->state, SERVER_QCC);
	rig_answer_qcc(&r, 1, 0);
	rig_run(&r, r.now + 2 * NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[1]);
	CU_ASSERT_EQUAL(r.server->active_count, 2); /* until DeadClientTimeout */
	rig_stop(&r);
}

static void a_master_that_failed_comes_after_the_others(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	rig_activate(&r, 1, 0);
	rig_run(&r, rig_ms(1 + 5 * 220));
	rig_qcr(&r, 0, rig_get(&r, MT_QCC, rig_count(&r, MT_QCC) - 1)->qcc.qcc_seq_no, 1,
	        0); /* the larger RTT */
	rig_answer_qcc(&r, 1, 0);
	rig_run(&r, r.now + 2 * NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[1]);
	rig_stop(&r);
}

static void what_is_in_flight_is_given_up_with_a_master_that_never_acknowledged(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	rig_feed(&r, 10);
	rig_run(&r, rig_ms(1 + 5 * 220));
	CU_ASSERT_EQUAL(r.server->state, SERVER_QCC);
	CU_ASSERT_EQUAL(r.server->lead_seq_no, 1);
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 1);
	rig_stop(&r);
}

static void a_session_without_packets_ends(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	r.now = rig_ms(5);
	rig_join(&r, 0, 1, false);
	rig_run(&r, rig_ms(300005) - 1);
	CU_ASSERT_EQUAL(r.server->state, SERVER_PRE_START);
	rig_clear(&r);
	rig_run(&r, rig_ms(300005));
	CU_ASSERT_EQUAL(r.server->state, SERVER_TERMINATED);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_TERMINATED), 1);
	CU_ASSERT_EQUAL(server_deadline(r.server), NS_NEVER);
	rig_join(&r, 0, 2, false);
	CU_ASSERT_EQUAL(r.out.packet_count, 0);
	rig_stop(&r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_lone_client_becomes_master_after_one_wait),
	SUITE_TEST(the_slowest_of_those_that_answer_becomes_master),
	SUITE_TEST(the_time_a_client_waited_is_not_its_round_trip),
	SUITE_TEST(the_wait_doubles_while_nobody_answers_and_is_capped),
	SUITE_TEST(without_clients_a_qcc_goes_out_each_half_second),
	SUITE_TEST(in_data_state_a_qcc_goes_out_each_interval),
	SUITE_TEST(spms_come_each_220_ms_and_five_unanswered_end_data_state),
	SUITE_TEST(an_ack_keeps_the_master),
	SUITE_TEST(a_slow_master_gets_spms_at_four_of_its_round_trips),
	SUITE_TEST(a_master_that_leaves_is_replaced_at_once),
	SUITE_TEST(a_vanished_master_is_replaced_by_one_that_answers),
	SUITE_TEST(a_master_that_failed_comes_after_the_others),
	SUITE_TEST(what_is_in_flight_is_given_up_with_a_master_that_never_acknowledged),
	SUITE_TEST(a_session_without_packets_ends),
};
SUITE_MAIN("engine/server_qcc", tests)
