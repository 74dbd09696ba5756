#include "writer.h"

#include <errno.h>
#include <liburing.h>
#include <stdlib.h>
#include <time.h>

#include "sink.h"

enum { TRIES = 1000, TRY_NS = 1000000 };

struct writer {
	struct io_uring ring;
	bool has_ring;
	bool is_stuck;                      /* the ring takes no more */
	unsigned in_flight;                 /* in the ring: */
	struct write *flying[WRITER_DEPTH];
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

/* Interrupted, or the kernel is short of memory for the moment. */
static bool passes(int error)
{
	return error == EINTR || error == EAGAIN || error == EBUSY;
}

/* What was put into the queue stays there until the kernel has it: if it does not take it, it never shall. */
static bool push(struct writer *w)
{
	const struct timespec nap = { .tv_nsec = TRY_NS };

	for (unsigned i = 0; i < TRIES; i++) {
		int n = io_uring_submit(&w->ring);

		if (n > 0)
			return true;
		if (!passes(-n))
			break;
		nanosleep(&nap, NULL);
	}
	w->is_stuck = true;
	return false;
}

static bool submit_to_ring(struct writer *w, struct write *write)
{
	struct io_uring_sqe *sqe = w->has_ring && !w->is_stuck ? io_uring_get_sqe(&w->ring) : NULL;

	if (sqe == NULL)
		return false;
	io_uring_prep_writev(sqe, write->fd, write->piece, (unsigned)write->pieces, write->offset);
	io_uring_sqe_set_data(sqe, write);
	if (!push(w))
		return false;
	w->flying[w->in_flight++] = write;
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

/* False: it was given up before. */
static bool land(struct writer *w, const struct write *write)
{
	unsigned i = 0;

	while (i < w->in_flight && w->flying[i] != write)
		i++;
	if (i == w->in_flight)
		return false;
	w->flying[i] = w->flying[--w->in_flight];
	return true;
}

/* What the kernel left of it, for a signal or a limit of its own, is written here. */
static struct write *take(struct writer *w, struct io_uring_cqe *cqe)
{
	struct write *write = io_uring_cqe_get_data(cqe);
	int result = cqe->res;

	io_uring_cqe_seen(&w->ring, cqe);
	if (!land(w, write))
		return NULL;
	if (result == -EAGAIN || result == -EINTR || result == -EINVAL || result == -EOPNOTSUPP)
		result = 0; /* a file that rings cannot write: the same by hand tells */
	if (result < 0)
		write->error = -result;
	else if ((size_t)result < write->len)
		write_now(write, (size_t)result);
	return write;
}

/* Nobody can tell what became of it. */
static struct write *give_up(struct writer *w, int error)
{
	struct write *write = w->flying[--w->in_flight];

	w->is_stuck = true;
	write->error = error;
	return write;
}

struct write *writer_reap(struct writer *w, bool wait)
{
	struct io_uring_cqe *cqe = NULL;
	struct write *write = NULL;

	if (w->done_count > 0)
		return w->done[--w->done_count];
	while (write == NULL && w->in_flight > 0) {
		int error = wait ? -io_uring_wait_cqe(&w->ring, &cqe) : -io_uring_peek_cqe(&w->ring, &cqe);

		if (error == 0)
			write = take(w, cqe);
		else if (!wait)
			return NULL;
		else if (!passes(error))
			write = give_up(w, error);
	}
	return write;
}
