/*
 * Whoever writes a temporary file holds its lock, and the kernel lets go of that however the process ends.
 * So a file that can be locked is nobody's: process numbers say nothing of other machines or namespaces.
 */
#include "temporary.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum { TRIES = 16 }; /* somebody may take ours for left over before it is locked */

/* Is it .NAME.wdsget- and a number, and not the file we are about to make? */
static bool is_alike(const char *entry, const char *own)
{
	size_t len = (size_t)(strrchr(own, '-') + 1 - own);

	return strncmp(entry, own, len) == 0 && entry[len] != '\0' && entry[len + strspn(entry + len, "0123456789")] == '\0';
}

static void remove_if_nobodys(int directory, const char *entry)
{
	int fd = openat(directory, entry, O_RDWR | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	struct stat st;

	if (fd < 0)
		return;
	if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && flock(fd, LOCK_EX | LOCK_NB) == 0)
		unlinkat(directory, entry, 0);
	close(fd);
}

static void remove_left_over(int directory, const char *own)
{
	int fd = openat(directory, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	DIR *dir = fd < 0 ? NULL : fdopendir(fd);
	const struct dirent *entry;

	if (dir == NULL) {
		if (fd >= 0)
			close(fd);
		return;
	}
	while ((entry = readdir(dir)) != NULL)
		if (is_alike(entry->d_name, own))
			remove_if_nobodys(directory, entry->d_name);
	closedir(dir);
}

/* Locked, and still there; -1 and EEXIST when somebody took it for left over. */
static int create_locked(int directory, const char *own)
{
	int fd = openat(directory, own, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
	struct stat st;

	if (fd < 0)
		return -1;
	flock(fd, LOCK_EX); /* where there are no locks there is nothing to remove by them either */
	if (fstat(fd, &st) == 0 && st.st_nlink > 0)
		return fd;
	close(fd);
	errno = EEXIST;
	return -1;
}

static int create(int directory, const char *own)
{
	int fd = -1;

	remove_left_over(directory, own);
	errno = EEXIST;
	for (int i = 0; i < TRIES && fd < 0 && errno == EEXIST; i++)
		fd = create_locked(directory, own);
	return fd;
}

int temporary_create(const char *directory, const char *name)
{
	int at = open(directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	int fd, why;

	if (at < 0)
		return -1;
	fd = create(at, name);
	why = errno;
	close(at);
	errno = why;
	return fd;
}
