/*
 * The books balance: each way to lose a packet of data has a counter, and together they are what is missing.
 *
 *   numbers sent = packets accepted + numbers found missing
 *   numbers found missing = lost on the wire + missed by the ring + refused as wrong
 *   packets accepted = blocks delivered + there before + no room, for the disk holds the cache
 */
#include "run_room/rig.h"

#include <stdlib.h>

enum { BLOCKS = 40, CACHE = 10, RING = 4096 };

struct loss {
	uint64_t wire, ring, wrong, room, again;
};

static uint64_t port_count(const struct rig *r, enum rx_counter c)
{
	return atomic_load(&r->worker->rx->counters[c]);
}

static void lose_on_the_wire(struct rig *r, struct loss *l, unsigned n)
{
	r->next_seq_no += n; /* sent, and never seen again */
	l->wire += n;
}

/* Nobody takes frames from the ring for a while. What fits is a block that is there already. */
static void lose_in_the_ring(struct rig *r, struct rig_session *s, struct loss *l, unsigned n)
{
	rig_turn(r, s);
	for (unsigned i = 0; i < RING + n; i++)
		rig_odata(r, 1);
	rig_turn(r, s);
	l->ring += n;
	l->again += RING;
}

static void lose_as_wrong(struct rig *r, struct loss *l, uint64_t block_no)
{
	rig_odata_damaged(r, block_no);
	l->wrong++;
}

/* The disk takes nothing: the cache fills, and what comes then has no room. Returns the next block. */
static uint64_t lose_for_want_of_room(struct rig *r, struct rig_session *s, struct loss *l, uint64_t next, unsigned n)
{
	s->hold = true;
	for (unsigned i = 0; i < CACHE + n; i++)
		rig_odata(r, next + i);
	rig_turn(r, s);
	l->room += n;
	for (unsigned i = 0; i < CACHE; i++)
		CU_ASSERT(rig_complete(s, (next - 1 + i) * RIG_BLOCK));
	s->hold = false;
	return next + CACHE;
}

static void check_books(struct rig *r, struct rig_session *s, const struct loss *l)
{
	uint64_t numbers, accepted, missing;

	rig_pass(r, s, 200 * NS_PER_MS); /* the counters are copied */
	numbers = r->next_seq_no - 1;
	accepted = rig_count(s, LANE_COUNT_odata);
	missing = rig_count(s, LANE_COUNT_lost_seq_nos);
	CU_ASSERT_EQUAL(port_count(r, RX_COUNT_rx_missed), l->ring);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_unverified), l->wrong);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_refused_no_room), l->room);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_duplicates), l->again);
	CU_ASSERT_EQUAL(missing, l->wire + l->ring + l->wrong);
	CU_ASSERT_EQUAL(numbers, accepted + missing);
	CU_ASSERT_EQUAL(accepted, s->delivered_count + l->again + l->room);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_blocks), s->delivered_count);
}

static struct rig_session *begin(struct rig *r)
{
	struct rig_session *s = rig_joined(r, CACHE);

	rig_odata(r, 1);
	rig_turn(r, s);
	return s;
}

static void a_loss_on_the_wire(void)
{
	struct rig *r = rig_new(BLOCKS);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };

	lose_on_the_wire(r, &l, 3);
	rig_odata(r, 2);
	check_books(r, s, &l);
	rig_session_free(s);
	rig_free(r);
}

static void a_loss_in_the_ring(void)
{
	struct rig *r = rig_new(BLOCKS);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };

	lose_in_the_ring(r, s, &l, 5);
	rig_odata(r, 2);
	check_books(r, s, &l);
	rig_session_free(s);
	rig_free(r);
}

static void a_refusal(void)
{
	struct rig *r = rig_new(BLOCKS);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };

	lose_as_wrong(r, &l, 2);
	lose_as_wrong(r, &l, 3);
	rig_odata(r, 4);
	check_books(r, s, &l);
	rig_session_free(s);
	rig_free(r);
}

static void a_disk_that_takes_nothing(void)
{
	struct rig *r = rig_new(BLOCKS);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };

	lose_for_want_of_room(r, s, &l, 2, 4);
	check_books(r, s, &l);
	CU_ASSERT(rig_count(s, LANE_COUNT_zero_nacks) > 0);
	rig_session_free(s);
	rig_free(r);
}

static void all_of_them_together(void)
{
	struct rig *r = rig_new(BLOCKS);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };
	uint64_t next;

	lose_on_the_wire(r, &l, 2);
	next = lose_for_want_of_room(r, s, &l, 2, 3);
	lose_as_wrong(r, &l, next);
	lose_in_the_ring(r, s, &l, 7);
	lose_on_the_wire(r, &l, 1);
	rig_odata(r, next);
	check_books(r, s, &l);
	rig_session_free(s);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_loss_on_the_wire),  SUITE_TEST(a_loss_in_the_ring),   SUITE_TEST(a_refusal),
	SUITE_TEST(a_disk_that_takes_nothing), SUITE_TEST(all_of_them_together),
};
SUITE_MAIN("run/books", tests)
