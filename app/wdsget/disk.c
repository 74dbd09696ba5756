#include "disk.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <sys/vfs.h>
#include <unistd.h>

enum { DIRECT_ALIGN = 4096, PART_OF_MEMORY = 4 };

bool disk_is_large(uint64_t size)
{
	return size / (uint64_t)sysconf(_SC_PAGESIZE) > (uint64_t)sysconf(_SC_PHYS_PAGES) / PART_OF_MEMORY;
}

/* Where there is no disk the cache is all there is. */
static bool is_memory(int fd)
{
	struct statfs s;

	return fstatfs(fd, &s) == 0 && (s.f_type == TMPFS_MAGIC || s.f_type == RAMFS_MAGIC);
}

void disk_begin(struct disk *d, int fd, bool large)
{
	char path[32];

	*d = (struct disk){ .fd = fd, .direct = -1, .large = large && !is_memory(fd) };
	if (!d->large)
		return;
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	d->direct = open(path, O_WRONLY | O_DIRECT | O_CLOEXEC); /* not all file systems can */
}

/* In one go, so that the disk can give it in one piece. Memory is better given as it is written. */
bool disk_reserve(const struct disk *d, uint64_t size)
{
	if (size == 0 || is_memory(d->fd) || fallocate(d->fd, 0, 0, (off_t)size) == 0)
		return true;
	return errno != ENOSPC && errno != EFBIG && errno != EDQUOT;
}

static bool is_aligned(const struct write *w)
{
	uint64_t all = w->offset;

	for (int i = 0; i < w->pieces; i++)
		all |= (uintptr_t)w->piece[i].iov_base | w->piece[i].iov_len;
	return all % DIRECT_ALIGN == 0;
}

void disk_choose(const struct disk *d, struct write *w)
{
	w->plain_fd = d->fd;
	w->fd = d->direct >= 0 && is_aligned(w) ? d->direct : d->fd;
}

void disk_wrote(struct disk *d, uint64_t offset, size_t len)
{
	unsigned i = d->next % DISK_BEHIND;

	if (!d->large)
		return;
	sync_file_range(d->fd, (off_t)offset, (off_t)len, SYNC_FILE_RANGE_WRITE);
	if (d->next >= DISK_BEHIND) {
		off_t at = (off_t)d->behind[i].offset, n = (off_t)d->behind[i].len;

		sync_file_range(d->fd, at, n,
		                SYNC_FILE_RANGE_WAIT_BEFORE | SYNC_FILE_RANGE_WRITE | SYNC_FILE_RANGE_WAIT_AFTER);
		posix_fadvise(d->fd, at, n, POSIX_FADV_DONTNEED);
	}
	d->behind[i].offset = offset;
	d->behind[i].len = len;
	d->next++;
}

void disk_close(struct disk *d)
{
	if (d->direct >= 0)
		close(d->direct);
	d->direct = -1;
}
