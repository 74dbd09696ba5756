/*
 * ACK of the Master Client, MS-WDSMT 3.2.5.11, and how it paces a session to its consumer.
 *
 * An ACK of n further numbers lets the server send at most 3 n packets more: the window moves by n
 * and grows by 2 n at most (3.1.5.9.5). So with so many slots free the ACK goes no further than
 *
 *     acked + (free - unused) / 3        unused: what the window lets the server send as it is
 *
 * and the rest of it is held back until the consumer gives slots back. That is invisible on the
 * wire: a cumulative ACK may lag. An SPM is answered all the same, with the number of before, or the
 * server would think its master gone.
 *
 * How large the window is shows only when ACKs are held: once the server has used it up it falls
 * silent, and what is in flight then is the window. Until that is seen, half of the slots are taken
 * for it: so holding begins when half of them are filled.
 *
 * No ACK is held for ever. With all slots free, or after a silence, nothing is unused; and with
 * nothing unused any free slot moves the ACK by one at least. When that brings nothing (the server
 * has nothing to send, or its window was cut below what is in flight), the next step is twice as far.
 */
#include "engine/client_internal.h"

#define SENT_FOR_ONE_ACKED 3
#define SILENCE_MS_MIN 10
#define SILENCE_MS_MAX 200

void client_change_master(struct client *c, uint32_t master_client_id)
{
	c->master_client_id = master_client_id;
	c->has_acked = c->ack_held = false;
	c->window_seen = c->slots_max / 2;
	c->stride = 1;
	client_disarm(c, CLIENT_TIMER_ACK);
}

static uint64_t in_flight(const struct client *c)
{
	return c->lead_seq_no > c->acked_seq_no ? c->lead_seq_no - c->acked_seq_no : 0;
}

/* From when on it is silent: what an ACK released would have come. */
static ns_t silent_at(const struct client *c)
{
	uint32_t ms = 2u * c->master_rtt_ms;

	ms = ms < SILENCE_MS_MIN ? SILENCE_MS_MIN : ms > SILENCE_MS_MAX ? SILENCE_MS_MAX : ms;
	return c->stirred_at + ms * NS_PER_MS;
}

static void measure_window(struct client *c, ns_t now)
{
	uint64_t n = in_flight(c);
	bool silent = c->ack_held && now >= silent_at(c);

	if (n > c->window_seen || silent)
		c->window_seen = n;
	if (c->lead_seq_no != c->stride_lead)
		c->stride = 1;
	else if (silent && c->free_slots > 0)
		c->stride *= 2;
}

/* How far the ACK may go now: acked_seq_no to highest. */
static uint64_t ack_number(const struct client *c, uint64_t highest)
{
	uint64_t unused = 0, n, left;

	if (!c->has_acked)
		return highest; /* what the old master had acknowledged is not known: less could be refused (E8) */
	if (c->free_slots < c->slots_max)
		unused = c->window_seen - in_flight(c);
	if (c->free_slots <= unused)
		return c->acked_seq_no;
	n = (c->free_slots - unused + SENT_FOR_ONE_ACKED - 1) / SENT_FOR_ONE_ACKED;
	left = highest - c->acked_seq_no;
	return left / c->stride < n ? highest : c->acked_seq_no + n * c->stride;
}

/* The window grows with what is acknowledged; how far is known only up to what is assumed of it. */
static void advance(struct client *c, uint64_t number, ns_t now)
{
	uint64_t grown = c->window_seen + (SENT_FOR_ONE_ACKED - 1) * (number - c->acked_seq_no);
	uint64_t assumed = c->slots_max / 2;

	if (c->window_seen < assumed)
		c->window_seen = grown < assumed ? grown : assumed;
	if (number > c->acked_seq_no) {
		c->stirred_at = now;
		c->stride_lead = c->lead_seq_no;
	}
	c->acked_seq_no = number;
	c->has_acked = true;
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

	advance(c, number, now);
	if (!outq_begin(out, &w))
		return;
	mt_write_ack(&w, &head, &ack);
	if (client_send(c, &w, out))
		c->stats.acks++;
}

static void ack(struct client *c, uint64_t server_time, bool even_if_held, ns_t now, struct outq *out)
{
	uint64_t highest = client_missing_continuous(c), number;

	measure_window(c, now);
	number = ack_number(c, highest);
	c->ack_held = number < highest;
	c->held_server_time = server_time;
	if (even_if_held || !c->ack_held || number > c->acked_seq_no)
		send_ack(c, number, server_time, now, out);
	if (!c->ack_held)
		client_disarm(c, CLIENT_TIMER_ACK);
	else if (now < silent_at(c)) /* after it only the consumer can bring a change */
		client_arm(c, CLIENT_TIMER_ACK, silent_at(c));
}

void client_ack_data(struct client *c, uint64_t server_time, ns_t now, struct outq *out)
{
	if (client_is_master(c))
		ack(c, server_time, false, now, out);
}

void client_ack_spm(struct client *c, uint64_t server_time, ns_t now, struct outq *out)
{
	if (client_is_master(c))
		ack(c, server_time, true, now, out);
}

/* The consumer gave slots back, or it is silent. */
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
