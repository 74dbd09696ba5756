#include "engine/outq.h"

#include <assert.h>

#define PACKET_BYTES OUT_CONTROL_BYTES_MAX

static size_t packets_bytes(uint32_t packet_max)
{
	return (size_t)packet_max * sizeof(struct out_packet);
}

static size_t events_bytes(void)
{
	return (size_t)OUTQ_EVENTS_A_STEP * sizeof(struct out_event);
}

size_t outq_bytes(uint32_t packet_max)
{
	return packets_bytes(packet_max) + events_bytes() + (size_t)packet_max * PACKET_BYTES;
}

void outq_init(struct outq *q, void *mem, uint32_t packet_max)
{
	uint8_t *at = mem;

	memset(q, 0, sizeof(*q));
	q->packets = (struct out_packet *)(void *)at;
	q->packet_max = packet_max;
	at += packets_bytes(packet_max);
	q->events = (struct out_event *)(void *)at;
	at += events_bytes();
	q->bytes = at;
	q->bytes_max = packet_max * PACKET_BYTES;
}

void outq_clear(struct outq *q)
{
	q->packet_count = q->bytes_used = q->event_count = 0;
}

bool outq_has_room(const struct outq *q, uint32_t n)
{
	return q->packet_max - q->packet_count >= n && (q->bytes_max - q->bytes_used) / PACKET_BYTES >= n;
}

void outq_event(struct outq *q, const struct out_event *e)
{
	assert(q->event_count < OUTQ_EVENTS_A_STEP);
	q->events[q->event_count++] = *e;
}

bool outq_begin(struct outq *q, struct writer *w)
{
	if (!outq_has_room(q, 1)) {
		q->dropped++;
		return false;
	}
	*w = writer_of(q->bytes + q->bytes_used, PACKET_BYTES);
	return true;
}

struct out_packet *outq_end(struct outq *q, const struct writer *w, uint32_t head_len, const struct endpoint *to)
{
	struct out_packet *p;
	uint32_t len = (uint32_t)writer_len(w);

	if (w->full) {
		q->dropped++;
		return NULL;
	}
	assert(head_len <= len);
	p = &q->packets[q->packet_count++];
	*p = (struct out_packet){ .to = *to,
		                  .head_at = q->bytes_used,
		                  .head_len = head_len,
		                  .tail_at = q->bytes_used + head_len,
		                  .tail_len = len - head_len };
	q->bytes_used += len;
	return p;
}
