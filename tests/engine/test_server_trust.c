/* Clients, and others, that say what is not so. */
#include "server_rig.h"

enum { STRANGER = 9 };

/* The stranger speaks in the name of client 0. */
static void pose_as_client_0(struct rig *r)
{
	r->ids[STRANGER] = r->ids[0];
	rig_clear(r);
}

static void packets_from_elsewhere_say_nothing_of_a_client(void)
{
	static const struct range all = { 1, 1000 };
	struct rig r;
	const struct server_client *c;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	rig_feed(&r, 10);
	pose_as_client_0(&r);
	c = server_find_client(r.server, r.ids[0]);

	rig_ack(&r, STRANGER, r.server->lead_seq_no, 0);
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 0);
	rig_nack(&r, STRANGER, 1, &all, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA) + rig_count(&r, MT_NCF), 0);
	rig_pollack(&r, STRANGER, r.server->next_poll_seq_no - 1, 0, NULL, 0);
	CU_ASSERT_FALSE(c->lacks_nothing);
	rig_qcr(&r, STRANGER, 0, 0, 0);
	CU_ASSERT_EQUAL(c->last_update, rig_ms(0));
	rig_leave(&r, STRANGER, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(r.server->active_count, 1);
	CU_ASSERT_EQUAL(r.server->stats.wrong_sender, 5);
	rig_stop(&r);
}

/* So many packets are out, and the master has acknowledged none. */
static void sent(struct rig *r, uint32_t window)
{
	rig_config(r);
	rig_start(r, RIG_PACKETS);
	rig_start_data(r);
	r->server->window = window;
	rig_feed(r, window);
	rig_tick(r, r->now);
	CU_ASSERT_EQUAL_FATAL(r->server->lead_seq_no, window);
	rig_clear(r);
}

static void one_packet_that_asks_for_everything_brings_a_window_at_most(void)
{
	static const struct range all = { 0, UINT64_MAX - 1 };
	struct rig r;

	sent(&r, 400);
	r.now += 100 * NS_PER_MS;
	rig_nack_seen(&r, 0, 0.5, 0, &all, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 1 + 300); /* the tail's probe; 400, cut by a quarter */
	rig_clear(&r);
	rig_nack_seen(&r, 0, 0.5, 0, &all, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 0);
	r.now += 2 * NS_PER_MS;
	rig_nack_seen(&r, 0, 0.5, 0, &all, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 99); /* the rest: the others were sent just now */
	rig_stop(&r);
}

static void nacks_beyond_a_clients_back_off_are_ignored(void)
{
	static const struct range one = { 1, 1 };
	struct rig r;

	sent(&r, 10);
	r.now += 100 * NS_PER_MS;
	for (unsigned i = 0; i < 1000; i++)
		rig_nack(&r, 0, 0.5, &one, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_NCF), 9);
	CU_ASSERT_EQUAL(r.server->stats.nacks_too_many, 991);
	rig_clear(&r);
	r.now += 2 * NS_PER_MS;
	rig_nack(&r, 0, 0.5, &one, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_NCF), 1);
	rig_stop(&r);
}

/* Clients 0 and 1 are active; client 1 comes from farther away, and is the Master Client. */
static void far_master(struct rig *r)
{
	sent(r, 10);
	rig_ack(r, 0, 10, 0);
	rig_activate(r, 1, 1900);
	rig_nack(r, 1, 0.5, NULL, 0);
	CU_ASSERT_EQUAL_FATAL(r->server->master_client_id, r->ids[1]);
	rig_clear(r);
}

static void a_long_way_does_not_make_a_silent_master_last(void)
{
	struct rig r;
	ns_t begin;

	far_master(&r);
	begin = r.now;
	rig_run(&r, begin + 3900 * NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	rig_run(&r, begin + 5100 * NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->state, SERVER_QCC);
	rig_stop(&r);
}

static void who_failed_as_master_slows_nobody_for_30_s(void)
{
	struct rig r;
	double window;

	far_master(&r);
	rig_run(&r, r.now + 5100 * NS_PER_MS);
	rig_answer_qcc(&r, 0, 1);
	rig_qcr(&r, 1, r.server->next_qcc_seq_no - 1, 1, 0);
	rig_run(&r, r.now + 2100 * NS_PER_MS); /* the QCC waits for the way that client 1 claims */
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[0]);
	rig_ack(&r, 0, r.server->lead_seq_no, 0);
	window = r.server->window;
	rig_nack(&r, 1, 0.5, NULL, 0);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[0]);
	CU_ASSERT_EQUAL(r.server->window, window);
	for (unsigned i = 0; i < 35; i++) {
		rig_run(&r, r.now + NS_PER_S);
		rig_ack(&r, 0, r.server->lead_seq_no, 0);
		rig_clear(&r);
	}
	rig_nack(&r, 1, 0.5, NULL, 0);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[1]);
	rig_stop(&r);
}

static void a_master_that_gets_nowhere_is_replaced(void)
{
	struct rig r;
	ns_t begin;

	far_master(&r);
	rig_feed(&r, 10);
	rig_tick(&r, r.now);
	begin = r.now;
	while (r.now < begin + 3 * NS_PER_S && r.server->state == SERVER_DATA) {
		rig_run(&r, r.now + 100 * NS_PER_MS);
		rig_ack(&r, 1, 0, 0);
		rig_clear(&r);
	}
	CU_ASSERT_EQUAL(r.server->state, SERVER_QCC);
	CU_ASSERT(r.now - begin < 2500 * NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->stats.master_failures, 1);
	rig_stop(&r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(packets_from_elsewhere_say_nothing_of_a_client),
	SUITE_TEST(one_packet_that_asks_for_everything_brings_a_window_at_most),
	SUITE_TEST(nacks_beyond_a_clients_back_off_are_ignored),
	SUITE_TEST(a_long_way_does_not_make_a_silent_master_last),
	SUITE_TEST(who_failed_as_master_slows_nobody_for_30_s),
	SUITE_TEST(a_master_that_gets_nowhere_is_replaced),
};
SUITE_MAIN("engine/server_trust", tests)
