/* EAL: started once a process, with the first device. */
#include <fcntl.h>
#include <rte_eal.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <stdatomic.h>
#include <stdio.h>
#include <unistd.h>

#include "port/port_dpdk_inside.h"

enum { HANDLES_WANTED = 16 }; /* EAL's own and those of a port */

static struct {
	atomic_flag busy;
	bool tried, running;
	struct eal_arguments arguments;
	char first_error[160];
} eal = { .busy = ATOMIC_FLAG_INIT };

void dpdk_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&eal.busy, memory_order_acquire))
		host_nap(NS_PER_MS);
}

void dpdk_unlock(void)
{
	atomic_flag_clear_explicit(&eal.busy, memory_order_release);
}

const struct eal_arguments *dpdk_arguments(void)
{
	return &eal.arguments;
}

const char *dpdk_error(void)
{
	return eal.first_error[0] != '\0' ? eal.first_error : "no reason is given";
}

void dpdk_clear_error(void)
{
	eal.first_error[0] = '\0';
}

/*
 * EAL's log: only what it says before it gives up the process is printed. The first error of an opening is
 * kept for our own line; those that follow are of the functions that called. stdio holds the stream's lock.
 */
static ssize_t take_log(void *cookie, const char *text, size_t len)
{
	size_t n = len;

	(void)cookie;
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	if (rte_log_cur_msg_loglevel() <= (int)RTE_LOG_CRIT)
		fprintf(stderr, "%.*s\n", (int)n, text);
	if (n > 0 && eal.first_error[0] == '\0')
		snprintf(eal.first_error, sizeof(eal.first_error), "%.*s", (int)n, text);
	return (ssize_t)len;
}

static bool open_log(void)
{
	static const cookie_io_functions_t functions = { .write = take_log };
	FILE *log = fopencookie(NULL, "w", functions);

	if (log == NULL || setvbuf(log, NULL, _IOLBF, 0) != 0 || rte_openlog_stream(log) != 0)
		return false;
	rte_log_set_global_level(RTE_LOG_ERR);
	return true;
}

/*
 * In a thread of its own: EAL pins the one that starts it to a core. Its interrupt thread inherits the
 * blocked signals.
 */
static void start(void *arg)
{
	struct eal_arguments *a = arg;
	int lock = eal_directory_enter();

	eal.running = rte_eal_init(a->count, a->v) >= 0;
	eal_directory_leave(lock, rte_eal_get_runtime_dir());
}

/* Short of some, EAL's interrupt thread gives up the process. */
static bool has_handles(unsigned n)
{
	int fd = open("/", O_PATH | O_CLOEXEC);
	bool enough = fd >= 0 && (n == 1 || has_handles(n - 1));

	if (fd >= 0)
		close(fd);
	return enough;
}

enum wdscast_err dpdk_start(const char *spec, char *why)
{
	struct host_thread *t;

	if (!eal.tried && !has_handles(HANDLES_WANTED))
		return port_fail(WDSCAST_EIO, why, "%s: fewer than %d file handles are left: allow more (ulimit -n)", spec,
		                 HANDLES_WANTED);
	if (!eal.tried) {
		eal.tried = true;
		eal_choose_arguments(&eal.arguments);
		t = open_log() ? host_thread_start("wds-eal", -1, start, &eal.arguments) : NULL;
		if (t != NULL)
			host_thread_join(t);
	}
	if (eal.running)
		return WDSCAST_OK;
	return port_fail(WDSCAST_EIO, why, "%s: DPDK does not start: %s", spec, dpdk_error());
}

/*
 * Memory pools keep a cache for each thread that EAL knows. Ours are no lcores of EAL, so each that comes
 * by registers and, as there are only RTE_MAX_LCORE places, leaves at its end. Refused, it works without.
 */
static _Thread_local bool thread_known;

void dpdk_know_thread(void)
{
	if (likely(thread_known))
		return;
	thread_known = true;
	if (rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0)
		host_thread_at_end(rte_thread_unregister);
}
