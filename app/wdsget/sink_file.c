/*
 * A regular file, written under a temporary name beside the target (.NAME.wdsget-PID) and renamed when it
 * is whole and on the disk; and a device, which is written where it is. With --resume the temporary name is
 * always the same (.NAME.wdsget-part), and a journal beside it (.NAME.wdsget-journal) tells what is in it.
 */
#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include "digest.h"
#include "disk.h"
#include "journal.h"
#include "sink.h"
#include "spans.h"
#include "temporary.h"

struct sink_file {
	struct sink sink;
	int fd;
	uint64_t size;
	char target[PATH_MAX];
	char directory[PATH_MAX];
	char temporary[PATH_MAX]; /* "" for a device, or once it is renamed */
	struct journal *journal;  /* NULL without --resume */
	struct spans written;     /* without it */
	struct writer *writer;
	struct disk disk;
};

static struct sink_file *file_of(struct sink *s)
{
	return (struct sink_file *)(void *)s; /* its first member */
}

static const struct spans *file_resume(struct sink *s, const struct journal_object *object, bool has_digest)
{
	struct sink_file *f = file_of(s);

	return journal_begin(f->journal, object, has_digest, s->why) ? journal_done(f->journal) : NULL;
}

/* What the file has of the disk already. */
static uint64_t held_bytes(const struct sink_file *f)
{
	struct stat st;

	return fstat(f->fd, &st) == 0 ? (uint64_t)st.st_blocks * 512 : 0;
}

static bool file_begin(struct sink *s, uint64_t size)
{
	struct sink_file *f = file_of(s);
	uint64_t held = held_bytes(f), more = size > held ? size - held : 0;
	struct statvfs disk;

	f->size = size;
	if (fstatvfs(f->fd, &disk) == 0 && more / disk.f_frsize + (more % disk.f_frsize != 0) > disk.f_bavail)
		return sink_fail(s, "%s: not enough space: %llu bytes are needed, %llu are free", f->directory,
		                 (unsigned long long)more, (unsigned long long)disk.f_bavail * disk.f_frsize);
	disk_begin(&f->disk, f->fd, disk_is_large(size));
	if (!disk_reserve(&f->disk, size) || ftruncate(f->fd, (off_t)size) != 0)
		return sink_fail(s, "%s: cannot hold %llu bytes: %s", f->directory, (unsigned long long)size,
		                 strerror(errno));
	return true;
}

/* It is written, or not: error. */
static bool took(struct sink_file *f, uint64_t offset, size_t len, int error)
{
	if (error != 0)
		return sink_fail(&f->sink, "cannot write %s: %s", f->target, strerror(error));
	disk_wrote(&f->disk, offset, len);
	if (f->journal == NULL)
		return spans_add(&f->written, offset, offset + len) || sink_fail(&f->sink, "not enough memory");
	if (!journal_note(f->journal, offset, offset + len))
		return sink_fail(&f->sink, "cannot keep the journal of %s: %s", f->target, strerror(errno));
	return true;
}

/* Whatever was said of it: every byte was written. */
static bool is_whole(const struct sink_file *f)
{
	return f->journal != NULL ? journal_is_whole(f->journal) : spans_end(&f->written, 0) == f->size;
}

static bool file_write(struct sink *s, uint64_t offset, const struct iovec *pieces, int n, size_t len)
{
	struct sink_file *f = file_of(s);

	return took(f, offset, len, sink_write_all(f->fd, offset, pieces, n) ? 0 : errno);
}

static void file_submit(struct sink *s, struct write *w)
{
	struct sink_file *f = file_of(s);

	disk_choose(&f->disk, w);
	writer_submit(f->writer, w);
}

static struct write *file_reap(struct sink *s, bool wait)
{
	struct sink_file *f = file_of(s);
	struct write *w = writer_reap(f->writer, wait);

	if (w != NULL && !took(f, w->offset, w->len, w->error) && w->error == 0)
		w->error = EIO; /* the journal's, or no memory */
	return w;
}

static bool file_sync(struct sink *s)
{
	struct sink_file *f = file_of(s);

	if (f->journal != NULL && !journal_stop(f->journal))
		return sink_fail(s, "cannot keep the journal of %s: %s", f->target, strerror(errno));
	if (!is_whole(f))
		return sink_fail(s, "%s is not whole", f->temporary[0] != '\0' ? f->temporary : f->target);
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

static bool file_commit(struct sink *s)
{
	struct sink_file *f = file_of(s);

	if (f->temporary[0] == '\0')
		return true;
	if (rename(f->temporary, f->target) != 0)
		return sink_fail(s, "cannot rename to %s: %s", f->target, strerror(errno));
	f->temporary[0] = '\0';
	sink_sync_directory_of(f->target);
	if (f->journal != NULL)
		journal_remove(f->journal); /* if the power goes before this, it names a file that is not there */
	return true;
}

/* Is it to be gone on with? Else the journal goes, and first. */
static bool is_kept(struct sink_file *f)
{
	if (f->journal == NULL)
		return false;
	journal_stop(f->journal);
	if (!f->sink.spoilt && journal_has_some(f->journal))
		return true;
	journal_remove(f->journal);
	return false;
}

static void file_close(struct sink *s)
{
	struct sink_file *f = file_of(s);

	if (f->temporary[0] != '\0' && !is_kept(f))
		unlink(f->temporary);
	if (f->sink.leaving)
		return;
	journal_close(f->journal);
	spans_free(&f->written);
	writer_free(f->writer);
	disk_close(&f->disk);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

static const struct sink_ops file_ops = { NULL,      file_begin,  file_write,  file_submit, file_reap,
	                                  file_sync, file_digest, file_commit, file_close };
static const struct sink_ops resumed_ops = { file_resume, file_begin,  file_write,  file_submit, file_reap,
	                                     file_sync,   file_digest, file_commit, file_close };

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

/* what: "part", "journal", or the process that writes it. */
static bool name_beside(struct sink_file *f, const char *what, char out[PATH_MAX])
{
	char copy[PATH_MAX];
	int n;

	memcpy(copy, f->target, sizeof(copy));
	snprintf(f->directory, sizeof(f->directory), "%s", dirname(copy));
	memcpy(copy, f->target, sizeof(copy));
	n = snprintf(out, PATH_MAX, "%s/.%s.wdsget-%s", f->directory, basename(copy), what);
	return n < PATH_MAX;
}

/* rename() would replace even a file that is protected: what the user protected stays. Root too. */
static bool is_protected(const char *path)
{
	struct stat st;

	return stat(path, &st) == 0 && ((st.st_mode & 0222) == 0 || access(path, W_OK) != 0);
}

static bool cannot_create(struct sink_file *f)
{
	return sink_fail(&f->sink, "cannot create a file in %s: %s", f->directory, strerror(errno));
}

static bool open_temporary(struct sink_file *f)
{
	char name[PATH_MAX], pid[16];

	snprintf(pid, sizeof(pid), "%ld", (long)getpid());
	if (!name_beside(f, pid, name))
		return sink_fail(&f->sink, "%s: the name is too long", f->target);
	f->fd = temporary_create(f->directory, strrchr(name, '/') + 1);
	if (f->fd < 0)
		return cannot_create(f);
	memcpy(f->temporary, name, sizeof(name));
	return true;
}

/* Is what we have locked still what the name stands for? Another may have renamed or removed it before. */
static bool is_in_place(int fd, const char *name)
{
	struct stat ours, named;

	return fstat(fd, &ours) == 0 && lstat(name, &named) == 0 && S_ISREG(ours.st_mode) &&
	       ours.st_dev == named.st_dev && ours.st_ino == named.st_ino;
}

/* Ours alone while it is open, and what is in it stays. */
static bool open_part(struct sink_file *f)
{
	char name[PATH_MAX], journal[PATH_MAX];

	if (!name_beside(f, "part", name) || !name_beside(f, "journal", journal))
		return sink_fail(&f->sink, "%s: the name is too long", f->target);
	f->fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0666);
	if (f->fd < 0)
		return cannot_create(f);
	if (flock(f->fd, LOCK_EX | LOCK_NB) != 0 || !is_in_place(f->fd, name))
		return sink_fail(&f->sink, "%s: another wdsget is at work on it", name);
	f->journal = journal_open(journal, f->fd);
	if (f->journal == NULL)
		return sink_fail(&f->sink, "not enough memory");
	memcpy(f->temporary, name, sizeof(name));
	return true;
}

static bool open_file(struct sink_file *f, const char *path, const char *name, bool resume)
{
	if (!name_target(f, path, name))
		return sink_fail(&f->sink, "%s: not a file name", path);
	if (is_protected(f->target))
		return sink_fail(&f->sink, "%s exists and is read-only", f->target);
	return resume ? open_part(f) : open_temporary(f);
}

static struct sink_file *file_new(const struct sink_ops *ops)
{
	struct sink_file *f = calloc(1, sizeof(*f));

	if (f == NULL)
		return NULL;
	f->sink.ops = ops;
	f->fd = f->disk.fd = f->disk.direct = -1;
	f->writer = writer_new();
	if (f->writer == NULL) {
		free(f);
		return NULL;
	}
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

struct sink *sink_file_open(const char *path, const char *name, bool resume, char why[SINK_WHY_BYTES])
{
	struct sink_file *f = file_new(resume ? &resumed_ops : &file_ops);

	return checked(f, f != NULL && open_file(f, path, name, resume), why);
}

/* ---- devices ---- */

static bool device_begin(struct sink *s, uint64_t size)
{
	struct sink_file *f = file_of(s);
	struct stat st;
	off_t end;

	f->size = size;
	disk_begin(&f->disk, f->fd, disk_is_large(size));
	if (fstat(f->fd, &st) != 0 || !S_ISBLK(st.st_mode))
		return true;
	end = lseek(f->fd, 0, SEEK_END);
	if (end < 0 || (uint64_t)end < size)
		return sink_fail(s, "%s: too small: %llu bytes are needed, it has %lld", f->target,
		                 (unsigned long long)size, (long long)end);
	return true;
}

static const struct sink_ops device_ops = { NULL,      device_begin, file_write,  file_submit, file_reap,
	                                    file_sync, file_digest,  file_commit, file_close };

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
