#include "measure.h"

#include <stdio.h>

static unsigned place_of(uint64_t v)
{
	unsigned bits;

	if (v < HISTOGRAM_STEPS)
		return (unsigned)v;
	bits = 63 - (unsigned)__builtin_clzll(v); /* at least 3 */
	return (bits - 2) * HISTOGRAM_STEPS + (unsigned)(v >> (bits - 3) & (HISTOGRAM_STEPS - 1));
}

/* The largest value of a place. */
static uint64_t end_of(unsigned place)
{
	unsigned bits = place / HISTOGRAM_STEPS + 2;
	uint64_t step;

	if (place < HISTOGRAM_STEPS)
		return place;
	step = 1ull << (bits - 3);
	return (HISTOGRAM_STEPS + place % HISTOGRAM_STEPS) * step + (step - 1);
}

void histogram_add(struct histogram *h, uint64_t value)
{
	if (h->n == 0 || value < h->min)
		h->min = value;
	if (value > h->max)
		h->max = value;
	h->n++;
	h->count[place_of(value)]++;
}

uint64_t histogram_quantile(const struct histogram *h, double share)
{
	double wanted = share * (double)h->n;
	uint64_t sum = 0;

	for (unsigned i = 0; i < HISTOGRAM_PLACES && h->n > 0; i++) {
		sum += h->count[i];
		if (sum > 0 && (double)sum >= wanted)
			return end_of(i) < h->max ? end_of(i) : h->max;
	}
	return h->max;
}

void figures_burst(struct figures *f, uint32_t n)
{
	unsigned size = 31 - (unsigned)__builtin_clz(n);

	f->bursts[size < BURST_SIZES ? size : BURST_SIZES - 1]++;
	f->full_bursts += n >= PORT_BURST;
}

void figures_read_link(struct figures *f, const struct link *l)
{
	struct port_stats s;

	port_read_stats(l->port, &s);
	f->missed = s.rx_missed + s.rx_no_buffer;
	f->dropped = s.tx_dropped + l->stats.tx_stuck;
	if (l->net != NULL)
		for (unsigned i = 0; i < NET_VERDICT_COUNT; i++)
			f->verdicts[i] = net_read_stats(l->net)->verdicts[i];
}

/* ---- what limits ---- */

#define X(name, text) text,
const char *const limit_names[LIMIT_COUNT] = { LIMITS(X) };
#undef X

#define BUSY 0.9       /* a core with less than a tenth of its time left has none */
#define LOSS 0.0001    /* below one in ten thousand it is no limit */
#define REFUSED 0.05   /* turns in which the ring was full */
#define REACHED 0.98   /* of the rate asked for */
#define MEMORY 1.5     /* times what reading cold memory takes */

static double busy_share(const struct figures *f)
{
	double all = (double)f->busy_cycles + (double)f->idle_cycles;

	return all > 0 ? (double)f->busy_cycles / all : 0;
}

/* Does a byte cost what it takes to get it from memory? Then more instructions less would gain nothing. */
static bool memory_bound(const struct figures *f, const struct limit_in *in)
{
	double ns = f->bytes == 0 ? 0 : (double)f->busy_cycles / in->cycles_a_ns / (double)f->bytes;

	return in->memory_ns > 0 && ns < MEMORY * in->memory_ns;
}

static enum limit core_or_memory(const struct figures *f, const struct limit_in *in, char *why, size_t n)
{
	double share = 100 * busy_share(f);

	if (memory_bound(f, in)) {
		snprintf(why, n, "the core is busy %.0f %% of the time, and a byte takes hardly longer than memory does", share);
		return LIMIT_MEMORY;
	}
	snprintf(why, n, "the core is busy %.0f %% of the time%s", share,
	         share < 100 * BUSY ? ", and yet the worker came too late: something else runs there" : "");
	return LIMIT_CORE;
}

static enum limit sending_limit(const struct figures *f, const struct limit_in *in, char *why, size_t n)
{
	double refused = f->turns_sending == 0 ? 0 : (double)f->turns_refused / (double)f->turns_sending;

	if (in->paced && in->rate_reached >= REACHED) {
		snprintf(why, n, "the rate asked for is reached");
		return LIMIT_RATE;
	}
	if (refused > REFUSED || (double)f->dropped > LOSS * (double)f->frames) {
		snprintf(why, n, "the ring was full in %.0f %% of the turns: %s", 100 * refused,
		         in->peer_takes ? "the other side does not take as much" : "the wire does not take as much");
		return in->peer_takes ? LIMIT_CONSUMER : LIMIT_WIRE;
	}
	return core_or_memory(f, in, why, n);
}

static enum limit receiving_limit(const struct figures *f, const struct limit_in *in, char *why, size_t n)
{
	bool busy = busy_share(f) >= BUSY;

	if (busy)
		return core_or_memory(f, in, why, n);
	if ((double)f->missed > LOSS * (double)f->frames) {
		snprintf(why, n, "%llu frames were lost before the ring was read, though the core had time: bursts are "
		                 "larger than the ring", (unsigned long long)f->missed);
		return LIMIT_RING;
	}
	snprintf(why, n, "all that came was taken, and the core was idle %.0f %% of the time%s", 100 * (1 - busy_share(f)),
	         f->lost > 0 ? "; what is missing was lost on the way" : "");
	return LIMIT_WIRE;
}

enum limit limit_of(const struct figures *f, const struct limit_in *in, char *why, size_t why_bytes)
{
	if (f->packets == 0) {
		snprintf(why, why_bytes, in->sending ? "nothing was sent" : "nothing came");
		return LIMIT_NOTHING;
	}
	return in->sending ? sending_limit(f, in, why, why_bytes) : receiving_limit(f, in, why, why_bytes);
}
