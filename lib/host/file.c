/* Small files, such as keys. */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"

void host_wipe(void *p, size_t bytes)
{
	explicit_bzero(p, bytes);
}

static enum host_file look(int fd, bool secret, size_t max)
{
	struct stat st;

	if (fstat(fd, &st) != 0)
		return HOST_FILE_FAILED;
	if (!S_ISREG(st.st_mode))
		return HOST_FILE_SPECIAL;
	if (secret && (st.st_mode & (S_IRWXG | S_IRWXO)) != 0)
		return HOST_FILE_EXPOSED;
	return (uint64_t)st.st_size > max ? HOST_FILE_LARGE : HOST_FILE_READ;
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
	result = look(fd, secret, max);
	if (result == HOST_FILE_READ)
		result = take(fd, out, max, len);
	error = errno;
	close(fd);
	errno = error;
	return result;
}
