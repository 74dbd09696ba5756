/* One session of the API: what the consumer asked for, its callbacks, its state (the sheet's 7.2). */
#ifndef WDSCAST_API_SESSION_H
#define WDSCAST_API_SESSION_H

#include "api/state.h"

enum session_state {
	SESSION_INITIALIZED,
	SESSION_STARTING, /* in StartSession, before it is decided */
	SESSION_RUNNING,
	SESSION_COMPLETE, /* SessionComplete returned */
};

struct session {
	/* The state lock's. */
	HANDLE handle;
	uint32_t holds;
	bool closed;

	/* Set by InitializeSession, then constant. */
	PVOID caller_data;
	char *server;               /* UTF-8 */
	struct msi_name name_space, object;
	uint64_t cache_bytes;
	struct host_mutex *lock;
	struct host_cond *completed;

	/* This session's lock's. */
	enum session_state state;
	PVOID callbacks[WDS_TRANSPORTCLIENT_MAX_CALLBACKS];
	DWORD early_cancel;         /* a cancel of before the start, or 0 */
	uint32_t run_bytes;         /* delivered together; 0: block by block */
	bool has_offer;             /* ctl's offer is there, and does not change but for its addresses */
	bool has_buffers;           /* ctl's store is there: set as the session starts */
	bool decided;               /* result is set: SessionComplete is about to be called */
	DWORD result;
	HANDLE negotiate_key;       /* of the SessionNegotiate that runs, or NULL */
	uintptr_t negotiations;

	/* Set before RUNNING, then constant. */
	struct worker *worker;
	struct ctl *ctl;
};

/* ERROR_SUCCESS, ERROR_INVALID_PARAMETER, ERROR_NOT_ENOUGH_MEMORY. The session has no handle yet. */
DWORD session_new(const WDS_TRANSPORTCLIENT_REQUEST *r, PVOID caller_data, struct session **out);
void session_free(struct session *s);

DWORD session_register(struct session *s, TRANSPORTCLIENT_CALLBACK_ID id, PVOID callback);
DWORD session_set_run_bytes(struct session *s, uint32_t bytes);
DWORD session_start(struct session *s);
DWORD session_cancel(struct session *s, DWORD code);
DWORD session_wait(struct session *s, ULONG timeout_ms);
void session_query(struct session *s, PULONG status, PULONG code);
DWORD session_complete_receive(struct session *s, ULONG size, uint64_t offset);
DWORD session_want(struct session *s, HANDLE key, uint64_t start, uint64_t size);

/* session_events.c: what the control thread calls. */
extern const struct ctl_ops session_ctl_ops;

#endif
