#include "server_rig.h"

enum { THRESHOLD = 1000 * 1000 }; /* 100 blocks of RIG_BLOCK_BYTES a tick of 100 ms */

/* Clients 0 and 1 are active, 0 is the master; more than enough is queued. */
static void started(struct rig *r)
{
	rig_config(r);
	r->config.slow_bytes_per_s = THRESHOLD;
	rig_start(r, RIG_PACKETS);
	rig_start_data(r);
	rig_activate(r, 1, 0);
	rig_feed(r, 3000);
	rig_tick(r, r->now);
	rig_clear(r);
}

/* 0 and 2 lose a fifth, 1 next to nothing. */
static void complain(struct rig *r)
{
	static const struct range one = { 1, 1 };

	rig_nack_seen(r, 0, 0.2, 0, &one, 1);
	rig_nack_seen(r, 2, 0.2, 0, &one, 1);
	rig_nack_seen(r, 1, 0.001, 0, &one, 1);
}

/* The master acknowledges so many packets in 100 ms, in ten parts. */
static void go_on_with(struct rig *r, uint32_t packets, void (*then)(struct rig *))
{
	for (unsigned i = 0; i < 10; i++) {
		uint64_t number = r->server->trail_seq_no + packets / 10;

		rig_run(r, r->now + 10 * NS_PER_MS);
		r->server->window = packets / 10; /* it may not grow */
		rig_ack(r, 0, number < r->server->lead_seq_no ? number : r->server->lead_seq_no,
		        ns_to_ms(r->now));
		if (then != NULL)
			then(r);
		r->server->window = packets / 10;
		rig_tick(r, r->now);
	}
}

static void go_on(struct rig *r, uint32_t packets)
{
	go_on_with(r, packets, NULL);
}

static uint32_t told(const struct rig *r)
{
	return rig_count_events(r, OUT_CLIENT_SLOW);
}

static void a_master_below_the_threshold_for_half_a_second_is_slow(void)
{
	struct rig r;

	started(&r);
	for (unsigned i = 0; i < 5; i++)
		go_on(&r, 50);
	CU_ASSERT_EQUAL(told(&r), 0);
	go_on(&r, 50);
	CU_ASSERT_EQUAL(told(&r), 1);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_SLOW)->client_id, r.ids[0]);
	rig_stop(&r);
}

static void a_tick_at_full_rate_clears_it(void)
{
	struct rig r;

	started(&r);
	for (unsigned i = 0; i < 4; i++)
		go_on(&r, 50);
	go_on(&r, 150);
	for (unsigned i = 0; i < 4; i++)
		go_on(&r, 50);
	CU_ASSERT_EQUAL(told(&r), 0);
	rig_stop(&r);
}

static void who_waits_for_content_is_not_slow(void)
{
	struct rig r;

	rig_config(&r);
	r.config.slow_bytes_per_s = THRESHOLD;
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	rig_activate(&r, 1, 0);
	for (unsigned i = 0; i < 100; i++) {
		rig_feed(&r, 1);
		go_on(&r, 50);
	}
	CU_ASSERT_EQUAL(told(&r), 0);
	rig_stop(&r);
}

static void the_last_client_slows_nobody(void)
{
	struct rig r;

	started(&r);
	rig_leave(&r, 1, MT_LEAVE_CANCELLED);
	for (unsigned i = 0; i < 20; i++)
		go_on(&r, 50);
	CU_ASSERT_EQUAL(told(&r), 0);
	rig_stop(&r);
}

static void who_is_as_slow_as_the_master_is_told_with_it(void)
{
	struct rig r;

	started(&r);
	rig_activate(&r, 2, 0);
	for (unsigned i = 0; i < 6; i++)
		go_on_with(&r, 50, complain);
	CU_ASSERT_EQUAL(told(&r), 2);
	rig_stop(&r);
}

static void a_pause_of_everybody_is_not_slowness(void)
{
	struct rig r;

	started(&r);
	for (unsigned i = 0; i < 4; i++)
		go_on(&r, 50);
	for (unsigned i = 0; i < 10; i++)
		rig_run(&r, r.now + 100 * NS_PER_MS);
	CU_ASSERT_EQUAL(told(&r), 0);
	rig_stop(&r);
}

/* The master lost a fifth of the last 200 packets. */
static void lose_a_fifth(struct rig *r)
{
	struct range lost;

	rig_feed(r, 1000);
	r->server->window = 300;
	rig_tick(r, r->now);
	lost = (struct range){ r->server->lead_seq_no - 40, r->server->lead_seq_no - 1 };
	rig_nack_seen(r, 0, 0.2, r->server->lead_seq_no, &lost, 1);
	rig_run(r, r->server->slow_at); /* that tick was a fast one */
	r->server->window = 1;
}

static void who_loses_much_is_known_in_a_fifth_of_a_second(void)
{
	struct rig r;

	started(&r);
	lose_a_fifth(&r);
	go_on(&r, 50);
	CU_ASSERT_EQUAL(told(&r), 0);
	go_on(&r, 50);
	CU_ASSERT_EQUAL(told(&r), 1);
	rig_stop(&r);
}

/* Nothing goes out: everybody waits for what the master lost, and it is heard. */
static void who_makes_all_wait_for_its_repairs_is_slow(void)
{
	struct rig r;

	started(&r);
	lose_a_fifth(&r);
	for (unsigned i = 0; i < 20 && told(&r) == 0; i++) {
		rig_run(&r, r.now + 20 * NS_PER_MS);
		r.server->window = 1;
		rig_ack(&r, 0, r.server->trail_seq_no, ns_to_ms(r.now));
	}
	CU_ASSERT_EQUAL(told(&r), 1);
	rig_stop(&r);
}

static void a_disk_without_room_has_half_a_second(void)
{
	struct rig r;

	started(&r);
	lose_a_fifth(&r);
	rig_nack_seen(&r, 0, 0, r.server->lead_seq_no, NULL, 0);
	for (unsigned i = 0; i < 4; i++)
		go_on(&r, 50);
	CU_ASSERT_EQUAL(told(&r), 0);
	rig_stop(&r);
}

static void without_a_threshold_nobody_is_slow(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	rig_activate(&r, 1, 0);
	rig_feed(&r, 3000);
	for (unsigned i = 0; i < 20; i++)
		go_on(&r, 20);
	CU_ASSERT_EQUAL(told(&r), 0);
	rig_stop(&r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_master_below_the_threshold_for_half_a_second_is_slow),
	SUITE_TEST(a_tick_at_full_rate_clears_it),
	SUITE_TEST(who_waits_for_content_is_not_slow),
	SUITE_TEST(the_last_client_slows_nobody),
	SUITE_TEST(who_is_as_slow_as_the_master_is_told_with_it),
	SUITE_TEST(a_pause_of_everybody_is_not_slowness),
	SUITE_TEST(who_loses_much_is_known_in_a_fifth_of_a_second),
	SUITE_TEST(who_makes_all_wait_for_its_repairs_is_slow),
	SUITE_TEST(a_disk_without_room_has_half_a_second),
	SUITE_TEST(without_a_threshold_nobody_is_slow),
};
SUITE_MAIN("engine/server_slow", tests)
