#include "capabilities.h"

#include <dirent.h>
#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

enum { TRIES = 1000, TRY_NS = 1000000 };

/* Constant while a thread may be told of it. */
static struct {
	uint64_t kept;
	bool may_bound; /* the bounding set is for who has CAP_SETPCAP: others have nothing to lose by it */
} order;

/* Of the calling thread. Also in a signal's handler: no call of the C library with a state of its own. */
static bool obey(void)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3] = { 0 };

	for (unsigned i = 0; order.may_bound && i <= CAP_LAST_CAP; i++)
		prctl(PR_CAPBSET_DROP, i, 0, 0, 0); /* of an older kernel it may not know all */
	data[0].effective = data[0].permitted = (uint32_t)order.kept;
	data[1].effective = data[1].permitted = (uint32_t)(order.kept >> 32);
	return syscall(SYS_capset, &header, data) == 0;
}

static void on_order(int number)
{
	int error = errno;

	(void)number;
	obey(); /* whether it did, who told it sees */
	errno = error;
}

/* It stays: a thread may hear of the same order twice, and late. */
static void catch_orders(void)
{
	struct sigaction action = { .sa_handler = on_order, .sa_flags = SA_RESTART };

	sigaction(SIGSYS, &action, NULL);
}

static bool look(uint64_t *effective, uint64_t *permitted)
{
	struct __user_cap_header_struct header = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct data[_LINUX_CAPABILITY_U32S_3];

	if (syscall(SYS_capget, &header, data) != 0)
		return false;
	*effective = data[0].effective | (uint64_t)data[1].effective << 32;
	*permitted = data[0].permitted | (uint64_t)data[1].permitted << 32;
	return true;
}

/* A thread that has just ended has nothing; one that cannot be looked at may have all. */
static bool has_more(long thread)
{
	char path[64], line[128];
	uint64_t permitted = UINT64_MAX;
	FILE *f;

	snprintf(path, sizeof(path), "/proc/self/task/%ld/status", thread);
	f = fopen(path, "re");
	if (f == NULL)
		return errno != ENOENT && errno != ESRCH;
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "CapPrm: %" SCNx64, &permitted) == 1)
			break;
	fclose(f);
	return (permitted & ~order.kept) != 0;
}

/* Those that had more, which now is asked back of them: how many? -1: it cannot be known. */
static int tell_others(void)
{
	DIR *threads = opendir("/proc/self/task");
	const struct dirent *d;
	int n = 0;

	if (threads == NULL)
		return -1;
	while ((d = readdir(threads)) != NULL) {
		long thread = strtol(d->d_name, NULL, 10);

		if (thread <= 0 || thread == syscall(SYS_gettid) || !has_more(thread))
			continue;
		syscall(SYS_tgkill, getpid(), thread, SIGSYS);
		n++;
	}
	closedir(threads);
	return n;
}

bool capabilities_keep(uint64_t wanted)
{
	const struct timespec wait = { .tv_nsec = TRY_NS };
	uint64_t effective, permitted;
	int others = 1;

	if (!look(&effective, &permitted))
		return false;
	order.kept = permitted & wanted;
	order.may_bound = (effective & CAP(SETPCAP)) != 0;
	catch_orders();
	if (!obey())
		return false;
	/* Again, for one that had not been told may have started another. */
	for (unsigned i = 0; i < TRIES && (others = tell_others()) > 0; i++)
		nanosleep(&wait, NULL);
	if (others > 0)
		errno = EBUSY;
	return others == 0;
}
