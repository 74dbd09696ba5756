#include "net/rig.h"

#define PAYLOAD 8785u           /* the block size of a Windows server */
#define WHOLE (PAYLOAD + 8)     /* with the UDP header */
#define PIECE 1448u             /* what fits an MTU of 1500 by IPv6 too */
#define PIECES ((WHOLE + PIECE - 1) / PIECE)

static struct ip_addr addresses[2];

static struct rig *begin(void)
{
	struct net_config c = rig_config6();

	addresses[0] = RIG_IP4;
	addresses[1] = RIG_IP6;
	return rig_started(&c);
}

static struct rig_frame piece(const struct rig_frame *whole, uint32_t id, uint32_t i)
{
	bool last = i == PIECES - 1;

	return rig_fragment(whole, id, i * PIECE, last ? WHOLE - i * PIECE : PIECE, !last);
}

static enum net_verdict put(struct rig *r, const struct rig_frame *whole, uint32_t id, uint32_t i)
{
	struct rig_frame f = piece(whole, id, i);

	return rig_input(r, &f);
}

static enum net_verdict put_bytes(struct rig *r, const struct rig_frame *whole, uint32_t id, uint32_t at, uint32_t len,
                                  bool more)
{
	struct rig_frame f = rig_fragment(whole, id, at, len, more);

	return rig_input(r, &f);
}

static void any_order_makes_the_datagram_whole(void)
{
	struct rig *r = begin();
	struct rng rng = { 5 };

	for (uint32_t round = 0; round < 200; round++) {
		struct rig_frame whole = rig_udp_frame(&addresses[round & 1], PAYLOAD);
		uint32_t order[PIECES];

		for (uint32_t i = 0; i < PIECES; i++) {
			uint32_t k = (uint32_t)rng_below(&rng, i + 1);

			order[i] = order[k];
			order[k] = i;
		}
		for (uint32_t i = 0; i < PIECES; i++)
			CU_ASSERT_EQUAL(put(r, &whole, round, order[i]), i + 1 < PIECES ? NET_FRAGMENT : NET_UDP);
		CU_ASSERT(rig_payload_is_right(&r->datagram, PAYLOAD));
		CU_ASSERT_FALSE(r->datagram.whole);
		CU_ASSERT(r->datagram.checked);
	}
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembled, 200);
	rig_free(r);
}

static void interleaved_datagrams_are_kept_apart(void)
{
	struct rig *r = begin();
	struct rig_frame whole = rig_udp_frame(&addresses[0], PAYLOAD);

	for (uint32_t i = 0; i < PIECES; i++)
		for (uint32_t id = 0; id < REASSEMBLY_MAX; id++) {
			CU_ASSERT_EQUAL(put(r, &whole, id, i), i + 1 < PIECES ? NET_FRAGMENT : NET_UDP);
			if (i + 1 == PIECES)
				CU_ASSERT(rig_payload_is_right(&r->datagram, PAYLOAD));
		}
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembled, REASSEMBLY_MAX);
	rig_free(r);
}

/* The key is source, destination and ID: the same ID from another machine is another datagram. */
static void the_same_id_from_another_machine_is_another_datagram(void)
{
	struct rig *r = begin();
	struct rig_frame whole = rig_udp_frame(&addresses[0], PAYLOAD), other;

	for (uint32_t i = 0; i + 1 < PIECES; i++)
		CU_ASSERT_EQUAL(put(r, &whole, 1, i), NET_FRAGMENT);
	other = piece(&whole, 1, PIECES - 1);
	other.bytes[14 + 15]++;
	rig_fix_ip4(&other);
	CU_ASSERT_EQUAL(rig_input(r, &other), NET_FRAGMENT);
	CU_ASSERT_EQUAL(put(r, &whole, 1, PIECES - 1), NET_UDP);
	rig_free(r);
}

static void an_exact_repetition_is_ignored(void)
{
	struct rig *r = begin();

	for (int family = 0; family < 2; family++) {
		struct rig_frame whole = rig_udp_frame(&addresses[family], PAYLOAD), twice;

		for (uint32_t i = PIECES; i-- > 1;) {
			CU_ASSERT_EQUAL(put(r, &whole, 1, i), NET_FRAGMENT);
			twice = piece(&whole, 1, i);
			twice.bytes[twice.len - 1] ^= 0xff; /* what came first stays */
			CU_ASSERT_EQUAL(rig_input(r, &twice), NET_FRAGMENT);
		}
		CU_ASSERT_EQUAL(put(r, &whole, 1, 0), NET_UDP);
		CU_ASSERT(rig_payload_is_right(&r->datagram, PAYLOAD));
	}
	rig_free(r);
}

/* After fragments 0 .. 2: what overlaps or contradicts them, byte for byte. */
static void fragments_that_contradict_each_other_spoil_the_datagram(void)
{
	static const struct {
		uint32_t at, len;
		bool more;
	} cases[] = {
		{ PIECE - 8, 16, true },            /* across a border */
		{ PIECE, 8, true },                 /* the beginning of a fragment */
		{ 2 * PIECE - 8, 8, true },         /* the end of one */
		{ 0, PIECE + 8, true },             /* one, and the beginning of the next */
		{ PIECE, PIECE, false },            /* a last one in the middle */
		{ 3 * PIECE - 8, PIECE, true },     /* over the end */
		{ 3 * PIECE, 12, true },            /* not the last, and no multiple of 8 */
		{ 3 * PIECE, 0, false },            /* nothing */
	};

	for (int family = 0; family < 2; family++) {
		for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
			struct rig *r = begin();
			struct rig_frame whole = rig_udp_frame(&addresses[family], PAYLOAD);

			for (uint32_t k = 0; k < 3; k++)
				CU_ASSERT_EQUAL(put(r, &whole, 1, k), NET_FRAGMENT);
			CU_ASSERT_EQUAL(put_bytes(r, &whole, 1, cases[i].at, cases[i].len, cases[i].more), NET_BAD_FRAGMENT);
			for (uint32_t k = 3; k < PIECES; k++) /* and so are the rest */
				CU_ASSERT_EQUAL(put(r, &whole, 1, k), NET_BAD_FRAGMENT);
			CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembled, 0);
			rig_tick(r, r->now + REASSEMBLY_LIFE);
			CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembly_timeouts, 0);
			CU_ASSERT_EQUAL(put(r, &whole, 1, 0), NET_FRAGMENT);
			rig_free(r);
		}
	}
}

static void the_end_of_a_datagram_is_told_once(void)
{
	struct rig *r = begin();
	struct rig_frame whole = rig_udp_frame(&addresses[0], PAYLOAD);

	CU_ASSERT_EQUAL(put_bytes(r, &whole, 1, 1600, 100, false), NET_FRAGMENT);
	CU_ASSERT_EQUAL(put_bytes(r, &whole, 1, 1704, 8, true), NET_BAD_FRAGMENT); /* beyond it */
	CU_ASSERT_EQUAL(put_bytes(r, &whole, 2, 1600, 104, false), NET_FRAGMENT);
	CU_ASSERT_EQUAL(put_bytes(r, &whole, 2, 800, 904, true), NET_BAD_FRAGMENT); /* up to it, and more to come */
	CU_ASSERT_EQUAL(put_bytes(r, &whole, 3, 1600, 100, false), NET_FRAGMENT);
	CU_ASSERT_EQUAL(put_bytes(r, &whole, 3, 1600, 99, false), NET_BAD_FRAGMENT); /* elsewhere */
	CU_ASSERT_EQUAL(put_bytes(r, &whole, 4, 1600, 96, true), NET_FRAGMENT);
	CU_ASSERT_EQUAL(put_bytes(r, &whole, 4, 800, 100, false), NET_BAD_FRAGMENT); /* before what is here */
	rig_free(r);
}

static void a_fragment_beyond_the_longest_packet_is_refused(void)
{
	struct rig *r = begin();
	static struct rig_frame f;

	f = rig_ip4_frame(&addresses[0], PROTOCOL_UDP, f.bytes, 24);
	memcpy(f.bytes + 14 + 4, "\x00\x01\x1f\xff", 4); /* bytes 65528 .. 65551 */
	rig_fix_ip4(&f);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_BAD_FRAGMENT);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER); /* and is not remembered */
	f = rig_ip4_frame(&addresses[0], PROTOCOL_UDP, f.bytes, 7);
	memcpy(f.bytes + 14 + 4, "\x00\x01\x1f\xff", 4);
	rig_fix_ip4(&f);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_FRAGMENT);
	rig_free(r);
}

static void what_is_not_whole_in_time_is_given_up(void)
{
	struct rig *r = begin();
	struct rig_frame whole = rig_udp_frame(&addresses[0], PAYLOAD);
	ns_t start = r->now;

	CU_ASSERT_EQUAL(put(r, &whole, 1, 0), NET_FRAGMENT);
	CU_ASSERT_EQUAL(net_deadline(r->net), start + REASSEMBLY_LIFE);
	r->now += REASSEMBLY_LIFE / 2;
	CU_ASSERT_EQUAL(put(r, &whole, 1, 1), NET_FRAGMENT); /* which does not prolong it */
	CU_ASSERT_EQUAL(put(r, &whole, 2, 1), NET_FRAGMENT);
	rig_tick(r, start + REASSEMBLY_LIFE - 1);
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembly_timeouts, 0);
	rig_tick(r, start + REASSEMBLY_LIFE);
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembly_timeouts, 1);
	CU_ASSERT_EQUAL(net_deadline(r->net), start + REASSEMBLY_LIFE / 2 + REASSEMBLY_LIFE);
	rig_tick_due(r);
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembly_timeouts, 2);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	/* Nothing of the old is left in the new. */
	for (uint32_t i = PIECES; i-- > 0;)
		CU_ASSERT_EQUAL(put(r, &whole, 1, i), i > 0 ? NET_FRAGMENT : NET_UDP);
	CU_ASSERT(rig_payload_is_right(&r->datagram, PAYLOAD));
	rig_free(r);
}

static void a_full_table_gives_up_the_oldest(void)
{
	struct rig *r = begin();
	struct rig_frame whole = rig_udp_frame(&addresses[0], PAYLOAD);

	for (uint32_t id = 0; id < REASSEMBLY_MAX; id++) {
		r->now++;
		for (uint32_t i = 0; i + 1 < PIECES; i++)
			CU_ASSERT_EQUAL(put(r, &whole, id, i), NET_FRAGMENT);
	}
	CU_ASSERT_EQUAL(put(r, &whole, REASSEMBLY_MAX, 0), NET_FRAGMENT);
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembly_evicted, 1);
	for (uint32_t id = 1; id < REASSEMBLY_MAX; id++) /* all but the first are still there */
		CU_ASSERT_EQUAL(put(r, &whole, id, PIECES - 1), NET_UDP);
	CU_ASSERT_EQUAL(put(r, &whole, 0, PIECES - 1), NET_FRAGMENT);
	rig_free(r);
}

/* A datagram in pieces: where its bytes are. */
static const uint8_t *put_all(struct rig *r, const struct rig_frame *whole, uint32_t id)
{
	for (uint32_t i = 0; i < PIECES; i++)
		CU_ASSERT_EQUAL(put(r, whole, id, i), i + 1 < PIECES ? NET_FRAGMENT : NET_UDP);
	CU_ASSERT(rig_payload_is_right(&r->datagram, PAYLOAD));
	return r->datagram.data;
}

static bool is_one_of(const uint8_t *data, const uint8_t *const *v, uint32_t n)
{
	for (uint32_t i = 0; i < n; i++)
		if (v[i] == data)
			return true;
	return false;
}

static void what_is_kept_stays_until_it_is_released(void)
{
	struct rig *r = begin();
	struct rig_frame whole = rig_udp_frame(&addresses[0], PAYLOAD);
	const uint8_t *kept[NET_KEPT_MAX];
	uint32_t id = 0;

	for (uint32_t i = 0; i < NET_KEPT_MAX; i++) {
		CU_ASSERT_FALSE(net_is_keeping_most(r->net));
		kept[i] = put_all(r, &whole, id++);
		CU_ASSERT_FALSE(is_one_of(kept[i], kept, i));
		net_keep(r->net, &r->datagram);
		net_keep(r->net, &r->datagram); /* two sessions may want the same */
	}
	CU_ASSERT(net_is_keeping_most(r->net));
	for (uint32_t i = 0; i < 2 * REASSEMBLY_MAX; i++) { /* many more than there are places left */
		r->now++;
		CU_ASSERT_EQUAL(put(r, &whole, id++, 0), NET_FRAGMENT);
	}
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembly_evicted, REASSEMBLY_MAX + NET_KEPT_MAX);
	for (uint32_t i = 0; i < NET_KEPT_MAX; i++)
		CU_ASSERT_FALSE(is_one_of(put_all(r, &whole, id++), kept, NET_KEPT_MAX));
	net_release(r->net);
	CU_ASSERT_FALSE(net_is_keeping_most(r->net));
	CU_ASSERT_PTR_EQUAL(put_all(r, &whole, id++), kept[0]);
	rig_free(r);
}

static void nothing_is_kept_of_what_came_whole(void)
{
	struct rig *r = begin();
	struct rig_frame whole = rig_udp_frame(&addresses[0], 1000);

	for (uint32_t i = 0; i <= NET_KEPT_MAX; i++) {
		CU_ASSERT_EQUAL(rig_input(r, &whole), NET_UDP);
		net_keep(r->net, &r->datagram);
	}
	CU_ASSERT_FALSE(net_is_keeping_most(r->net));
	rig_free(r);
}

static void fragments_for_others_or_of_other_protocols_take_no_room(void)
{
	struct rig *r = begin();
	struct ip_addr other = ip4_of(10, 0, 0, 77);
	struct rig_frame whole = rig_udp_frame(&other, PAYLOAD), f = piece(&whole, 1, 0);

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_HOST);
	whole = rig_udp_frame(&addresses[0], PAYLOAD);
	f = piece(&whole, 1, 0);
	f.bytes[14 + 9] = PROTOCOL_ICMP;
	rig_fix_ip4(&f);
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_OTHER_PROTOCOL);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	rig_free(r);
}

/* A list of the pieces that were taken: what the table does with bits, done the long way. */
struct model {
	uint32_t count, at[64], end[64], total;
	bool spoilt;
};

static enum net_verdict model_add(struct model *m, uint32_t at, uint32_t len, bool more)
{
	uint32_t have = 0;
	bool bad = m->spoilt || (more && (len % 8 != 0 || at + len >= m->total)) ||
	           (!more && m->total != UINT32_MAX && at + len != m->total);

	for (uint32_t i = 0; i < m->count && !bad; i++) {
		bad = !more && m->end[i] > at + len;
		if (m->at[i] == at && m->end[i] == at + len && more == (m->end[i] != m->total))
			return NET_FRAGMENT;
		bad = bad || (m->at[i] < at + len && at < m->end[i]);
	}
	m->spoilt = bad && m->count > 0; /* one that cannot be opens no datagram */
	if (bad)
		return NET_BAD_FRAGMENT;
	m->at[m->count] = at;
	m->end[m->count++] = at + len;
	if (!more)
		m->total = at + len;
	for (uint32_t i = 0; i < m->count; i++)
		have += m->end[i] - m->at[i];
	return have == m->total ? NET_UDP : NET_FRAGMENT;
}

static void any_pieces_agree_with_a_plain_model(void)
{
	struct rig *r = begin();
	struct rig_frame whole = rig_udp_frame(&addresses[0], 136);
	struct rng rng = { 11 };
	uint32_t made = 0;

	for (uint32_t round = 0; round < 5000; round++) {
		struct model m = { .total = UINT32_MAX };

		for (int step = 0; step < 40; step++) {
			/* Mostly pieces of 24 bytes, so that many rounds come to an end. */
			uint32_t at = (uint32_t)rng_below(&rng, 6) * 24, len = 24;
			bool more = at + len < 144;
			enum net_verdict want, got;

			if (rng_below(&rng, 60) == 0) {
				at = (uint32_t)rng_below(&rng, 18) * 8;
				len = (uint32_t)rng_between(&rng, 1, 144 - at);
				more = at == 0 || rng_below(&rng, 2); /* otherwise it is no fragment */
			}
			want = model_add(&m, at, len, more);
			got = put_bytes(r, &whole, round, at, len, more);
			if (want == NET_UDP && m.total < 144) /* whole, but shorter than its UDP header says */
				want = NET_BAD_UDP;
			CU_ASSERT_EQUAL(got, want);
			if (want == NET_UDP) {
				made++;
				CU_ASSERT(rig_payload_is_right(&r->datagram, 136));
			}
			if (want == NET_UDP || want == NET_BAD_UDP)
				break;
		}
	}
	CU_ASSERT(made > 1000);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(any_order_makes_the_datagram_whole),
	SUITE_TEST(interleaved_datagrams_are_kept_apart),
	SUITE_TEST(the_same_id_from_another_machine_is_another_datagram),
	SUITE_TEST(an_exact_repetition_is_ignored),
	SUITE_TEST(fragments_that_contradict_each_other_spoil_the_datagram),
	SUITE_TEST(the_end_of_a_datagram_is_told_once),
	SUITE_TEST(a_fragment_beyond_the_longest_packet_is_refused),
	SUITE_TEST(what_is_not_whole_in_time_is_given_up),
	SUITE_TEST(a_full_table_gives_up_the_oldest),
	SUITE_TEST(what_is_kept_stays_until_it_is_released),
	SUITE_TEST(nothing_is_kept_of_what_came_whole),
	SUITE_TEST(fragments_for_others_or_of_other_protocols_take_no_room),
	SUITE_TEST(any_pieces_agree_with_a_plain_model),
};

SUITE_MAIN("net/reassembly", tests)
