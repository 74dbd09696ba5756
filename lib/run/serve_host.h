/* The threads of a server: loops around its turns. */
#ifndef WDSCAST_RUN_SERVE_HOST_H
#define WDSCAST_RUN_SERVE_HOST_H

#include <stdatomic.h>

#include "host/host.h"
#include "run/serve.h"

struct serve_host_config {
	bool busy;                    /* the worker never sleeps */
	int worker_core, content_core; /* to pin to; -1: any */
};

struct serve_host {
	struct serve *serve;
	struct serve_host_config config;
	struct host_thread *worker, *content;
	struct host_doze doze; /* the worker's */
	_Atomic bool quit, content_ended;
};

/* False when a thread cannot be started; then none runs. */
bool serve_host_start(struct serve_host *h, struct serve *serve, const struct serve_host_config *c);
/*
 * Stop serving, give the packets that say so a moment to leave, and end the threads. False: the content thread hangs
 * in a call of the disk's, and was left there: the server may not be freed, and the program should end soon.
 */
bool serve_host_stop(struct serve_host *h);

#endif
