/* Any bytes as a capture that wdsbench replays. Every frame lies within what was read, whatever the file claims. */
#include "wdsbench/capture.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(struct capture *c, size_t size)
{
	const struct capture_frame *f;
	uint64_t n = 0;

	assert(c->count > 0 && c->bytes_len <= size);
	assert(c->group_count <= CAPTURE_GROUPS_MAX && c->port.info.vlan <= 4095);
	for (uint32_t i = 0; i < c->group_count; i++)
		assert(ip_is_multicast(&c->groups[i]));
	for (; (f = capture_next(c)) != NULL; n++)
		assert(f->at <= c->bytes_len && f->len <= c->bytes_len - f->at);
	assert(n == c->count && capture_is_over(c));
}

/* A file in memory that libpcap opens by name. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = memfd_create("capture", MFD_CLOEXEC);
	char path[64], why[PORT_WHY_BYTES] = "";
	struct capture *c;

	if (fd < 0 || (size > 0 && write(fd, data, size) != (ssize_t)size))
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	c = capture_open(path, 1, why);
	if (c != NULL)
		check(c, size);
	else
		assert(why[0] != '\0');
	if (c != NULL)
		capture_close(c);
	close(fd);
	return 0;
}
