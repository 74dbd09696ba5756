/*
 * Data packets in mode HASH are sealed some at a time before they go to the link: their HMACs are computed side by
 * side, which is faster than one by one (security/security_burst.h, bench/security). That wants what is covered in
 * one piece, and head, block and tail of a packet lie apart: so they are copied to a stage, one behind the other. The
 * HMAC goes to the head itself, which the link copies or points to.
 */
#include "run/serve_internal.h"

#include <stdlib.h>

#include "security/security_burst.h"

#define BATCH 16                  /* what a processor works on at once */
#define STAGE_BYTES (128u << 10)  /* stays in a core's own cache */

struct serve_hash {
	struct security_burst *burst;
	uint8_t stage[STAGE_BYTES];
};

/* A packet that is to be sealed, and where its block is. */
struct choice {
	struct out_packet *packet;
	const uint8_t *block;
	uint32_t block_len;
};

struct serve_hash *serve_hash_new(const struct security *s)
{
	struct serve_hash *h = security_is_side_by_side(s) ? malloc(sizeof(*h)) : NULL;

	if (h == NULL)
		return NULL;
	h->burst = security_burst_new();
	if (h->burst != NULL)
		return h;
	free(h);
	return NULL;
}

void serve_hash_free(struct serve_hash *h)
{
	if (h == NULL)
		return;
	security_burst_free(h->burst);
	free(h);
}

/* False for packets that have no block, are sealed, or whose block must be read again first. */
static bool choose(struct serve *w, uint32_t i, struct choice *out)
{
	struct out_packet *p = &w->out.packets[i];
	const struct serve_session *s = w->owner[i];
	uint64_t position;

	if (p->block_no == 0 || p->sealed || !serve_find_slot(s, p, &position))
		return false;
	*out = (struct choice){ p, prefetch_data(&s->prefetch, position), prefetch_slot(&s->prefetch, position)->len };
	return true;
}

static uint32_t staged_bytes(const struct choice *c)
{
	return c->packet->head_len + c->block_len + c->packet->tail_len;
}

/* Of the next packets, as many as the stage holds. */
static unsigned choose_ahead(struct serve *w, struct choice chosen[BATCH])
{
	uint32_t left = w->out.packet_count - w->out_next, bytes = 0;
	unsigned n = 0;

	for (uint32_t i = 0; i < left && i < BATCH; i++) {
		if (!choose(w, w->out_next + i, &chosen[n]))
			continue;
		bytes += staged_bytes(&chosen[n]);
		if (bytes > STAGE_BYTES)
			break;
		n++;
	}
	return n;
}

/* Its pieces behind each other at `to`, which goes on behind them. */
static struct security_sealing stage(const struct serve *w, const struct choice *c, uint8_t **to)
{
	const struct out_packet *p = c->packet;
	uint8_t *head = w->out.bytes + p->head_at, *at = *to;
	struct security_sealing sealing = security_sealing_of(&w->config.server_security, at, staged_bytes(c));

	memcpy(at, head, p->head_len);
	memcpy(at + p->head_len, c->block, c->block_len);
	memcpy(at + p->head_len + c->block_len, w->out.bytes + p->tail_at, p->tail_len);
	*to += staged_bytes(c);
	sealing.data = head + MT_SECURITY_HEADER_BYTES;
	return sealing;
}

void serve_hash_ahead(struct serve *w)
{
	struct choice chosen[BATCH];
	struct security_sealing v[BATCH];
	uint8_t *at = w->hash->stage;
	unsigned n = choose_ahead(w, chosen);

	if (n < 2) /* alone it is sealed where it lies */
		return;
	for (unsigned i = 0; i < n; i++) {
		v[i] = stage(w, &chosen[i], &at);
		chosen[i].packet->sealed = true;
	}
	security_seal_burst(w->hash->burst, &w->config.server_security, v, n);
	w->stats.sealed += n;
	w->stats.sealed_together += n;
}
