/* One session: what its callbacks do, and what is known of it from outside. */
#ifndef WDSGET_FETCH_H
#define WDSGET_FETCH_H

#include <stdatomic.h>

#include "options.h"
#include "run.h"
#include "sink.h"

enum { LATE_BLOCKS = 64 }; /* who first sees a block beyond these joined a transmission on its way */

struct fetch {
	HANDLE session;
	const struct options *options;
	struct run run;
	/* The control thread's until it ends; those above `started` are set before it. */
	uint64_t size;
	uint64_t resumed_bytes; /* that were here before */
	char note[SINK_WHY_BYTES]; /* of the sink, at the start: one line, or "" */
	uint32_t block_bytes;
	double started_at;
	_Atomic bool started;
	bool seen_first, late, broken; /* broken: the sink failed */
	double ended_at;
	DWORD result;
	char why[SINK_WHY_BYTES];
};

/* Seconds of a clock that only goes forward. */
double fetch_now(void);
/*
 * Sets the session up and starts it. ERROR_SUCCESS: fetch_wait() until it is over, then fetch_close().
 * Otherwise f->why tells, and fetch_close() is still due.
 */
DWORD fetch_start(struct fetch *f, const struct options *o, struct sink *sink);
/* True when it is over, with all callbacks returned. */
bool fetch_wait(struct fetch *f, uint32_t ms);
void fetch_cancel(struct fetch *f);
void fetch_close(struct fetch *f);
/* Bytes that are here, and blocks that came again. */
void fetch_progress(const struct fetch *f, uint64_t *bytes, uint64_t *repaired_blocks);

#endif
