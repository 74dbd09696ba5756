#include "run.h"

enum { PART_OF_CACHE = 4 };

static void empty(struct batch *b)
{
	b->write = (struct write){ .piece = b->piece };
	b->blocks = 0;
	b->in_flight = false;
}

void run_init(struct run *r, HANDLE session, struct sink *sink, uint32_t cache_bytes)
{
	size_t held = cache_bytes / PART_OF_CACHE;

	r->session = session;
	r->sink = sink;
	r->enough = held / WRITER_DEPTH < RUN_BYTES ? held / WRITER_DEPTH : RUN_BYTES;
	r->batches = sink->ops->submit != NULL ? WRITER_DEPTH : 1;
	r->filling = &r->batch[0];
	for (unsigned i = 0; i < r->batches; i++)
		empty(&r->batch[i]);
}

static void give_back(struct run *r, struct batch *b)
{
	ULARGE_INTEGER at = { .QuadPart = b->write.offset };

	for (unsigned i = 0; i < b->blocks; i++) {
		WdsTransportClientCompleteReceive(r->session, (ULONG)b->block[i].iov_len, &at);
		at.QuadPart += b->block[i].iov_len;
	}
	empty(b);
}

/* Take in writes that are done; all: wait for every one. False when one failed. */
static bool reap(struct run *r, bool all)
{
	struct write *w;
	bool good = true;

	while (r->sink->ops->reap != NULL && (w = r->sink->ops->reap(r->sink, all)) != NULL) {
		good = good && w->error == 0;
		give_back(r, (struct batch *)(void *)w);
	}
	return good;
}

/* Another batch to fill: when all are under way, the first that comes back. */
static bool choose_batch(struct run *r)
{
	bool good = reap(r, false);

	for (unsigned i = 0; i < r->batches; i++) {
		if (!r->batch[i].in_flight) {
			r->filling = &r->batch[i];
			return good;
		}
	}
	struct write *w = r->sink->ops->reap(r->sink, true);

	good = good && w->error == 0;
	r->filling = (struct batch *)(void *)w;
	give_back(r, r->filling);
	return good;
}

static bool flush(struct run *r)
{
	struct batch *b = r->filling;
	bool good;

	if (b->write.len == 0)
		return true;
	if (r->sink->ops->submit != NULL) {
		b->in_flight = true;
		r->sink->ops->submit(r->sink, &b->write);
		return choose_batch(r);
	}
	good = r->sink->ops->write(r->sink, b->write.offset, b->piece, b->write.pieces, b->write.len);
	give_back(r, b);
	return good;
}

static void append(struct batch *b, void *bytes, uint32_t len)
{
	struct iovec *last = b->write.pieces > 0 ? &b->piece[b->write.pieces - 1] : NULL;

	b->block[b->blocks++] = (struct iovec){ bytes, len };
	b->write.len += len;
	if (last != NULL && (char *)last->iov_base + last->iov_len == (char *)bytes)
		last->iov_len += len;
	else
		b->piece[b->write.pieces++] = (struct iovec){ bytes, len };
}

bool run_add(struct run *r, void *bytes, uint32_t len, uint64_t offset)
{
	bool good = true;

	if (r->filling->write.len > 0 && offset != r->filling->write.offset + r->filling->write.len)
		good = flush(r);
	if (r->filling->write.len == 0)
		r->filling->write.offset = offset;
	append(r->filling, bytes, len);
	if (r->filling->write.len >= r->enough || r->filling->blocks == RUN_BLOCKS)
		good = flush(r) && good;
	return good;
}

bool run_finish(struct run *r)
{
	bool good = flush(r);

	return reap(r, true) && good;
}

void run_drop(struct run *r)
{
	reap(r, true);
	give_back(r, r->filling);
}
