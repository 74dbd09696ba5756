/*
 * How a file or device is written so that the disk has it easy and the page cache stays others': room for all of
 * it at once, large content without the cache where the bytes lie right for that (O_DIRECT), or through it, but
 * not to stay.
 */
#ifndef WDSGET_DISK_H
#define WDSGET_DISK_H

#include "writer.h"

enum { DISK_BEHIND = 64 }; /* writes that may wait for the disk before the cache is to let go of the first */

struct disk {
	int fd, direct; /* direct: the same without the page cache, or -1 */
	bool large;
	struct {
		uint64_t offset;
		size_t len;
	} behind[DISK_BEHIND];
	unsigned next;
};

/* More than a quarter of the machine's memory: it would push out what others have in the cache. */
bool disk_is_large(uint64_t size);
/* fd stays the caller's. It keeps its size. */
void disk_begin(struct disk *d, int fd, bool large);
/* Room for a regular file of this size. False: there is none (errno). */
bool disk_reserve(const struct disk *d, uint64_t size);
/* Sets the descriptors that the write is best done with. */
void disk_choose(const struct disk *d, struct write *w);
/* It is written: see that it reaches the disk, and leaves the cache in time. */
void disk_wrote(struct disk *d, uint64_t offset, size_t len);
void disk_close(struct disk *d);

#endif
