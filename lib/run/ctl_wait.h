/*
 * What a session waits for, once it has waited for some time: told to people, long before the protocol's own
 * timers end the session. The control thread watches; any thread may ask.
 */
#ifndef WDSCAST_RUN_CTL_WAIT_H
#define WDSCAST_RUN_CTL_WAIT_H

#include "run/lane.h"
#include "run/rx.h"

enum ctl_wait_reason {
	CTL_WAIT_NOT,
	CTL_WAIT_NEIGHBOUR, /* nobody answers ARP or ND for the server or the router */
	CTL_WAIT_ANSWER,    /* the request is not answered */
	CTL_WAIT_MULTICAST, /* the server answers, but nothing ever came to the group */
	CTL_WAIT_SILENCE,   /* nothing comes any more */
	CTL_WAIT_OTHERS,    /* packets come, but no block that is new */
	CTL_WAIT_CONSUMER,  /* a callback does not return */
};

struct ctl_wait {
	uint64_t came, joins, blocks, pathless; /* counters as last seen */
	ns_t came_at, joins_at, blocks_at, pathless_at;
	uint32_t phase;
	enum ctl_wait_reason last;              /* whether it has lasted long enough or not */
	_Atomic uint32_t reason;                /* one that has */
	_Atomic uint64_t watched_at;
};

/* The control thread: each turn. */
void ctl_wait_watch(struct ctl_wait *w, const struct lane *lane, const struct rx *rx, ns_t now);
/* Any thread. */
enum ctl_wait_reason ctl_wait_reason(const struct ctl_wait *w, ns_t now);
/*
 * The control thread: the server's unicast packets keep the protocol's timer from running out (MS-WDSMT 3.2.2), but
 * without a single packet to the group nothing will ever come.
 */
bool ctl_wait_in_vain(const struct ctl_wait *w, ns_t limit, ns_t now);
/* One line; "" for CTL_WAIT_NOT. interface: the port's, or "". */
void ctl_wait_text(enum ctl_wait_reason reason, const struct endpoint *server, const char *interface, char *out,
                   size_t max);

#endif
