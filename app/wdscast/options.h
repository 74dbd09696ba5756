/* What the command line of wdscast says. */
#ifndef WDSCAST_APP_OPTIONS_H
#define WDSCAST_APP_OPTIONS_H

#include "base/address.h"
#include "run/key_files.h"
#include "run/serve.h"

enum { EXIT_FAILED = 1, EXIT_USAGE = 2, EXIT_NOT_STARTED = 3 };

enum poll_mode { POLL_AUTO, POLL_BUSY, POLL_ADAPTIVE };

struct options {
	const char *root, *port;
	struct ip_addr ip4, ip6, gateway4, gateway6;
	uint8_t prefix4, prefix6;
	int worker_core, content_core; /* -1: any */
	enum poll_mode poll;
	bool tap;
	bool json, quiet;
	bool digest;
	const char *digest_of;         /* NULL: of every object */
	struct key_files keys;
	struct serve_config serve;     /* its port and root are not set here */
};

/* Does not return for --help, --version and mistakes. */
void options_read(int argc, char **argv, struct options *out);

#endif
