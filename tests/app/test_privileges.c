/* What both programs give away. Each case in a process of its own, for nothing of it can be taken back. */
#include <errno.h>
#include <linux/capability.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "privileges.h"
#include "support/suite.h"

/* Does it hold in a process that has done nothing yet? */
static bool holds(bool (*what)(void))
{
	int status = 1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(what() ? 0 : 1);
	return pid > 0 && waitpid(pid, &status, 0) == pid && status == 0;
}

static uint64_t capabilities(const char *set)
{
	FILE *f = fopen("/proc/thread-self/status", "re");
	char line[256], name[16];
	unsigned long long v = UINT64_MAX, found;

	while (f != NULL && fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, "%15[^:]: %llx", name, &found) == 2 && strcmp(name, set) == 0)
			v = found;
	if (f != NULL)
		fclose(f);
	return v;
}

static bool has(unsigned capability)
{
	return (capabilities("CapEff") >> capability & 1) != 0;
}

static bool begin_leaves_what_sockets_need(void)
{
	bool had_admin = has(CAP_NET_ADMIN);

	privileges_begin("kernel:eth0");
	return has(CAP_NET_ADMIN) == had_admin && !has(CAP_NET_RAW) && !has(CAP_SYS_ADMIN) && !has(CAP_SETUID) &&
	       !has(CAP_SETPCAP) && capabilities("CapBnd") == 0 && prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;
}

static bool seal_leaves_less(void)
{
	privileges_begin("auto");
	privileges_seal("af_packet:eth0", true);
	return !has(CAP_SYS_ADMIN) && !has(CAP_SYS_RAWIO) && !has(CAP_PERFMON) && !has(CAP_BPF) &&
	       capabilities("CapInh") == 0;
}

static bool who_only_reads_keeps_no_right_to_write(void)
{
	bool could = has(CAP_DAC_READ_SEARCH);

	privileges_begin("kernel");
	privileges_seal("kernel", false);
	return !has(CAP_DAC_OVERRIDE) && has(CAP_DAC_READ_SEARCH) == could;
}

static bool is_refused(long result)
{
	return result == -1 && errno == EPERM;
}

static bool sealed_threads_start_no_program(void)
{
	char *arguments[] = { (char *)"true", NULL }, *none[] = { NULL };

	privileges_begin("memif:/x");
	privileges_seal("memif:/x", true);
	return is_refused(execve("/bin/true", arguments, none)) && is_refused(mount("x", "/", "tmpfs", 0, NULL)) &&
	       is_refused(unshare(CLONE_NEWUSER)) && is_refused(ptrace(PTRACE_TRACEME, 0, NULL, NULL)) &&
	       is_refused(setuid(0)) && is_refused(syscall(SYS_bpf, 0, NULL, 0)) &&
	       is_refused(syscall(SYS_perf_event_open, NULL, 0, 0, -1, 0));
}

/* As programs do it, by the system call itself, and as the C library does when there is no clone3(). */
static bool sealed_threads_make_no_namespaces(void)
{
	unsigned char clone_args[64] = { 0 };

	privileges_seal("kernel", true);
	return is_refused(syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL)) &&
	       is_refused(syscall(SYS_clone, CLONE_NEWNET | SIGCHLD, NULL, NULL, NULL, NULL)) &&
	       syscall(SYS_clone3, clone_args, sizeof(clone_args)) == -1 && errno == ENOSYS;
}

static bool af_xdp_keeps_its_maps(void)
{
	privileges_begin("af_xdp:eth0");
	privileges_seal("af_xdp:eth0", true);
	return !is_refused(syscall(SYS_bpf, -1, NULL, 0)) || errno != EPERM;
}

static pthread_barrier_t sealed;

static void *start_a_program(void *refused)
{
	char *none[] = { NULL };

	pthread_barrier_wait(&sealed);
	*(bool *)refused = is_refused(execve("/bin/false", none, none));
	return NULL;
}

static bool a_thread_from_before_is_sealed(void)
{
	bool refused = false;
	pthread_t thread;

	pthread_barrier_init(&sealed, NULL, 2);
	if (pthread_create(&thread, NULL, start_a_program, &refused) != 0)
		return false;
	privileges_seal("kernel", true);
	pthread_barrier_wait(&sealed);
	pthread_join(thread, NULL);
	return refused;
}

static void *wait_and_look(void *permitted)
{
	pthread_barrier_wait(&sealed);
	*(uint64_t *)permitted = capabilities("CapPrm");
	return NULL;
}

/* One that lets no other signal through, as those of the library and of DPDK. */
static bool a_thread_from_before_has_no_more_than_new_ones(void)
{
	uint64_t permitted = UINT64_MAX;
	pthread_t thread;
	sigset_t most;

	pthread_barrier_init(&sealed, NULL, 2);
	sigfillset(&most);
	sigdelset(&most, SIGSYS);
	pthread_sigmask(SIG_SETMASK, &most, NULL);
	if (pthread_create(&thread, NULL, wait_and_look, &permitted) != 0)
		return false;
	privileges_seal("kernel", true);
	pthread_barrier_wait(&sealed);
	pthread_join(thread, NULL);
	return permitted == capabilities("CapPrm") && (permitted >> CAP_SYS_ADMIN & 1) == 0;
}

static void *start_another(void *permitted)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, wait_and_look, permitted) == 0)
		pthread_join(thread, NULL);
	return NULL;
}

/* It may have been started by one that had not heard of it yet. */
static bool nor_has_a_thread_that_comes_meanwhile(void)
{
	enum { ROUNDS = 20 };
	uint64_t permitted[ROUNDS];
	pthread_t thread[ROUNDS];

	pthread_barrier_init(&sealed, NULL, ROUNDS + 1);
	for (unsigned i = 0; i < ROUNDS; i++)
		if (pthread_create(&thread[i], NULL, start_another, &permitted[i]) != 0)
			return false;
	privileges_seal("kernel", true);
	pthread_barrier_wait(&sealed);
	for (unsigned i = 0; i < ROUNDS; i++)
		pthread_join(thread[i], NULL);
	for (unsigned i = 0; i < ROUNDS; i++)
		if (permitted[i] != capabilities("CapPrm"))
			return false;
	return true;
}

static bool a_thread_goes_on_with_its_work(void)
{
	FILE *f;
	bool works;

	privileges_begin("kernel");
	privileges_seal("kernel", true);
	f = tmpfile();
	works = f != NULL && fputs("x", f) >= 0 && fflush(f) == 0;
	if (f != NULL)
		fclose(f);
	return works && fork() >= 0;
}

#define IN_A_PROCESS(name) \
	static void name##_(void) { CU_ASSERT(holds(name)); }
IN_A_PROCESS(begin_leaves_what_sockets_need)
IN_A_PROCESS(seal_leaves_less)
IN_A_PROCESS(who_only_reads_keeps_no_right_to_write)
IN_A_PROCESS(sealed_threads_start_no_program)
IN_A_PROCESS(sealed_threads_make_no_namespaces)
IN_A_PROCESS(af_xdp_keeps_its_maps)
IN_A_PROCESS(a_thread_from_before_is_sealed)
IN_A_PROCESS(a_thread_from_before_has_no_more_than_new_ones)
IN_A_PROCESS(nor_has_a_thread_that_comes_meanwhile)
IN_A_PROCESS(a_thread_goes_on_with_its_work)

static const struct suite_test tests[] = {
	SUITE_TEST(begin_leaves_what_sockets_need_),
	SUITE_TEST(seal_leaves_less_),
	SUITE_TEST(who_only_reads_keeps_no_right_to_write_),
	SUITE_TEST(sealed_threads_start_no_program_),
	SUITE_TEST(sealed_threads_make_no_namespaces_),
	SUITE_TEST(af_xdp_keeps_its_maps_),
	SUITE_TEST(a_thread_from_before_is_sealed_),
	SUITE_TEST(a_thread_from_before_has_no_more_than_new_ones_),
	SUITE_TEST(nor_has_a_thread_that_comes_meanwhile_),
	SUITE_TEST(a_thread_goes_on_with_its_work_),
};
SUITE_MAIN("app/privileges", tests)
