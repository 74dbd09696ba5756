/*
 * A quicker start of EAL. Half of the time to the first JOIN by af_packet went to two things for which
 * DPDK 22.11 has no option: it loads every driver of its directory, 128 of them, and it sleeps 100 ms to
 * see how fast the processor's counter runs. What it asks of the C library for both is answered here, for a
 * program comes before its libraries: in the thread that starts EAL the directory is not there, for the port
 * has loaded what it needs, and the sleep is shorter. EAL measures how long it was.
 */
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <time.h>

#define SLEEP_MOST_NS 10000000

#define INSTEAD __attribute__((visibility("default")))
int stat64(const char *restrict path, struct stat64 *restrict out) INSTEAD;
int nanosleep(const struct timespec *wanted, struct timespec *left) INSTEAD;

/* By its name, the only thing that a program knows of a library's thread. */
static int starts_eal(void)
{
	char name[16] = "";

	return prctl(PR_GET_NAME, name) == 0 && strcmp(name, "wds-eal") == 0;
}

int stat64(const char *restrict path, struct stat64 *restrict out)
{
	if (strstr(path, "/dpdk/pmds-") != NULL && starts_eal()) {
		errno = ENOENT;
		return -1;
	}
	return fstatat64(AT_FDCWD, path, out, 0);
}

int nanosleep(const struct timespec *wanted, struct timespec *left)
{
	struct timespec t = *wanted;
	int error;

	if (t.tv_sec == 0 && t.tv_nsec > SLEEP_MOST_NS && starts_eal())
		t.tv_nsec = SLEEP_MOST_NS;
	error = clock_nanosleep(CLOCK_REALTIME, 0, &t, left);
	if (error == 0)
		return 0;
	errno = error;
	return -1;
}
