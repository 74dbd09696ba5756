/*
 * The control channel of a memif port. DPDK's driver connects to us instead of its peer, and we pass its
 * messages on, for three reasons:
 *  - the driver gives up when the server is not there yet; we wait for it, and for the next one;
 *  - when the peer goes, the driver unmaps the rings at once, from its interrupt thread, under the feet of
 *    a worker that is using them. We see it first, keep the worker out (the gate), and only then let the
 *    driver know;
 *  - a socket that a dead server left is replaced, one of a live server is told from it.
 *
 *	client:  driver -> "@wdscast-PID-N" (ours) ... PATH of the server
 *	server:  client -> PATH (ours) ... PATH.dpdk of the driver
 */
#ifndef WDSCAST_PORT_MEMIF_H
#define WDSCAST_PORT_MEMIF_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "wdscast.h"

#define MEMIF_PATH_BYTES 108

/* What the channel asks of the one that runs the driver. */
struct memif_driver {
	void *arg;
	/*
	 * The driver's side of the channel is closed: return when it has done with the rings and is started
	 * anew. False: it did not start; ask again.
	 */
	bool (*settle)(void *arg);
};

struct memif {
	char path[MEMIF_PATH_BYTES], driver_path[MEMIF_PATH_BYTES];
	bool server;
	int listener, stop;
	struct host_thread *thread;
	struct memif_driver driver;
	/*
	 * The gate: the worker is `busy` while it uses the rings, the channel's thread sets `closed` and waits
	 * for it. Both write before they read, sequentially consistent: so one of them sees the other.
	 */
	_Alignas(64) _Atomic bool closed;
	_Alignas(64) _Atomic bool busy;
};

/* Listen; `why` has one line on failure. The driver's arguments are then memif_arguments(). */
enum wdscast_err memif_open(struct memif *m, const char *path, bool server, char *why);
void memif_arguments(const struct memif *m, uint32_t mtu, char *out, unsigned bytes);
/* Begin to connect: the driver is started. False: no thread. */
bool memif_start(struct memif *m, const struct memif_driver *driver);
/* No settle() is called any more. */
void memif_stop(struct memif *m);
/* After the driver has closed its side. */
void memif_close(struct memif *m);

/* Worker: may the rings be used? Then leave. */
static inline bool memif_enter(struct memif *m)
{
	atomic_exchange(&m->busy, true);
	if (!atomic_load(&m->closed))
		return true;
	atomic_store_explicit(&m->busy, false, memory_order_release);
	return false;
}

static inline void memif_leave(struct memif *m)
{
	atomic_store_explicit(&m->busy, false, memory_order_release);
}

#endif
