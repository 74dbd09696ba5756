/*
 * A port with the thread that turns its rx. Made and ended by the control side; the locks that make its
 * callers take turns are here: one for the command ring, one for the port's control calls.
 */
#ifndef WDSCAST_RUN_WORKER_H
#define WDSCAST_RUN_WORKER_H

#include "run/rx.h"

enum worker_poll {
	WORKER_ADAPTIVE, /* spin while there is traffic, nap when there is none */
	WORKER_BUSY,     /* spin */
};

struct worker_config {
	enum worker_poll poll;
	int core;        /* to pin it to, or -1 */
	uint32_t workers; /* that share the port's queues; 0: 1. The port, or its kernel, may allow fewer */
	int more_cores[SHARE_WORKERS_MAX - 1]; /* of the second and so on, or -1 */
	bool by_hand;    /* no thread: a test calls rx_turn() */
	uint64_t seed;
};

/* One of a team on a port: all but the first point to it, and sessions are given to any. */
struct worker {
	struct port *port;
	struct worker *first;
	struct worker *team[SHARE_WORKERS_MAX]; /* the first's, itself too */
	uint32_t team_count, next_choice;       /* likewise */
	uint16_t queue;
	struct share *share;                    /* the first's; NULL: it is alone */
	_Atomic uint32_t sessions;              /* that are its own */
	struct rx *rx;
	struct worker_config config;
	struct host_thread *thread;
	struct host_doze doze;
	ns_t frame_gap;           /* between frames, about; see watch_trickle() */
	struct host_mutex *command_lock, *port_lock; /* port_lock: the first's */
	_Atomic uint32_t next_id; /* of lanes */
	_Atomic bool stop;
	char interface[16];       /* the port's, as the kernel names it; "" when it has none */
};

/* Takes the port over on success only. NULL: no memory, or no thread. */
struct worker *worker_new(struct port *port, const struct worker_config *config);
/* Ends the threads and closes the port. All their lanes are detached. Of the first. */
void worker_free(struct worker *w);
/* The one of the first's team that has the fewest sessions. Callers take turns. */
struct worker *worker_choose(struct worker *first);
/* A counter of the port: of all its workers. */
uint64_t worker_counter(const struct worker *w, enum rx_counter counter);
/* Frames and datagrams that were lost on this machine before a session saw them, as all those counters have
 * them. */
uint64_t worker_losses(const struct worker *w);

void worker_command(struct worker *w, const struct rx_command *c);
enum wdscast_err worker_join(struct worker *w, const struct endpoint *group, const struct ip_addr *source);
void worker_leave(struct worker *w, const struct endpoint *group, const struct ip_addr *source);
enum wdscast_err worker_reserve(struct worker *w, struct endpoint *local);
void worker_unreserve(struct worker *w, const struct endpoint *local);

/* wdscast_list_ports(): the API has no other way to the ports. */
uint32_t worker_list_ports(struct wdscast_port_way *out, uint32_t max);

#endif
