#include "run/serve_internal.h"

#define HELD_RETRY_NS NS_PER_MS /* a neighbour on the same wire answers within that */

/* The packets that a step has made are that session's. */
void serve_claim(struct serve *w, struct serve_session *s)
{
	while (w->claimed < w->out.packet_count)
		w->owner[w->claimed++] = s;
	w->stats.unsent = w->out.dropped;
}

/* A block between the head and the tail of its packet. */
struct piece {
	uint8_t *head, *tail;
	uint32_t head_len, tail_len;
	const uint8_t *body;
	const struct prefetch_slot *slot;
	bool *sealed; /* the packet's */
};

/* Once: a packet that the wire did not take keeps its seal until it does. */
static void seal(struct serve *w, const struct serve_session *s, const struct piece *p)
{
	struct security_pieces pieces = { .head = p->head,
		                          .head_len = p->head_len,
		                          .body = p->body,
		                          .body_len = p->slot->len,
		                          .has_body_sum = s->prefetch.config.byte_sum != NULL,
		                          .body_sum = p->slot->byte_sum,
		                          .tail = p->tail,
		                          .tail_len = p->tail_len };

	if (*p->sealed)
		return;
	security_seal(&s->config.server_security, &pieces);
	*p->sealed = true;
	w->stats.sealed++;
}

static enum link_sent send_block(struct serve *w, struct serve_session *s, const struct piece *p,
                                 const struct endpoint *to, ns_t now)
{
	struct link_packet packet = { .from = &s->config.unicast,
		                      .to = to,
		                      .head = p->head,
		                      .body = p->body,
		                      .tail = p->tail,
		                      .head_len = p->head_len,
		                      .body_len = p->slot->len,
		                      .tail_len = p->tail_len,
		                      .has_body_sum = s->prefetch.config.net_sum != NULL,
		                      .body_sum = p->slot->net_sum,
		                      .plain = s->config.server_security.mode != SECURITY_NONE };
	enum link_sent sent;

	seal(w, s, p);
	sent = link_send(w->link, &packet, now);
	w->stats.sent_bytes += sent == LINK_SENT ? p->slot->len : 0;
	return sent;
}

bool serve_find_slot(const struct serve_session *s, const struct out_packet *p, uint64_t *position)
{
	*position = p->seq_no + s->position_shift;
	return *position >= prefetch_released(&s->prefetch) && *position < s->prefetch.used &&
	       prefetch_slot(&s->prefetch, *position)->block_no == p->block_no;
}

/*
 * Its slot was given to another block: have it read again, and keep head and tail until it is there. And keep
 * more blocks from now on.
 */
static void read_again(struct serve *w, struct serve_session *s, const struct out_packet *p)
{
	int i = p->head_len + p->tail_len > SERVE_HEAD_BYTES ? -1 : prefetch_ask_repair(&s->prefetch, p->block_no);
	struct serve_repair *repair;

	prefetch_grow(&s->prefetch);
	if (i < 0) {
		w->stats.repairs_dropped++;
		return;
	}
	w->ring = true;
	repair = &s->repairs[i];
	repair->to = p->to;
	repair->sealed = false;
	repair->head_len = p->head_len;
	repair->tail_len = p->tail_len;
	memcpy(repair->bytes, w->out.bytes + p->head_at, p->head_len);
	memcpy(repair->bytes + p->head_len, w->out.bytes + p->tail_at, p->tail_len);
	w->stats.repairs_read++;
}

static enum link_sent send_data(struct serve *w, struct serve_session *s, struct out_packet *p, ns_t now)
{
	struct piece piece = { .head = w->out.bytes + p->head_at,
		               .tail = w->out.bytes + p->tail_at,
		               .head_len = p->head_len,
		               .tail_len = p->tail_len,
		               .sealed = &p->sealed };
	enum link_sent sent;
	uint64_t position;

	if (!serve_find_slot(s, p, &position)) {
		read_again(w, s, p);
		return LINK_SENT;
	}
	piece.body = prefetch_data(&s->prefetch, position);
	piece.slot = prefetch_slot(&s->prefetch, position);
	sent = send_block(w, s, &piece, &p->to, now);
	w->stats.repairs_cached += sent == LINK_SENT && p->repair;
	return sent;
}

static enum link_sent send_control(struct serve *w, const struct serve_session *s, const struct out_packet *p, ns_t now)
{
	struct endpoint initiation = { p->to.ip.len == 4 ? w->config.ip4 : w->config.ip6, w->config.udp_port };
	struct link_packet packet = { .from = s != NULL ? &s->config.unicast : &initiation,
		                      .to = &p->to,
		                      .head = w->out.bytes + p->head_at,
		                      .head_len = p->head_len };

	return link_send(w->link, &packet, now);
}

/* One at a time, for a second: then the client has asked again. */
static void hold(struct serve *w, const struct out_packet *p, ns_t now)
{
	struct serve_held *h = &w->held;

	if (h->len > 0)
		return;
	if (h->since == 0 || !endpoint_equal(&h->to, &p->to))
		h->since = now;
	if (now - h->since >= NS_PER_S) {
		h->since = 0;
		return;
	}
	memcpy(h->bytes, w->out.bytes + p->head_at, p->head_len);
	h->len = p->head_len;
	h->to = p->to;
	h->at = now + HELD_RETRY_NS;
}

void serve_send_held(struct serve *w, ns_t now)
{
	struct serve_held *h = &w->held;
	struct writer out;

	if (h->len == 0 || now < h->at || !outq_begin(&w->out, &out))
		return;
	writer_bytes(&out, h->bytes, h->len);
	outq_end(&w->out, &out, h->len, &h->to);
	serve_claim(w, NULL);
	h->len = 0;
}

unsigned serve_send_packets(struct serve *w, ns_t now)
{
	uint32_t first = w->out_next;

	while (w->out_next < w->out.packet_count) {
		struct out_packet *p = &w->out.packets[w->out_next];
		struct serve_session *s = w->owner[w->out_next];
		enum link_sent sent;

		if (w->hash != NULL && p->block_no != 0 && !p->sealed)
			serve_hash_ahead(w);
		sent = p->block_no != 0 ? send_data(w, s, p, now) : send_control(w, s, p, now);
		if (sent == LINK_FULL)
			break;
		w->stats.sent += sent == LINK_SENT;
		w->stats.no_path += sent == LINK_NO_PATH;
		if (s == NULL && sent == LINK_SENT)
			w->held.since = 0;
		if (s == NULL && sent == LINK_NO_PATH)
			hold(w, p, now);
		w->out_next++;
	}
	return w->out_next - first;
}

static enum link_sent send_repair(struct serve *w, struct serve_session *s, int i, ns_t now)
{
	struct serve_repair *r = &s->repairs[i];
	struct piece piece = { .head = r->bytes,
		               .tail = r->bytes + r->head_len,
		               .head_len = r->head_len,
		               .tail_len = r->tail_len,
		               .body = prefetch_repair_data(&s->prefetch, i),
		               .slot = &s->prefetch.repair_slots[i],
		               .sealed = &r->sealed };

	return send_block(w, s, &piece, &r->to, now);
}

/* Blocks that were read again leave; each stays ours until the burst is on the wire. */
unsigned serve_send_repairs(struct serve *w, struct serve_session *s, ns_t now)
{
	unsigned n = 0;

	for (;;) {
		enum link_sent sent;

		if (s->repair_ready < 0)
			s->repair_ready = prefetch_take_repair(&s->prefetch);
		if (s->repair_ready < 0)
			return n;
		sent = send_repair(w, s, s->repair_ready, now);
		if (sent == LINK_FULL)
			return n;
		w->stats.sent += sent == LINK_SENT;
		w->stats.no_path += sent == LINK_NO_PATH;
		s->repairs_sent |= 1ull << s->repair_ready;
		s->repair_ready = -1;
		n++;
	}
}
