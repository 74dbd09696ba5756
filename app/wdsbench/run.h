/* The worker of wdsbench: turns until it is told to stop, or there is nothing left to do. */
#ifndef WDSBENCH_RUN_H
#define WDSBENCH_RUN_H

#include <stdatomic.h>

#include "base/spsc.h"
#include "capture.h"
#include "host/host.h"
#include "options.h"
#include "stream.h"

#define RUN_SNAPSHOTS 8 /* a power of two */

struct run {
	const struct options *options;
	struct port *port;           /* closed by its owner */
	struct capture *capture;     /* NULL: none */
	struct link link;
	void *link_mem;
	struct stream_rx receive;
	struct stream_tx send;
	double cycles_a_ns, memory_ns;
	uint32_t wire_bytes, frame_bytes, frame_count; /* of a packet sent */
	double pace_from_ns, paced_bits;               /* since then so many bits were sent */

	/* the worker's, and its copies for who prints */
	struct figures figures;
	ns_t began, first, last;     /* first, last: packets received; 0: none */
	uint64_t idle_cycles;        /* since the last packet: they count when another comes */
	struct spsc snapshots;
	struct figures snapshot_mem[RUN_SNAPSHOTS];
	struct host_thread *thread;
	_Atomic bool stop, ended;
};

/*
 * Make what the command needs on the port (capture: replay, NULL otherwise). False, and one line in why. The port
 * and the capture stay the caller's; run_fini() in any case.
 */
bool run_init(struct run *r, const struct options *o, struct port *port, struct capture *capture, char *why);
void run_fini(struct run *r);
/* False: no thread, or not on that core. */
bool run_start(struct run *r);
/* The worker ends; then figures are the whole. */
void run_stop(struct run *r);
/* A copy of the figures, each interval. */
bool run_take(struct run *r, struct figures *out);
enum limit run_limit(const struct run *r, char *why, size_t why_bytes);

#endif
