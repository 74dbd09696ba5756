/*
 * Where the bytes go: a file, a device, standard output in order, or nowhere. Pieces come in any order,
 * each once. All but sink_open() and sink_close() are called by one thread at a time. On failure a sink
 * has one line for the user in `why`.
 */
#ifndef WDSGET_SINK_H
#define WDSGET_SINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "writer.h"

enum { SINK_WHY_BYTES = 512 };

struct sink;
struct spans;
struct journal_object;
struct sink_ops {
	/*
	 * What the server has is known: what of it is here already? NULL on failure. On success `why` may have a
	 * line for the user. The op is NULL for sinks that do not go on with anything.
	 */
	const struct spans *(*resume)(struct sink *s, const struct journal_object *object, bool has_digest);
	/* The size is known: is there room? */
	bool (*begin)(struct sink *s, uint64_t size);
	/* len bytes at offset, in n pieces. */
	bool (*write)(struct sink *s, uint64_t offset, const struct iovec *pieces, int n, size_t len);
	/*
	 * The same, but it may still be under way on return, up to WRITER_DEPTH at a time; pieces and bytes stay until
	 * reap() has given it back, which waits for one if told to. NULL when none is done, or none is left; failures
	 * are told by error and why. Both ops NULL: the sink has write() alone.
	 */
	void (*submit)(struct sink *s, struct write *w);
	struct write *(*reap)(struct sink *s, bool wait);
	/* All is written: bring it to the disk. */
	bool (*sync)(struct sink *s);
	/* SHA-256 of what is there. */
	bool (*digest)(struct sink *s, uint8_t out[32]);
	/* Give it its final name. */
	bool (*commit)(struct sink *s);
	/* Frees; what was not committed is removed, unless it can be gone on with. */
	void (*close)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
	bool leaving; /* the process ends, and threads may still write: close() is to remove what has to go, no more */
	bool spoilt; /* what is here is wrong: not to be gone on with */
	char why[SINK_WHY_BYTES];
};

/* Opens for `path` as --output has it; name: for a directory; resume: only a regular file will do. NULL: why tells. */
struct sink *sink_open(const char *path, const char *name, bool wants_digest, bool resume, char why[SINK_WHY_BYTES]);

struct sink *sink_file_open(const char *path, const char *name, bool resume, char why[SINK_WHY_BYTES]);
struct sink *sink_device_open(const char *path, char why[SINK_WHY_BYTES]);
struct sink *sink_stdout_open(bool wants_digest, char why[SINK_WHY_BYTES]);
struct sink *sink_null_open(char why[SINK_WHY_BYTES]);

/* Helpers of sinks. pwritev() of all, on from short writes; false with errno. */
bool sink_write_rest(int fd, uint64_t offset, const struct iovec *pieces, int n, size_t skip); /* skip: is written */
bool sink_write_all(int fd, uint64_t offset, const struct iovec *pieces, int n);
/* Names are on the disk only when the directory is. */
void sink_sync_directory_of(const char *path);
/* Sets why; returns false. */
bool sink_fail(struct sink *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
