#include "support/netns.h"

#include <fcntl.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

static int home = -1; /* the namespace that was entered */

bool netns_enter(void)
{
	if (unshare(CLONE_NEWNET) != 0)
		return false;
	home = open("/proc/thread-self/ns/net", O_RDONLY | O_CLOEXEC);
	return home >= 0 && netns_run("ip link set lo up");
}

/* The child tells through the pipe that its namespace is there. */
static void hold(int ready, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent || !netns_enter() || write(ready, "", 1) != 1)
		_exit(EXIT_FAILURE);
	for (;;)
		pause();
}

pid_t netns_hold(void)
{
	pid_t parent = getpid(), holder;
	int ready[2];
	char c;

	if (pipe2(ready, O_CLOEXEC) != 0)
		return -1;
	holder = fork();
	if (holder == 0)
		hold(ready[1], parent);
	close(ready[1]);
	if (holder > 0 && read(ready[0], &c, 1) != 1) {
		netns_release(holder);
		holder = -1;
	}
	close(ready[0]);
	return holder;
}

void netns_release(pid_t holder)
{
	kill(holder, SIGKILL);
	waitpid(holder, NULL, 0);
}

bool netns_home(void)
{
	return setns(home, CLONE_NEWNET) == 0;
}

bool netns_join(pid_t holder)
{
	char path[64];
	bool ok;
	int fd;

	snprintf(path, sizeof(path), "/proc/%d/ns/net", (int)holder);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return false;
	ok = setns(fd, CLONE_NEWNET) == 0;
	close(fd);
	return ok;
}

static bool run(const char *prefix, const char *format, va_list args)
{
	char command[1024], all[1200];

	vsnprintf(command, sizeof(command), format, args);
	snprintf(all, sizeof(all), "%s%s", prefix, command);
	return system(all) == 0;
}

bool netns_run(const char *format, ...)
{
	va_list args;
	bool ok;

	va_start(args, format);
	ok = run("", format, args);
	va_end(args);
	return ok;
}

bool netns_run_in(pid_t holder, const char *format, ...)
{
	char prefix[64];
	va_list args;
	bool ok;

	snprintf(prefix, sizeof(prefix), "nsenter -t %d -n ", (int)holder);
	va_start(args, format);
	ok = run(prefix, format, args);
	va_end(args);
	return ok;
}

int netns_main_enter(const char *name)
{
	if (netns_enter())
		return 0;
	printf("\n!!!! SKIPPED: %s needs root, for a network namespace of its own !!!!\n\n", name);
	return NETNS_EXIT_SKIPPED;
}
