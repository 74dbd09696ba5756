#include <math.h>

#include "client_rig.h"
#include "support/suite.h"
#include "wdserror.h"

static const double W = 500.0 / 65536.0;

static void only_a_block_that_is_missing_is_wanted_as_one(void)
{
	struct rig *r = rig_regular(100);
	struct mt_packet p = rig_head(r, MT_ODATA);
	uint8_t bytes[64];

	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 1, 1, 1), CLIENT_WANT_BLOCK);
	CU_ASSERT(bitmap_test(&r->blocks, 0));
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 2, 1, 1), CLIENT_WANT_STEP); /* there already */
	CU_ASSERT_EQUAL(r->c.stats.duplicates, 1);
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 3, 0, 1), CLIENT_WANT_STEP);
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 4, 101, 1), CLIENT_WANT_STEP);
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 5, 1ull << 60, 1), CLIENT_WANT_STEP);
	CU_ASSERT_EQUAL(r->c.stats.bad_payload, 3);
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 6, 100, 1), CLIENT_WANT_BLOCK); /* the short one */
	p.data = (struct mt_data){ RIG_OTHER_ID, 7, 1, rig_data_payload(r, 100, bytes, sizeof(bytes)), bytes };
	bytes[10] = 99; /* block 99 with the length of block 100 */
	CU_ASSERT_EQUAL(rig_packet(r, &p, 1), CLIENT_WANT_STEP);
	p.data.odata_seq_no = 8;
	p.data.data_len = 5;
	CU_ASSERT_EQUAL(rig_packet(r, &p, 1), CLIENT_WANT_STEP);
	CU_ASSERT_EQUAL(r->c.stats.bad_payload, 5);
	CU_ASSERT_EQUAL(r->blocks.ones, 2);
	CU_ASSERT_EQUAL(r->c.hi_seq_no, 8); /* to the transport all of them came */
	CU_ASSERT_EQUAL(r->c.missing.n, 0);
}

static void a_question_changes_nothing(void)
{
	struct rig *r = rig_regular(100);
	struct mt_packet p = rig_head(r, MT_ODATA);
	struct client before;
	struct ma_data block;
	uint8_t bytes[64];

	p.data = (struct mt_data){ RIG_OTHER_ID, 7, 1, rig_data_payload(r, 3, bytes, sizeof(bytes)), bytes };
	memcpy(&before, &r->c, sizeof(before));
	CU_ASSERT_EQUAL(client_wants(&r->c, &p, &r->server, &block), CLIENT_WANT_BLOCK);
	CU_ASSERT_EQUAL(block.block_no, 3);
	CU_ASSERT_EQUAL(block.data_len, RIG_BLOCK_BYTES);
	CU_ASSERT_PTR_EQUAL(block.data, bytes + MA_DATA_FIELDS_BYTES);
	CU_ASSERT_EQUAL(memcmp(&before, &r->c, sizeof(before)), 0);
}

static void numbers_that_no_server_has_are_refused(void)
{
	struct rig *r = rig_regular(100);

	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 0, 1, 1), CLIENT_WANT_NOT);
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, UINT64_MAX, 1, 1), CLIENT_WANT_NOT);
	r->trail = UINT64_MAX;
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 1, 1, 1), CLIENT_WANT_NOT);
	rig_spm(r, 1, UINT64_MAX, 1);
	rig_spm(r, UINT64_MAX, 1, 1);
	CU_ASSERT_EQUAL(r->c.stats.bad_payload, 5);
	CU_ASSERT_EQUAL(r->c.first_seq_no, 0);
}

static void a_lead_of_2_to_the_60_costs_no_more_than_any(void)
{
	struct rig *r = rig_regular(100);

	rig_data(r, MT_ODATA, 1, 1, 1);
	rig_spm(r, 1, 1ull << 60, 1);
	CU_ASSERT_DOUBLE_EQUAL(r->c.loss_rate, 1.0, 1e-12);
	CU_ASSERT_EQUAL(r->c.missing.n, 1);
	rig_until(r, MT_NACK);
	CU_ASSERT_EQUAL(rig_out(r, MT_NACK).nack.loss_rate, MT_LOSS_RATE_ONE);
	rig_data(r, MT_ODATA, 1ull << 61, 2, NS_PER_S);
	CU_ASSERT_EQUAL(r->c.missing.n, 1);
}

/* E5: the weight of a new sample is W. */
static void the_loss_rate_is_that_of_the_filter_step_by_step(void)
{
	struct rig *r = rig_regular(100);
	double rate = 0;

	rig_data(r, MT_ODATA, 1, 1, 1);
	CU_ASSERT_EQUAL(r->c.loss_rate, 0);
	rig_data(r, MT_ODATA, 5, 5, 1); /* 2, 3, 4 are lost */
	for (int i = 0; i < 3; i++)
		rate = (1 - W) * rate + W;
	rate = (1 - W) * rate;
	CU_ASSERT_DOUBLE_EQUAL(r->c.loss_rate, rate, 1e-15);
	rig_data(r, MT_RDATA, 3, 3, 1); /* a repair is a packet that came */
	rate = (1 - W) * rate;
	CU_ASSERT_DOUBLE_EQUAL(r->c.loss_rate, rate, 1e-15);
	rig_spm(r, 1, 7, 1); /* 6 and 7 are lost */
	rate = (1 - W) * rate + W;
	rate = (1 - W) * rate + W;
	CU_ASSERT_DOUBLE_EQUAL(r->c.loss_rate, rate, 1e-15);
	CU_ASSERT_EQUAL(r->c.stats.lost_seq_nos, 5);
	rig_spm(r, 1, 7, 1); /* and not lost again */
	CU_ASSERT_DOUBLE_EQUAL(r->c.loss_rate, rate, 1e-15);
	rig_refused(r, 8, 8, 1); /* no room: lost for the consumer */
	rate = (1 - W) * rate + W;
	CU_ASSERT_DOUBLE_EQUAL(r->c.loss_rate, rate, 1e-15);
	rig_qcc(r, 0, 2);
	CU_ASSERT_EQUAL(rig_out(r, MT_QCR).qcr.loss_rate, (uint64_t)(r->c.loss_rate * 1e16));
}

static void an_spm_is_taken_once(void)
{
	struct rig *r = rig_regular(100);

	rig_spm(r, 1, 10, 1);
	CU_ASSERT_EQUAL(r->c.master_rtt_ms, 30);
	CU_ASSERT_EQUAL(r->c.min_nack_backoff_ms, RIG_MIN_BACKOFF_MS);
	CU_ASSERT_EQUAL(r->c.max_nack_backoff_ms, RIG_MAX_BACKOFF_MS);
	r->spm_seq_no--;
	rig_spm(r, 1, 20, 1);
	CU_ASSERT_EQUAL(r->c.stats.stale, 1);
	CU_ASSERT_EQUAL(r->c.missing_end, 10);
}

static void a_loss_is_told_after_a_random_backoff(void)
{
	struct rig *r = rig_regular(100);
	struct mt_nack n;
	ns_t at, again;

	rig_data(r, MT_ODATA, 1, 1, MS(100));
	rig_data(r, MT_ODATA, 4, 4, MS(100));
	rig_data(r, MT_ODATA, 7, 7, MS(105));
	CU_ASSERT_EQUAL(rig_count(r, MT_NACK), 0);
	at = client_deadline(&r->c);
	CU_ASSERT(at >= MS(110) && at <= MS(120));
	rig_tick(r, at - 1);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_tick(r, at);
	n = rig_out(r, MT_NACK).nack;
	CU_ASSERT_EQUAL(n.client_id, RIG_CLIENT_ID);
	CU_ASSERT_EQUAL(n.hi_odata_seq_no, 7);
	CU_ASSERT(n.loss_rate > 0 && n.loss_rate == (uint64_t)(r->c.loss_rate * 1e16));
	CU_ASSERT_EQUAL_FATAL(n.count, 2);
	CU_ASSERT_EQUAL(be64_get(n.ranges[0].start), 2);
	CU_ASSERT_EQUAL(be64_get(n.ranges[0].end), 3);
	CU_ASSERT_EQUAL(be64_get(n.ranges[1].start), 5);
	CU_ASSERT_EQUAL(be64_get(n.ranges[1].end), 6);
	again = client_deadline(&r->c);
	CU_ASSERT(again >= at + MS(10) && again <= at + MS(20));
	for (uint64_t s = 2; s <= 6; s++)
		rig_data(r, MT_RDATA, s, s, at + 1);
	rig_tick(r, again);
	CU_ASSERT_EQUAL(r->out.packet_count, 0); /* closed meanwhile; the timer rests */
	CU_ASSERT(client_deadline(&r->c) > NS_PER_S);
}

static void the_master_tells_a_loss_at_once_and_then_with_backoff(void)
{
	struct rig *r = rig_regular(100);
	ns_t again;

	r->master = RIG_CLIENT_ID;
	rig_data(r, MT_ODATA, 1, 1, MS(100));
	rig_data(r, MT_ODATA, 3, 3, MS(100));
	CU_ASSERT_EQUAL(rig_count(r, MT_NACK), 1);
	again = client_deadline(&r->c);
	CU_ASSERT(again >= MS(110) && again <= MS(120));
	rig_tick(r, again);
	CU_ASSERT_EQUAL(rig_count(r, MT_NACK), 1);
}

static void nacks_in_vain_become_rare_but_not_rarer_than_ten_a_second(void)
{
	struct rig *r = rig_regular(100);
	ns_t last, at;

	rig_data(r, MT_ODATA, 1, 1, MS(100));
	rig_data(r, MT_ODATA, 4, 4, MS(100));
	last = rig_until(r, MT_NACK);
	for (unsigned i = 0; i < 9; i++) {
		unsigned doubled = i < 6 ? i : 6;
		ns_t from = ns_min(MS(10) << doubled, MS(100)), to = ns_min(MS(20) << doubled, MS(100));

		at = rig_until(r, MT_NACK);
		CU_ASSERT(at - last >= from && at - last <= to);
		last = at;
	}
	rig_data(r, MT_RDATA, 2, 2, last); /* something came: the next is as quick as the first */
	at = rig_until(r, MT_NACK);
	CU_ASSERT(at - last >= MS(10) && at - last <= MS(20));
}

static void a_long_backoff_is_not_doubled(void)
{
	struct rig *r = rig_regular(100);
	ns_t last, at;

	r->c.min_nack_backoff_ms = 120;
	r->c.max_nack_backoff_ms = 130;
	rig_data(r, MT_ODATA, 1, 1, MS(100));
	rig_data(r, MT_ODATA, 3, 3, MS(100));
	last = rig_until(r, MT_NACK);
	for (unsigned i = 0; i < 4; i++) {
		at = rig_until(r, MT_NACK);
		CU_ASSERT(at - last >= MS(120) && at - last <= MS(130));
		last = at;
	}
}

static void a_backoff_of_nothing_does_not_repeat_within_a_moment(void)
{
	struct rig *r = rig_regular(100);

	r->c.min_nack_backoff_ms = r->c.max_nack_backoff_ms = 0;
	rig_data(r, MT_ODATA, 1, 1, MS(100));
	rig_data(r, MT_ODATA, 3, 3, MS(100));
	CU_ASSERT_EQUAL(rig_count(r, MT_NACK), 1);
	CU_ASSERT_EQUAL(client_deadline(&r->c), MS(101));
}

static void a_long_nack_leaves_out_the_high_end(void)
{
	struct rig *r = rig_regular(1000);
	struct mt_nack n;

	for (uint64_t s = 1; s <= 401; s += 2)
		rig_data(r, MT_ODATA, s, s, 1);
	CU_ASSERT_EQUAL(r->c.missing.n, 200);
	rig_until(r, MT_NACK);
	n = rig_out(r, MT_NACK).nack;
	CU_ASSERT_EQUAL_FATAL(n.count, CLIENT_NACK_RANGES);
	CU_ASSERT_EQUAL(be64_get(n.ranges[0].start), 2);
	CU_ASSERT_EQUAL(be64_get(n.ranges[79].start), 160);
}

static void a_block_without_room_is_refused_with_a_zero_nack(void)
{
	struct rig *r = rig_regular(100);
	struct mt_nack n;

	rig_data(r, MT_ODATA, 1, 1, MS(100));
	CU_ASSERT_EQUAL(rig_refused(r, 2, 2, MS(100)), CLIENT_WANT_BLOCK);
	n = rig_out(r, MT_NACK).nack;
	CU_ASSERT_EQUAL(n.count, 0);
	CU_ASSERT_EQUAL(n.hi_odata_seq_no, 2);
	CU_ASSERT_EQUAL(n.loss_rate, (uint64_t)(W * 1e16)); /* E4: scaled */
	CU_ASSERT_FALSE(bitmap_test(&r->blocks, 1));
	CU_ASSERT_EQUAL(r->c.missing.n, 0); /* to the transport it came */
	CU_ASSERT_EQUAL(client_deadline(&r->c), MS(120));
	rig_tick(r, MS(120)); /* nothing more was refused */
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	CU_ASSERT_EQUAL(r->c.stats.refused_no_room, 1);
	CU_ASSERT_EQUAL(r->c.stats.zero_nacks, 1);
}

/* One an interval; a run of 2^n refusals makes n + 1 of them. */
static void zero_nacks_keep_their_distance_and_tell_how_much_was_refused(void)
{
	struct rig *r = rig_regular(100);

	for (uint64_t s = 1; s <= 7; s++) {
		rig_refused(r, s, s, MS(100));
		CU_ASSERT_EQUAL(rig_count(r, MT_NACK), s == 1);
	}
	CU_ASSERT_EQUAL(rig_until(r, MT_NACK), MS(120));
	rig_spm(r, 1, 7, MS(121)); /* the master's RTT is 30 ms now */
	CU_ASSERT_EQUAL(rig_until(r, MT_NACK), MS(140));
	rig_refused(r, 8, 8, MS(170) - 1);
	CU_ASSERT_EQUAL(rig_count(r, MT_NACK), 0);
	CU_ASSERT_EQUAL(rig_until(r, MT_NACK), MS(170));
	rig_tick(r, MS(200));
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_refused(r, 9, 9, MS(300)); /* a new run */
	CU_ASSERT_EQUAL(rig_count(r, MT_NACK), 1);
	rig_tick(r, MS(330));
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
}

static void only_the_master_acknowledges(void)
{
	struct rig *r = rig_regular(100);
	struct mt_ack a;

	rig_spm(r, 1, 0, MS(1));
	rig_data(r, MT_ODATA, 1, 1, MS(2));
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	r->master = RIG_CLIENT_ID;
	r->server_time = 4711;
	rig_data(r, MT_ODATA, 2, 2, MS(3));
	a = rig_out(r, MT_ACK).ack;
	CU_ASSERT_EQUAL(r->out.packet_count, 1);
	CU_ASSERT_EQUAL(a.client_id, RIG_CLIENT_ID);
	CU_ASSERT_EQUAL(a.odata_seq_no, 2);
	CU_ASSERT_EQUAL(a.server_time, 4711);
	CU_ASSERT_EQUAL(a.hi_odata_seq_no, 2);
	CU_ASSERT_EQUAL(a.loss_rate, 0);
	rig_data(r, MT_ODATA, 5, 5, MS(4));
	a = rig_out(r, MT_ACK).ack;
	CU_ASSERT_EQUAL(a.odata_seq_no, 2);
	CU_ASSERT_EQUAL(a.hi_odata_seq_no, 5);
	CU_ASSERT_EQUAL(a.loss_rate, (uint64_t)(r->c.loss_rate * 1e16));
	rig_data(r, MT_RDATA, 3, 3, MS(5));
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.odata_seq_no, 3);
	rig_data(r, MT_RDATA, 4, 4, MS(5));
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.odata_seq_no, 5);
	rig_spm(r, 1, 5, MS(6));
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.odata_seq_no, 5);
	r->master = RIG_OTHER_ID;
	rig_data(r, MT_ODATA, 6, 6, MS(7));
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
}

static void an_idle_master_acknowledges_an_spm_of_nothing(void)
{
	struct rig *r = rig_regular(100);

	r->master = RIG_CLIENT_ID;
	rig_spm(r, 1, 0, MS(1));
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.odata_seq_no, 0);
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.hi_odata_seq_no, 0);
}

/* Option 0x0406: an ACK is due when its value is not below the packet's number, 3.2.5.13. */
static void the_option_tells_which_packets_are_acknowledged(void)
{
	struct rig *r = rig_regular(100);

	r->master = RIG_CLIENT_ID;
	r->lead_option = 2;
	rig_data(r, MT_ODATA, 1, 1, 1);
	CU_ASSERT_EQUAL(rig_count(r, MT_ACK), 1);
	rig_data(r, MT_ODATA, 2, 2, 1);
	CU_ASSERT_EQUAL(rig_count(r, MT_ACK), 1);
	rig_data(r, MT_ODATA, 3, 3, 1);
	CU_ASSERT_EQUAL(rig_count(r, MT_ACK), 0);
	r->lead_option = 0;
	rig_data(r, MT_ODATA, 4, 4, 1);
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.odata_seq_no, 4);
}

static void repairs_are_counted(void)
{
	struct rig *r = rig_regular(100);

	rig_data(r, MT_ODATA, 1, 1, 1);
	rig_data(r, MT_ODATA, 3, 3, 1);
	CU_ASSERT_EQUAL(r->c.stats.repaired_blocks, 0);
	rig_data(r, MT_RDATA, 2, 2, 1);
	CU_ASSERT_EQUAL(r->c.stats.repaired_blocks, 1);
	rig_data(r, MT_ODATA, 4, 50, 1);
	CU_ASSERT_EQUAL(r->c.stats.repaired_blocks, 1);
	rig_data(r, MT_ODATA, 5, 10, 1); /* a later pass */
	CU_ASSERT_EQUAL(r->c.stats.repaired_blocks, 2);
	CU_ASSERT_EQUAL(r->c.stats.odata, 4);
	CU_ASSERT_EQUAL(r->c.stats.rdata, 1);
}

static const struct suite_test tests[] = {
	SUITE_TEST(only_a_block_that_is_missing_is_wanted_as_one),
	SUITE_TEST(a_question_changes_nothing),
	SUITE_TEST(numbers_that_no_server_has_are_refused),
	SUITE_TEST(a_lead_of_2_to_the_60_costs_no_more_than_any),
	SUITE_TEST(the_loss_rate_is_that_of_the_filter_step_by_step),
	SUITE_TEST(an_spm_is_taken_once),
	SUITE_TEST(a_loss_is_told_after_a_random_backoff),
	SUITE_TEST(the_master_tells_a_loss_at_once_and_then_with_backoff),
	SUITE_TEST(nacks_in_vain_become_rare_but_not_rarer_than_ten_a_second),
	SUITE_TEST(a_long_backoff_is_not_doubled),
	SUITE_TEST(a_backoff_of_nothing_does_not_repeat_within_a_moment),
	SUITE_TEST(a_long_nack_leaves_out_the_high_end),
	SUITE_TEST(a_block_without_room_is_refused_with_a_zero_nack),
	SUITE_TEST(zero_nacks_keep_their_distance_and_tell_how_much_was_refused),
	SUITE_TEST(only_the_master_acknowledges),
	SUITE_TEST(an_idle_master_acknowledges_an_spm_of_nothing),
	SUITE_TEST(the_option_tells_which_packets_are_acknowledged),
	SUITE_TEST(repairs_are_counted),
};
SUITE_MAIN("engine/client_data", tests)
