#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool sink_fail(struct sink *s, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(s->why, sizeof(s->why), format, args);
	va_end(args);
	return false;
}

bool sink_write_rest(int fd, uint64_t offset, const struct iovec *pieces, int n, size_t skip)
{
	for (int i = 0; i < n; i++) {
		const char *at = pieces[i].iov_base;
		size_t len = pieces[i].iov_len;

		if (skip >= len) {
			skip -= len;
			offset += len;
			continue;
		}
		while (skip < len) {
			ssize_t done = pwrite(fd, at + skip, len - skip, (off_t)(offset + skip));

			if (done < 0 && errno != EINTR)
				return false;
			skip += done > 0 ? (size_t)done : 0;
		}
		offset += len;
		skip = 0;
	}
	return true;
}

bool sink_write_all(int fd, uint64_t offset, const struct iovec *pieces, int n)
{
	for (int first = 0; first < n; first += IOV_MAX) {
		int some = n - first < IOV_MAX ? n - first : IOV_MAX;
		ssize_t done = pwritev(fd, pieces + first, some, (off_t)offset);

		if (done < 0 && errno != EINTR)
			return false;
		if (!sink_write_rest(fd, offset, pieces + first, some, done > 0 ? (size_t)done : 0))
			return false;
		for (int i = 0; i < some; i++)
			offset += pieces[first + i].iov_len;
	}
	return true;
}

void sink_sync_directory_of(const char *path)
{
	char copy[PATH_MAX];
	int fd;

	snprintf(copy, sizeof(copy), "%s", path);
	fd = open(dirname(copy), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static bool is_special(const char *path)
{
	struct stat st;

	return strcmp(path, "-") == 0 || strcmp(path, "null:") == 0 ||
	       (stat(path, &st) == 0 && !S_ISREG(st.st_mode) && !S_ISDIR(st.st_mode));
}

struct sink *sink_open(const char *path, const char *name, bool wants_digest, bool resume, char why[SINK_WHY_BYTES])
{
	if (resume && is_special(path)) {
		snprintf(why, SINK_WHY_BYTES, "%s: --resume is for regular files alone", path);
		return NULL;
	}
	if (strcmp(path, "-") == 0)
		return sink_stdout_open(wants_digest, why);
	if (strcmp(path, "null:") == 0)
		return sink_null_open(why);
	if (is_special(path))
		return sink_device_open(path, why);
	return sink_file_open(path, name, resume, why);
}

/* ---- null: ---- */

static bool null_begin(struct sink *s, uint64_t size)
{
	(void)s;
	(void)size;
	return true;
}

static bool null_write(struct sink *s, uint64_t offset, const struct iovec *pieces, int n, size_t len)
{
	(void)s;
	(void)offset;
	(void)pieces;
	(void)n;
	(void)len;
	return true;
}

static bool null_do(struct sink *s)
{
	(void)s;
	return true;
}

static bool null_digest(struct sink *s, uint8_t out[32])
{
	(void)out;
	return sink_fail(s, "nothing to verify");
}

static void null_close(struct sink *s)
{
	free(s);
}

struct sink *sink_null_open(char why[SINK_WHY_BYTES])
{
	static const struct sink_ops ops = { NULL, null_begin, null_write, NULL, NULL, null_do, null_digest, null_do, null_close };
	struct sink *s = calloc(1, sizeof(*s));

	if (s == NULL)
		snprintf(why, SINK_WHY_BYTES, "not enough memory");
	else
		s->ops = &ops;
	return s;
}
