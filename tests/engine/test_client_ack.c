#include "client_rig.h"
#include "support/suite.h"
#include "wdserror.h"

/* A master with so many slots in all, that has acknowledged an SPM of nothing. */
static struct rig *master(uint64_t total_blocks, uint32_t slots)
{
	struct rig *r = rig_regular(total_blocks);

	r->master = RIG_CLIENT_ID;
	r->free_slots = r->c.slots_max = slots;
	r->rtt_ms = 0;
	rig_spm(r, 1, 0, 0);
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.odata_seq_no, 0);
	return r;
}

static uint64_t ack_of(const struct rig *r)
{
	return rig_out(r, MT_ACK).ack.odata_seq_no;
}

static void a_consumer_that_keeps_up_is_not_noticed(void)
{
	struct rig *r = master(1000, 64);

	for (uint64_t s = 1; s <= 500; s++) {
		r->free_slots = 63;
		rig_data(r, MT_ODATA, s, s, s);
		CU_ASSERT_EQUAL(ack_of(r), s);
		rig_room(r, 64, s);
		CU_ASSERT_EQUAL(r->out.packet_count, 0);
	}
}

static void without_a_free_slot_the_ack_is_held_but_an_spm_is_answered(void)
{
	struct rig *r = master(1000, 2);

	r->free_slots = 1;
	rig_data(r, MT_ODATA, 1, 1, 1);
	CU_ASSERT_EQUAL(ack_of(r), 1);
	r->free_slots = 0;
	r->server_time = 50;
	rig_data(r, MT_ODATA, 2, 2, 2);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	r->server_time = 60;
	rig_spm(r, 1, 2, 3);
	CU_ASSERT_EQUAL(ack_of(r), 1);
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.server_time, 60);
	r->server_time = 70;
	rig_spm(r, 1, 2, 4);
	CU_ASSERT_EQUAL(ack_of(r), 1);
	rig_room(r, 0, 5);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_room(r, 1, 6);
	CU_ASSERT_EQUAL(ack_of(r), 2);
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.server_time, 70);
	rig_room(r, 2, 7); /* nothing is held any more */
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
}

static void the_ack_goes_as_far_as_what_it_releases_fits(void)
{
	struct rig *r = master(1000, 30);

	r->lead_option = 1; /* no ACK but for the first and the last */
	for (uint64_t s = 1; s <= 20; s++) {
		r->free_slots = 30 - (uint32_t)s;
		r->lead_option = s == 20 ? 20 : 1;
		rig_data(r, MT_ODATA, s, s, s);
	}
	CU_ASSERT_EQUAL(ack_of(r), 1 + 4); /* 10 free: 3 for each that is acknowledged, rounded up */
	rig_room(r, 13, 30); /* of the window seen, 19, 15 are in flight: 9 of the 13 are not spoken for */
	CU_ASSERT_EQUAL(ack_of(r), 5 + 3);
	rig_room(r, 30, 31);
	CU_ASSERT_EQUAL(ack_of(r), 8 + 10);
}

static void a_repair_for_others_is_not_acknowledged(void)
{
	struct rig *r = master(1000, 64);

	rig_data(r, MT_ODATA, 1, 1, 1);
	rig_data(r, MT_ODATA, 2, 2, 2);
	rig_data(r, MT_RDATA, 1, 1, 3);
	CU_ASSERT_EQUAL(rig_count(r, MT_ACK), 0);
	rig_data(r, MT_RDATA, 2, 2, 4); /* the latest: the server asks whether it came */
	CU_ASSERT_EQUAL(ack_of(r), 2);
	rig_data(r, MT_ODATA, 4, 4, 5);
	rig_data(r, MT_RDATA, 3, 3, 6);
	CU_ASSERT_EQUAL(ack_of(r), 4);
}

static void after_a_silence_any_free_slot_moves_the_ack(void)
{
	struct rig *r = master(1000, 4);
	ns_t at;

	for (uint64_t s = 1; s <= 100; s++) { /* a window that is far beyond the cache */
		r->free_slots = 0;
		rig_refused(r, s, s, s);
	}
	CU_ASSERT_EQUAL(r->c.acked_seq_no, 0);
	rig_tick(r, MS(15));
	rig_room(r, 1, MS(20)); /* the other three stay where they are */
	CU_ASSERT_EQUAL(ack_of(r), 1);
	rig_tick(r, MS(30) - 1);
	CU_ASSERT_EQUAL(rig_count(r, MT_ACK), 0);
	at = rig_until(r, MT_ACK);
	CU_ASSERT_EQUAL(at, MS(30));
	CU_ASSERT_EQUAL(ack_of(r), 1 + 2); /* nothing came of the last: further */
	rig_data(r, MT_ODATA, 101, 101, MS(35));
	at = rig_until(r, MT_ACK);
	CU_ASSERT_EQUAL(at, MS(45)); /* 10 ms after the last that came */
	CU_ASSERT_EQUAL(ack_of(r), 3 + 1);
	for (unsigned i = 0; i < 10 && ack_of(r) < 101; i++)
		at = rig_until(r, MT_ACK);
	CU_ASSERT_EQUAL(ack_of(r), 101);
	CU_ASSERT_FALSE(r->c.ack_held);
}

static void a_new_master_begins_where_it_stands(void)
{
	struct rig *r = rig_regular(1000);

	r->free_slots = r->c.slots_max = 64;
	for (uint64_t s = 1; s <= 60; s++) {
		r->free_slots--;
		rig_data(r, MT_ODATA, s, s, s);
	}
	r->master = RIG_CLIENT_ID;
	r->free_slots = 0;
	rig_spm(r, 1, 60, 100);
	CU_ASSERT_EQUAL(ack_of(r), 60);
	rig_data(r, MT_ODATA, 61, 61, 101);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	r->master = RIG_OTHER_ID; /* another takes over: nothing is held any more */
	rig_data(r, MT_ODATA, 62, 62, 102);
	rig_room(r, 64, 103);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
}

/*
 * A server to the letter of 3.1.5.9, without loss, whose packets take a turn of 100 us to arrive;
 * and a consumer that takes a block each `turns` turns, and keeps `kept` slots for itself.
 */
struct lane {
	struct rig *r;
	double window;
	uint64_t trail, lead, tail;       /* acknowledged, sent, queued */
	uint64_t arrived;                 /* of those sent */
	uint64_t block_of[1 << 16];
	uint32_t slots, filled, turns, kept;
	uint64_t turn, polls;
};

enum { WINDOW_MAX = 1000 };

static ns_t now_of(const struct lane *l)
{
	return l->turn * 100 * NS_PER_US;
}

static void take_ack(struct lane *l, const struct mt_ack *a)
{
	if (a->odata_seq_no < l->trail || a->odata_seq_no > l->lead)
		CU_FAIL("the server refuses this ACK");
	l->window += 2.0 * (double)(a->odata_seq_no - l->trail);
	if (l->window > WINDOW_MAX)
		l->window = WINDOW_MAX;
	l->trail = a->odata_seq_no;
	while (l->lead < l->tail && (double)(l->lead - l->trail) < l->window)
		l->lead++;
}

static void queue_missing(struct lane *l, const struct mt_pollack *p)
{
	struct ma_packet ma;

	CU_ASSERT_FATAL(ma_read(p->app_data, p->app_data_len, &ma));
	for (uint16_t i = 0; i < ma.cntcir.count; i++)
		for (uint64_t n = be64_get(ma.cntcir.ranges[i].first); n <= be64_get(ma.cntcir.ranges[i].last); n++)
			l->block_of[++l->tail & 0xffff] = n;
}

static void take_output(struct lane *l)
{
	for (uint32_t i = 0; i < l->r->out.packet_count; i++) {
		const struct out_packet *o = &l->r->out.packets[i];
		struct mt_packet p;

		CU_ASSERT_EQUAL(mt_read(l->r->out.bytes + o->head_at, o->head_len, &p), MT_READ_OK);
		if (p.opcode == MT_ACK)
			take_ack(l, &p.ack);
		else if (p.opcode == MT_NACK)
			l->window = l->window * 0.75 < 2 ? 2 : l->window * 0.75;
		else if (p.opcode == MT_POLLACK)
			queue_missing(l, &p.pollack);
	}
	outq_clear(&l->r->out);
}

static void arrive(struct lane *l, uint64_t sent)
{
	while (l->arrived < sent && l->r->c.state == CLIENT_REGULAR) {
		uint64_t s = ++l->arrived, before = l->r->blocks.ones;
		bool room = l->filled < l->slots;

		l->r->trail = l->trail + 1;
		l->r->free_slots = l->slots - l->filled - (room ? 1 : 0);
		if (room)
			rig_data(l->r, MT_ODATA, s, l->block_of[s & 0xffff], now_of(l));
		else
			rig_refused(l->r, s, l->block_of[s & 0xffff], now_of(l));
		l->filled += (uint32_t)(l->r->blocks.ones - before);
		take_output(l);
	}
}

static void lane_turn(struct lane *l)
{
	uint64_t sent = l->lead;

	l->turn++;
	arrive(l, sent);
	if (l->filled > l->kept && l->turn % l->turns == 0) {
		l->filled--;
		rig_room(l->r, l->slots - l->filled, now_of(l));
		take_output(l);
	}
	if (l->r->c.state == CLIENT_REGULAR && l->turn % 2200 == 0) {
		l->r->free_slots = l->slots - l->filled;
		rig_spm(l->r, l->trail + 1, l->lead, now_of(l));
		take_output(l);
	}
	if (client_deadline(&l->r->c) <= now_of(l)) {
		rig_tick(l->r, now_of(l));
		take_output(l);
	}
	if (l->r->c.state == CLIENT_REGULAR && l->trail == l->tail && l->turn % 2000 == 1) {
		l->polls++;
		rig_poll(l->r, 0, now_of(l));
		take_output(l);
	}
}

/* Virtual seconds until the client has everything. */
static double run(uint64_t total, uint32_t slots, uint32_t turns, uint32_t kept, struct lane *l)
{
	*l = (struct lane){ .r = master(total, slots), .slots = slots, .turns = turns, .kept = kept, .window = 1 };
	while (l->r->c.state == CLIENT_REGULAR && now_of(l) < 600 * NS_PER_S)
		lane_turn(l);
	CU_ASSERT_EQUAL(l->r->c.result, ERROR_SUCCESS);
	CU_ASSERT_EQUAL(l->r->blocks.ones, total);
	return (double)now_of(l) / NS_PER_S;
}

/*
 * 1 ms a block: 2 s in all at best. A server polls when all it has is acknowledged, and starts each
 * pass with a window that grew in the last: below some 50 slots that refuses more than it takes.
 */
static void a_slow_consumer_gets_everything_however_small_its_cache(void)
{
	static const uint32_t caches[] = { 1, 2, 3, 7, 16, 64, 500 };
	static struct lane l;

	for (size_t i = 0; i < sizeof(caches) / sizeof(*caches); i++)
		CU_ASSERT(run(2000, caches[i], 10, 0, &l) < 2.5 + 200.0 / caches[i]);
	CU_ASSERT(l.r->c.stats.refused_no_room < 300);
}

static void a_consumer_that_keeps_slots_gets_everything_too(void)
{
	static struct lane l;

	CU_ASSERT(run(2000, 16, 10, 1, &l) < 2.5 + 200.0 / 15);
	CU_ASSERT(run(2000, 16, 10, 12, &l) < 2.5 + 200.0 / 4);
	CU_ASSERT(run(2000, 16, 10, 15, &l) < 2.5 + 200.0 / 1);
}

static void a_consumer_at_the_speed_of_the_wire_is_not_slowed(void)
{
	static struct lane l;

	CU_ASSERT(run(20000, 2000, 1, 0, &l) < 2.5); /* a block a turn: 2 s at best, a first SPM and a second poll */
	CU_ASSERT(l.r->c.stats.refused_no_room < 20);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_consumer_that_keeps_up_is_not_noticed),
	SUITE_TEST(without_a_free_slot_the_ack_is_held_but_an_spm_is_answered),
	SUITE_TEST(the_ack_goes_as_far_as_what_it_releases_fits),
	SUITE_TEST(a_repair_for_others_is_not_acknowledged),
	SUITE_TEST(after_a_silence_any_free_slot_moves_the_ack),
	SUITE_TEST(a_new_master_begins_where_it_stands),
	SUITE_TEST(a_slow_consumer_gets_everything_however_small_its_cache),
	SUITE_TEST(a_consumer_that_keeps_slots_gets_everything_too),
	SUITE_TEST(a_consumer_at_the_speed_of_the_wire_is_not_slowed),
};
SUITE_MAIN("engine/client_ack", tests)
