#include "privileges.h"

#include <cap-ng.h>
#include <errno.h>
#include <seccomp.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <sys/prctl.h>

#define CAP(name) (1ull << CAP_##name)
#define FILES (CAP(DAC_OVERRIDE) | CAP(DAC_READ_SEARCH))
#define SOCKETS (CAP(NET_BIND_SERVICE) | CAP(NET_ADMIN)) /* NET_ADMIN: receive buffers of a size that suffices */
#define FRAMES (SOCKETS | CAP(NET_RAW) | CAP(IPC_LOCK))
#define XDP (FRAMES | CAP(BPF))

/* What a kind of port needs to be opened, and what afterwards: to join groups, to filter, to be closed. */
static const struct {
	const char *kind;
	uint64_t to_open, to_run;
} kinds[] = {
	{ "kernel", SOCKETS, SOCKETS },
	{ "memif:", CAP(IPC_LOCK), CAP(IPC_LOCK) },
	{ "pcap:", CAP(IPC_LOCK), CAP(IPC_LOCK) },
	{ "af_packet:", FRAMES | CAP(BPF), FRAMES }, /* BPF: to part trains on a veth */
	{ "af_xdp:", XDP | CAP(PERFMON) | CAP(SYS_ADMIN) | CAP(SYS_RESOURCE), XDP },
	{ "pci:", FRAMES | CAP(SYS_ADMIN) | CAP(SYS_RAWIO), FRAMES },
	/* auto: any of them */
	{ "", XDP | CAP(PERFMON) | CAP(SYS_ADMIN) | CAP(SYS_RESOURCE) | CAP(SYS_RAWIO), XDP },
};

static uint64_t always = FILES;

void privileges_allow_tap(void)
{
	always |= FRAMES;
}

static unsigned kind_of(const char *port)
{
	unsigned i = 0;

	while (strncmp(port, kinds[i].kind, strlen(kinds[i].kind)) != 0)
		i++;
	return i;
}

/* Of what we have, no more than this. Only who may does away with the bounding set: others have nothing to lose. */
static void keep(uint64_t wanted)
{
	uint64_t kept = 0;
	bool may_bound;

	capng_get_caps_process();
	may_bound = capng_have_capability(CAPNG_EFFECTIVE, CAP_SETPCAP) != 0;
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		if ((wanted >> i & 1) != 0 && capng_have_capability(CAPNG_PERMITTED, i))
			kept |= 1ull << i;
	capng_clear(CAPNG_SELECT_BOTH);
	for (unsigned i = 0; i <= CAP_LAST_CAP; i++)
		if ((kept >> i & 1) != 0)
			capng_update(CAPNG_ADD, CAPNG_EFFECTIVE | CAPNG_PERMITTED, i);
	capng_apply(may_bound ? CAPNG_SELECT_BOTH : CAPNG_SELECT_CAPS);
}

void privileges_begin(const char *port)
{
	prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0);
	keep(always | kinds[kind_of(port)].to_open);
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

/* A kernel without filters, or one within a sandbox that lets nobody add to it: then without. */
static void filter(bool uses_bpf)
{
	scmp_filter_ctx f = seccomp_init(SCMP_ACT_ALLOW);

	if (f == NULL)
		return;
	for (unsigned i = 0; i < sizeof(forbidden) / sizeof(forbidden[0]); i++)
		seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), forbidden[i], 0);
	if (!uses_bpf)
		seccomp_rule_add(f, SCMP_ACT_ERRNO(EPERM), SCMP_SYS(bpf), 0);
	seccomp_attr_set(f, SCMP_FLTATR_CTL_TSYNC, 1); /* DPDK has threads of its own */
	seccomp_load(f);
	seccomp_release(f);
}

void privileges_seal(const char *port)
{
	uint64_t needed = kinds[kind_of(port)].to_run;

	keep(always | needed);
	filter((needed & CAP(BPF)) != 0);
}
