/* What is counted while packets pass: by one thread, which sends copies of it to the one that prints. */
#ifndef WDSBENCH_MEASURE_H
#define WDSBENCH_MEASURE_H

#include <stdint.h>
#include <time.h>

#include "net/net.h"
#include "port/port.h"
#include "run/link.h"

/* ---- values from 0 to 2^64, in steps of an eighth of their power of two ---- */

#define HISTOGRAM_STEPS 8
#define HISTOGRAM_PLACES (64 * HISTOGRAM_STEPS)

struct histogram {
	uint64_t n, min, max;
	uint64_t count[HISTOGRAM_PLACES];
};

void histogram_add(struct histogram *h, uint64_t value);
/* The least value that at least `share` (0 to 1) of all are not above, up to an eighth too much. 0: none. */
uint64_t histogram_quantile(const struct histogram *h, double share);

/* ---- all of a run ---- */

#define BURST_SIZES 7 /* 1, 2-3, 4-7, ..., 64 */

struct figures {
	uint64_t ns;                         /* since the start; at the end of receiving: from the first packet to the last */
	uint64_t packets, frames, bytes;     /* datagrams that count; frames of theirs; bytes of frames */
	uint64_t content;                    /* bytes of blocks, or of payload where there are none */
	uint64_t polls, empty_polls;
	uint64_t bursts[BURST_SIZES], full_bursts;
	uint64_t busy_cycles, idle_cycles;

	/* received: what did not count, by reason */
	uint64_t other_group, malformed, unverified, unchecked, lost, late;
	uint64_t verdicts[NET_VERDICT_COUNT];
	uint64_t missed;                     /* by the port, before we saw them */

	/* sent */
	uint64_t turns_refused, turns_sending; /* the port did not take all; there was something to send */
	uint64_t dropped;                      /* by the port, or because it took nothing for long */

	struct histogram latency;            /* ns, where the sender stamps time */
	int64_t latency_least;               /* as the clocks have it: may be negative */
};

void figures_burst(struct figures *f, uint32_t n);
/* What port and link have counted since they were opened. */
void figures_read_link(struct figures *f, const struct link *l);

static inline uint64_t cycles_now(void)
{
#if defined(__x86_64__)
	return __builtin_ia32_rdtsc();
#elif defined(__aarch64__)
	uint64_t v;

	__asm__ volatile("mrs %0, cntvct_el0" : "=r"(v));
	return v;
#else
	return host_now();
#endif
}

/* The clock of stamps: the same on machines that agree on the time. */
static inline int64_t stamp_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* ---- what limits ---- */

#define LIMITS(X)     \
	X(NOTHING, "nothing") \
	X(RATE, "rate")   \
	X(WIRE, "wire")   \
	X(RING, "ring")   \
	X(CORE, "core")   \
	X(MEMORY, "memory") \
	X(CONSUMER, "consumer")
#define X(name, text) LIMIT_##name,
enum limit { LIMITS(X) LIMIT_COUNT };
#undef X
extern const char *const limit_names[LIMIT_COUNT];

struct limit_in {
	bool sending, paced;
	bool peer_takes;       /* sending: the other side is a process that takes from the ring (memif), no wire */
	double rate_reached;   /* paced: of the rate asked for */
	double memory_ns;      /* a byte read from memory that no cache has, 0: not known */
	double cycles_a_ns;
};

/* One line of why is written to `why`. */
enum limit limit_of(const struct figures *f, const struct limit_in *in, char *why, size_t why_bytes);

#endif
