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

enum { SINK_WHY_BYTES = 512 };

struct sink;
struct sink_ops {
	/* The size is known: is there room? */
	bool (*begin)(struct sink *s, uint64_t size);
	/* len bytes at offset, in n pieces. */
	bool (*write)(struct sink *s, uint64_t offset, const struct iovec *pieces, int n, size_t len);
	/* All is written: bring it to the disk. */
	bool (*sync)(struct sink *s);
	/* SHA-256 of what is there. */
	bool (*digest)(struct sink *s, uint8_t out[32]);
	/* Give it its final name. */
	bool (*commit)(struct sink *s);
	/* Frees; what was not committed is removed. */
	void (*close)(struct sink *s);
};

struct sink {
	const struct sink_ops *ops;
	char why[SINK_WHY_BYTES];
};

/* Opens for `path` as --output has it; name: for a directory. NULL: why tells. */
struct sink *sink_open(const char *path, const char *name, bool wants_digest, char why[SINK_WHY_BYTES]);

struct sink *sink_file_open(const char *path, const char *name, char why[SINK_WHY_BYTES]);
struct sink *sink_device_open(const char *path, char why[SINK_WHY_BYTES]);
struct sink *sink_stdout_open(bool wants_digest, char why[SINK_WHY_BYTES]);
struct sink *sink_null_open(char why[SINK_WHY_BYTES]);

/* Helpers of sinks. pwritev() of all, on from short writes; false with errno. */
bool sink_write_all(int fd, uint64_t offset, const struct iovec *pieces, int n);
/* Sets why; returns false. */
bool sink_fail(struct sink *s, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
