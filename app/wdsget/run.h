/*
 * Blocks that follow each other are held until they are worth one write; then it goes to the sink, and when it
 * is done its blocks go back to the client. Several writes are under way at a time. Of the control thread's.
 */
#ifndef WDSGET_RUN_H
#define WDSGET_RUN_H

#include "sink.h"
#include "wdstci.h"

enum { RUN_BLOCKS = 1024, RUN_BYTES = 1 << 20, RUN_DELIVERED = 256 << 10 };

/* One write, and the blocks in it. */
struct batch {
	struct write write; /* first: what is reaped is a batch */
	bool in_flight;
	unsigned blocks;
	struct iovec piece[RUN_BLOCKS]; /* of memory that is in one piece */
	struct iovec block[RUN_BLOCKS];
};

struct run {
	HANDLE session;
	struct sink *sink;
	size_t enough;      /* bytes that are written at once */
	unsigned batches;   /* that are used */
	struct batch *filling;
	struct batch batch[WRITER_DEPTH];
};

/* cache_bytes: a quarter of it is the most that is held, so that the cache never fills with what waits here. */
void run_init(struct run *r, HANDLE session, struct sink *sink, uint32_t cache_bytes);
/* A block from ReceiveContents, or several in one. False when a write failed: the sink's why tells. */
bool run_add(struct run *r, void *bytes, uint32_t len, uint64_t offset);
/* Write what is held, and wait for all writes. */
bool run_finish(struct run *r);
/* Give back what is held, unwritten, once the writes that are under way are done. */
void run_drop(struct run *r);

#endif
