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
	CTL_WAIT_JOIN,      /* it is, but no JOIN ever was */
	CTL_WAIT_MULTICAST, /* the server answers, but nothing ever came to the group */
	CTL_WAIT_SILENCE,   /* nothing comes any more */
	CTL_WAIT_OTHERS,    /* blocks come, but none that is new: others miss them */
	CTL_WAIT_SERVER,    /* packets come, but no block for anybody */
	CTL_WAIT_CONSUMER,  /* a callback does not return, or all room is with the consumer */
};

/* A counter as last seen, and when it moved last. */
struct ctl_wait_count {
	uint64_t n;
	ns_t at;
};

struct ctl_wait {
	struct ctl_wait_count came, joins, joinacks, blocks, data, pathless;
	uint64_t joins_answered;      /* JOINs that had been sent at the last JOINACK */
	uint64_t joinacks_before;     /* of an earlier session, before we moved */
	uint64_t data_at_block;       /* data packets that had come at the last new block */
	uint64_t total_blocks;
	uint32_t phase;
	bool no_neighbour;            /* the kernel, on a port of its own, finds none: ctl.c asks it */
	enum ctl_wait_reason last;    /* whether it has lasted long enough or not */
	_Atomic uint32_t reason;      /* one that has */
	_Atomic uint32_t session_port; /* of the server: where JOINs go */
	_Atomic uint64_t watched_at;
};

/* The control thread: each turn. */
void ctl_wait_watch(struct ctl_wait *w, const struct lane *lane, const struct rx *rx, ns_t now);
/* The control thread: from now on this session is being joined. */
void ctl_wait_joining(struct ctl_wait *w, const struct client_offer *offer, ns_t now);
/* Any thread. */
enum ctl_wait_reason ctl_wait_reason(const struct ctl_wait *w, ns_t now);

/*
 * The control thread: what no timer of the protocol ends, for any packet of the server puts that off (MS-WDSMT 3.2.2).
 *  - Without a single packet to the group nothing will ever come: `silence`.
 *  - A server that is there and sends no data, nor anything new in many times the whole content: `stall`.
 * A consumer may take as long as it likes: that time is not counted.
 * @return 0, or how long was waited; w->last tells for what.
 */
ns_t ctl_wait_in_vain(struct ctl_wait *w, ns_t silence, ns_t stall, ns_t now);
/* The control thread: the protocol's timer of silence ran out in a session. w->last tells whose silence. */
void ctl_wait_silent(struct ctl_wait *w);
/* One line; "" for CTL_WAIT_NOT. interface: the port's, or "". */
void ctl_wait_text(const struct ctl_wait *w, enum ctl_wait_reason reason, const struct ip_addr *server,
                   uint16_t request_port, const char *interface, char *out, size_t max);

#endif
