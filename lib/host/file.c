/* Small files, such as keys. */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"

void host_wipe(void *p, size_t bytes)
{
	explicit_bzero(p, bytes);
}

/* A file of the directory in which systemd hands a service its credentials. */
static bool is_credential(const char *path)
{
	const char *dir = getenv("CREDENTIALS_DIRECTORY");
	size_t len = dir != NULL ? strlen(dir) : 0;

	return len > 0 && strncmp(path, dir, len) == 0 && path[len] == '/' && strchr(path + len + 1, '/') == NULL;
}

/*
 * Who owns it can change it and give it away. Of a credential, which is root's, the service's user may read by an ACL,
 * whose mask stands in place of the group's rights; the group itself has none.
 */
static enum host_file look_at_secret(const struct stat *st, const char *path)
{
	if (st->st_uid != 0 && st->st_uid != geteuid())
		return HOST_FILE_FOREIGN;
	if ((st->st_mode & (S_IRWXG | S_IRWXO)) == 0)
		return HOST_FILE_READ;
	if (is_credential(path) && st->st_uid == 0 && (st->st_mode & ~(mode_t)(S_IFMT | S_IRUSR | S_IRGRP)) == 0)
		return HOST_FILE_READ;
	return HOST_FILE_EXPOSED;
}

static enum host_file look(int fd, const char *path, bool secret, size_t max)
{
	enum host_file result = HOST_FILE_READ;
	struct stat st;

	if (fstat(fd, &st) != 0)
		return HOST_FILE_FAILED;
	if (!S_ISREG(st.st_mode))
		return HOST_FILE_SPECIAL;
	if (secret)
		result = look_at_secret(&st, path);
	return result == HOST_FILE_READ && (uint64_t)st.st_size > max ? HOST_FILE_LARGE : result;
}

static enum host_file take(int fd, uint8_t *out, size_t max, size_t *len)
{
	ssize_t n = 1;

	for (*len = 0; n > 0 && *len < max; *len += n > 0 ? (size_t)n : 0)
		n = read(fd, out + *len, max - *len);
	return n < 0 ? HOST_FILE_FAILED : HOST_FILE_READ;
}

enum host_file host_read_file(const char *path, bool secret, void *out, size_t max, size_t *len)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK), error; /* a FIFO would wait for its writer */
	enum host_file result;

	if (fd < 0)
		return HOST_FILE_FAILED;
	result = look(fd, path, secret, max);
	if (result == HOST_FILE_READ)
		result = take(fd, out, max, len);
	error = errno;
	close(fd);
	errno = error;
	return result;
}
