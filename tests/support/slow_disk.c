/*
 * A disk that is slow or hangs, for the thread of wdscast that reads: to be preloaded.
 *
 *	SLOW_DISK_MS=N	   each read takes so many milliseconds more
 *	SLOW_DISK_WHILE=F  a read waits as long as there is a file F
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <time.h>
#include <unistd.h>

static void nap(long ms)
{
	nanosleep(&(struct timespec){ ms / 1000, ms % 1000 * 1000000 }, NULL);
}

static void wait_for_disk(void)
{
	const char *ms = getenv("SLOW_DISK_MS"), *file = getenv("SLOW_DISK_WHILE");
	char name[16] = "";

	prctl(PR_GET_NAME, name, 0, 0, 0);
	if (strcmp(name, "wds-content") != 0)
		return;
	if (ms != NULL)
		nap(atol(ms));
	while (file != NULL && access(file, F_OK) == 0)
		nap(20);
}

static ssize_t read_at(int fd, void *to, size_t len, off_t at)
{
	wait_for_disk();
	return (ssize_t)syscall(SYS_pread64, fd, to, len, at);
}

/* By all the names that libc has for it. */
ssize_t libc_pread(int fd, void *to, size_t len, off_t at) __asm__("pread");
ssize_t libc_pread64(int fd, void *to, size_t len, off_t at) __asm__("pread64");
ssize_t libc_pread_chk(int fd, void *to, size_t len, off_t at, size_t max) __asm__("__pread_chk");
ssize_t libc_pread64_chk(int fd, void *to, size_t len, off_t at, size_t max) __asm__("__pread64_chk");

ssize_t libc_pread(int fd, void *to, size_t len, off_t at)
{
	return read_at(fd, to, len, at);
}

ssize_t libc_pread64(int fd, void *to, size_t len, off_t at)
{
	return read_at(fd, to, len, at);
}

ssize_t libc_pread_chk(int fd, void *to, size_t len, off_t at, size_t max)
{
	(void)max;
	return read_at(fd, to, len, at);
}

ssize_t libc_pread64_chk(int fd, void *to, size_t len, off_t at, size_t max)
{
	(void)max;
	return read_at(fd, to, len, at);
}
