#include "server_rig.h"

/* Numbers 1 to n were sent; the window is wide; `acked` of them are acknowledged. Now is 100 ms later. */
static void sent(struct rig *r, uint32_t n, uint64_t acked)
{
	rig_config(r);
	rig_start(r, RIG_PACKETS);
	rig_start_data(r);
	rig_activate(r, 1, 0);
	r->server->window = 100;
	r->server->probe_at = r->server->spm_at = NS_NEVER;
	rig_feed(r, n);
	rig_tick(r, r->now);
	if (acked > 0)
		rig_ack(r, 0, acked, ns_to_ms(r->now));
	r->server->window = 100;
	r->now = rig_ms(101);
	r->server->probe_at = r->server->spm_at = r->server->cleanup_list_at = r->server->query_at = NS_NEVER;
	rig_clear(r);
}

static void a_nack_is_confirmed_and_repaired(void)
{
	static const struct range v[] = { { 3, 4 }, { 7, 7 } };
	struct rig r;
	const struct mt_packet *p;

	sent(&r, 10, 0);
	rig_nack(&r, 0, 0.25, v, 2);
	p = rig_get(&r, MT_NCF, 0);
	CU_ASSERT_EQUAL_FATAL(p->ncf.count, 2);
	CU_ASSERT_EQUAL(be64_get(p->ncf.ranges[0].start), 3);
	CU_ASSERT_EQUAL(be64_get(p->ncf.ranges[1].end), 7);
	CU_ASSERT_EQUAL_FATAL(rig_count(&r, MT_RDATA), 3);
	CU_ASSERT_EQUAL(rig_get(&r, MT_RDATA, 0)->data.odata_seq_no, 3);
	CU_ASSERT_EQUAL(rig_get(&r, MT_RDATA, 1)->data.odata_seq_no, 4);
	p = rig_get(&r, MT_RDATA, 2);
	CU_ASSERT_EQUAL(p->data.odata_seq_no, 7);
	CU_ASSERT_EQUAL(p->data.client_id, r.ids[0]);
	CU_ASSERT_EQUAL(p->data.trail_seq_no, 1);
	CU_ASSERT_EQUAL(p->sender_time, RIG_START_MS + 101);
	CU_ASSERT_FALSE(p->options.has_lead_seq_no);
	CU_ASSERT(rig_get_out(&r, MT_RDATA, 2)->repair);
	CU_ASSERT_EQUAL(rig_get_out(&r, MT_RDATA, 2)->block_no, 7);
	CU_ASSERT_EQUAL(r.server->master_loss_rate, 0.25);
	rig_stop(&r);
}

static void a_number_sent_within_four_round_trips_is_not_sent_again(void)
{
	static const struct range v = { 3, 3 };
	struct rig r;
	ns_t at;

	sent(&r, 10, 0);
	at = r.now;
	CU_ASSERT_EQUAL(r.server->master_rtt_ns, NS_PER_MS);
	rig_nack(&r, 0, 0.5, &v, 1);
	r.now = at + 4 * NS_PER_MS - 1;
	rig_nack(&r, 0, 0.5, &v, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 1);
	CU_ASSERT_EQUAL(r.server->stats.repairs_too_soon, 1);
	r.now = at + 4 * NS_PER_MS;
	rig_nack(&r, 0, 0.5, &v, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 2);
	rig_stop(&r);
}

static void what_was_passed_by_is_repaired_at_once_but_only_once(void)
{
	static const struct range v = { 3, 3 };
	struct rig r;

	sent(&r, 10, 0);
	r.server->master_rtt_ms = 50;
	r.server->master_rtt_ns = rig_ms(50);
	rig_nack_seen(&r, 0, 0.5, 5, &v, 1); /* two later ones came: perhaps out of order */
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 0);
	CU_ASSERT_EQUAL(r.server->stats.repairs_too_soon, 1);
	rig_nack_seen(&r, 0, 0.5, 6, &v, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 1);
	r.now += rig_ms(100);
	rig_nack_seen(&r, 0, 0.5, 10, &v, 1); /* the repair may still be on its way */
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 1);
	CU_ASSERT_EQUAL(r.server->stats.repairs_too_soon, 2);
	rig_stop(&r);
}

static void numbers_that_are_not_there_are_skipped(void)
{
	static const struct range v[] = { { 1, 3 }, { 9, 1000 }, { 2000, UINT64_MAX } };
	struct rig r;

	sent(&r, 10, 5);
	r.server->head_seq_no = 3; /* as after a cleanup */
	rig_nack(&r, 0, 0.5, v, 3);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 3); /* 3, 9, 10 */
	CU_ASSERT_EQUAL(r.server->stats.repairs_gone, 2);
	rig_stop(&r);
}

static void overlapping_ranges_repair_each_number_once(void)
{
	static const struct range v[] = { { 2, 8 }, { 1, 9 }, { 5, 5 }, { 1, 10 } };
	struct rig r;

	sent(&r, 10, 0);
	rig_nack(&r, 0, 0.5, v, 4);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 9); /* 2 to 10; 1 comes out of order */
	rig_stop(&r);
}

static void the_window_is_cut_once_a_round_trip_however_many_complain(void)
{
	static const struct range v = { 3, 3 };
	struct rig r;
	ns_t at;

	sent(&r, 10, 0);
	at = r.now;
	rig_nack(&r, 0, 0.5, &v, 1);
	CU_ASSERT_EQUAL(r.server->window, 75);
	rig_nack(&r, 1, 0, &v, 1);
	r.now = at + NS_PER_MS - 1;
	rig_nack(&r, 0, 0.5, NULL, 0);
	CU_ASSERT_EQUAL(r.server->window, 75);
	r.now = at + NS_PER_MS;
	rig_nack(&r, 0, 0.5, NULL, 0); /* a zero NACK slows down too */
	CU_ASSERT_EQUAL(r.server->window, 56.25);
	CU_ASSERT_EQUAL(r.server->ceiling, 56.25); /* and lastingly */
	CU_ASSERT_EQUAL(r.server->stats.window_cuts, 2);
	CU_ASSERT_EQUAL(r.server->stats.zero_nacks, 2);
	CU_ASSERT_EQUAL(rig_count(&r, MT_NCF), 2);
	r.server->window = 2;
	r.now += NS_PER_S;
	rig_nack(&r, 0, 0.5, NULL, 0);
	CU_ASSERT_EQUAL(r.server->window, 2);
	rig_stop(&r);
}

static void much_of_a_window_lost_lowers_the_ceiling_and_a_stray_loss_does_not(void)
{
	static const struct range stray = { 3, 12 }, much = { 81, 140 };
	struct rig r;

	sent(&r, 80, 0);
	r.server->window = 200;
	rig_nack_seen(&r, 0, 0.5, 80, &stray, 1); /* 10 of 80: just an eighth */
	CU_ASSERT_EQUAL(r.server->ceiling, r.server->config.max_window);
	CU_ASSERT_EQUAL(r.server->window, 150);
	rig_feed(&r, 80);
	rig_tick(&r, r.now + NS_PER_S);
	CU_ASSERT_EQUAL(r.server->lead_seq_no, 150);
	rig_nack_seen(&r, 0, 0.5, 111, &much, 1); /* it saw 31 more: too few to judge */
	CU_ASSERT_EQUAL(r.server->ceiling, r.server->config.max_window);
	rig_nack_seen(&r, 0, 0.5, 150, &much, 1); /* 60 of 70: but a quarter of the window stays */
	CU_ASSERT_EQUAL(r.server->ceiling, 28.125);
	CU_ASSERT_EQUAL(r.server->window, 28.125);
	rig_ack(&r, 0, 64, ns_to_ms(r.now)); /* one window more: a sixteenth */
	CU_ASSERT_EQUAL(r.server->ceiling, 32.125);
	CU_ASSERT_EQUAL(r.server->window, 32.125);
	rig_stop(&r);
}

static void a_nack_is_repaired_a_window_at_a_time(void)
{
	static const struct range v = { 1, 90 };
	struct rig r;

	sent(&r, 90, 0);
	r.server->window = 60;
	rig_nack_seen(&r, 0, 0.5, 0, &v, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 45); /* after the cut */
	rig_clear(&r);
	r.server->window = 3;
	r.now += NS_PER_MS; /* a round trip */
	rig_nack_seen(&r, 0, 0.5, 0, &v, 1);
	CU_ASSERT_EQUAL(rig_get(&r, MT_RDATA, 0)->data.odata_seq_no, 46);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 32);
	rig_stop(&r);
}

static void a_client_below_three_quarters_of_the_throughput_becomes_master(void)
{
	static const struct range v = { 3, 3 };
	struct rig r;

	sent(&r, 10, 0);
	rig_nack(&r, 0, 0.01, &v, 1);
	rig_nack(&r, 1, 0.012, &v, 1); /* sqrt(1.2) = 1.095 times slower, and little more: not enough */
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[0]);
	rig_clear(&r);
	rig_nack(&r, 1, 0.02, &v, 1);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[1]);
	CU_ASSERT_EQUAL(r.server->master_loss_rate, 0.02);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_MASTER)->client_id, r.ids[1]);
	CU_ASSERT_EQUAL(rig_get(&r, MT_SPM, 0)->spm.master_client_id, r.ids[1]); /* and is told at once */
	rig_stop(&r);
}

static void a_client_far_away_becomes_master_by_its_round_trip(void)
{
	static const struct range v = { 3, 3 };
	struct rig r;

	sent(&r, 10, 0);
	rig_nack(&r, 0, 0.01, &v, 1);
	rig_qcr(&r, 1, 0, ns_to_ms(r.now) - 20, 0);
	rig_nack(&r, 1, 0.01, &v, 1);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[1]);
	CU_ASSERT_EQUAL(r.server->master_rtt_ms, 20);
	CU_ASSERT_EQUAL(r.server->master_rtt_ns, 20 * NS_PER_MS);
	rig_stop(&r);
}

static void a_new_master_that_is_behind_puts_the_trail_back_once(void)
{
	static const struct range v = { 3, 3 };
	struct rig r;

	sent(&r, 10, 10);
	rig_nack(&r, 1, 0.5, &v, 1);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[1]);
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 10);
	rig_ack(&r, 1, 2, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 2);
	rig_ack(&r, 1, 1, ns_to_ms(r.now)); /* only its first */
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 2);
	CU_ASSERT_EQUAL(r.server->stats.bad_seq_no, 1);
	rig_ack(&r, 1, 10, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 10);
	rig_stop(&r);
}

static void what_is_gone_puts_no_trail_back(void)
{
	static const struct range v = { 8, 8 };
	struct rig r;

	sent(&r, 10, 10);
	r.server->head_seq_no = 7;
	rig_nack(&r, 1, 0.5, &v, 1);
	rig_ack(&r, 1, 5, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 10);
	CU_ASSERT_EQUAL(r.server->stats.bad_seq_no, 1);
	rig_ack(&r, 1, 6, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 6);
	rig_stop(&r);
}

/* E7, a client that follows the text to the letter. */
static void what_was_sent_before_a_client_joined_is_not_its_loss(void)
{
	static const struct range before = { 1, 9 }, over = { 1, 12 };
	struct rig r;

	sent(&r, 10, 10);
	rig_activate(&r, 2, 0);
	rig_clear(&r);
	rig_nack(&r, 2, 0.99, &before, 1);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[0]);
	CU_ASSERT_EQUAL(r.server->window, 100);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 9); /* but repaired */
	rig_feed(&r, 5);
	rig_tick(&r, r.now);
	rig_ack(&r, 0, 15, ns_to_ms(r.now));
	r.now += 100 * NS_PER_MS;
	rig_clear(&r);
	rig_nack(&r, 2, 0.99, &over, 1);
	CU_ASSERT_EQUAL(r.server->master_client_id, r.ids[2]);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 12);
	rig_ack(&r, 2, 0, ns_to_ms(r.now));
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 10);
	rig_stop(&r);
}

static void nacks_of_nobody_are_ignored(void)
{
	static const struct range v = { 3, 3 };
	struct rig r;

	sent(&r, 10, 0);
	r.ids[5] = r.ids[1] + 100;
	rig_nack(&r, 5, 0.5, &v, 1);
	rig_join(&r, 6, 1, false); /* pending */
	rig_clear(&r);
	rig_nack(&r, 6, 0.5, &v, 1);
	CU_ASSERT_EQUAL(r.server->stats.unknown_client, 2);
	CU_ASSERT_EQUAL(r.server->window, 100);
	CU_ASSERT_EQUAL(r.out.packet_count, 0);
	rig_stop(&r);
}

static void a_nack_as_large_as_a_datagram_fits_an_ncf(void)
{
	static struct range v[4000];
	struct rig r;

	for (uint32_t i = 0; i < 4000; i++)
		v[i] = (struct range){ 2 * i + 2, 2 * i + 2 };
	sent(&r, 10, 0);
	rig_nack(&r, 0, 0.5, v, 4000);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 5);
	CU_ASSERT_EQUAL(rig_count(&r, MT_NCF), 1);
	CU_ASSERT(rig_get(&r, MT_NCF, 0)->ncf.count > 80);
	CU_ASSERT_EQUAL(r.out.dropped, 0);
	rig_stop(&r);
}

static void a_full_out_queue_leaves_the_rest_for_the_next_nack(void)
{
	static const struct range v = { 1, 50 };
	struct rig r;

	sent(&r, 50, 0);
	r.out.packet_max = 21; /* NCF and 20 more */
	rig_nack(&r, 0, 0.5, &v, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 20);
	rig_clear(&r);
	r.now += NS_PER_MS;
	rig_nack(&r, 0, 0.5, &v, 1);
	CU_ASSERT_EQUAL(rig_get(&r, MT_RDATA, 0)->data.odata_seq_no, 21);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 20);
	rig_stop(&r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_nack_is_confirmed_and_repaired),
	SUITE_TEST(a_number_sent_within_four_round_trips_is_not_sent_again),
	SUITE_TEST(what_was_passed_by_is_repaired_at_once_but_only_once),
	SUITE_TEST(numbers_that_are_not_there_are_skipped),
	SUITE_TEST(overlapping_ranges_repair_each_number_once),
	SUITE_TEST(the_window_is_cut_once_a_round_trip_however_many_complain),
	SUITE_TEST(much_of_a_window_lost_lowers_the_ceiling_and_a_stray_loss_does_not),
	SUITE_TEST(a_nack_is_repaired_a_window_at_a_time),
	SUITE_TEST(a_client_below_three_quarters_of_the_throughput_becomes_master),
	SUITE_TEST(a_client_far_away_becomes_master_by_its_round_trip),
	SUITE_TEST(a_new_master_that_is_behind_puts_the_trail_back_once),
	SUITE_TEST(what_is_gone_puts_no_trail_back),
	SUITE_TEST(what_was_sent_before_a_client_joined_is_not_its_loss),
	SUITE_TEST(nacks_of_nobody_are_ignored),
	SUITE_TEST(a_nack_as_large_as_a_datagram_fits_an_ncf),
	SUITE_TEST(a_full_out_queue_leaves_the_rest_for_the_next_nack),
};
SUITE_MAIN("engine/server_repair", tests)
