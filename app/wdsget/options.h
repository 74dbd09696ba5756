/* wdsget's command line. */
#ifndef WDSGET_OPTIONS_H
#define WDSGET_OPTIONS_H

#include <stdbool.h>
#include <stdint.h>

#include "wdscast.h"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_STARTED = 3, EXIT_INTERRUPTED = 130 };

enum { NAME_CHARS = 512, SHA256_BYTES = 32 };

struct options {
	/* Where from: UTF-8, decoded. */
	char server[256], name_space[NAME_CHARS], object[NAME_CHARS];
	char default_output[NAME_CHARS];
	const char *output;
	uint32_t cache_bytes;
	struct wdscast_options cast; /* port, ip, gateway, cores, poll, timeouts */
	bool has_digest;
	uint8_t digest[SHA256_BYTES];
	bool json, quiet, stats, resume;
};

/* -1: go on; else the exit code, everything having been said. */
int options_read(int argc, char **argv, struct options *o);

#endif
