/*
 * ACK of the Master Client, MS-WDSMT 3.2.5.11, and how it paces a session to its consumer.
 *
 * An ACK of n further numbers lets the server send at most 3 n packets more: the window moves by n
 * and grows by 2 n at most (3.1.5.9.5). So with so many slots free the ACK goes no further than
 *
 *     acked + (free - unused) / 3        unused: what the window seen lets the server send as it is
 *
 * and the rest of it is held back until the consumer gives slots back. That is invisible on the
 * wire: a cumulative ACK may lag. An SPM is answered all the same, with the number of before, or the
 * server would think its master gone. No ACK is held for ever:
 *  - with all slots free nothing is on its way any more, so `unused` counts as 0;
 *  - an SPM comes after all that was sent before it, so while an ACK is held each halves what is
 *    believed of the window, down to what is in flight; and with nothing unused any free slot
 *    moves the ACK by one at least.
 */
#include "engine/client_internal.h"

#define SENT_FOR_ONE_ACKED 3

void client_change_master(struct client *c, uint32_t master_client_id)
{
	c->master_client_id = master_client_id;
	c->has_acked = c->ack_held = false;
	c->window_seen = 0;
}

static uint64_t in_flight(const struct client *c)
{
	return c->lead_seq_no > c->acked_seq_no ? c->lead_seq_no - c->acked_seq_no : 0;
}

/* How far the ACK may go now: acked_seq_no to highest. */
static uint64_t ack_number(const struct client *c, uint64_t highest)
{
	uint64_t unused = 0, limit;

	if (!c->has_acked)
		return highest; /* what the old master had acknowledged is not known: less could be refused (E8) */
	if (c->free_slots < c->slots_max)
		unused = c->window_seen - in_flight(c);
	if (c->free_slots <= unused)
		return c->acked_seq_no;
	limit = c->acked_seq_no + (c->free_slots - unused + SENT_FOR_ONE_ACKED - 1) / SENT_FOR_ONE_ACKED;
	return limit < highest ? limit : highest;
}

static void send_ack(struct client *c, uint64_t number, uint64_t server_time, ns_t now, struct outq *out)
{
	struct mt_head head = client_head(c, now);
	struct mt_ack ack = { .client_id = c->client_id,
		              .odata_seq_no = number,
		              .server_time = server_time,
		              .hi_odata_seq_no = c->hi_seq_no,
		              .loss_rate = client_loss_rate_field(c) };
	struct writer w;

	c->has_acked = true;
	c->acked_seq_no = number;
	if (!outq_begin(out, &w))
		return;
	mt_write_ack(&w, &head, &ack);
	if (client_send(c, &w, out))
		c->stats.acks++;
}

static void ack(struct client *c, uint64_t server_time, bool even_if_held, ns_t now, struct outq *out)
{
	uint64_t highest = client_missing_continuous(c), number;

	if (c->has_acked && in_flight(c) > c->window_seen)
		c->window_seen = in_flight(c);
	number = ack_number(c, highest);
	c->ack_held = number < highest;
	c->held_server_time = server_time;
	if (even_if_held || !c->ack_held || number > c->acked_seq_no)
		send_ack(c, number, server_time, now, out);
}

void client_ack_data(struct client *c, uint64_t server_time, ns_t now, struct outq *out)
{
	if (client_is_master(c))
		ack(c, server_time, false, now, out);
}

void client_ack_spm(struct client *c, uint64_t server_time, ns_t now, struct outq *out)
{
	if (!client_is_master(c))
		return;
	if (c->ack_held)
		c->window_seen /= 2; /* in_flight() is the floor: see ack() */
	ack(c, server_time, true, now, out);
}

/* The consumer gave slots back. */
void client_ack_held(struct client *c, ns_t now, struct outq *out)
{
	if (c->state == CLIENT_REGULAR && c->ack_held)
		ack(c, c->held_server_time, false, now, out);
}

/* Nothing more is wanted, so room does not matter; and the server must not wait for a master that left. */
void client_ack_last(struct client *c, uint64_t server_time, ns_t now, struct outq *out)
{
	if (client_is_master(c))
		send_ack(c, client_missing_continuous(c), server_time, now, out);
}
