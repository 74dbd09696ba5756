/*
 * The control threads. A thread cannot join itself, and whoever closes a session may be inside one of its
 * callbacks: so threads that ended wait in a list until the next call that may join them, or Shutdown.
 */
#include <stdlib.h>

#include "api/session.h"

struct control_thread {
	struct control_thread *next;
	struct host_thread *thread;
	struct session *session;
	bool ended;
};

static struct control_thread *threads; /* the state lock's */
static _Thread_local struct session *current;

struct session *threads_current(void)
{
	return current;
}

static void run(void *arg)
{
	struct control_thread *t = arg;

	current = t->session;
	ctl_run(t->session->ctl);
	current = NULL;
	state_let_go(t->session);
	state_lock();
	t->ended = true;
	state_unlock();
}

bool threads_start(struct session *s)
{
	struct control_thread *t = calloc(1, sizeof(*t));
	bool started = false;

	if (t == NULL)
		return false;
	t->session = s;
	state_lock();
	t->thread = host_thread_start("wds-control", -1, run, t);
	if (t->thread != NULL) {
		started = true;
		s->holds++;
		t->next = threads;
		threads = t;
	}
	state_unlock();
	if (!started)
		free(t);
	return started;
}

/* One that may be joined, out of the list; NULL: none. */
static struct control_thread *take(bool all)
{
	for (struct control_thread **at = &threads; *at != NULL; at = &(*at)->next) {
		struct control_thread *t = *at;

		if (!all && !t->ended)
			continue;
		*at = t->next;
		return t;
	}
	return NULL;
}

void threads_reap(bool all)
{
	for (;;) {
		state_lock();
		struct control_thread *t = take(all);

		state_unlock();
		if (t == NULL)
			return;
		host_thread_join(t->thread);
		free(t);
	}
}
