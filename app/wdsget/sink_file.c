/*
 * A regular file, written under a temporary name beside the target (.NAME.wdsget-PID) and renamed when it
 * is whole and on the disk; and a device, which is written where it is.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "digest.h"
#include "sink.h"

struct sink_file {
	struct sink sink;
	int fd;
	uint64_t size;
	char target[PATH_MAX];
	char directory[PATH_MAX];
	char temporary[PATH_MAX]; /* "" for a device, or once it is renamed */
};

static struct sink_file *file_of(struct sink *s)
{
	return (struct sink_file *)(void *)s; /* its first member */
}

static bool file_begin(struct sink *s, uint64_t size)
{
	struct sink_file *f = file_of(s);
	struct statvfs disk;

	f->size = size;
	if (fstatvfs(f->fd, &disk) == 0 && size / disk.f_frsize + (size % disk.f_frsize != 0) > disk.f_bavail)
		return sink_fail(s, "%s: not enough space: %llu bytes are needed, %llu are free", f->directory,
		                 (unsigned long long)size, (unsigned long long)disk.f_bavail * disk.f_frsize);
	if (ftruncate(f->fd, (off_t)size) != 0)
		return sink_fail(s, "%s: cannot hold %llu bytes: %s", f->directory, (unsigned long long)size,
		                 strerror(errno));
	return true;
}

static bool file_write(struct sink *s, uint64_t offset, const struct iovec *pieces, int n, size_t len)
{
	struct sink_file *f = file_of(s);

	(void)len;
	if (!sink_write_all(f->fd, offset, pieces, n))
		return sink_fail(s, "cannot write %s: %s", f->target, strerror(errno));
	return true;
}

static bool file_sync(struct sink *s)
{
	struct sink_file *f = file_of(s);

	if (fsync(f->fd) != 0 && errno != EINVAL) /* what cannot be synced, such as /dev/null, says EINVAL */
		return sink_fail(s, "cannot write %s to the disk: %s", f->target, strerror(errno));
	return true;
}

static bool file_digest(struct sink *s, uint8_t out[32])
{
	struct sink_file *f = file_of(s);

	if (!digest_file(f->fd, f->size, out))
		return sink_fail(s, "cannot read %s again: %s", f->target, strerror(errno));
	return true;
}

/* The name itself is on the disk only when its directory is. */
static void sync_directory(const struct sink_file *f)
{
	int fd = open(f->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd < 0)
		return;
	fsync(fd);
	close(fd);
}

static bool file_commit(struct sink *s)
{
	struct sink_file *f = file_of(s);

	if (f->temporary[0] == '\0')
		return true;
	if (rename(f->temporary, f->target) != 0)
		return sink_fail(s, "cannot rename to %s: %s", f->target, strerror(errno));
	f->temporary[0] = '\0';
	sync_directory(f);
	return true;
}

static void file_close(struct sink *s)
{
	struct sink_file *f = file_of(s);

	if (f->temporary[0] != '\0')
		unlink(f->temporary);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

static const struct sink_ops file_ops = { file_begin, file_write, file_sync, file_digest, file_commit, file_close };

static bool name_target(struct sink_file *f, const char *path, const char *name)
{
	struct stat st;
	int n;

	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode))
		n = snprintf(f->target, sizeof(f->target), "%s/%s", path, name);
	else
		n = snprintf(f->target, sizeof(f->target), "%s", path);
	return n > 0 && n < (int)sizeof(f->target) && f->target[n - 1] != '/';
}

static bool name_temporary(struct sink_file *f)
{
	char copy[PATH_MAX];
	int n;

	memcpy(copy, f->target, sizeof(copy));
	snprintf(f->directory, sizeof(f->directory), "%s", dirname(copy));
	memcpy(copy, f->target, sizeof(copy));
	n = snprintf(f->temporary, sizeof(f->temporary), "%s/.%s.wdsget-%ld", f->directory, basename(copy), (long)getpid());
	return n < (int)sizeof(f->temporary);
}

/* rename() would replace even a file that is protected: what the user protected stays. Root too. */
static bool is_protected(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && ((st.st_mode & 0222) == 0 || access(path, W_OK) != 0);
}

static bool open_file(struct sink_file *f, const char *path, const char *name)
{
	if (!name_target(f, path, name))
		return sink_fail(&f->sink, "%s: not a file name", path);
	if (!name_temporary(f)) {
		f->temporary[0] = '\0';
		return sink_fail(&f->sink, "%s: the name is too long", path);
	}
	if (is_protected(f->target)) {
		f->temporary[0] = '\0';
		return sink_fail(&f->sink, "%s exists and is read-only", f->target);
	}
	f->fd = open(f->temporary, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	if (f->fd >= 0)
		return true;
	f->temporary[0] = '\0';
	return sink_fail(&f->sink, "cannot create a file in %s: %s", f->directory, strerror(errno));
}

static struct sink_file *file_new(const struct sink_ops *ops)
{
	struct sink_file *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->sink.ops = ops;
	f->fd = -1;
	return f;
}

static struct sink *checked(struct sink_file *f, bool opened, char why[SINK_WHY_BYTES])
{
	if (opened)
		return &f->sink;
	snprintf(why, SINK_WHY_BYTES, "%s", f == NULL ? "not enough memory" : f->sink.why);
	if (f != NULL)
		file_close(&f->sink);
	return NULL;
}

struct sink *sink_file_open(const char *path, const char *name, char why[SINK_WHY_BYTES])
{
	struct sink_file *f = file_new(&file_ops);

	return checked(f, f != NULL && open_file(f, path, name), why);
}

/* ---- devices ---- */

static bool device_begin(struct sink *s, uint64_t size)
{
	struct sink_file *f = file_of(s);
	struct stat st;
	off_t end;

	f->size = size;
	if (fstat(f->fd, &st) != 0 || !S_ISBLK(st.st_mode))
		return true;
	end = lseek(f->fd, 0, SEEK_END);
	if (end < 0 || (uint64_t)end < size)
		return sink_fail(s, "%s: too small: %llu bytes are needed, it has %lld", f->target,
		                 (unsigned long long)size, (long long)end);
	return true;
}

static const struct sink_ops device_ops = { device_begin, file_write, file_sync, file_digest, file_commit, file_close };

/* O_EXCL: not a block device that is mounted. */
static bool open_device(struct sink_file *f, const char *path)
{
	struct stat st;
	bool block = stat(path, &st) == 0 && S_ISBLK(st.st_mode);

	snprintf(f->target, sizeof(f->target), "%s", path);
	f->fd = open(path, O_RDWR | O_CLOEXEC | (block ? O_EXCL : 0));
	if (f->fd >= 0)
		return true;
	return sink_fail(&f->sink, "cannot write to %s: %s", path, errno == EBUSY ? "it is in use" : strerror(errno));
}

struct sink *sink_device_open(const char *path, char why[SINK_WHY_BYTES])
{
	struct sink_file *f = file_new(&device_ops);

	return checked(f, f != NULL && open_device(f, path), why);
}
