#include "engine/server_internal.h"

struct mt_head server_head(const struct server *s, ns_t now)
{
	struct mt_head head = s->head;

	head.sender_time = ns_to_ms(now);
	return head;
}

void server_send(struct server *s, const struct writer *w, const struct endpoint *to, struct outq *out)
{
	if (!w->full)
		security_seal_packet(&s->config.server_security, w->start, writer_len(w));
	outq_end(out, w, (uint32_t)writer_len(w), to);
}

void server_event(const struct server_client *c, enum out_event_type type, uint8_t reason, struct outq *out)
{
	struct out_event e = { .type = type };

	if (c != NULL) {
		e.client_id = c->client_id;
		e.reason = reason;
		e.demoted = c->list == SERVER_DEMOTED;
		e.complete = c->lacks_nothing;
		e.progress = c->progress;
		e.client = c->from;
		memcpy(e.name, c->name, sizeof(e.name));
	}
	outq_event(out, &e);
}

uint32_t server_fits(const struct server *s, uint32_t fixed_bytes, uint32_t element_bytes)
{
	uint32_t used = MT_SECURITY_HEADER_BYTES + s->head.security_len + MT_SESSION_HEADER_BYTES +
	                fixed_bytes + MT_OPTIONS_COUNT_BYTES;

	return (OUT_CONTROL_BYTES_MAX - used) / element_bytes;
}
