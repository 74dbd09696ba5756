/*
 * The control side of one receiving session: it answers the offer (memory, group), delivers blocks one
 * at a time or in runs, in the order they came, and says how it ended. One thread for each session runs it, so a
 * consumer that blocks in a callback holds up nobody else; it holds no lock while it calls.
 */
#ifndef WDSCAST_RUN_CTL_H
#define WDSCAST_RUN_CTL_H

#include "run/buffers.h"
#include "run/ctl_wait.h"
#include "run/lane.h"
#include "run/worker.h"

#define CTL_WHY_BYTES 256
#define CTL_RUNS UINT64_MAX

/* What all sessions may hold together. */
struct ctl_budget {
	uint64_t limit;
	_Atomic uint64_t used;
};

/* Called on the control thread; each may take as long as it likes. */
struct ctl_ops {
	/* The sizes are known: ctl_want() may be called until it returns. */
	void (*negotiate)(void *arg, const struct client_offer *offer);
	/* The memory is there (ctl.buffers too), and blocks come from now on. */
	void (*start)(void *arg, const struct client_offer *offer);
	/* count slots from this one on: blocks that follow each other, in memory too. */
	void (*contents)(void *arg, uint32_t slot, uint32_t count, uint64_t offset);
	/* The last one. why: one line beyond the code, or "". */
	void (*complete)(void *arg, uint32_t win32, const char *why);
};

struct ctl_config {
	struct worker *worker;
	struct ctl_budget *budget;
	struct client_config client; /* all but our address, MAC and name, which come from port and host */
	uint64_t cache_bytes;        /* blocks that the consumer may hold; at least one block is */
	uint32_t stall_timeout_ms;   /* of packets but no data, see ctl_wait_in_vain(); no less than the inactivity timeout */
	uint32_t run_bytes;          /* blocks that follow each other are delivered together, up to so many bytes */
	const struct ctl_ops *ops;
	void *arg;
};

struct ctl {
	struct lane lane;
	struct host_bell bell;
	struct ctl_config config;
	struct client_offer offer;
	struct buffers buffers;
	_Atomic uint64_t outcome;  /* open, cancelled or decided, and the code: see ctl.c */
	bool added, answered, completed, over;
	uint32_t moves;            /* answered */
	struct endpoint group;     /* joined at the port; ip.len 0: none */
	bool chosen;               /* ctl_want() was called: only `wanted` is */
	struct ranges wanted;      /* of blocks, from 0 */
	void *arena, *store_mem, *bitmap_mem, *buffers_mem;
	size_t arena_bytes, store_mem_bytes, bitmap_mem_bytes, buffers_mem_bytes;
	struct host_load_state load_state;
	ns_t load_at, neighbour_at;
	struct ctl_wait wait;
	uint64_t losses_before;  /* of the worker's, when the session began */
	_Atomic uint64_t losses; /* since then, as its end found them; CTL_RUNS before */
	char why[CTL_WHY_BYTES];
};

/*
 * Reserves a UDP port. NULL: *win32 and why tell. The first ctl_turn() begins the session.
 */
struct ctl *ctl_new(const struct ctl_config *config, ns_t now, uint32_t *win32, char why[CTL_WHY_BYTES]);
/* After ctl_is_over(), or before the first turn. The arena goes. */
void ctl_free(struct ctl *c);

/* Returns what it did: 0, and it may sleep until the bell rings or a second has passed. */
unsigned ctl_turn(struct ctl *c, ns_t now);
/* ops.complete() has returned, and the worker has let go of the lane. */
static inline bool ctl_is_over(const struct ctl *c)
{
	return c->over;
}
/* Turns and sleeps until it is over: the thread's whole life. */
void ctl_run(struct ctl *c);

/* End the session with this code (not 0). The first code counts, and none after the outcome is decided. Any thread. */
void ctl_cancel(struct ctl *c, uint32_t win32);
/* What it waits for, when it has done so for seconds: one line, or "". Any thread, until ctl_free(). */
void ctl_describe_wait(const struct ctl *c, ns_t now, char *out, size_t max);
/*
 * Of the numbers found missing those that neither the session nor its port has another counter for. The
 * port's are shared: what another session lost there while this one ran is not told apart. Any thread, until
 * ctl_free().
 */
uint64_t ctl_lost_on_wire(const struct ctl *c);
/* Slots that the worker, the done ring or the consumer have: of some moments ago while it runs. As above. */
uint64_t ctl_slots_used(const struct ctl *c);
/* From ops.negotiate(): these bytes are wanted, and no others but those named so. False: out of range, or no memory. */
bool ctl_want(struct ctl *c, uint64_t start, uint64_t size);

#endif
