#include "run.h"

void run_init(struct run *r, HANDLE session, struct sink *sink, uint32_t cache_bytes)
{
	r->session = session;
	r->sink = sink;
	r->enough = cache_bytes / 4 < RUN_BYTES ? cache_bytes / 4 : RUN_BYTES;
	r->len = 0;
	r->pieces = 0;
	r->blocks = 0;
}

void run_drop(struct run *r)
{
	ULARGE_INTEGER at = { .QuadPart = r->offset };

	for (unsigned i = 0; i < r->blocks; i++) {
		WdsTransportClientCompleteReceive(r->session, (ULONG)r->block[i].iov_len, &at);
		at.QuadPart += r->block[i].iov_len;
	}
	r->len = 0;
	r->pieces = 0;
	r->blocks = 0;
}

bool run_flush(struct run *r)
{
	bool written = r->len == 0 || r->sink->ops->write(r->sink, r->offset, r->piece, r->pieces, r->len);

	run_drop(r);
	return written;
}

static void append(struct run *r, void *bytes, uint32_t len)
{
	struct iovec *last = r->pieces > 0 ? &r->piece[r->pieces - 1] : NULL;

	r->block[r->blocks++] = (struct iovec){ bytes, len };
	r->len += len;
	if (last != NULL && (char *)last->iov_base + last->iov_len == (char *)bytes)
		last->iov_len += len;
	else
		r->piece[r->pieces++] = (struct iovec){ bytes, len };
}

bool run_add(struct run *r, void *bytes, uint32_t len, uint64_t offset)
{
	bool written = true;

	if (r->len > 0 && offset != r->offset + r->len)
		written = run_flush(r);
	if (r->len == 0)
		r->offset = offset;
	append(r, bytes, len);
	if (r->len >= r->enough || r->blocks == RUN_BLOCKS)
		written = run_flush(r) && written;
	return written;
}
