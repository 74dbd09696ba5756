#include "api/state.h"

#include <stdlib.h>

#include "api/session.h"

struct locks {
	struct host_mutex *state, *ports;
	struct host_cond *quiet; /* calls went down to 0 */
};

static struct {
	struct locks *_Atomic locks; /* made once, kept for the life of the process */
	uint32_t initialized;        /* Initialize less Shutdown */
	bool shutting_down;
	uint32_t calls;              /* that use a session now */
	struct api_options options;
	struct ctl_budget budget;
} state;

static void free_locks(struct locks *l)
{
	host_mutex_free(l->state);
	host_mutex_free(l->ports);
	if (l->quiet != NULL)
		host_cond_free(l->quiet);
	free(l);
}

/* Two threads may come first at once: the later one's are thrown away. NULL: no memory. */
static struct locks *locks_get(void)
{
	struct locks *have = atomic_load_explicit(&state.locks, memory_order_acquire), *mine;

	if (have != NULL)
		return have;
	mine = calloc(1, sizeof(*mine));
	if (mine == NULL)
		return NULL;
	*mine = (struct locks){ host_mutex_new(), host_mutex_new(), host_cond_new() };
	if (mine->state == NULL || mine->ports == NULL || mine->quiet == NULL) {
		free_locks(mine);
		return NULL;
	}
	if (atomic_compare_exchange_strong(&state.locks, &have, mine))
		return mine;
	free_locks(mine);
	return have;
}

/* Without memory for the few locks of a process there is nothing to be done at all. */
static struct locks *locks(void)
{
	struct locks *l = locks_get();

	if (l == NULL)
		abort();
	return l;
}

void state_lock(void)
{
	host_lock(locks()->state);
}

void state_unlock(void)
{
	host_unlock(locks()->state);
}

void state_lock_ports(void)
{
	host_lock(locks()->ports);
}

void state_unlock_ports(void)
{
	host_unlock(locks()->ports);
}

bool state_begin_configure(void)
{
	state_lock();
	if (state.initialized == 0)
		return true;
	state_unlock();
	return false;
}

void state_end_configure(void)
{
	state_unlock();
}

const struct api_options *state_options(void)
{
	return &state.options;
}

struct ctl_budget *state_budget(void)
{
	return &state.budget;
}

/* ---- Initialize, Shutdown ---- */

static DWORD initialize(void)
{
	DWORD code = ERROR_SUCCESS;

	if (state.shutting_down)
		return ERROR_SHUTDOWN_IN_PROGRESS;
	if (state.initialized == UINT32_MAX)
		return ERROR_NO_SYSTEM_RESOURCES;
	if (state.initialized == 0)
		code = api_options_read(&state.options);
	if (code != ERROR_SUCCESS)
		return code;
	state.budget.limit = state.options.memory_bytes;
	state.initialized++;
	return ERROR_SUCCESS;
}

/* Counted: as many Shutdown as Initialize. Opens nothing yet: `auto` has to know the server first. */
DWORD WdsTransportClientInitialize(VOID)
{
	DWORD code;

	api_clear_error();
	if (threads_current() != NULL)
		return ERROR_POSSIBLE_DEADLOCK;
	state_lock();
	code = initialize();
	state_unlock();
	return code;
}

/* ---- holds ---- */

/* Lets the lock go for a moment when it was the last hold. */
static void drop_hold(struct session *s)
{
	if (--s->holds > 0)
		return;
	handles_remove(s->handle);
	arenas_remove(s);
	state_unlock();
	session_free(s);
	state_lock();
}

static DWORD find(HANDLE h, bool closed_too, struct session **out)
{
	if (state.initialized == 0)
		return WDSTPC_E_NOT_INITIALIZED;
	*out = handles_find(h);
	if (*out == NULL || ((*out)->closed && !closed_too))
		return ERROR_INVALID_HANDLE;
	(*out)->holds++;
	return ERROR_SUCCESS;
}

DWORD state_hold(HANDLE h, struct session **out)
{
	DWORD code;

	state_lock();
	code = find(h, true, out);
	state_unlock();
	return code;
}

void state_let_go(struct session *s)
{
	state_lock();
	drop_hold(s);
	state_unlock();
}

DWORD state_enter(HANDLE h, struct session **out)
{
	DWORD code;

	state_lock();
	code = find(h, false, out);
	state.calls += code == ERROR_SUCCESS;
	state_unlock();
	return code;
}

void state_leave(struct session *s)
{
	state_lock();
	drop_hold(s);
	if (--state.calls == 0)
		host_cond_broadcast(locks()->quiet);
	state_unlock();
}

DWORD state_add(struct session *s, HANDLE *out)
{
	DWORD code = ERROR_SUCCESS;

	state_lock();
	if (state.initialized == 0)
		code = WDSTPC_E_NOT_INITIALIZED;
	else if (state.shutting_down)
		code = ERROR_SHUTDOWN_IN_PROGRESS;
	else if ((s->handle = handles_add(s)) == NULL)
		code = ERROR_NO_SYSTEM_RESOURCES;
	if (code == ERROR_SUCCESS) {
		s->holds = 1;
		*out = s->handle;
	}
	state_unlock();
	return code;
}

bool state_is_initialized(void)
{
	bool initialized;

	state_lock();
	initialized = state.initialized > 0;
	state_unlock();
	return initialized;
}

DWORD state_close(HANDLE h)
{
	struct session *s;
	DWORD code;

	state_lock();
	code = find(h, false, &s);
	if (code == ERROR_SUCCESS) {
		s->closed = true;
		s->holds--; /* find() has added one */
		drop_hold(s);
	}
	state_unlock();
	return code;
}

void state_add_arena(struct session *s)
{
	state_lock();
	arenas_add(s, s->ctl->arena, s->ctl->arena_bytes);
	state_unlock();
}

/* Works after CloseSession and Shutdown too: whoever holds a buffer may give it back. */
DWORD state_reference(const void *address, bool (*change)(struct buffers *b, const void *address))
{
	struct session *s;
	DWORD code;

	state_lock();
	code = state.initialized == 0 ? WDSTPC_E_NOT_INITIALIZED : ERROR_INVALID_PARAMETER;
	s = arenas_find(address);
	if (s != NULL) {
		host_lock(s->lock);
		uint32_t before = s->ctl->buffers.referenced;

		if (change(&s->ctl->buffers, address))
			code = ERROR_SUCCESS;
		uint32_t after = s->ctl->buffers.referenced;

		host_unlock(s->lock);
		s->holds += before == 0 && after > 0;
		if (before > 0 && after == 0)
			drop_hold(s);
	}
	state_unlock();
	return code;
}

/* ---- Shutdown ---- */

/* Cancels every session that still runs, and closes those that are open. */
static void end_sessions(void)
{
	struct session *s;

	state_lock();
	for (uint32_t at = 0; (s = handles_next(&at)) != NULL;) {
		s->holds += s->closed; /* else the open handle's hold is ours now */
		s->closed = true;
		state_unlock();
		session_cancel(s, ERROR_CANCELLED);
		state_lock();
		drop_hold(s);
	}
	state_unlock();
}

/* Sessions are cancelled, and their SessionComplete and their threads waited for. */
static void tear_down(void)
{
	end_sessions();
	state_lock();
	while (state.calls > 0) /* no further ones come: every handle is closed */
		host_cond_wait(locks()->quiet, locks()->state, NS_NEVER);
	state_unlock();
	threads_reap(true);
	api_ports_close();
	state_lock();
	api_options_forget(&state.options);
	state.initialized = 0;
	state.shutting_down = false;
	state_unlock();
}

/* Takes back one Initialize. *last: the client is to be torn down. */
static DWORD begin_shutdown(bool *last)
{
	if (state.initialized == 0)
		return WDSTPC_E_NOT_INITIALIZED;
	if (state.shutting_down)
		return ERROR_SHUTDOWN_IN_PROGRESS;
	*last = state.initialized == 1;
	if (*last)
		state.shutting_down = true;
	else
		state.initialized--;
	return ERROR_SUCCESS;
}

DWORD WdsTransportClientShutdown(VOID)
{
	bool last = false;
	DWORD code;

	api_clear_error();
	if (threads_current() != NULL)
		return ERROR_POSSIBLE_DEADLOCK;
	state_lock();
	code = begin_shutdown(&last);
	state_unlock();
	if (last)
		tear_down();
	return code;
}
