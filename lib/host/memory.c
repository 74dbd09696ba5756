/* Memory for arenas: on a node, on the largest pages there are. */
#include <numa.h>
#include <numaif.h>
#include <stdio.h>
#include <sys/mman.h>
#include <unistd.h>

#include "host/host.h"

#define HUGE_BYTES (2ull << 20)
#define MAP_HUGE_2M (21 << 26) /* log2 of the size at MAP_HUGE_SHIFT */

/* What is mapped for so many bytes: whole huge pages once it is worth one. host_free() comes to the same. */
static size_t mapped_bytes(size_t bytes)
{
	size_t unit = bytes >= HUGE_BYTES ? HUGE_BYTES : (size_t)sysconf(_SC_PAGESIZE);

	return (bytes + unit - 1) / unit * unit;
}

static uint64_t free_huge_pages(int node)
{
	char path[96];
	unsigned long long n = 0;
	FILE *f;

	snprintf(path, sizeof(path), "/sys/kernel/mm/hugepages/hugepages-2048kB/free_hugepages");
	if (node >= 0)
		snprintf(path, sizeof(path), "/sys/devices/system/node/node%d/hugepages/hugepages-2048kB/free_hugepages",
		         node);
	f = fopen(path, "re");
	if (f == NULL)
		return 0;
	if (fscanf(f, "%llu", &n) != 1)
		n = 0;
	fclose(f);
	return n;
}

/* Preferred, not bound: memory on another node is slower, none at all is worse. */
static void place(void *p, size_t bytes, int node)
{
	struct bitmask *nodes;

	if (node < 0 || numa_available() < 0 || node > numa_max_node())
		return;
	nodes = numa_allocate_nodemask();
	numa_bitmask_setbit(nodes, (unsigned)node);
	mbind(p, bytes, MPOL_PREFERRED, nodes->maskp, nodes->size + 1, 0); /* denied in some containers: so be it */
	numa_free_nodemask(nodes);
}

static void *map(size_t bytes, int flags)
{
	void *p = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);

	return p == MAP_FAILED ? NULL : p;
}

/*
 * Huge pages are touched at once: one that cannot be had after all (a cgroup's limit) is an error here and
 * would be SIGBUS later.
 */
static void *map_huge(size_t bytes, int node)
{
	void *p;

	if (bytes < HUGE_BYTES || free_huge_pages(node) < bytes / HUGE_BYTES)
		return NULL;
	p = map(bytes, MAP_HUGETLB | MAP_HUGE_2M);
	if (p == NULL)
		return NULL;
	place(p, bytes, node);
	if (madvise(p, bytes, MADV_POPULATE_WRITE) != 0) {
		munmap(p, bytes);
		return NULL;
	}
	return p;
}

/* Aligned to a huge page, so that the kernel can give transparent ones from the first byte on. */
static void *map_aligned(size_t bytes, int node)
{
	size_t more = bytes >= HUGE_BYTES ? HUGE_BYTES : 0, before;
	uint8_t *p = bytes + more > bytes || more == 0 ? map(bytes + more, 0) : NULL;

	if (p == NULL)
		return NULL;
	if (more > 0) {
		before = (size_t)(-(uintptr_t)p % HUGE_BYTES);
		if (before > 0)
			munmap(p, before);
		p += before;
		if (more > before)
			munmap(p + bytes, more - before);
		madvise(p, bytes, MADV_HUGEPAGE);
	}
	place(p, bytes, node);
	return p;
}

void *host_alloc(size_t bytes, int node)
{
	size_t mapped = mapped_bytes(bytes);
	void *p;

	if (bytes == 0 || mapped < bytes)
		return NULL;
	p = map_huge(mapped, node);
	return p != NULL ? p : map_aligned(mapped, node);
}

void host_free(void *p, size_t bytes)
{
	if (p != NULL)
		munmap(p, mapped_bytes(bytes));
}
