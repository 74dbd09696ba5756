/*
 * A seed's scenario. Each feature draws from numbers of its own, so that without it all the rest is the
 * same: that is how one finds out which of them matters.
 */
#include "sim.h"

#include <math.h>
#include <stdio.h>

#define WORK_MAX 60000             /* blocks times clients */
#define LIMIT_NS (1800 * NS_PER_S) /* a window of three on a long way takes its time */
#define PACKETS_MAX 1000000        /* to all receivers, while a liar stays */
#define LIES_MAX 20000             /* of one liar */

static const char *const feature_names[] = {
#define X(name) #name,
	SIM_FEATURES(X)
#undef X
};

uint32_t sim_feature_bit(const char *name)
{
	for (uint32_t i = 0; i < SIM_FEATURE_COUNT; i++)
		if (strcmp(feature_names[i], name) == 0)
			return 1u << i;
	return 0;
}

/* What a scenario is drawn from. */
struct draw {
	struct sim_config *c;
	uint64_t seed;
	struct rng rng;
	ns_t expected_ns; /* until about all are done */
};

static uint64_t between(struct draw *d, uint64_t lo, uint64_t hi)
{
	return rng_between(&d->rng, lo, hi);
}

/* lo to hi, each order of magnitude as likely as the next. */
static double magnitude(struct draw *d, double lo, double hi)
{
	double u = (double)(rng_next(&d->rng) >> 11) * 0x1p-53;

	return lo * pow(hi / lo, u);
}

static ns_t time_between(struct draw *d, ns_t lo, ns_t hi)
{
	return (ns_t)magnitude(d, (double)lo, (double)hi);
}

static bool chance(struct draw *d, double p)
{
	return sim_chance(&d->rng, p);
}

static void act(struct draw *d, ns_t at, enum sim_action_type type, uint32_t client, uint64_t value)
{
	if (d->c->action_count < SIM_ACTIONS_MAX)
		d->c->actions[d->c->action_count++] = (struct sim_action){ at, type, client, value };
}

static uint32_t some_client(struct draw *d)
{
	return (uint32_t)rng_below(&d->rng, d->c->clients);
}

static void draw_clients(struct draw *d)
{
	uint64_t dice = rng_below(&d->rng, 100);

	d->c->clients = (uint32_t)(dice < 60   ? between(d, 1, 6)
	                           : dice < 85 ? between(d, 7, 30)
	                           : dice < 96 ? between(d, 31, 80)
	                                       : between(d, 81, 200));
}

static void draw_content(struct draw *d)
{
	uint64_t blocks = (uint64_t)magnitude(d, 1, 6000), most = WORK_MAX / d->c->clients;

	if (blocks > most)
		blocks = most;
	d->c->block_bytes = (uint32_t)magnitude(d, 16, 1385);
	d->c->content_bytes = blocks * d->c->block_bytes - rng_below(&d->rng, d->c->block_bytes);
}

/* Round trips until the window is what it may be, and those that all of it takes then. */
static ns_t expected(const struct sim_config *c)
{
	double blocks = (double)ma_total_blocks(c->content_bytes, c->block_bytes);
	double round_trips = 8 + log2(blocks + 1) + 2 * blocks / c->max_window;

	return c->start_within_ns + (ns_t)(round_trips * (double)(2 * c->link.delay_ns + c->link.jitter_ns));
}

static void draw_base(struct draw *d)
{
	struct sim_config *c = d->c;

	d->rng.state = d->seed;
	draw_clients(d);
	draw_content(d);
	c->link.delay_ns = time_between(d, 20 * NS_PER_US, 50 * NS_PER_MS);
	c->link.jitter_ns = rng_below(&d->rng, c->link.delay_ns);
	c->slots = (uint32_t)magnitude(d, 4, 300);
	c->exp_max_window = (uint32_t)magnitude(d, 2, 256);
	c->max_window = (uint32_t)magnitude(d, c->exp_max_window, 4096);
	for (c->list_max = 64; c->list_max < 2 * c->max_window;)
		c->list_max *= 2;
	c->start_within_ns = time_between(d, NS_PER_MS, 200 * NS_PER_MS);
	d->expected_ns = expected(c);
}

static void draw_loss(struct draw *d)
{
	if (!chance(d, 0.6))
		return;
	d->c->link.loss = magnitude(d, 0.0001, chance(d, 0.1) ? 0.3 : 0.05);
}

static void draw_bursts(struct draw *d)
{
	if (!chance(d, 0.25))
		return;
	d->c->link.burst = magnitude(d, 0.0003, 0.01);
	d->c->link.burst_ns = time_between(d, 10 * NS_PER_US, 100 * NS_PER_MS);
}

static void draw_reorder(struct draw *d)
{
	if (!chance(d, 0.3))
		return;
	d->c->link.reorder = magnitude(d, 0.001, 0.2);
	d->c->link.reorder_ns = time_between(d, 100 * NS_PER_US, 20 * NS_PER_MS);
}

static void draw_duplicate(struct draw *d)
{
	if (chance(d, 0.2))
		d->c->link.duplicate = magnitude(d, 0.001, 0.3);
}

static void draw_corrupt(struct draw *d)
{
	if (chance(d, 0.2))
		d->c->link.corrupt = magnitude(d, 0.001, 0.05);
}

static void draw_bandwidth(struct draw *d)
{
	struct sim_config *c = d->c;

	if (!chance(d, 0.4))
		return;
	if (chance(d, 0.5)) {
		c->egress_bytes_per_s = (uint64_t)magnitude(d, 1e6, 1e9);
		c->egress_queue_bytes = (uint32_t)magnitude(d, 8192, 1 << 20);
	}
	if (chance(d, 0.7)) {
		c->link.bytes_per_s = (uint64_t)magnitude(d, 1e6, 1e9);
		c->link.queue_bytes = (uint32_t)magnitude(d, 8192, 1 << 20);
	}
}

/* Each cable has a length of its own, and each of its ways its troubles. */
static void vary(struct draw *d, struct sim_link_config *l)
{
	l->delay_ns = (ns_t)((double)l->delay_ns * magnitude(d, 0.3, 3));
	l->jitter_ns = rng_below(&d->rng, l->delay_ns);
	l->loss *= magnitude(d, 0.1, 3);
	if (chance(d, 0.1)) {
		l->burst = magnitude(d, 0.0003, 0.01);
		l->burst_ns = time_between(d, 10 * NS_PER_US, 100 * NS_PER_MS);
	}
}

static void draw_links(struct draw *d)
{
	struct sim_config *c = d->c;

	if (!chance(d, 0.4))
		return;
	sim_config_own_links(c);
	for (uint32_t i = 0; i < c->clients; i++) {
		vary(d, &c->up[i]);
		vary(d, &c->down[i]);
	}
}

static void spoil(struct draw *d, struct sim_link_config *l)
{
	switch (rng_below(&d->rng, 4)) {
	case 0:
		l->loss = magnitude(d, 0.02, 0.25);
		break;
	case 1:
		l->delay_ns += time_between(d, NS_PER_MS, 200 * NS_PER_MS);
		break;
	case 2:
		l->burst = magnitude(d, 0.001, 0.01);
		l->burst_ns = time_between(d, NS_PER_MS, 100 * NS_PER_MS);
		break;
	default:
		l->bytes_per_s = (uint64_t)magnitude(d, 1e5, 1e7);
		l->queue_bytes = (uint32_t)magnitude(d, 8192, 1 << 18);
		break;
	}
}

/* Some whose way is worse than the others', in one direction or both, by a fault or two. */
static void draw_bad(struct draw *d)
{
	struct sim_config *c = d->c;
	uint64_t n = between(d, 1, 1 + c->clients / 4);

	if (!chance(d, 0.25))
		return;
	sim_config_own_links(c);
	while (n-- > 0) {
		uint32_t client = some_client(d);
		uint64_t ways = between(d, 1, 3);

		for (uint64_t faults = between(d, 1, 2); faults > 0; faults--) {
			if (ways & 1)
				spoil(d, &c->up[client]);
			if (ways & 2)
				spoil(d, &c->down[client]);
		}
	}
}

static void draw_late(struct draw *d)
{
	if (chance(d, 0.3))
		d->c->start_within_ns = time_between(d, 100 * NS_PER_MS, 50 * NS_PER_S);
}

/*
 * When something happens: mostly while blocks are on their way, or a little later. By what it was drawn from
 * first alone: a feature that is left out moves nothing of the others.
 */
static ns_t moment(struct draw *d, ns_t latest)
{
	return chance(d, 0.7) ? between(d, 1, d->expected_ns) : time_between(d, NS_PER_MS, latest);
}

/* A cable is cut, or those of some, or a whole switch is. */
static void draw_cuts(struct draw *d)
{
	uint64_t n = chance(d, 0.25) ? between(d, 1, 4) : 0;

	while (n-- > 0) {
		ns_t at = moment(d, 10 * NS_PER_S);
		ns_t until = at + time_between(d, 10 * NS_PER_MS, 40 * NS_PER_S);
		uint64_t ways = between(d, 1, 3), dice = rng_below(&d->rng, 10);
		double part = dice < 2 ? 1 : dice < 5 ? magnitude(d, 0.02, 1) : 0;
		uint32_t one = some_client(d);

		for (uint32_t i = 0; i < d->c->clients; i++) {
			if (i != one && !chance(d, part))
				continue;
			act(d, at, SIM_CUT, i, ways);
			act(d, until, SIM_HEAL, i, 0);
		}
	}
}

static void draw_deaths(struct draw *d)
{
	uint64_t n = chance(d, 0.2) ? between(d, 1, 3) : 0;

	while (n-- > 0) {
		uint32_t client = some_client(d);
		ns_t at = moment(d, 10 * NS_PER_S);

		act(d, at, SIM_DIE, client, 0);
		if (chance(d, 0.7))
			act(d, at + time_between(d, NS_PER_MS, 70 * NS_PER_S), SIM_REVIVE, client,
			    rng_below(&d->rng, 2));
	}
}

static void draw_stalls(struct draw *d)
{
	uint64_t n = chance(d, 0.25) ? between(d, 1, 6) : 0;

	while (n-- > 0)
		act(d, moment(d, 5 * NS_PER_S), SIM_STALL, some_client(d),
		    time_between(d, 5 * NS_PER_MS, 20 * NS_PER_S));
}

static void draw_slow(struct draw *d)
{
	struct sim_config *c = d->c;
	uint64_t blocks = ma_total_blocks(c->content_bytes, c->block_bytes);

	if (!chance(d, 0.25))
		return;
	c->slow_clients = (uint32_t)between(d, 1, c->clients);
	c->consume_ns = time_between(d, 10 * NS_PER_US, 5 * NS_PER_MS);
	while (blocks * c->consume_ns > 20 * NS_PER_S)
		c->consume_ns /= 2;
}

static void draw_policy(struct draw *d)
{
	struct sim_config *c = d->c;

	c->sessions = 1;
	if (!chance(d, 0.2))
		return;
	c->policy = chance(d, 0.5) ? SIM_DEMOTE_SLOW : SIM_KICK_SLOW;
	c->slow_bytes_per_s = (uint32_t)magnitude(d, 1e4, 1e8);
	if (c->policy == SIM_DEMOTE_SLOW)
		c->sessions = (uint32_t)between(d, 2, SIM_SESSIONS_MAX);
}

/* A liar that acknowledges at once, and wants all again, is sent as much as the server's cable carries. */
static void limit_egress(struct sim_config *c, uint64_t bytes_per_s)
{
	if (c->egress_bytes_per_s != 0 && c->egress_bytes_per_s <= bytes_per_s)
		return;
	c->egress_bytes_per_s = bytes_per_s;
	c->egress_queue_bytes = (uint32_t)(8192 + bytes_per_s / 5);
}

/* Long, among few: and then it sees others come that were not there when it came. */
static ns_t draw_stay(struct draw *d)
{
	limit_egress(d->c, 300000);
	if (chance(d, 0.7))
		d->c->start_within_ns = between(d, 35 * NS_PER_S, 60 * NS_PER_S);
	return between(d, 60 * NS_PER_S, 100 * NS_PER_S);
}

static void draw_liar(struct draw *d, struct sim_liar *l)
{
	uint64_t lies = d->c->mode == SECURITY_HASH ? SIM_LIES : SIM_LIE_SPOOF;
	bool stays = d->c->clients <= 30 && chance(d, 0.2);
	ns_t length = stays ? draw_stay(d) : time_between(d, 100 * NS_PER_MS, 20 * NS_PER_S);

	l->lie = (enum sim_lie)rng_below(&d->rng, lies);
	l->session = (uint32_t)rng_below(&d->rng, d->c->sessions);
	l->manner = (unsigned)rng_below(&d->rng, 3);
	l->from = time_between(d, NS_PER_MS, 2 * NS_PER_S);
	l->until = l->from + length;
	l->gap_ns = time_between(d, 50 * NS_PER_US, 50 * NS_PER_MS);
	while (length / l->gap_ns > LIES_MAX)
		l->gap_ns *= 2;
	if (stays && l->lie == SIM_LIE_NACKS && l->gap_ns < 50 * NS_PER_MS)
		l->gap_ns = 50 * NS_PER_MS; /* each is answered to all, on that narrow cable */
	if (l->lie == SIM_LIE_ACKS && length > 2 * NS_PER_S)
		limit_egress(d->c, 2000000);
}

static void draw_liars(struct draw *d)
{
	if (!chance(d, 0.25))
		return;
	d->c->liar_count = (uint32_t)between(d, 1, 3);
	for (uint32_t i = 0; i < d->c->liar_count; i++)
		draw_liar(d, &d->c->liars[i]);
}

static void draw_demote(struct draw *d)
{
	uint64_t n = chance(d, 0.2) ? between(d, 1, 1 + d->c->clients) : 0;

	if (n > 0 && d->c->sessions == 1)
		d->c->sessions = (uint32_t)between(d, 2, SIM_SESSIONS_MAX);
	while (n-- > 0)
		act(d, moment(d, 3 * NS_PER_S), SIM_DEMOTE, some_client(d), 0);
}

static void draw_kick(struct draw *d)
{
	uint64_t n = chance(d, 0.1) ? between(d, 1, 3) : 0;

	while (n-- > 0)
		act(d, moment(d, 3 * NS_PER_S), SIM_KICK, some_client(d), rng_below(&d->rng, 3));
}

static void draw_cancel(struct draw *d)
{
	uint64_t n = chance(d, 0.1) ? between(d, 1, 3) : 0;

	while (n-- > 0)
		act(d, moment(d, 3 * NS_PER_S), SIM_CANCEL, some_client(d), 0);
}

static void draw_restart(struct draw *d)
{
	ns_t at = moment(d, 5 * NS_PER_S);

	if (!chance(d, 0.06))
		return;
	act(d, at, SIM_SERVER_DIE, 0, 0);
	act(d, at + time_between(d, 10 * NS_PER_MS, 40 * NS_PER_S), SIM_SERVER_REVIVE, 0, 0);
}

static void draw_modes(struct draw *d)
{
	uint64_t dice = rng_below(&d->rng, 100);

	d->c->mode = dice < 15 ? SECURITY_NONE : dice < 40 ? SECURITY_HASH : SECURITY_CHECKSUM;
}

void sim_scenario(struct sim_config *c, uint64_t seed, uint32_t without)
{
	static void (*const features[])(struct draw *) = {
#define X(name) draw_##name,
		SIM_FEATURES(X)
#undef X
	};
	struct draw d = { .c = c, .seed = seed * 0x9e3779b97f4a7c15ull };

	sim_config_defaults(c);
	c->seed = seed;
	c->limit_ns = LIMIT_NS;
	draw_base(&d);
	for (uint32_t i = 0; i < SIM_FEATURE_COUNT; i++) {
		d.rng.state = d.seed ^ (i + 1) * 0xbf58476d1ce4e5b9ull;
		if (!(without >> i & 1))
			features[i](&d);
	}
}
