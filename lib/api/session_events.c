/* What happens on a session's control thread: its callbacks, one at a time, with no lock held. */
#include "api/session.h"

/* A function pointer travels as PVOID, as the header has it. */
#define CALLBACK_OF(s, ID, type) ((type)(uintptr_t)(s)->callbacks[WDS_TRANSPORTCLIENT_##ID])

static TRANSPORTCLIENT_SESSION_INFO info_of(const struct client_offer *offer)
{
	TRANSPORTCLIENT_SESSION_INFO info = { .ulStructureLength = sizeof(info),
		                              .ullFileSize = { .QuadPart = offer->content_bytes },
		                              .ulBlockSize = offer->block_bytes };

	return info;
}

static void set_key(struct session *s, HANDLE key)
{
	host_lock(s->lock);
	s->negotiate_key = key;
	host_unlock(s->lock);
}

/* The key lives while the callback runs, and no two of a session are equal. */
static void negotiate(void *arg, const struct client_offer *offer)
{
	struct session *s = arg;
	PFN_WdsTransportClientSessionNegotiate call =
		CALLBACK_OF(s, SESSION_NEGOTIATE, PFN_WdsTransportClientSessionNegotiate);
	TRANSPORTCLIENT_SESSION_INFO info = info_of(offer);
	HANDLE key = (HANDLE)((uintptr_t)s->handle ^ ++s->negotiations << 1); /* NOLINT: a number, never followed */

	host_lock(s->lock);
	s->has_offer = true;
	host_unlock(s->lock);
	if (call == NULL)
		return;
	set_key(s, key);
	call(s->handle, s->caller_data, &info, key);
	set_key(s, NULL);
}

/* Section 15, 1 and 19: Start, then StartEx, as soon as the size is known. */
static void start(void *arg, const struct client_offer *offer)
{
	struct session *s = arg;
	PFN_WdsTransportClientSessionStart call = CALLBACK_OF(s, SESSION_START, PFN_WdsTransportClientSessionStart);
	PFN_WdsTransportClientSessionStartEx call_ex =
		CALLBACK_OF(s, SESSION_STARTEX, PFN_WdsTransportClientSessionStartEx);
	TRANSPORTCLIENT_SESSION_INFO info = info_of(offer);
	ULARGE_INTEGER size = { .QuadPart = offer->content_bytes };

	host_lock(s->lock);
	s->has_buffers = true;
	host_unlock(s->lock);
	state_add_arena(s);
	if (call != NULL)
		call(s->handle, s->caller_data, &size);
	if (call_ex != NULL)
		call_ex(s->handle, s->caller_data, &info);
}

static void contents(void *arg, uint32_t slot, uint32_t count, uint64_t offset)
{
	struct session *s = arg;
	struct buffers *buffers = &s->ctl->buffers;
	ULARGE_INTEGER at = { .QuadPart = offset };
	uint32_t len = store_run_bytes(buffers->store, slot, count);

	host_lock(s->lock);
	buffers_deliver(buffers, slot, count);
	host_unlock(s->lock);
	CALLBACK_OF(s, RECEIVE_CONTENTS, PFN_WdsTransportClientReceiveContents)
	(s->handle, s->caller_data, store_slot(buffers->store, slot), len, &at);
	host_lock(s->lock);
	buffers_returned(buffers, slot);
	host_unlock(s->lock);
}

/* QueryStatus knows before the callback runs; WaitForCompletion returns after it has returned. */
static void complete(void *arg, uint32_t win32, const char *why)
{
	struct session *s = arg;

	host_lock(s->lock);
	s->result = win32;
	s->decided = true;
	host_unlock(s->lock);
	api_fail(win32, "%s", why);
	CALLBACK_OF(s, SESSION_COMPLETE, PFN_WdsTransportClientSessionComplete)(s->handle, s->caller_data, win32);
	host_lock(s->lock);
	s->state = SESSION_COMPLETE;
	host_cond_broadcast(s->completed);
	host_unlock(s->lock);
}

const struct ctl_ops session_ctl_ops = {
	.negotiate = negotiate,
	.start = start,
	.contents = contents,
	.complete = complete,
};
