/* What the server says of its data: SPM, ODATA and RDATA, and the loss rate they show. */
#include "engine/client_internal.h"
#include "wdserror.h"

/*
 * E5: the text's filter has its weights exchanged, so that the rate jumps to about 1 with every
 * loss. This is the filter of pgmcc, from which the server's choice of a master comes:
 * LossRate = (1 - W) * LossRate + W * lost. Both are valid on the wire.
 */
static const double loss_weight = 500.0 / 65536.0;

static double power(double base, uint64_t exponent)
{
	double result = 1;

	for (; exponent > 0; exponent >>= 1, base *= base)
		if (exponent & 1)
			result *= base;
	return result;
}

/* So many steps of the filter with lost = 1, at once: the count is the server's word. */
static void count_lost(struct client *c, uint64_t count)
{
	c->loss_rate = 1 - (1 - c->loss_rate) * power(1 - loss_weight, count);
	c->stats.lost_seq_nos += count;
}

/* 3.2.5.10.1 */
static void loss_spm(struct client *c, uint64_t lead)
{
	if (lead <= c->hi_loss_seq_no)
		return;
	count_lost(c, lead - c->hi_loss_seq_no);
	c->hi_loss_seq_no = lead;
}

/*
 * 3.2.5.10.2. A packet that the consumer had no room for counts as lost: so a slow consumer shows
 * as what it is, becomes the Master Client, and paces the session.
 */
static void loss_data(struct client *c, uint64_t seq_no, bool refused)
{
	if (seq_no > c->hi_loss_seq_no + 1)
		count_lost(c, seq_no - c->hi_loss_seq_no - 1);
	c->loss_rate += loss_weight * ((refused ? 1.0 : 0.0) - c->loss_rate);
	if (seq_no > c->hi_loss_seq_no)
		c->hi_loss_seq_no = seq_no;
}

/* FirstODATASeqNo, 3.2.1.3; with E7, and 7.11 (c) of the sheet: history before it is no loss. */
static void begin(struct client *c, uint64_t first, uint64_t received)
{
	c->first_seq_no = first;
	c->hi_loss_seq_no = received;
	client_missing_begin(c, received);
}

/* 3.2.5.9 */
void client_on_spm(struct client *c, const struct mt_packet *p, ns_t now, struct outq *out)
{
	const struct mt_spm *spm = &p->spm;
	uint64_t trail = spm->trail_seq_no, lead = spm->lead_seq_no;

	if (trail > CLIENT_SEQ_NO_MAX || lead > CLIENT_SEQ_NO_MAX) {
		c->stats.bad_payload++;
		return;
	}
	if (spm->spm_seq_no <= c->last_spm_seq_no) {
		c->stats.stale++;
		return;
	}
	c->last_spm_seq_no = spm->spm_seq_no;
	client_set_master(c, spm->master_client_id);
	c->lead_seq_no = lead;
	c->min_nack_backoff_ms = spm->min_nack_backoff_ms;
	c->max_nack_backoff_ms = spm->max_nack_backoff_ms;
	c->master_rtt_ms = spm->rtt_ms;
	if (c->first_seq_no == 0 && lead != 0)
		begin(c, lead, lead);
	if (c->first_seq_no != 0) {
		uint64_t hi = trail < lead ? trail : lead; /* a trail beyond the lead is not sent yet */

		loss_spm(c, lead);
		if (hi > c->hi_seq_no)
			c->hi_seq_no = hi;
		client_missing_trail(c, trail);
		client_missing_lead(c, lead);
		client_nack_sooner(c, now);
		client_manage_nacks(c, now);
	}
	client_ack_spm(c, p->sender_time, now, out);
}

/* False too when the payload is no DATA of this content, MS-WDSMA 3.2.5.1. */
static bool read_block(const struct client *c, const struct mt_data *d, struct ma_data *block)
{
	if (!ma_read_data(d->data, d->data_len, block))
		return false;
	return block->block_no >= 1 && block->block_no <= c->offer.total_blocks &&
	       block->data_len == ma_block_len(block->block_no, c->offer.content_bytes, c->offer.block_bytes);
}

enum client_want client_wants_data(struct client *c, const struct mt_data *d, struct ma_data *block)
{
	if (d->odata_seq_no == 0 || d->odata_seq_no > CLIENT_SEQ_NO_MAX || d->trail_seq_no > CLIENT_SEQ_NO_MAX) {
		c->stats.bad_payload++;
		return CLIENT_WANT_NOT;
	}
	if (d->odata_seq_no < c->first_seq_no) {
		c->stats.stale++;
		return CLIENT_WANT_NOT;
	}
	if (!read_block(c, d, block) || bitmap_test(c->blocks, block->block_no - 1))
		return CLIENT_WANT_STEP;
	return CLIENT_WANT_BLOCK;
}

/* The payload, MS-WDSMA 3.2.5.1. True when it was the last that was wanted. */
static bool take_block(struct client *c, const struct client_in *in, ns_t now)
{
	bool odata = in->packet->opcode == MT_ODATA;
	struct ma_data other;

	if (in->block == NULL) {
		if (read_block(c, &in->packet->data, &other))
			c->stats.duplicates++;
		else
			c->stats.bad_payload++;
		return false;
	}
	if (!in->stored) { /* 3.2.5.13: received, for the transport, but the block is still missing */
		c->stats.refused_no_room++;
		client_refuse(c, now);
		return false;
	}
	if (!bitmap_set(c->blocks, in->block->block_no - 1)) {
		c->stats.duplicates++;
		return false;
	}
	c->served_at = now;
	if (!odata || in->block->block_no < c->highest_block)
		c->stats.repaired_blocks++;
	else
		c->highest_block = in->block->block_no;
	return c->blocks->ones == c->blocks->bits;
}

/*
 * FirstODATASeqNo is the number of an ODATA (3.2.1.3). An RDATA may repair what was sent long before we
 * joined: to begin with its number would make all from there to the lead seem lost.
 */
static void take_number(struct client *c, const struct client_in *in, ns_t now)
{
	const struct mt_data *d = &in->packet->data;
	uint64_t seq_no = d->odata_seq_no;

	if (c->first_seq_no == 0) {
		if (in->packet->opcode != MT_ODATA)
			return;
		begin(c, seq_no, seq_no - 1);
	}
	if (seq_no > c->lead_seq_no) {
		c->lead_seq_no = seq_no;
		c->stirred_at = now;
	}
	if (seq_no > c->hi_seq_no)
		c->hi_seq_no = seq_no;
	loss_data(c, seq_no, in->block != NULL && !in->stored);
	client_missing_trail(c, d->trail_seq_no);
	client_missing_receive(c, seq_no);
	if (in->packet->opcode == MT_RDATA)
		client_nack_sooner(c, now);
	client_manage_nacks(c, now);
}

/*
 * With many receivers most RDATAs repair what others lost, and 3.2.5.14 has the master acknowledge each. An
 * ACK is cumulative: one that says what the last did, of a packet that is not the latest, says nothing.
 */
static bool is_to_be_acknowledged(const struct client *c, const struct mt_packet *p, uint64_t continuous_before)
{
	if (c->first_seq_no == 0)
		return false;
	if (p->opcode == MT_RDATA && p->data.odata_seq_no < c->hi_seq_no &&
	    client_missing_continuous(c) == continuous_before)
		return false;
	return !p->options.has_lead_seq_no || p->options.lead_seq_no >= p->data.odata_seq_no;
}

/* 3.2.5.13 and 3.2.5.14 */
void client_on_data(struct client *c, const struct client_in *in, ns_t now, struct outq *out)
{
	const struct mt_packet *p = in->packet;
	uint64_t continuous = client_missing_continuous(c);

	if (p->opcode == MT_ODATA)
		c->stats.odata++;
	else
		c->stats.rdata++;
	client_set_master(c, p->data.client_id);
	take_number(c, in, now);
	if (take_block(c, in, now)) {
		client_ack_last(c, p->sender_time, now, out);
		client_finish(c, ERROR_SUCCESS, MT_LEAVE_COMPLETE, now, out);
	} else if (is_to_be_acknowledged(c, p, continuous)) {
		client_ack_data(c, p->sender_time, now, out);
	}
}
