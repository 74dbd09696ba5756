#include "content/content.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "base/time.h"
#include "content/name.h"
#include "wdserror.h"

#define TICK_NS (20 * (int64_t)NS_PER_MS) /* the clock of files goes on at least as often */
#define TICKS_MAX 5                       /* so long is waited for a file that is being written */
#define TRIES_AGAIN 16 /* openat2() says EAGAIN while somebody renames below the root */

struct content_root {
	int fd;
};

struct content_object {
	int fd;
	struct stat opened; /* its identity, size and times when it was opened */
	bool spoilt;
};

struct content_root *content_root_open(const char *dir)
{
	struct content_root *r = calloc(1, sizeof(*r));

	if (r == NULL)
		return NULL;
	r->fd = open(dir, O_PATH | O_DIRECTORY | O_CLOEXEC);
	if (r->fd < 0) {
		free(r);
		return NULL;
	}
	return r;
}

void content_root_close(struct content_root *r)
{
	if (r == NULL)
		return;
	close(r->fd);
	free(r);
}

/*
 * For kernels without openat2(): one component after the other, and no symbolic link is followed at all;
 * the path has no ".." (name_to_path()), so nothing leads out.
 */
static int open_step_by_step(int at, const char *path, int flags)
{
	int dir = dup(at);

	while (dir >= 0) {
		char component[NAME_PATH_BYTES];
		size_t len = strcspn(path, "/");
		bool last = path[len] == '\0';
		int next;

		memcpy(component, path, len);
		component[len] = '\0';
		next = openat(dir, component, (last ? flags : O_PATH | O_DIRECTORY) | O_NOFOLLOW | O_CLOEXEC);
		close(dir);
		if (last)
			return next;
		dir = next;
		path += len + 1;
	}
	return -1;
}

/* A path below the root, whatever symbolic links there are on the way. -1 and errno. */
static int open_beneath(int at, const char *path, int flags)
{
	struct open_how how = { .flags = (uint64_t)(flags | O_CLOEXEC),
		                .resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS };

	for (int i = 0; i < TRIES_AGAIN; i++) {
		long fd = syscall(SYS_openat2, at, path, &how, sizeof(how));

		if (fd >= 0)
			return (int)fd;
		if (errno == ENOSYS || errno == EPERM) /* old seccomp filters say EPERM for what they do not know */
			return open_step_by_step(at, path, flags);
		if (errno != EAGAIN && errno != EINTR)
			return -1;
	}
	return -1;
}

/* The folder that holds the component at path[start]. */
static DIR *open_parent(int at, char *path, size_t start)
{
	DIR *dir;
	int fd;

	if (start == 0) {
		fd = openat(at, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	} else {
		path[start - 1] = '\0';
		fd = open_beneath(at, path, O_RDONLY | O_DIRECTORY);
		path[start - 1] = '/';
	}
	dir = fd < 0 ? NULL : fdopendir(fd);
	if (dir == NULL && fd >= 0)
		close(fd);
	return dir;
}

/*
 * Find the entry of a folder that equals the component at path[start], len long, but for case; the least
 * by byte order if there are several, so that all clients get the same. Written over the component.
 */
static bool fold_component(int at, char *path, size_t start, size_t len)
{
	char found[NAME_PATH_BYTES] = "";
	DIR *dir = open_parent(at, path, start);
	const struct dirent *entry;

	if (dir == NULL)
		return false;
	while ((entry = readdir(dir)) != NULL)
		if (name_equal_fold(entry->d_name, path + start, len) &&
		    (found[0] == '\0' || strcmp(entry->d_name, found) < 0))
			memcpy(found, entry->d_name, len + 1);
	closedir(dir);
	if (found[0] == '\0') {
		errno = ENOENT;
		return false;
	}
	memcpy(path + start, found, len);
	return true;
}

/* Does the first end bytes of the path name anything? */
static bool exists(int at, char *path, size_t end)
{
	char kept = path[end];
	int fd;

	path[end] = '\0';
	fd = open_beneath(at, path, O_PATH);
	path[end] = kept;
	if (fd >= 0)
		close(fd);
	return fd >= 0;
}

/* The path with each component that is not there replaced by one that is, but for case. */
static bool fold_path(int at, char *path)
{
	for (size_t start = 0;;) {
		size_t len = strcspn(path + start, "/");

		if (!exists(at, path, start + len) && (errno != ENOENT || !fold_component(at, path, start, len)))
			return false;
		if (path[start + len] == '\0')
			return true;
		start += len + 1;
	}
}

/* Exact first, then without case. */
static int open_named(int at, char *path, int flags)
{
	int fd = open_beneath(at, path, flags);

	if (fd < 0 && errno == ENOENT && fold_path(at, path))
		fd = open_beneath(at, path, flags);
	return fd;
}

static uint32_t error_of(int why, uint32_t not_found)
{
	switch (why) {
	case EACCES:
	case EPERM:
		return ERROR_ACCESS_DENIED;
	case EMFILE:
	case ENFILE:
	case ENOMEM:
	case EAGAIN:
		return ERROR_NO_SYSTEM_RESOURCES;
	default:
		return not_found;
	}
}

static int64_t ns_of(const struct timespec *t)
{
	return t->tv_sec * (int64_t)NS_PER_S + t->tv_nsec;
}

/*
 * A change in the same tick of the clock as the one before leaves no trace in a file's times. So what is served was
 * looked at when the tick of its last change was over: a later change then shows. 0, or a Win32 code.
 */
static uint32_t look_when_settled(int fd, struct stat *st)
{
	struct timespec now;

	for (int i = 0; i <= TICKS_MAX; i++) {
		int64_t age;

		clock_gettime(CLOCK_REALTIME, &now); /* before the look: it is older than that */
		if (fstat(fd, st) != 0 || !S_ISREG(st->st_mode))
			return WDSMCS_E_CONTENT_NOT_FOUND;
		age = ns_of(&now) - ns_of(&st->st_ctim);
		if (age >= TICK_NS || age < -TICK_NS) /* of a clock that was set back: that does not come again soon */
			return 0;
		clock_nanosleep(CLOCK_MONOTONIC, 0, &(struct timespec){ .tv_nsec = TICK_NS - (age > 0 ? age : 0) }, NULL);
	}
	return ERROR_SHARING_VIOLATION;
}

static uint32_t adopt(int fd, struct content_object **out)
{
	struct content_object *o = malloc(sizeof(*o));
	struct stat st;
	uint32_t why = o == NULL ? ERROR_NO_SYSTEM_RESOURCES : look_when_settled(fd, &st);

	if (why != 0) {
		free(o);
		close(fd);
		return why;
	}
	*o = (struct content_object){ .fd = fd, .opened = st };
	posix_fadvise(fd, 0, 0, POSIX_FADV_SEQUENTIAL);
	*out = o;
	return 0;
}

uint32_t content_open(struct content_root *r, const char *name_space, const char *object, struct content_object **out)
{
	char path[NAME_PATH_BYTES];
	size_t len, object_len;
	int fd;

	if (!name_to_path(name_space, path, sizeof(path) - 1, &len))
		return WDSMCS_E_NAMESPACE_NOT_FOUND;
	fd = open_named(r->fd, path, O_PATH | O_DIRECTORY);
	if (fd < 0)
		return error_of(errno, WDSMCS_E_NAMESPACE_NOT_FOUND);
	close(fd);
	path[len++] = '/';
	if (!name_to_path(object, path + len, sizeof(path) - len, &object_len) || name_is_metadata(path + len))
		return WDSMCS_E_CONTENT_NOT_FOUND;
	/* Not blocking: a named pipe must not hold up whoever opens it. */
	fd = open_named(r->fd, path, O_RDONLY | O_NONBLOCK | O_NOCTTY);
	if (fd < 0)
		return error_of(errno, WDSMCS_E_CONTENT_NOT_FOUND);
	return adopt(fd, out);
}

void content_close(struct content_object *o)
{
	if (o == NULL)
		return;
	close(o->fd);
	free(o);
}

uint64_t content_size(const struct content_object *o)
{
	return (uint64_t)o->opened.st_size;
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
	return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

/*
 * The change time too: a program may give a file that it wrote its old modification time back. And the names it
 * has: one that was replaced has none any more.
 */
static bool same_file(const struct stat *a, const struct stat *b)
{
	return a->st_dev == b->st_dev && a->st_ino == b->st_ino && a->st_size == b->st_size &&
	       a->st_nlink == b->st_nlink && same_time(&a->st_mtim, &b->st_mtim) && same_time(&a->st_ctim, &b->st_ctim);
}

bool content_same(const struct content_object *a, const struct content_object *b)
{
	return same_file(&a->opened, &b->opened);
}

/* Not the device: it may have another number after a restart. Hashed, for the times are nobody's business. */
bool content_stamp(const struct content_object *o, uint8_t out[CONTENT_STAMP_BYTES])
{
	const struct stat *s = &o->opened;
	const uint64_t facts[] = { s->st_ino,
		                   (uint64_t)s->st_size,
		                   (uint64_t)s->st_mtim.tv_sec,
		                   (uint64_t)s->st_mtim.tv_nsec,
		                   (uint64_t)s->st_ctim.tv_sec,
		                   (uint64_t)s->st_ctim.tv_nsec };
	uint8_t digest[EVP_MAX_MD_SIZE];

	if (EVP_Digest(facts, sizeof(facts), digest, NULL, EVP_sha256(), NULL) != 1)
		return false;
	memcpy(out, digest, CONTENT_STAMP_BYTES);
	return true;
}

static bool read_all(int fd, uint64_t offset, uint8_t *buf, size_t len)
{
	while (len > 0) {
		ssize_t n = pread(fd, buf, len, (off_t)offset);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		buf += n;
		offset += (uint64_t)n;
		len -= (size_t)n;
	}
	return true;
}

bool content_read(struct content_object *o, uint64_t offset, void *buf, size_t len)
{
	struct stat now;

	if (o->spoilt)
		return false;
	/* The file is looked at after the read: a change before or during it shows. */
	o->spoilt = !read_all(o->fd, offset, buf, len) || fstat(o->fd, &now) != 0 || !same_file(&o->opened, &now);
	return !o->spoilt;
}
