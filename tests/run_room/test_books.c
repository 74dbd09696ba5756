/*
 * The books balance: each way to lose a packet of data has a counter, and together they are what is missing.
 *
 *   numbers sent = packets accepted + numbers found missing
 *   numbers found missing = lost on the wire + by the ring + for want of buffers + between workers
 *                           + as fragments + refused as wrong
 *   packets accepted = blocks delivered + there before + no room, for the disk holds the cache
 */
#include "run/rx_lane.h"
#include "run_room/rig.h"

#include <stdlib.h>

enum { BLOCKS = 40, CACHE = 10, RING = 4096, MTU = 120, PLACES = 32 };

struct loss {
	uint64_t wire, ring, buffer, handing, parts_late, parts_pushed, wrong, unreadable, room, again;
};

static uint64_t port_count(const struct rig *r, enum rx_counter c)
{
	return worker_counter(r->worker, c);
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

static void lose_for_want_of_buffers(struct rig *r, struct loss *l, unsigned n)
{
	port_mem_starve(r->client_port, n);
	for (unsigned i = 0; i < n; i++)
		rig_odata(r, 1);
	l->buffer += n;
}

static void lose_as_unreadable(struct rig *r, struct loss *l, uint64_t block_no)
{
	uint8_t bytes[RIG_DATAGRAM];

	rig_to_group(r, bytes, rig_write_odata(r, block_no, bytes) - 3); /* cut short */
	l->unreadable++;
}

/* The worker that reads the other queue of a port: its turns are the test's. */
struct other_worker {
	struct share *share;
	struct worker worker;
};

static struct other_worker *other_worker(struct rig *r)
{
	struct other_worker *o = calloc(1, sizeof(*o));

	o->share = share_new(2, -1);
	o->worker.rx = rx_new(r->client_port, 1, 1, r->now);
	rx_share(r->worker->rx, o->share);
	rx_share(o->worker.rx, o->share);
	r->worker->team[r->worker->team_count++] = &o->worker;
	return o;
}

static void other_worker_free(struct rig *r, struct other_worker *o)
{
	r->worker->team_count--;
	rx_share(r->worker->rx, NULL);
	rx_free(o->worker.rx);
	share_free(o->share);
	free(o);
}

/* All comes on the other's queue; what it hands over waits for a worker without time, until its ring is full. */
static void lose_between_workers(struct rig *r, struct rig_session *s, struct other_worker *o, struct loss *l,
                                 unsigned n)
{
	uint8_t bytes[RIG_DATAGRAM];

	rig_turn(r, s);
	for (unsigned i = 0; i < SHARE_ITEMS + n; i++) {
		struct net_datagram d = { .from = { r->server_port->info.ip4, RIG_GROUP_PORT },
			                  .to = { { 4, { 239, 0, 0, 7 } }, RIG_GROUP_PORT },
			                  .data = bytes,
			                  .len = rig_write_odata(r, 1, bytes),
			                  .to_multicast = true,
			                  .whole = true,
			                  .checked = true };

		CU_ASSERT(share_datagram(o->share, 1, &d));
	}
	rig_turn(r, s);
	rx_copy_counters(o->worker.rx, r->now);
	l->handing += n;
	l->again += SHARE_ITEMS;
}

/* Of each datagram of the stream the second fragment is lost. */
static bool is_second(void *arg, const struct port_mem_passage *p)
{
	const uint8_t *ip = p->data + 14;

	(void)arg;
	return p->data[12] == 0x08 && p->data[13] == 0x00 && ip[16] == 239 && ((ip[6] & 0x1f) | ip[7]) != 0;
}

/* As many as there are places are waited for in vain; `pushed` before them have to make room for those. */
static void lose_fragments(struct rig *r, struct rig_session *s, struct loss *l, unsigned pushed)
{
	port_mem_set_lose(r->hub, is_second, NULL);
	for (unsigned i = 0; i < PLACES + pushed; i++)
		rig_odata(r, 1);
	rig_turn(r, s);
	port_mem_set_lose(r->hub, NULL, NULL);
	rig_pass(r, s, 300 * NS_PER_MS);
	l->parts_late += PLACES;
	l->parts_pushed += pushed;
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
	CU_ASSERT_EQUAL(ctl_lost_on_wire(s->ctl), l->wire);
	CU_ASSERT_EQUAL(port_count(r, RX_COUNT_rx_missed), l->ring);
	CU_ASSERT_EQUAL(port_count(r, RX_COUNT_rx_no_buffer), l->buffer);
	CU_ASSERT_EQUAL(port_count(r, RX_COUNT_handed_dropped), l->handing);
	CU_ASSERT_EQUAL(port_count(r, RX_COUNT_reassembly_timeouts), l->parts_late);
	CU_ASSERT_EQUAL(port_count(r, RX_COUNT_reassembly_evicted), l->parts_pushed);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_malformed), l->unreadable);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_unverified), l->wrong);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_refused_no_room), l->room);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_duplicates), l->again);
	CU_ASSERT_EQUAL(missing, l->wire + l->ring + l->buffer + l->handing + l->parts_late +
	                                 l->parts_pushed + l->wrong + l->unreadable);
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

static void a_packet_that_cannot_be_read(void)
{
	struct rig *r = rig_new(BLOCKS);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };

	lose_as_unreadable(r, &l, 2);
	rig_odata(r, 2);
	check_books(r, s, &l);
	rig_session_free(s);
	rig_free(r);
}

static void a_want_of_buffers(void)
{
	struct rig *r = rig_new(BLOCKS);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };

	lose_for_want_of_buffers(r, &l, 6);
	rig_odata(r, 2);
	check_books(r, s, &l);
	rig_session_free(s);
	rig_free(r);
}

static void a_worker_that_cannot_take_what_is_handed_to_it(void)
{
	struct rig *r = rig_new(BLOCKS);
	struct other_worker *o = other_worker(r);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };

	lose_between_workers(r, s, o, &l, 9);
	lose_on_the_wire(r, &l, 2);
	rig_odata(r, 2);
	check_books(r, s, &l);
	rig_session_free(s);
	other_worker_free(r, o);
	rig_free(r);
}

static void fragments_that_never_become_whole(void)
{
	struct rig *r = rig_new_framed(BLOCKS, MTU);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };

	lose_fragments(r, s, &l, 4);
	lose_on_the_wire(r, &l, 1);
	rig_odata(r, 2);
	check_books(r, s, &l);
	rig_session_free(s);
	rig_free(r);
}

/* What was lost before a session began, or after it ended, is none of its losses. */
static void losses_of_others_on_the_port(void)
{
	struct rig *r = rig_new(BLOCKS);
	struct rig_session *first = begin(r), *s;
	struct loss l = { 0 };

	lose_for_want_of_buffers(r, &l, 6);
	rig_pass(r, first, 200 * NS_PER_MS);
	rig_session_free(first);
	r->next_seq_no = 1;
	s = begin(r);
	lose_on_the_wire(r, &l, 5);
	rig_odata(r, 2);
	rig_pass(r, s, 200 * NS_PER_MS);
	CU_ASSERT_EQUAL(port_count(r, RX_COUNT_rx_no_buffer), l.buffer);
	CU_ASSERT_EQUAL(ctl_lost_on_wire(s->ctl), l.wire);
	ctl_cancel(s->ctl, ERROR_CANCELLED);
	rig_pass(r, s, NS_PER_S);
	CU_ASSERT_EQUAL(s->completed, 1);
	lose_for_want_of_buffers(r, &l, 3);
	rx_copy_counters(r->worker->rx, r->now);
	CU_ASSERT_EQUAL(ctl_lost_on_wire(s->ctl), l.wire);
	rig_session_free(s);
	rig_free(r);
}

/* Each slot is accounted for: with the consumer while it keeps its blocks, and at the end with nobody. */
static void slots_that_hold_blocks(void)
{
	struct rig *r = rig_new(3);
	struct rig_session *s = rig_joined(r, CACHE);

	s->hold = true;
	rig_odata(r, 1);
	rig_odata(r, 2);
	rig_pass(r, s, 200 * NS_PER_MS);
	CU_ASSERT_EQUAL(ctl_slots_used(s->ctl), 2);
	rig_odata(r, 3);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(ctl_slots_used(s->ctl), 3);
	for (unsigned i = 0; i < 3; i++)
		CU_ASSERT(rig_complete(s, i * RIG_BLOCK));
	CU_ASSERT_EQUAL(ctl_slots_used(s->ctl), 0);
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
	struct other_worker *o = other_worker(r);
	struct rig_session *s = begin(r);
	struct loss l = { 0 };
	uint64_t next;

	lose_on_the_wire(r, &l, 2);
	next = lose_for_want_of_room(r, s, &l, 2, 3);
	lose_as_wrong(r, &l, next);
	lose_as_unreadable(r, &l, next);
	lose_for_want_of_buffers(r, &l, 5);
	lose_between_workers(r, s, o, &l, 3);
	lose_in_the_ring(r, s, &l, 7);
	lose_on_the_wire(r, &l, 1);
	rig_odata(r, next); /* the last, by which the others are missed */
	check_books(r, s, &l);
	rig_session_free(s);
	other_worker_free(r, o);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_loss_on_the_wire),
	SUITE_TEST(a_loss_in_the_ring),
	SUITE_TEST(a_refusal),
	SUITE_TEST(a_packet_that_cannot_be_read),
	SUITE_TEST(a_want_of_buffers),
	SUITE_TEST(a_worker_that_cannot_take_what_is_handed_to_it),
	SUITE_TEST(fragments_that_never_become_whole),
	SUITE_TEST(a_disk_that_takes_nothing),
	SUITE_TEST(all_of_them_together),
	SUITE_TEST(losses_of_others_on_the_port),
	SUITE_TEST(slots_that_hold_blocks),
};
SUITE_MAIN("run/books", tests)
