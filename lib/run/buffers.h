/*
 * What the consumer holds of a session's slots, block by block or in runs of slots that lie side by side, as
 * they are delivered: a run is known by its first slot. Three things keep a slot's memory (the API sheet, 8.1):
 * the callback that runs, the CompleteReceive() that is still to come, and references that were added.
 * When the last is gone its slots go back to the store. One caller at a time: the session's lock.
 */
#ifndef WDSCAST_RUN_BUFFERS_H
#define WDSCAST_RUN_BUFFERS_H

#include <stdbool.h>

#include "store/store.h"

struct buffer {
	uint32_t next;      /* slot of the same bucket */
	uint32_t refs;      /* added by the consumer */
	uint32_t count;     /* slots of the run */
	bool outstanding;   /* CompleteReceive() is to come */
	bool in_callback;
};

struct buffers {
	struct store *store;
	struct buffer *slots;
	uint32_t *buckets;  /* of outstanding slots by block number: most often one a bucket, for numbers run on */
	uint32_t mask;
	uint32_t referenced; /* slots with refs > 0 */
};

/* Memory for buffers_init(), aligned to 8. */
size_t buffers_bytes(uint32_t slots);
void buffers_init(struct buffers *b, struct store *store, void *mem);

/* A run is handed to the consumer; its callback is about to run. */
void buffers_deliver(struct buffers *b, uint32_t slot, uint32_t count);
/* The callback returned. */
void buffers_returned(struct buffers *b, uint32_t slot);
/* False, and nothing changed, when no outstanding run has this offset and size. */
bool buffers_complete(struct buffers *b, uint64_t offset, uint32_t size);

/* The address of a run that the consumer holds. False, and nothing changed, for any other; and for one release too many. */
bool buffers_add_ref(struct buffers *b, const void *address);
bool buffers_release(struct buffers *b, const void *address);

#endif
