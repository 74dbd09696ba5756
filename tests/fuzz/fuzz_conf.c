/* Any bytes as the library's configuration file. What is taken is in its range; what is not is told in a line. */
#include "api/api_internal.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* A file in memory that the library opens by name. */
static int conf_file(void)
{
	static int fd = -1;
	char path[64];

	if (fd >= 0)
		return fd;
	fd = memfd_create("conf", MFD_CLOEXEC);
	if (fd < 0)
		abort();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	setenv("WDSCAST_CONF", path, 1);
	return fd;
}

static void check(const struct api_options *o)
{
	assert(o->port[0] != '\0' && strnlen(o->port, sizeof(o->port)) < sizeof(o->port));
	assert(o->core >= -1 && o->core < 4096);
	assert(o->prefix4 <= 32 && o->prefix6 <= 128);
	assert(o->memory_bytes > 0);
	assert(o->initiate_timeout_ms >= 1000 && o->inactivity_timeout_ms >= 1000 && o->stall_timeout_ms >= 1000);
	assert(security_pair_is_allowed(o->server_security.mode, o->client_security.mode));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int fd = conf_file();
	struct api_options o;

	if (ftruncate(fd, 0) != 0 || (size > 0 && pwrite(fd, data, size, 0) != (ssize_t)size))
		abort();
	if (api_options_read(&o) == ERROR_SUCCESS)
		check(&o);
	else
		assert(wdscast_last_error_text()[0] != '\0');
	api_options_forget(&o);
	return 0;
}
