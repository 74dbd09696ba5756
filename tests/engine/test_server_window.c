#include "server_rig.h"

static void started(struct rig *r, void (*change)(struct server_config *c))
{
	rig_config(r);
	if (change != NULL)
		change(&r->config);
	rig_start(r, RIG_PACKETS);
	rig_start_data(r);
}

static uint64_t ms_of(const struct rig *r)
{
	return ns_to_ms(r->now);
}

static void the_first_packet_goes_out_at_the_next_tick(void)
{
	struct rig r;
	const struct mt_packet *p;
	struct ma_packet app;

	started(&r, NULL);
	CU_ASSERT(server_deadline(r.server) > r.now);
	rig_feed(&r, 3);
	CU_ASSERT_EQUAL(r.out.packet_count, 0);
	CU_ASSERT_EQUAL(server_deadline(r.server), 0);
	rig_tick(&r, r.now);
	CU_ASSERT_EQUAL(rig_count(&r, MT_ODATA), 1); /* the window is 1 */
	p = rig_get(&r, MT_ODATA, 0);
	CU_ASSERT_EQUAL(p->data.client_id, r.ids[0]);
	CU_ASSERT_EQUAL(p->data.odata_seq_no, 1);
	CU_ASSERT_EQUAL(p->data.trail_seq_no, 1);
	CU_ASSERT_FALSE(p->options.has_lead_seq_no);
	CU_ASSERT(ma_read(p->data.data, p->data.data_len, &app));
	CU_ASSERT_EQUAL(app.data.block_no, 1);
	CU_ASSERT_EQUAL(app.data.data_len, RIG_BLOCK_BYTES);
	CU_ASSERT_EQUAL(rig_get_out(&r, MT_ODATA, 0)->block_no, 1);
	CU_ASSERT_EQUAL(rig_get_out(&r, MT_ODATA, 0)->seq_no, 1);
	CU_ASSERT_FALSE(rig_get_out(&r, MT_ODATA, 0)->repair);
	rig_stop(&r);
}

static void each_ack_opens_the_window_by_two_then_by_one_a_packet(void)
{
	static const uint64_t windows[] = { 1, 3, 9, 16, 32, 40, 40 };
	struct rig r;

	rig_config(&r);
	r.config.exp_max_window = 16;
	r.config.max_window = 40;
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	rig_feed(&r, 1000);
	rig_tick(&r, r.now);
	for (unsigned i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		CU_ASSERT_EQUAL((uint64_t)r.server->window, windows[i]);
		CU_ASSERT_EQUAL(r.server->lead_seq_no - r.server->trail_seq_no, windows[i]);
		rig_ack(&r, 0, r.server->lead_seq_no, ms_of(&r));
	}
	rig_stop(&r);
}

/* What was not in the way has not shown what the way carries. */
static void a_window_that_is_not_used_up_does_not_grow(void)
{
	struct rig r;
	double window;

	started(&r, NULL);
	rig_feed(&r, 100);
	rig_tick(&r, r.now);
	while (r.server->lead_seq_no < 100)
		rig_ack(&r, 0, r.server->lead_seq_no, ms_of(&r));
	rig_ack(&r, 0, 100, ms_of(&r));
	window = r.server->window;
	for (unsigned i = 0; i < 50; i++) {
		rig_feed(&r, 3);
		rig_tick(&r, r.now);
		rig_ack(&r, 0, r.server->lead_seq_no, ms_of(&r));
		rig_clear(&r);
	}
	CU_ASSERT_EQUAL(r.server->lead_seq_no, 250);
	CU_ASSERT_EQUAL((uint64_t)r.server->window, (uint64_t)window);
	rig_feed(&r, 1000); /* and used up again it grows */
	rig_tick(&r, r.now);
	CU_ASSERT_EQUAL(r.server->lead_seq_no - r.server->trail_seq_no, (uint64_t)window);
	rig_ack(&r, 0, r.server->lead_seq_no, ms_of(&r));
	CU_ASSERT(r.server->window > window);
	rig_stop(&r);
}

/* One round trip of a full window, that long: the last packet that asked for it is acknowledged. */
static void round_trip(struct rig *r, ns_t rtt)
{
	ns_t sent = r->now;

	rig_clear(r);
	rig_feed(r, server_room(r->server));
	rig_tick(r, r->now);
	r->now = sent + rtt;
	rig_ack(r, 0, r->server->asked_seq_no, ns_to_ms(sent));
}

static void a_queue_on_the_way_ends_the_first_growth(void)
{
	struct rig r;
	double window;

	started(&r, NULL);
	round_trip(&r, 2 * NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->ceiling, r.server->config.max_window);
	for (unsigned i = 0; i < 2; i++)
		round_trip(&r, 25 * NS_PER_MS); /* somebody took the processor */
	round_trip(&r, 2 * NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->ceiling, r.server->config.max_window);
	for (unsigned i = 0; i < 5; i++)
		round_trip(&r, 25 * NS_PER_MS);
	window = r.server->window;
	CU_ASSERT(r.server->ceiling < r.server->config.max_window);
	for (unsigned i = 0; i < 10; i++)
		round_trip(&r, 25 * NS_PER_MS);
	CU_ASSERT(r.server->window > window); /* slowly on */
	CU_ASSERT(r.server->window < 1.25 * window);
	rig_stop(&r);
}

/* Feeds, and acknowledges all, until the window is at least that. */
static void open_window(struct rig *r, double window)
{
	while (r->server->window < window || r->server->lead_seq_no > r->server->trail_seq_no) {
		if (r->server->window < window) {
			rig_feed(r, 64);
			rig_tick(r, r->now);
		}
		rig_ack(r, 0, r->server->lead_seq_no, ms_of(r));
		rig_clear(r);
	}
}

static void only_some_packets_of_a_burst_ask_for_an_ack(void)
{
	struct rig r;
	uint32_t asked = 0, every;

	started(&r, NULL);
	open_window(&r, 100);
	every = (uint32_t)r.server->window / 4;
	rig_feed(&r, 70);
	rig_tick(&r, r.now);
	CU_ASSERT_EQUAL(rig_count(&r, MT_ODATA), 70);
	for (uint32_t i = 0; i < 70; i++) {
		const struct mt_packet *p = rig_get(&r, MT_ODATA, i);

		if (p->options.has_lead_seq_no) {
			CU_ASSERT_EQUAL(p->options.lead_seq_no, r.server->trail_seq_no);
			CU_ASSERT(p->options.lead_seq_no < p->data.odata_seq_no);
		} else {
			CU_ASSERT(i == 69 || (i + 1) % every == 0);
			asked++;
		}
	}
	CU_ASSERT_EQUAL(asked, 70 / every + 1);
	rig_stop(&r);
}

static void a_full_out_queue_only_delays(void)
{
	struct rig r;
	uint64_t before;

	rig_config(&r);
	rig_start(&r, 64);
	rig_start_data(&r);
	open_window(&r, 200);
	before = r.server->lead_seq_no;
	rig_feed(&r, 100);
	rig_tick(&r, r.now);
	CU_ASSERT_EQUAL(r.out.packet_count, 56); /* an eighth is left for control packets */
	CU_ASSERT_EQUAL(r.out.dropped, 0);
	CU_ASSERT_FALSE(rig_get(&r, MT_ODATA, 55)->options.has_lead_seq_no);
	CU_ASSERT_EQUAL(server_deadline(r.server), 0);
	rig_clear(&r);
	rig_tick(&r, r.now);
	CU_ASSERT_EQUAL(r.server->lead_seq_no, before + 100);
	CU_ASSERT_EQUAL(rig_get(&r, MT_ODATA, 0)->data.odata_seq_no, before + 57);
	CU_ASSERT_NOT_EQUAL(server_deadline(r.server), 0);
	rig_stop(&r);
}

static void acks_of_others_and_out_of_range_are_not_accepted(void)
{
	struct rig r;
	double window;

	started(&r, NULL);
	rig_activate(&r, 1, 0);
	open_window(&r, 10);
	rig_feed(&r, 5);
	rig_tick(&r, r.now);
	window = r.server->window = 50;
	rig_ack(&r, 1, r.server->lead_seq_no, ms_of(&r));
	CU_ASSERT_EQUAL(r.server->stats.not_master, 1);
	rig_ack(&r, 0, r.server->lead_seq_no + 1, ms_of(&r));
	rig_ack(&r, 0, r.server->trail_seq_no - 1, ms_of(&r));
	CU_ASSERT_EQUAL(r.server->stats.bad_seq_no, 2);
	CU_ASSERT_EQUAL(r.server->window, window);
	rig_ack(&r, 0, r.server->trail_seq_no, ms_of(&r)); /* both ends are in */
	rig_ack(&r, 0, r.server->lead_seq_no, ms_of(&r));
	CU_ASSERT_EQUAL(r.server->stats.bad_seq_no, 2);
	CU_ASSERT_EQUAL(r.server->trail_seq_no, r.server->lead_seq_no);
	rig_stop(&r);
}

static void the_round_trip_is_measured_below_the_millisecond(void)
{
	struct rig r;

	started(&r, NULL);
	rig_feed(&r, 100);
	rig_tick(&r, rig_ms(20));
	r.now += 300 * NS_PER_US;
	rig_ack(&r, 0, 1, ns_to_ms(rig_ms(20)));
	CU_ASSERT_EQUAL(r.server->master_rtt_ns, 300 * NS_PER_US);
	CU_ASSERT_EQUAL(r.server->master_rtt_ms, 1);
	r.now += 7 * NS_PER_MS; /* 27.3: sent at 20.3 */
	rig_ack(&r, 0, 4, RIG_START_MS + 20);
	CU_ASSERT_EQUAL(r.server->master_rtt_ns, 300 * NS_PER_US + (7000 - 300) * NS_PER_US / 8);
	CU_ASSERT_EQUAL(r.server->master_rtt_ms, 7);
	rig_ack(&r, 0, 4, RIG_START_MS + 1000); /* from the future: no measure */
	CU_ASSERT_EQUAL(r.server->master_rtt_ms, 7);
	rig_ack(&r, 0, 4, 0); /* absurd: bounded */
	CU_ASSERT_EQUAL(r.server->master_rtt_ms, 2000);
	rig_stop(&r);
}

static void the_tail_of_a_burst_is_sent_again_and_ever_less_often(void)
{
	static const uint64_t at_ms[] = { 10, 30, 70, 150 }; /* 10, +20, +40, +80, +160: then SPMs do it */
	struct rig r;
	ns_t sent_at;

	started(&r, NULL);
	open_window(&r, 10);
	rig_feed(&r, 5);
	rig_tick(&r, r.now);
	rig_clear(&r);
	sent_at = r.now;
	for (unsigned i = 0; i < 4; i++) {
		rig_run(&r, sent_at + at_ms[i] * NS_PER_MS - 1);
		CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), i);
		rig_run(&r, sent_at + at_ms[i] * NS_PER_MS);
		CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), i + 1);
	}
	CU_ASSERT_EQUAL(rig_get(&r, MT_RDATA, 0)->data.odata_seq_no, r.server->lead_seq_no);
	CU_ASSERT_EQUAL(rig_get(&r, MT_RDATA, 0)->data.client_id, r.ids[0]);
	CU_ASSERT_FALSE(rig_get(&r, MT_RDATA, 0)->options.has_lead_seq_no);
	CU_ASSERT(rig_get_out(&r, MT_RDATA, 0)->repair);
	rig_run(&r, sent_at + 1000 * NS_PER_MS);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA), 5);
	rig_stop(&r);
}

static void packets_stay_a_second_and_until_acknowledged(void)
{
	struct rig r;
	ns_t sent_at;
	uint64_t lead;

	started(&r, NULL);
	open_window(&r, 10);
	rig_feed(&r, 5);
	rig_tick(&r, r.now);
	sent_at = r.now;
	lead = r.server->lead_seq_no;
	rig_run(&r, sent_at + 900 * NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->head_seq_no, 1);
	rig_ack(&r, 0, lead - 1, ms_of(&r));
	rig_clear(&r);
	rig_run(&r, sent_at + 1300 * NS_PER_MS);          /* cleanup is every 200 ms */
	CU_ASSERT_EQUAL(r.server->head_seq_no, lead - 1); /* MCTrailODATASeqNo itself stays */
	CU_ASSERT(rig_count(&r, MT_SPM) >= 1);
	CU_ASSERT_EQUAL(rig_get(&r, MT_SPM, rig_count(&r, MT_SPM) - 1)->spm.trail_seq_no, lead - 1);
	CU_ASSERT_EQUAL(rig_get(&r, MT_SPM, rig_count(&r, MT_SPM) - 1)->spm.lead_seq_no, lead);
	rig_stop(&r);
}

static void small_list(struct server_config *c)
{
	c->list_max = 64;
	c->exp_max_window = c->max_window = 32;
}

static void a_full_list_drops_what_is_acknowledged_and_caps_no_rate(void)
{
	struct rig r;

	started(&r, small_list);
	for (unsigned i = 0; i < 100; i++) {
		rig_feed(&r, server_room(r.server));
		CU_ASSERT_EQUAL(server_room(r.server), 0);
		CU_ASSERT(r.server->next_seq_no - r.server->head_seq_no <= 64);
		rig_tick(&r, r.now);
		rig_ack(&r, 0, r.server->lead_seq_no, ms_of(&r));
		rig_clear(&r);
	}
	CU_ASSERT(r.server->lead_seq_no > 2000); /* and no time went by */
	rig_feed(&r, 100);
	CU_ASSERT_EQUAL(r.server->next_seq_no - r.server->head_seq_no, 64); /* bounded, come what may */
	rig_stop(&r);
}

static void a_standstill_of_two_seconds_is_given_up(void)
{
	struct rig r;
	ns_t sent_at;

	started(&r, NULL);
	rig_feed(&r, 100);
	rig_tick(&r, r.now);
	sent_at = r.now;
	while (r.now < sent_at + 1900 * NS_PER_MS) { /* it answers, and gets nowhere */
		rig_run(&r, r.now + 100 * NS_PER_MS);
		rig_ack(&r, 0, 0, ms_of(&r));
		rig_clear(&r);
	}
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 0);
	rig_run(&r, sent_at + 2200 * NS_PER_MS);
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_ODATA), 1);
	rig_stop(&r);
}

/* Else an ACK for one packet would let one packet out that asks for an ACK, for ever. */
static void while_an_ack_is_awaited_the_end_of_a_burst_asks_for_none(void)
{
	struct rig r;
	uint64_t asked;

	started(&r, NULL);
	r.server->window = 64;
	rig_feed(&r, 10);
	rig_tick(&r, r.now);
	CU_ASSERT_EQUAL(r.server->asked_seq_no, 10); /* there is no more to come */
	rig_feed(&r, 1000);
	rig_tick(&r, r.now);
	asked = r.server->asked_seq_no;
	rig_ack(&r, 0, 10, ms_of(&r));
	rig_ack(&r, 0, 11, ms_of(&r));
	CU_ASSERT(r.server->asked_seq_no < r.server->lead_seq_no);
	CU_ASSERT(r.server->asked_seq_no - asked < 32);
	rig_stop(&r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(the_first_packet_goes_out_at_the_next_tick),
	SUITE_TEST(each_ack_opens_the_window_by_two_then_by_one_a_packet),
	SUITE_TEST(a_window_that_is_not_used_up_does_not_grow),
	SUITE_TEST(a_queue_on_the_way_ends_the_first_growth),
	SUITE_TEST(only_some_packets_of_a_burst_ask_for_an_ack),
	SUITE_TEST(while_an_ack_is_awaited_the_end_of_a_burst_asks_for_none),
	SUITE_TEST(a_full_out_queue_only_delays),
	SUITE_TEST(acks_of_others_and_out_of_range_are_not_accepted),
	SUITE_TEST(the_round_trip_is_measured_below_the_millisecond),
	SUITE_TEST(the_tail_of_a_burst_is_sent_again_and_ever_less_often),
	SUITE_TEST(packets_stay_a_second_and_until_acknowledged),
	SUITE_TEST(a_full_list_drops_what_is_acknowledged_and_caps_no_rate),
	SUITE_TEST(a_standstill_of_two_seconds_is_given_up),
};
SUITE_MAIN("engine/server_window", tests)
