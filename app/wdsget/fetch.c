#include "fetch.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "journal_file.h"
#include "spans.h"
#include "wdserror.h"

double fetch_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* What the library says of it, or what the server's code says of the object. */
static DWORD explain(struct fetch *f, DWORD code)
{
	const char *more = wdscast_last_error_text();

	if (more[0] != '\0')
		snprintf(f->why, sizeof(f->why), "%s", more);
	else if (code != ERROR_SUCCESS)
		snprintf(f->why, sizeof(f->why), "%.200s %.200s: %s", f->options->name_space, f->options->object,
		         wdscast_error_text(code));
	return code;
}

/* ---- callbacks ---- */

/* The sink failed: the first reason is the reason. */
static void break_off(struct fetch *f)
{
	if (f->broken)
		return;
	f->broken = true;
	snprintf(f->why, sizeof(f->why), "%s", f->run.sink->why);
	WdsTransportClientCancelSession(f->session);
}

static void name_object(const struct fetch *f, const TRANSPORTCLIENT_SESSION_INFO *info, struct journal_object *out)
{
	struct wdscast_content_identity identity = { .size = sizeof(identity) };
	const struct options *o = f->options;

	*out = (struct journal_object){ .size = info->ullFileSize.QuadPart, .block_bytes = info->ulBlockSize };
	memcpy(out->server, o->server, sizeof(out->server));
	memcpy(out->name_space, o->name_space, sizeof(out->name_space));
	memcpy(out->object, o->object, sizeof(out->object));
	wdscast_read_content_identity(f->session, &identity); /* whatever it says: then nothing is known */
	out->session_id = identity.session_id;
	for (unsigned i = 0; identity.has_stamp != 0 && i < WDSCAST_STAMP_BYTES; i++)
		snprintf(out->stamp + 2 * i, 3, "%02x", identity.stamp[i]);
}

static DWORD want(struct fetch *f, HANDLE key, uint64_t start, uint64_t end)
{
	ULARGE_INTEGER from = { .QuadPart = start }, size = { .QuadPart = end - start };

	return WdsTransportClientNegotiateRequiredDataRange(f->session, key, from, size);
}

/* What lies between the spans, or, when there is no memory for so many ranges, all. */
static DWORD want_missing(struct fetch *f, HANDLE key, const struct spans *done)
{
	DWORD code = want(f, key, 0, 0); /* not all, as it is when nothing is named */
	uint64_t at = 0;

	for (size_t i = 0; i <= done->n && code == ERROR_SUCCESS; i++) {
		uint64_t end = i < done->n ? done->v[i].start : f->size;

		if (at < end)
			code = want(f, key, at, end);
		at = i < done->n ? done->v[i].end : end;
	}
	return code == ERROR_SUCCESS ? code : want(f, key, 0, f->size);
}

static uint64_t count_bytes(const struct spans *s)
{
	uint64_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += s->v[i].end - s->v[i].start;
	return n;
}

static VOID CALLBACK on_negotiate(HANDLE session, PVOID caller, PTRANSPORTCLIENT_SESSION_INFO info, HANDLE key)
{
	struct fetch *f = caller;
	struct sink *sink = f->run.sink;
	struct journal_object object;
	const struct spans *done;

	(void)session;
	name_object(f, info, &object);
	f->size = object.size;
	sink->why[0] = '\0';
	done = sink->ops->resume(sink, &object, f->options->has_digest);
	if (done == NULL) {
		break_off(f);
		return;
	}
	memcpy(f->note, sink->why, sizeof(f->note));
	f->resumed_bytes = count_bytes(done);
	if (want_missing(f, key, done) == ERROR_SUCCESS)
		return;
	sink_fail(sink, "not enough memory");
	break_off(f);
}

static VOID CALLBACK on_start(HANDLE session, PVOID caller, PTRANSPORTCLIENT_SESSION_INFO info)
{
	struct fetch *f = caller;

	(void)session;
	f->size = info->ullFileSize.QuadPart;
	f->block_bytes = info->ulBlockSize;
	f->started_at = fetch_now();
	atomic_store(&f->started, true);
	if (f->broken)
		return;
	if (!f->run.sink->ops->begin(f->run.sink, f->size))
		break_off(f);
}

static VOID CALLBACK on_contents(HANDLE session, PVOID caller, PVOID bytes, ULONG len, PULARGE_INTEGER offset)
{
	struct fetch *f = caller;

	if (f->broken) {
		WdsTransportClientCompleteReceive(session, len, offset);
		return;
	}
	if (!f->seen_first)
		f->late = offset->QuadPart >= (uint64_t)f->block_bytes * LATE_BLOCKS;
	f->seen_first = true;
	if (!run_add(&f->run, bytes, len, offset->QuadPart))
		break_off(f);
}

static VOID CALLBACK on_complete(HANDLE session, PVOID caller, DWORD code)
{
	struct fetch *f = caller;

	(void)session;
	if (!f->broken)
		explain(f, code);
	if (code != ERROR_SUCCESS || f->broken) {
		run_drop(&f->run);
	} else if (!run_finish(&f->run)) {
		break_off(f);
		code = ERROR_GEN_FAILURE;
	}
	f->result = code;
	f->ended_at = fetch_now();
}

/* ---- the session ---- */

static DWORD set_up(struct fetch *f, const struct options *o)
{
	char16_t server[sizeof(o->server)], name_space[NAME_CHARS], object[NAME_CHARS];
	WDS_TRANSPORTCLIENT_REQUEST request = {
		.ulLength = sizeof(request),
		.ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION,
		.ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH,
		.pwszServer = server,
		.pwszNamespace = name_space,
		.pwszObjectName = object,
		.ulCacheSize = o->cache_bytes,
		.ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST,
	};

	wdscast_utf16(o->server, server, sizeof(o->server));
	wdscast_utf16(o->name_space, name_space, NAME_CHARS);
	wdscast_utf16(o->object, object, NAME_CHARS);
	return WdsTransportClientInitializeSession(&request, f, &f->session);
}

static DWORD register_callbacks(HANDLE session, bool resume)
{
	const struct {
		TRANSPORTCLIENT_CALLBACK_ID id;
		uintptr_t call;
	} callbacks[] = {
		{ WDS_TRANSPORTCLIENT_SESSION_STARTEX, (uintptr_t)on_start },
		{ WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS, (uintptr_t)on_contents },
		{ WDS_TRANSPORTCLIENT_SESSION_COMPLETE, (uintptr_t)on_complete },
		{ WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE, (uintptr_t)on_negotiate },
	};
	size_t n = sizeof(callbacks) / sizeof(callbacks[0]) - (resume ? 0 : 1);
	DWORD code = ERROR_SUCCESS;

	for (size_t i = 0; i < n && code == ERROR_SUCCESS; i++)
		code = WdsTransportClientRegisterCallback(session, callbacks[i].id, (PVOID)callbacks[i].call);
	return code;
}

DWORD fetch_start(struct fetch *f, const struct options *o, struct sink *sink)
{
	DWORD code;

	f->options = o;
	code = set_up(f, o);
	if (code != ERROR_SUCCESS)
		return explain(f, code);
	run_init(&f->run, f->session, sink, o->cache_bytes);
	code = register_callbacks(f->session, o->resume);
	if (code == ERROR_SUCCESS)
		code = wdscast_set_run_bytes(f->session, f->run.enough < RUN_DELIVERED ? f->run.enough : RUN_DELIVERED);
	if (code == ERROR_SUCCESS)
		code = WdsTransportClientStartSession(f->session);
	return explain(f, code);
}

bool fetch_wait(struct fetch *f, uint32_t ms)
{
	return WdsTransportClientWaitForCompletion(f->session, ms) == ERROR_SUCCESS;
}

void fetch_cancel(struct fetch *f)
{
	WdsTransportClientCancelSession(f->session);
}

void fetch_close(struct fetch *f)
{
	if (f->session != NULL)
		WdsTransportClientCloseSession(f->session);
}

void fetch_progress(const struct fetch *f, uint64_t *bytes, uint64_t *repaired_blocks)
{
	struct wdscast_session_counters c = { .size = sizeof(c) };

	wdscast_read_session_counters(f->session, &c);
	*bytes = f->resumed_bytes + c.bytes < f->size ? f->resumed_bytes + c.bytes : f->size; /* blocks overlap what was here */
	*repaired_blocks = c.repaired_blocks;
}
