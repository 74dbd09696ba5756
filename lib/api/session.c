#include "api/session.h"

#include <stdlib.h>

#define DEFAULT_CACHE_BYTES (2u << 20) /* MaxAppCacheSize of MS-WDSMA, for WDS_TRANSPORTCLIENT_NO_CACHE */
#define SERVER_CHARS_MAX 255

/* ---- InitializeSession ---- */

/* A larger structure is of a later header: its tail is ignored (section 15, 15 to 18). */
static bool request_is_valid(const WDS_TRANSPORTCLIENT_REQUEST *r)
{
	return r->ulLength >= sizeof(*r) && r->ulApiVersion == WDS_TRANSPORTCLIENT_CURRENT_API_VERSION &&
	       (r->ulAuthLevel == WDS_TRANSPORTCLIENT_AUTH || r->ulAuthLevel == WDS_TRANSPORTCLIENT_NO_AUTH) &&
	       r->ulProtocol == WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST && r->pvProtocolData == NULL &&
	       r->pwszServer != NULL && r->pwszNamespace != NULL && r->pwszObjectName != NULL;
}

/* False when it is empty, too long, or not UTF-16. */
static bool copy_name(const char16_t *from, struct msi_name *to)
{
	size_t n = wdscast_utf8(from, NULL, 0) > 1 ? 0 : MSI_NAME_CHARS_MAX;

	while (n < MSI_NAME_CHARS_MAX && (to->units[n] = from[n]) != 0)
		n++;
	to->len = (uint16_t)n;
	return n < MSI_NAME_CHARS_MAX;
}

static DWORD copy_request(const WDS_TRANSPORTCLIENT_REQUEST *r, struct session *s)
{
	size_t bytes = wdscast_utf8(r->pwszServer, NULL, 0);

	if (bytes <= 1 || bytes > SERVER_CHARS_MAX)
		return api_fail(ERROR_INVALID_PARAMETER, "the server's name is empty, too long or not UTF-16");
	if (!copy_name(r->pwszNamespace, &s->name_space) || !copy_name(r->pwszObjectName, &s->object))
		return api_fail(ERROR_INVALID_PARAMETER, "a name is empty, longer than %d characters or not UTF-16",
		                MSI_NAME_CHARS_MAX - 1);
	s->server = malloc(bytes);
	if (s->server == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	wdscast_utf8(r->pwszServer, s->server, bytes);
	s->cache_bytes = r->ulCacheSize == WDS_TRANSPORTCLIENT_NO_CACHE ? DEFAULT_CACHE_BYTES : r->ulCacheSize;
	return ERROR_SUCCESS;
}

DWORD session_new(const WDS_TRANSPORTCLIENT_REQUEST *r, PVOID caller_data, struct session **out)
{
	struct session *s;
	DWORD code;

	if (!request_is_valid(r))
		return api_fail(ERROR_INVALID_PARAMETER, "a member of the request is missing or out of range");
	s = calloc(1, sizeof(*s));
	if (s == NULL)
		return ERROR_NOT_ENOUGH_MEMORY;
	s->caller_data = caller_data;
	s->lock = host_mutex_new();
	s->completed = host_cond_new();
	code = s->lock == NULL || s->completed == NULL ? ERROR_NOT_ENOUGH_MEMORY : copy_request(r, s);
	if (code == ERROR_SUCCESS)
		*out = s;
	else
		session_free(s);
	return code;
}

void session_free(struct session *s)
{
	ctl_free(s->ctl);
	host_mutex_free(s->lock);
	if (s->completed != NULL)
		host_cond_free(s->completed);
	free(s->server);
	free(s);
}

/* ---- before the start ---- */

static DWORD state_code(const struct session *s)
{
	switch (s->state) {
	case SESSION_INITIALIZED:
		return ERROR_SUCCESS;
	case SESSION_COMPLETE:
		return WDSTPC_E_ALREADY_COMPLETED;
	default:
		return WDSTPC_E_ALREADY_IN_PROGRESS;
	}
}

DWORD session_register(struct session *s, TRANSPORTCLIENT_CALLBACK_ID id, PVOID callback)
{
	DWORD code;

	if ((unsigned)id >= WDS_TRANSPORTCLIENT_MAX_CALLBACKS || callback == NULL)
		return ERROR_INVALID_PARAMETER;
	host_lock(s->lock);
	code = state_code(s);
	if (code == ERROR_SUCCESS)
		s->callbacks[id] = callback;
	host_unlock(s->lock);
	return code;
}

DWORD session_set_run_bytes(struct session *s, uint32_t bytes)
{
	DWORD code;

	host_lock(s->lock);
	code = state_code(s);
	if (code == ERROR_SUCCESS)
		s->run_bytes = bytes;
	host_unlock(s->lock);
	return code;
}

/* Section 15, 1: one of the two Starts will do. */
static bool callbacks_are_there(const struct session *s)
{
	return (s->callbacks[WDS_TRANSPORTCLIENT_SESSION_START] != NULL ||
	        s->callbacks[WDS_TRANSPORTCLIENT_SESSION_STARTEX] != NULL) &&
	       s->callbacks[WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS] != NULL &&
	       s->callbacks[WDS_TRANSPORTCLIENT_SESSION_COMPLETE] != NULL;
}

/* ---- StartSession ---- */

static DWORD begin_start(struct session *s)
{
	DWORD code;

	host_lock(s->lock);
	code = state_code(s);
	if (code == ERROR_SUCCESS && s->early_cancel != 0)
		code = ERROR_CANCELLED; /* section 15, 2 */
	if (code == ERROR_SUCCESS && !callbacks_are_there(s))
		code = WDSTPC_E_CALLBACKS_NOT_REG;
	if (code == ERROR_SUCCESS)
		s->state = SESSION_STARTING;
	host_unlock(s->lock);
	return code;
}

static void fill_config(struct session *s, const struct endpoint *server, struct ctl_config *c)
{
	const struct api_options *o = state_options();

	*c = (struct ctl_config){ .worker = s->worker,
		                  .budget = state_budget(),
		                  .cache_bytes = s->cache_bytes,
		                  .run_bytes = s->run_bytes,
		                  .ops = &session_ctl_ops,
		                  .arg = s };
	client_config_defaults(&c->client);
	c->client.seed = host_random();
	c->client.initiation = *server;
	c->client.request.name_space = s->name_space;
	c->client.request.content = s->object;
	c->client.server_security = o->server_security;
	c->client.client_security = o->client_security;
	c->client.request.stamp.is_set = s->callbacks[WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE] != NULL;
	c->client.initiate_timeout_ms = o->initiate_timeout_ms;
	c->client.inactivity_timeout_ms = o->inactivity_timeout_ms;
	c->stall_timeout_ms = o->stall_timeout_ms;
}

/* The slow part, without a lock: names, the port. */
static DWORD prepare(struct session *s, struct ctl **ctl)
{
	struct endpoint server;
	struct ctl_config config;
	char why[CTL_WHY_BYTES];
	DWORD code = api_resolve_server(s->server, &server);

	if (code != ERROR_SUCCESS)
		return code;
	s->worker = api_worker_for(state_options(), &server.ip, &code);
	if (s->worker == NULL)
		return code;
	fill_config(s, &server, &config);
	*ctl = ctl_new(&config, host_now(), &code, why);
	return *ctl != NULL ? ERROR_SUCCESS : api_fail(code, "%s", why);
}

/* From here on the session runs, unless it was cancelled meanwhile. */
static DWORD commit(struct session *s, struct ctl *ctl)
{
	DWORD code = ERROR_SUCCESS;

	host_lock(s->lock);
	if (s->early_cancel != 0) {
		code = ERROR_CANCELLED;
	} else {
		s->ctl = ctl;
		s->state = SESSION_RUNNING;
	}
	host_unlock(s->lock);
	return code;
}

static void take_back(struct session *s, struct ctl *ctl)
{
	host_lock(s->lock);
	s->ctl = NULL;
	s->state = SESSION_INITIALIZED;
	host_cond_broadcast(s->completed);
	host_unlock(s->lock);
	ctl_free(ctl);
}

DWORD session_start(struct session *s)
{
	struct ctl *ctl = NULL;
	DWORD code = begin_start(s);

	if (code != ERROR_SUCCESS)
		return code;
	threads_reap(false);
	code = prepare(s, &ctl);
	if (code == ERROR_SUCCESS)
		code = commit(s, ctl);
	if (code == ERROR_SUCCESS && !threads_start(s))
		code = api_fail(ERROR_NOT_ENOUGH_MEMORY, "no thread for the session");
	if (code != ERROR_SUCCESS)
		take_back(s, ctl);
	return code;
}

/* ---- while it runs ---- */

/* Section 15, 2 to 4: of two cancels the first counts; after the end a cancel has no effect. */
DWORD session_cancel(struct session *s, DWORD code)
{
	struct ctl *ctl = NULL;

	if (code == ERROR_SUCCESS)
		code = ERROR_CANCELLED; /* a cancelled session never looks successful */
	host_lock(s->lock);
	if (s->state == SESSION_RUNNING)
		ctl = s->ctl;
	else if (s->state != SESSION_COMPLETE && s->early_cancel == 0)
		s->early_cancel = code;
	host_unlock(s->lock);
	if (ctl != NULL)
		ctl_cancel(ctl, code);
	return ERROR_SUCCESS;
}

/* Section 15, 7 to 9. */
DWORD session_wait(struct session *s, ULONG timeout_ms)
{
	ns_t until = timeout_ms == INFINITE ? NS_NEVER : host_now() + timeout_ms * NS_PER_MS;
	bool in_time = true;
	DWORD code;

	/* Of another session too: the callbacks of two could wait for each other's end. */
	if (threads_current() != NULL)
		return ERROR_POSSIBLE_DEADLOCK;
	host_lock(s->lock);
	while (in_time && (s->state == SESSION_STARTING || s->state == SESSION_RUNNING))
		in_time = host_cond_wait(s->completed, s->lock, until);
	code = s->state == SESSION_COMPLETE      ? ERROR_SUCCESS
	       : s->state == SESSION_INITIALIZED ? ERROR_INVALID_PARAMETER /* nothing to wait for */
	                                         : WAIT_TIMEOUT;
	host_unlock(s->lock);
	return code;
}

/* Section 15, 6: before the start, in progress. */
void session_query(struct session *s, PULONG status, PULONG code)
{
	host_lock(s->lock);
	*status = !s->decided             ? WDS_TRANSPORTCLIENT_STATUS_IN_PROGRESS
	          : s->result == 0 ? WDS_TRANSPORTCLIENT_STATUS_SUCCESS
	                                  : WDS_TRANSPORTCLIENT_STATUS_FAILURE;
	*code = s->decided ? s->result : ERROR_SUCCESS;
	host_unlock(s->lock);
}

DWORD session_complete_receive(struct session *s, ULONG size, uint64_t offset)
{
	bool done = false;

	host_lock(s->lock);
	if (s->has_buffers)
		done = buffers_complete(&s->ctl->buffers, offset, size);
	host_unlock(s->lock);
	return done ? ERROR_SUCCESS : ERROR_INVALID_PARAMETER;
}

DWORD session_want(struct session *s, HANDLE key, uint64_t start, uint64_t size)
{
	DWORD code = ERROR_INVALID_HANDLE;

	host_lock(s->lock);
	if (s->negotiate_key != NULL && s->negotiate_key == key)
		code = ctl_want(s->ctl, start, size) ? ERROR_SUCCESS : ERROR_INVALID_PARAMETER;
	host_unlock(s->lock);
	return code;
}
