/*
 * Standard output, in order. What comes too early waits in an unnamed file of the temporary directory:
 * memory stays bounded, however late the receiver joined.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"
#include "sink.h"
#include "spans.h"

#define COPY_BYTES (256u << 10)

struct sink_stdout {
	struct sink sink;
	int spool;           /* -1 until it is needed */
	uint64_t size;
	uint64_t next;       /* bytes that were written out */
	struct spans waiting;
	struct digest *digest;
	uint8_t *buffer;
};

static struct sink_stdout *stdout_of(struct sink *s)
{
	return (struct sink_stdout *)(void *)s; /* its first member */
}

static bool stdout_begin(struct sink *s, uint64_t size)
{
	stdout_of(s)->size = size;
	return true;
}

static bool put(struct sink_stdout *o, const uint8_t *bytes, size_t len)
{
	if (o->digest != NULL)
		digest_add(o->digest, bytes, len);
	o->next += len;
	while (len > 0) {
		ssize_t done = write(STDOUT_FILENO, bytes, len);

		if (done < 0 && errno != EINTR)
			return sink_fail(&o->sink, "cannot write to standard output: %s", strerror(errno));
		bytes += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

static bool open_spool(struct sink_stdout *o)
{
	const char *directory = getenv("TMPDIR");

	if (o->spool >= 0)
		return true;
	if (directory == NULL || directory[0] == '\0')
		directory = "/var/tmp";
	o->spool = open(directory, O_RDWR | O_TMPFILE | O_CLOEXEC, 0600);
	return o->spool >= 0 || sink_fail(&o->sink, "cannot keep what came too early in %s: %s", directory, strerror(errno));
}

static bool keep(struct sink_stdout *o, uint64_t offset, const struct iovec *pieces, int n, size_t len)
{
	if (!open_spool(o))
		return false;
	if (!sink_write_all(o->spool, offset, pieces, n))
		return sink_fail(&o->sink, "cannot keep what came too early: %s", strerror(errno));
	return spans_add(&o->waiting, offset, offset + len) || sink_fail(&o->sink, "not enough memory");
}

/* What waited and is next. Its place in the spool is given back to the file system. */
static bool put_waiting(struct sink_stdout *o)
{
	uint64_t start = o->next, end = spans_end(&o->waiting, o->next);

	while (o->next < end) {
		size_t want = end - o->next < COPY_BYTES ? (size_t)(end - o->next) : COPY_BYTES;
		ssize_t got = pread(o->spool, o->buffer, want, (off_t)o->next);

		if (got == 0 || (got < 0 && errno != EINTR))
			return sink_fail(&o->sink, "cannot read what came too early: %s", strerror(got == 0 ? EIO : errno));
		if (got > 0 && !put(o, o->buffer, (size_t)got))
			return false;
	}
	if (end > start)
		fallocate(o->spool, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, (off_t)start, (off_t)(end - start));
	return true;
}

static bool stdout_write(struct sink *s, uint64_t offset, const struct iovec *pieces, int n, size_t len)
{
	struct sink_stdout *o = stdout_of(s);

	if (offset != o->next)
		return keep(o, offset, pieces, n, len);
	for (int i = 0; i < n; i++)
		if (!put(o, pieces[i].iov_base, pieces[i].iov_len))
			return false;
	return put_waiting(o);
}

static bool stdout_sync(struct sink *s)
{
	const struct sink_stdout *o = stdout_of(s);

	return o->next == o->size || sink_fail(s, "standard output is not whole");
}

static bool stdout_commit(struct sink *s)
{
	(void)s;
	return true;
}

static bool stdout_digest(struct sink *s, uint8_t out[32])
{
	return digest_end(stdout_of(s)->digest, out) || sink_fail(s, "cannot compute the SHA-256");
}

static void stdout_close(struct sink *s)
{
	struct sink_stdout *o = stdout_of(s);

	if (o->spool >= 0)
		close(o->spool);
	spans_free(&o->waiting);
	digest_free(o->digest);
	free(o->buffer);
	free(o);
}

struct sink *sink_stdout_open(bool wants_digest, char why[SINK_WHY_BYTES])
{
	static const struct sink_ops ops = { NULL,        stdout_begin,  stdout_write, NULL, NULL, stdout_sync,
		                             stdout_digest, stdout_commit, stdout_close };
	struct sink_stdout *o = calloc(1, sizeof(*o));

	snprintf(why, SINK_WHY_BYTES, "not enough memory");
	if (o == NULL)
		return NULL;
	o->sink.ops = &ops;
	o->spool = -1;
	o->buffer = malloc(COPY_BYTES);
	o->digest = wants_digest ? digest_new() : NULL;
	if (o->buffer != NULL && (o->digest != NULL || !wants_digest))
		return &o->sink;
	stdout_close(&o->sink);
	return NULL;
}
