#include "run/serve_internal.h"

#include <stdio.h>

static void tell(struct serve *w, const struct serve_event *e)
{
	if (!spsc_push(&w->events, e, sizeof(*e)))
		w->stats.events_dropped++;
}

void serve_tell_session(struct serve *w, const struct serve_session *s, enum serve_event_type type, ns_t now)
{
	struct serve_event e = { .type = type,
		                 .at = now,
		                 .session_id = s->config.session_id,
		                 .multicast = s->config.multicast,
		                 .content_bytes = s->config.content_bytes,
		                 .total_blocks = s->config.total_blocks,
		                 .block_bytes = s->config.block_bytes,
		                 .stream = s->stream };

	if (type == SERVE_CLOSED) {
		struct port_stats port;

		port_read_stats(w->link->port, &port);
		e.buffers_used = port.buffers_used;
		e.slots_used = prefetch_repairs_used(&s->prefetch);
	}
	snprintf(e.name_space, sizeof(e.name_space), "%s", s->name_space);
	snprintf(e.object, sizeof(e.object), "%s", s->name);
	tell(w, &e);
}

static bool client_event(const struct out_event *from, enum serve_event_type *out)
{
	switch (from->type) {
	case OUT_CLIENT_JOINED:
		*out = SERVE_JOINED;
		return true;
	case OUT_CLIENT_LEFT:
		*out = from->complete || from->reason == MT_LEAVE_COMPLETE ? SERVE_FINISHED : SERVE_LEFT;
		return true;
	case OUT_CLIENT_VANISHED:
		*out = from->complete ? SERVE_FINISHED : SERVE_VANISHED; /* its LEAVE was lost */
		return true;
	case OUT_CLIENT_KICKED:
		*out = SERVE_KICKED;
		return true;
	case OUT_CLIENT_DEMOTED:
		*out = SERVE_DEMOTED;
		return true;
	case OUT_CLIENT_REFUSED:
		*out = SERVE_FULL;
		return true;
	default:
		return false;
	}
}

void serve_tell_client(struct serve *w, const struct serve_session *s, const struct out_event *from, ns_t now)
{
	struct serve_event e = { .at = now,
		                 .session_id = s->config.session_id,
		                 .client_id = from->client_id,
		                 .win32 = from->win32,
		                 .reason = from->reason,
		                 .progress = from->progress,
		                 .client = from->client };

	if (!client_event(from, &e.type) || (from->demoted && e.type == SERVE_LEFT)) /* it has moved */
		return;
	memcpy(e.client_name, from->name, sizeof(e.client_name));
	tell(w, &e);
}

static void set_names(struct serve_event *e, const struct msi_name *name_space, const struct msi_name *content)
{
	wdscast_utf8((const char16_t *)name_space->units, e->name_space, sizeof(e->name_space));
	wdscast_utf8((const char16_t *)content->units, e->object, sizeof(e->object));
}

void serve_tell_disk(struct serve *w, uint32_t disk_at, ns_t now)
{
	struct serve_event e = { .type = SERVE_DISK_HANGS, .at = now };

	if (disk_at < SERVE_DISK_NAME && w->sessions[disk_at] != NULL) {
		serve_tell_session(w, w->sessions[disk_at], SERVE_DISK_HANGS, now);
		return;
	}
	if (disk_at >= SERVE_DISK_NAME)
		set_names(&e, &w->names[disk_at - SERVE_DISK_NAME].name_space, &w->names[disk_at - SERVE_DISK_NAME].content);
	tell(w, &e);
}

/* Whoever asks for what is not there may ask very often: the program hears of some a second. */
void serve_tell_refused(struct serve *w, const struct msi_name *name_space, const struct msi_name *content,
                        const struct endpoint *client, uint32_t win32, ns_t now)
{
	struct serve_event e = { .type = SERVE_REFUSED, .at = now, .win32 = win32, .client = *client };

	if (now - w->refused_at >= NS_PER_S) {
		w->refused_at = now;
		w->refused_told = 0;
	}
	if (w->refused_told++ >= SERVE_REFUSED_A_SECOND)
		return;
	set_names(&e, name_space, content);
	tell(w, &e);
}
