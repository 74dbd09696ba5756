#include "privileges.h"

#include <errno.h>
#include <sched.h>
#include <seccomp.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>

#include "capabilities.h"

#define READ CAP(DAC_READ_SEARCH)
#define WRITE (READ | CAP(DAC_OVERRIDE))
#define SOCKETS (CAP(NET_BIND_SERVICE) | CAP(NET_ADMIN)) /* NET_ADMIN: receive buffers of a size that suffices */
#define FRAMES (SOCKETS | CAP(NET_RAW) | CAP(IPC_LOCK))
#define XDP (FRAMES | CAP(BPF))

/* What a kind of port needs to be opened, and what afterwards: to join groups, to filter, to be closed. */
static const struct {
	const char *kind;
	uint64_t to_open, to_run;
} kinds[] = {
	{ "kernel", SOCKETS, SOCKETS },
	/* NET_ADMIN: for an exception tap; DAC_OVERRIDE: a client comes back to its socket, a server removes it */
	{ "memif:", CAP(IPC_LOCK) | CAP(NET_ADMIN), CAP(IPC_LOCK) | CAP(DAC_OVERRIDE) },
	{ "pcap:", CAP(IPC_LOCK), CAP(IPC_LOCK) },
	{ "af_packet:", FRAMES | CAP(BPF), FRAMES }, /* BPF: to part trains on a veth */
	{ "af_xdp:", XDP | CAP(PERFMON) | CAP(SYS_ADMIN) | CAP(SYS_RESOURCE), XDP },
	{ "pci:", FRAMES | CAP(SYS_ADMIN) | CAP(SYS_RAWIO), FRAMES },
	/* auto: any of them */
	{ "", XDP | CAP(PERFMON) | CAP(SYS_ADMIN) | CAP(SYS_RESOURCE) | CAP(SYS_RAWIO), XDP },
};

static unsigned kind_of(const char *port)
{
	unsigned i = 0;

	while (strncmp(port, kinds[i].kind, strlen(kinds[i].kind)) != 0)
		i++;
	return i;
}

/* It goes on all the same: it is no worse than without us. */
static void complain(const char *what, int error)
{
	fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, strerror(error));
}

static void keep(uint64_t wanted)
{
	if (!capabilities_keep(wanted))
		complain("cannot give up capabilities in every thread", errno);
}

void privileges_begin(const char *port)
{
	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) != 0)
		complain("cannot give up the right to gain privileges", errno);
	keep(WRITE | kinds[kind_of(port)].to_open);
}

/*
 * What is forbidden, not what is allowed: drivers and libraries make many calls, and others with each version.
 * bpf() stays for the port that keeps its filter in a map of the kernel's.
 */
static const int forbidden[] = {
	SCMP_SYS(execve), SCMP_SYS(execveat), SCMP_SYS(ptrace), SCMP_SYS(process_vm_readv),
	SCMP_SYS(process_vm_writev), SCMP_SYS(init_module), SCMP_SYS(finit_module), SCMP_SYS(delete_module),
	SCMP_SYS(kexec_load), SCMP_SYS(kexec_file_load), SCMP_SYS(reboot), SCMP_SYS(mount), SCMP_SYS(umount2),
	SCMP_SYS(move_mount), SCMP_SYS(open_tree), SCMP_SYS(fsopen), SCMP_SYS(fsmount), SCMP_SYS(pivot_root),
	SCMP_SYS(chroot), SCMP_SYS(setns), SCMP_SYS(unshare), SCMP_SYS(swapon), SCMP_SYS(swapoff),
	SCMP_SYS(perf_event_open), SCMP_SYS(userfaultfd), SCMP_SYS(keyctl), SCMP_SYS(add_key), SCMP_SYS(request_key),
	SCMP_SYS(acct), SCMP_SYS(quotactl), SCMP_SYS(settimeofday), SCMP_SYS(clock_settime), SCMP_SYS(clock_adjtime),
	SCMP_SYS(adjtimex), SCMP_SYS(sethostname), SCMP_SYS(setdomainname), SCMP_SYS(iopl), SCMP_SYS(ioperm),
	SCMP_SYS(open_by_handle_at), SCMP_SYS(personality), SCMP_SYS(setuid), SCMP_SYS(setreuid), SCMP_SYS(setresuid),
	SCMP_SYS(setgid), SCMP_SYS(setregid), SCMP_SYS(setresgid), SCMP_SYS(setgroups), SCMP_SYS(setfsuid),
	SCMP_SYS(setfsgid), SCMP_SYS(mknod), SCMP_SYS(mknodat), SCMP_SYS(modify_ldt), SCMP_SYS(vhangup),
};

static const unsigned namespaces[] = { CLONE_NEWUSER, CLONE_NEWNS,  CLONE_NEWPID,   CLONE_NEWNET,
	                               CLONE_NEWIPC,  CLONE_NEWUTS, CLONE_NEWCGROUP };

/*
 * No namespaces by clone(), for in one of its own a user has every capability. What clone3() is to do lies in memory,
 * where a filter does not look: the C library takes clone() instead where there is no clone3().
 */
static int forbid_namespaces(scmp_filter_ctx f)
{
	int error = seccomp_rule_add(f, SCMP_ACT_ERRNO(ENOSYS), SCMP_SYS(clone3), 0);

	for (unsigned i = 0; i < sizeof(namespaces) / sizeof(namespaces[0]) && error == 0; i++)
		error = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(clone), 1,
		                         SCMP_A0(SCMP_CMP_MASKED_EQ, namespaces[i], namespaces[i]));
	return error;
}

static int fill(scmp_filter_ctx f, bool uses_bpf)
{
	int error = forbid_namespaces(f);

	for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]) && error == 0; i++)
		error = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	if (!uses_bpf && error == 0)
		error = seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 0);
	if (error == 0)
		error = seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1); /* DPDK has threads of its own */
	return error;
}

/* A kernel without filters, or one within a sandbox that lets nobody add to it: then without. */
static void filter(bool uses_bpf)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);
	int error = f != NULL ? fill(f, uses_bpf) : -ENOMEM;

	if (error == 0)
		error = seccomp_load(f);
	if (error != 0)
		complain("cannot filter system calls", -error);
	seccomp_release(f);
}

void privileges_seal(const char *port, bool writes)
{
	uint64_t needed = kinds[kind_of(port)].to_run;

	keep((writes ? WRITE : READ) | needed);
	filter((needed & CAP(BPF)) != 0);
}
