/*
 * Large writes to one file, several at a time, straight from where the bytes lie: by io_uring, or one after the
 * other by pwritev() where that is not permitted. Of one thread.
 */
#ifndef WDSGET_WRITER_H
#define WDSGET_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum { WRITER_DEPTH = 8 };

/* The caller's until it is submitted, and again when it is reaped; what the pieces point to stays until then. */
struct write {
	uint64_t offset;
	size_t len;
	int pieces;
	int fd, plain_fd; /* plain: for what the kernel leaves of it; the same, or without O_DIRECT */
	const struct iovec *piece;
	int error; /* when it is reaped: 0 or errno */
};

struct writer;

/* NULL: no memory. */
struct writer *writer_new(void);
/* Nothing is in flight any more. NULL is taken. */
void writer_free(struct writer *w);
/* Up to WRITER_DEPTH may be in flight. */
void writer_submit(struct writer *w, struct write *write);
/* One that is done, or NULL: none is (wait: none is in flight). */
struct write *writer_reap(struct writer *w, bool wait);

#endif
