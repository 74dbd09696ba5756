/* What is known of a session and of its port from outside: counters, as their worker last copied them. */
#include <stdio.h>
#include <string.h>

#include "api/session.h"

static uint64_t load(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

/* A session that has a control side, held until state_leave(). */
static DWORD enter_started(HANDLE h, const void *out, struct session **s)
{
	bool started;
	DWORD code;

	api_clear_error();
	code = state_enter(h, s);
	if (code != ERROR_SUCCESS)
		return code;
	host_lock((*s)->lock);
	started = (*s)->state == SESSION_RUNNING || (*s)->state == SESSION_COMPLETE;
	host_unlock((*s)->lock);
	if (started && out != NULL)
		return ERROR_SUCCESS;
	state_leave(*s);
	return out == NULL ? ERROR_INVALID_PARAMETER : ERROR_NOT_READY;
}

/* As many as the caller's struct has, which may be an earlier version's; `size` and `reserved` stay as they are. */
static DWORD copy(void *out, const void *all, size_t bytes)
{
	const size_t head = 2 * sizeof(uint32_t), first = head + sizeof(uint64_t);
	uint32_t size;

	memcpy(&size, out, sizeof(size));
	if (size < first)
		return ERROR_INVALID_PARAMETER;
	memcpy((uint8_t *)out + head, (const uint8_t *)all + head, (size < bytes ? size : bytes) - head);
	return ERROR_SUCCESS;
}

DWORD wdscast_read_session_counters(HANDLE session, struct wdscast_session_counters *out)
{
	struct wdscast_session_counters all;
	struct session *s;
	DWORD code = enter_started(session, out, &s);

	if (code != ERROR_SUCCESS)
		return code;
#define X(name, text) all.name = load(&s->ctl->lane.counters[LANE_COUNT_##name]);
	WDSCAST_SESSION_COUNTERS(X)
#undef X
	all.lost_on_wire = ctl_lost_on_wire(s->ctl);
	all.slots_used = ctl_slots_used(s->ctl);
	state_leave(s);
	return copy(out, &all, sizeof(all));
}

DWORD wdscast_read_port_counters(HANDLE session, struct wdscast_port_counters *out)
{
	struct wdscast_port_counters all;
	struct session *s;
	DWORD code = enter_started(session, out, &s);

	if (code != ERROR_SUCCESS)
		return code;
#define X(name, text) all.name = worker_counter(s->worker, RX_COUNT_##name);
	WDSCAST_PORT_COUNTERS(X)
#undef X
	state_leave(s);
	return copy(out, &all, sizeof(all));
}

DWORD wdscast_read_content_identity(HANDLE session, struct wdscast_content_identity *out)
{
	struct session *s;
	const struct client_offer *offer;
	DWORD code = enter_started(session, out, &s);

	if (code != ERROR_SUCCESS)
		return code;
	host_lock(s->lock);
	offer = &s->ctl->offer;
	if (out->size < sizeof(*out)) {
		code = ERROR_INVALID_PARAMETER;
	} else if (!s->has_offer) {
		code = ERROR_NOT_READY;
	} else {
		out->session_id = offer->session_id;
		out->has_stamp = offer->stamp.is_set;
		out->reserved = 0;
		memcpy(out->stamp, offer->stamp.bytes, sizeof(out->stamp));
	}
	host_unlock(s->lock);
	state_leave(s);
	return code;
}

DWORD wdscast_describe_wait(HANDLE session, char *out, size_t max)
{
	struct session *s;
	DWORD code = enter_started(session, max > 0 ? out : NULL, &s);

	if (code != ERROR_SUCCESS)
		return code;
	host_lock(s->lock);
	if (s->state == SESSION_RUNNING && !s->decided)
		ctl_describe_wait(s->ctl, host_now(), out, max);
	else
		out[0] = '\0';
	host_unlock(s->lock);
	state_leave(s);
	return code;
}

DWORD wdscast_describe_port(HANDLE session, char *out, size_t max)
{
	struct session *s;
	const struct port_info *info;
	char team[32] = "";
	DWORD code = enter_started(session, max > 0 ? out : NULL, &s);

	if (code != ERROR_SUCCESS)
		return code;
	info = &s->worker->port->info;
	if (s->worker->first->team_count > 1)
		snprintf(team, sizeof(team), ", worker %u of %u", s->worker->queue + 1u, s->worker->first->team_count);
	snprintf(out, max, "%s%s%s%s%s%s%s", info->spec, info->driver[0] != '\0' ? " (" : "", info->driver,
	         info->driver[0] != '\0' ? ")" : "", team, info->note[0] != '\0' ? ": " : "", info->note);
	state_leave(s);
	return code;
}
