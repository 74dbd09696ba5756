/*
 * Blocks that follow each other are held until they are worth one write: then it is one pwritev(), and
 * each block goes back to the client. Of the control thread's.
 */
#ifndef WDSGET_RUN_H
#define WDSGET_RUN_H

#include "sink.h"
#include "wdstci.h"

enum { RUN_BLOCKS = 1024, RUN_BYTES = 1 << 20, RUN_DELIVERED = 256 << 10 };

struct run {
	HANDLE session;
	struct sink *sink;
	size_t enough;       /* bytes that are written at once */
	uint64_t offset;
	size_t len;
	int pieces;          /* of memory that is in one piece */
	unsigned blocks;
	struct iovec piece[RUN_BLOCKS];
	struct iovec block[RUN_BLOCKS];
};

/* cache_bytes: a quarter of it is the most that is held, so that the cache never fills with what waits here. */
void run_init(struct run *r, HANDLE session, struct sink *sink, uint32_t cache_bytes);
/* A block from ReceiveContents. False when a write failed: the sink's why tells. */
bool run_add(struct run *r, void *bytes, uint32_t len, uint64_t offset);
/* Write what is held. */
bool run_flush(struct run *r);
/* Give back what is held, unwritten. */
void run_drop(struct run *r);

#endif
