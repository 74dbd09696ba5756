#include "port/eal_arguments.h"

#include <dirent.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/host.h"

enum {
	HUGE_MIB_WANTED = 64,  /* EAL itself and the frames of a port */
	ORDINARY_MIB = 512,    /* all there is without huge pages, for it cannot grow; touched only as it is used */
};

static void add(struct eal_arguments *a, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void add(struct eal_arguments *a, const char *format, ...)
{
	char *text = a->text[a->count];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(a->text[0]), format, args);
	va_end(args);
	a->v[a->count++] = text;
	a->v[a->count] = NULL;
}

static unsigned long read_count(const char *directory, const char *name)
{
	char path[PATH_MAX];
	unsigned long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/%s/%s", directory, name);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%lu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/* One page of that size, in the way EAL gets them, given back at once: some may see them and not have them. */
static bool may_map(unsigned long page_kib)
{
	unsigned size_flag = (unsigned)__builtin_ctzl(page_kib * 1024) << MAP_HUGE_SHIFT;
	size_t bytes = page_kib * 1024;
	int fd = memfd_create("probe", MFD_CLOEXEC | MFD_HUGETLB | size_flag);
	void *p = MAP_FAILED;
	bool ok;

	if (fd < 0)
		return false;
	if (ftruncate(fd, (off_t)bytes) == 0)
		p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	ok = p != MAP_FAILED && madvise(p, bytes, MADV_POPULATE_WRITE) == 0;
	if (p != MAP_FAILED)
		munmap(p, bytes);
	close(fd);
	return ok;
}

/* Free and not promised to others, of all sizes that we may map. */
static unsigned long free_huge_mib(void)
{
	DIR *d = opendir("/sys/kernel/mm/hugepages");
	unsigned long mib = 0, page_kib, n, reserved;
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL) {
		if (sscanf(e->d_name, "hugepages-%lukB", &page_kib) != 1)
			continue;
		n = read_count(e->d_name, "free_hugepages");
		reserved = read_count(e->d_name, "resv_hugepages");
		if (n > reserved && may_map(page_kib))
			mib += (n - reserved) * page_kib / 1024;
	}
	if (d != NULL)
		closedir(d);
	return mib;
}

/*
 * All PCI devices are left alone: only those on the allow list are touched when EAL starts, and on it is
 * one that cannot exist. A card named by a port is attached later. (With --no-pci that could not be.)
 */
#define NO_PCI_DEVICE "ffff:ff:1f.7"
#define FILE_PREFIX "wdscast-"

void eal_choose_arguments(struct eal_arguments *a)
{
	unsigned long huge_mib = free_huge_mib();
	int core = 0;

	memset(a, 0, sizeof(*a));
	host_cores(&core, 1);
	a->huge = huge_mib >= HUGE_MIB_WANTED;
	add(a, "wdscast");
	add(a, "--lcores=0@%d", core);
	add(a, "--allow=%s", NO_PCI_DEVICE);
	add(a, "--no-telemetry");
	add(a, "--iova-mode=va");
	add(a, "--log-level=error");
	add(a, "--file-prefix=" FILE_PREFIX "%d", (int)getpid());
	if (a->huge) {
		add(a, "--in-memory");
		return;
	}
	add(a, "--no-shconf"); /* what --in-memory is without huge pages */
	add(a, "--no-huge");
	add(a, "-m%d", ORDINARY_MIB);
	if (huge_mib == 0)
		snprintf(a->note, sizeof(a->note), "no huge pages are free: ordinary memory is used, which is slower");
	else
		snprintf(a->note, sizeof(a->note),
		         "only %lu MiB of huge pages are free: ordinary memory is used, which is slower", huge_mib);
}

/* As EAL chooses it. */
static const char *parent_of_runtime(void)
{
	const char *user = getenv("XDG_RUNTIME_DIR");

	if (getuid() == 0)
		return "/var/run";
	return user != NULL ? user : "/tmp";
}

int eal_directory_enter(void)
{
	int fd = open(parent_of_runtime(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);

	if (fd >= 0)
		flock(fd, LOCK_SH);
	return fd;
}

/* Of processes that were killed while EAL started. Nothing is ever in them. */
static void remove_left_over(const char *parent)
{
	DIR *d = opendir(parent);
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (strncmp(e->d_name, FILE_PREFIX, sizeof(FILE_PREFIX) - 1) == 0)
			unlinkat(dirfd(d), e->d_name, AT_REMOVEDIR);
	if (d != NULL)
		closedir(d);
}

void eal_directory_leave(int lock, const char *directory)
{
	char copy[PATH_MAX];
	const char *parent;

	snprintf(copy, sizeof(copy), "%s", directory);
	parent = dirname(copy);
	rmdir(directory);
	/* No other of us is about to make its own: what there is of ours is left over, and the last one out goes. */
	if (lock >= 0 && flock(lock, LOCK_EX | LOCK_NB) == 0) {
		remove_left_over(parent);
		rmdir(parent);
	}
	if (lock >= 0)
		close(lock);
}
