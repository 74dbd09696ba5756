#include "writer.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>

#include "sink.h"

struct writer {
	struct io_uring ring;
	bool has_ring;
	unsigned in_flight;                 /* in the ring */
	struct write *done[WRITER_DEPTH];   /* written without it */
	unsigned done_count;
};

/* Not permitted (seccomp, a sysctl), not there, or no memory to lock: then without. */
struct writer *writer_new(void)
{
	struct writer *w = calloc(1, sizeof(*w));

	if (w != NULL)
		w->has_ring = getenv("WDSGET_NO_IO_URING") == NULL && io_uring_queue_init(WRITER_DEPTH, &w->ring, 0) == 0;
	return w;
}

void writer_free(struct writer *w)
{
	if (w == NULL)
		return;
	if (w->has_ring)
		io_uring_queue_exit(&w->ring);
	free(w);
}

static void write_now(struct write *write, size_t from)
{
	write->error = sink_write_rest(write->plain_fd, write->offset, write->piece, write->pieces, from) ? 0 : errno;
}

static bool submit_to_ring(struct writer *w, struct write *write)
{
	struct io_uring_sqe *sqe = w->has_ring ? io_uring_get_sqe(&w->ring) : NULL;

	if (sqe == NULL)
		return false;
	io_uring_prep_writev(sqe, write->fd, write->piece, (unsigned)write->pieces, write->offset);
	io_uring_sqe_set_data(sqe, write);
	while (io_uring_submit(&w->ring) < 1)
		; /* it stays in the queue: interrupted, or the kernel is short of memory for the moment */
	w->in_flight++;
	return true;
}

void writer_submit(struct writer *w, struct write *write)
{
	write->error = 0;
	if (submit_to_ring(w, write))
		return;
	write_now(write, 0);
	w->done[w->done_count++] = write;
}

/* What the kernel left of it, for a signal or a limit of its own, is written here. */
static struct write *take(struct writer *w, struct io_uring_cqe *cqe)
{
	struct write *write = io_uring_cqe_get_data(cqe);
	int result = cqe->res;

	io_uring_cqe_seen(&w->ring, cqe);
	w->in_flight--;
	if (result == -EAGAIN || result == -EINTR || result == -EINVAL || result == -EOPNOTSUPP)
		result = 0; /* a file that rings cannot write: the same by hand tells */
	if (result < 0)
		write->error = -result;
	else if ((size_t)result < write->len)
		write_now(write, (size_t)result);
	return write;
}

struct write *writer_reap(struct writer *w, bool wait)
{
	struct io_uring_cqe *cqe = NULL;

	if (w->done_count > 0)
		return w->done[--w->done_count];
	if (w->in_flight == 0)
		return NULL;
	if (io_uring_peek_cqe(&w->ring, &cqe) != 0) {
		if (!wait)
			return NULL;
		while (io_uring_wait_cqe(&w->ring, &cqe) != 0)
			; /* interrupted */
	}
	return take(w, cqe);
}
