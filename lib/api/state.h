/*
 * What the process has one of: how often it is initialized, the table of handles, the arenas by address,
 * the control threads. One lock guards it, the state lock; a session's own lock may be taken under it,
 * never the other way round, and neither is held while a callback runs.
 *
 * A session is kept by its holds: one of the open handle, one of the control thread, one while buffers
 * are referenced, and one of each call that is using it. The last to let go frees it.
 */
#ifndef WDSCAST_API_STATE_H
#define WDSCAST_API_STATE_H

#include "api/api_internal.h"

#define SESSIONS_MAX 1024

struct session;

void state_lock(void);
void state_unlock(void);
void state_lock_ports(void);
void state_unlock_ports(void);

/* Nobody initializes between the two. False: the client is initialized. */
bool state_begin_configure(void);
void state_end_configure(void);

/* What Initialize read. Constant until the last Shutdown. */
const struct api_options *state_options(void);
struct ctl_budget *state_budget(void);

/*
 * The session of an open handle, with a hold until state_leave(). Shutdown waits for these calls to end.
 * ERROR_SUCCESS; ERROR_INVALID_HANDLE; WDSTPC_E_NOT_INITIALIZED.
 */
DWORD state_enter(HANDLE h, struct session **out);
void state_leave(struct session *s);
/* The same for callbacks that still come after CloseSession: the handle may be closed. */
DWORD state_hold(HANDLE h, struct session **out);
void state_let_go(struct session *s);
/* Gives a session its handle, and the open handle's hold. ERROR_SHUTDOWN_IN_PROGRESS and so on. */
DWORD state_add(struct session *s, HANDLE *out);
bool state_is_initialized(void);
/* The open handle's hold goes. */
DWORD state_close(HANDLE h);
/* What AddRef and Release do to the session whose arena the address lies in. */
DWORD state_reference(const void *address, bool (*change)(struct buffers *b, const void *address));
/* The session's arena is there: its addresses can be found. */
void state_add_arena(struct session *s);

/* ---- under the state lock ---- */

/* handles.c: values that say which entry and of which life; never pointers. */
HANDLE handles_add(struct session *s);
struct session *handles_find(HANDLE h);
void handles_remove(HANDLE h);
/* The next session at or after *at, which moves on; NULL at the end. */
struct session *handles_next(uint32_t *at);

/* arenas.c: whose an address is. */
void arenas_add(struct session *s, const void *start, size_t bytes);
void arenas_remove(const struct session *s);
struct session *arenas_find(const void *address);

/* ---- threads.c ---- */

/* Runs the session's control thread, which has a hold. False: no thread. */
bool threads_start(struct session *s);
/* Join those that ended; all: wait for every one. */
void threads_reap(bool all);
/* Is this a control thread, so that we are inside a callback? */
struct session *threads_current(void);

#endif
