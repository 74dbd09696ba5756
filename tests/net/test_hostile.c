/* Damaged, random and endless frames: nothing is read or written out of place, and nothing grows. */
#include "net/rig.h"

enum { MTU_FRAME = 1514 };

static struct rig_frame seeds[RIG_SEEDS];

static struct rig *begin(void)
{
	struct net_config c = rig_config6();
	struct rig *r = rig_started(&c);
	struct ip_addr group4 = RIG_GROUP4, group6 = RIG_GROUP6;

	rig_make_seeds(seeds);
	CU_ASSERT(net_join(r->net, &group4, r->now, &r->tx));
	CU_ASSERT(net_join(r->net, &group6, r->now, &r->tx));
	return r;
}

/* A few bytes changed or the end cut off; the IP header's checksum is mostly right, or all would end there. */
static struct rig_frame mutated(struct rng *rng)
{
	struct rig_frame f = seeds[rng_below(rng, RIG_SEEDS)];

	for (uint64_t left = rng_below(rng, 4); left > 0; left--) {
		uint64_t at = rng_below(rng, rng_below(rng, 2) ? f.len : 64);

		f.bytes[at] = rng_below(rng, 2) ? (uint8_t)rng_next(rng) : (uint8_t)(f.bytes[at] ^ 1 << rng_below(rng, 8));
	}
	if (rng_below(rng, 8) == 0)
		f.len = (uint32_t)rng_below(rng, f.len + 1);
	if (rng_below(rng, 8) != 0 && f.bytes[12] == 8 && f.bytes[13] == 0)
		rig_fix_ip4(&f);
	return f;
}

/* What net says of a datagram is true of memory that may be read. */
static void touch(const struct net_datagram *d)
{
	static volatile uint16_t sink;

	CU_ASSERT(d->len <= NET_DATAGRAM_MAX);
	CU_ASSERT(d->from.ip.len == 4 || d->from.ip.len == 16);
	sink = net_sum(d->data, d->len);
	(void)sink;
}

static void damaged_frames_do_no_harm(void)
{
	struct rig *r = begin();
	struct rng rng = { 2024 };
	uint64_t verdicts = 0;

	for (int i = 0; i < 200000; i++) {
		struct rig_frame f = mutated(&rng);
		unsigned flags = rng_below(&rng, 2) ? NET_CHECK_LATER : 0;

		if (rig_input_flags(r, &f, flags) == NET_UDP) {
			touch(&r->datagram);
			net_verify(r->net, &r->datagram);
		}
		CU_ASSERT_FATAL(r->tx.count <= NET_OUT_FRAMES);
		if (rng_below(&rng, 16) == 0)
			rig_tick(r, r->now + rng_below(&rng, NS_PER_S));
	}
	for (int v = 0; v < NET_VERDICT_COUNT; v++)
		if (v != NET_BAD_UDP) /* counted by net_verify() too */
			verdicts += rig_count(r, (enum net_verdict)v);
	CU_ASSERT(verdicts <= 200000 && verdicts > 150000);
	for (int v = 0; v < NET_VERDICT_COUNT; v++) /* and every path was taken */
		CU_ASSERT(v == NET_OWN || rig_count(r, (enum net_verdict)v) > 0);
	rig_free(r);
}

static void noise_does_no_harm(void)
{
	struct rig *r = begin();
	struct rng rng = { 7 };

	for (int i = 0; i < 20000; i++) {
		struct rig_frame f;

		f.len = (uint32_t)rng_below(&rng, MTU_FRAME);
		for (uint32_t at = 0; at < f.len; at++)
			f.bytes[at] = (uint8_t)rng_next(&rng);
		if (f.len >= 34) {
			memcpy(f.bytes, rng_below(&rng, 2) ? rig_mac.b : mac_broadcast.b, 6);
			memcpy(f.bytes + 6, rig_peer_mac.b, 6);
			memcpy(f.bytes + 12, rng_below(&rng, 2) ? "\x08\x00\x45" : "\x86\xdd\x60", 3);
		}
		if (rig_input(r, &f) == NET_UDP)
			touch(&r->datagram);
		r->tx.count = 0;
	}
	rig_free(r);
}

/* While lone fragments pour in, datagrams that arrive in one go still get through. */
static void lone_fragments_do_not_stop_the_others(void)
{
	struct rig *r = begin();
	struct ip_addr ip = RIG_IP4;
	struct rig_frame whole = rig_udp_frame(&ip, 4000);

	for (uint32_t i = 0; i < 10000; i++) {
		struct rig_frame lone = rig_fragment(&whole, i, 1480, 1480, true);

		r->now++;
		if (i % 100 == 0) {
			CU_ASSERT_EQUAL(rig_input(r, &seeds[RIG_SEED_FRAGMENTS6]), NET_FRAGMENT);
			CU_ASSERT_EQUAL(rig_input(r, &lone), NET_FRAGMENT);
			CU_ASSERT_EQUAL(rig_input(r, &seeds[RIG_SEED_FRAGMENTS6 + 1]), NET_FRAGMENT);
			CU_ASSERT_EQUAL(rig_input(r, &seeds[RIG_SEED_FRAGMENTS6 + 2]), NET_UDP);
			CU_ASSERT(rig_payload_is_right(&r->datagram, 4000));
		} else {
			CU_ASSERT_EQUAL(rig_input(r, &lone), NET_FRAGMENT);
		}
	}
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reassembly_evicted, 10000 - REASSEMBLY_MAX);
	rig_free(r);
}

static void storms_of_queries_and_solicitations_make_bounded_answers(void)
{
	struct rig *r = begin();

	rig_tick(r, r->now + 60 * NS_PER_S);
	for (int i = 0; i < 100000; i++) {
		CU_ASSERT_EQUAL(rig_input(r, &seeds[RIG_SEED_QUERIES + i % 4]), NET_HANDLED);
		CU_ASSERT_FATAL(r->tx.count <= NET_OUT_FRAMES);
	}
	rig_tick(r, r->now + 10 * NS_PER_S);
	CU_ASSERT_EQUAL(r->tx.count, 2); /* version 2's report of the IPv4 group, MLDv2's list */
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(damaged_frames_do_no_harm),
	SUITE_TEST(noise_does_no_harm),
	SUITE_TEST(lone_fragments_do_not_stop_the_others),
	SUITE_TEST(storms_of_queries_and_solicitations_make_bounded_answers),
};

SUITE_MAIN("net/hostile", tests)
