/* NACK: back-off, NCF, RDATA and the choice of another master. 3.1.5.9.6, 3.1.5.9.8. */
#include "engine/server_internal.h"

#define JUDGED_MIN 32     /* numbers sent: too few tell nothing */
#define REPAIRS_MIN 32    /* a round trip, however small the window */
#define PASSED 3          /* packets: what lies between was not put out of order, but lost */
#define NCF_RANGES_MAX 92 /* what the largest control packet holds, whatever the mode */
#define NACK_COST_NS NS_PER_MS /* a client's back-off is 2 ms at least */
#define NACK_CREDIT_NS (8 * NS_PER_MS)

/*
 * The square of M, one over the throughput, of 3.1.5.9.6.1 in the reading of the sheet's 6.12. p is of 1
 * (E4). A RTT below the clock's millisecond counts as one, as MCRTT does.
 */
static double slowness_squared(uint32_t rtt_ms, double p)
{
	double m = (rtt_ms > 0 ? rtt_ms : 1) / 1000.0 * (1 + 9 * p * (1 + 32 * p * p));

	return m * m * p;
}

bool server_is_as_slow_as_master(const struct server *s, const struct server_client *c)
{
	double loss_rate = (double)c->loss_rate / (double)MT_LOSS_RATE_ONE;

	return slowness_squared(c->rtt_ms, loss_rate) >=
	       0.75 * 0.75 * slowness_squared(s->master_rtt_ms, s->master_loss_rate);
}

/* 3.1.5.9.6.1: switch when its throughput is below three quarters of the master's. */
static void consider_master(struct server *s, const struct server_client *c, double loss_rate, ns_t now,
                            struct outq *out)
{
	if (s->state != SERVER_DATA || server_is_shunned(c, now))
		return;
	if (0.75 * 0.75 * slowness_squared(c->rtt_ms, loss_rate) <=
	    slowness_squared(s->master_rtt_ms, s->master_loss_rate))
		return;
	server_set_master(s, c, loss_rate, out);
	/* The old one's ACKs count no more: the new one must learn at once that it is asked. */
	s->spm_count = 0;
	server_send_spm(s, now, out);
}

/*
 * A local choice, invisible on the wire: several receivers that report the same loss are one event, so
 * the window is cut at most once in a round trip of the master.
 */
static bool cut_window(struct server *s, ns_t now)
{
	ns_t pause = server_rtt(s) > NS_PER_MS ? server_rtt(s) : NS_PER_MS;
	double cut = s->window * 0.75;

	if (s->last_cut_at != NS_NEVER && now - s->last_cut_at < pause)
		return false;
	s->last_cut_at = now;
	s->window = cut > 2 ? cut : 2;
	s->stats.window_cuts++;
	return true;
}

static void send_ncf(struct server *s, const struct mt_nack *n, ns_t now, struct outq *out)
{
	struct range v[NCF_RANGES_MAX];
	uint32_t max = server_fits(s, 2, sizeof(struct mt_wire_range));
	struct mt_head head = server_head(s, now);
	struct writer w;
	uint16_t count = 0;

	if (max > NCF_RANGES_MAX)
		max = NCF_RANGES_MAX;
	/* Clients ignore NCFs (3.2.5.19): no harm if one tells less than will be repaired. */
	for (uint16_t i = 0; i < n->count && count < max; i++) {
		struct range r = { be64_get(n->ranges[i].start), be64_get(n->ranges[i].end) };

		if (r.first <= r.last)
			v[count++] = r;
	}
	if (!outq_begin(out, &w))
		return;
	mt_write_ncf(&w, &head, v, count);
	server_send(s, &w, &s->config.multicast, out);
	s->stats.ncfs++;
}

/*
 * 3.1.5.9.6: not within four round trips of the last send. But whoever has seen what came PASSED later lost
 * the first send for certain, and a queue on the way makes the round trip long: so that one waits no time.
 */
static bool is_too_soon(const struct server *s, const struct server_entry *e, uint64_t seq_no, uint64_t seen, ns_t now)
{
	if (!e->resent && seen >= seq_no + PASSED && now - e->sent_at >= NS_PER_MS)
		return false;
	return now - e->sent_at < 4 * server_rtt(s);
}

/*
 * In one round trip no more is repaired than a window has: else one packet that asks for all of the list
 * would bring it, and a way that lost a burst would lose the burst of its repair.
 */
static bool may_repair(struct server *s, ns_t now)
{
	ns_t round = server_rtt(s) > NS_PER_MS ? server_rtt(s) : NS_PER_MS;

	if (now - s->repair_round_at >= round) {
		s->repair_round_at = now;
		s->repairs_in_round = 0;
	}
	return s->repairs_in_round < REPAIRS_MIN || s->repairs_in_round < s->window;
}

/* False when it may not, or the out queue is full: what is left will be asked for again. */
static bool repair_number(struct server *s, uint64_t seq_no, uint64_t seen, ns_t now, struct outq *out)
{
	struct server_entry *e = server_entry(s, seq_no);

	if (is_too_soon(s, e, seq_no, seen, now)) {
		s->stats.repairs_too_soon++;
		return true;
	}
	if (!may_repair(s, now) || !outq_has_room(out, 1) || !server_send_data(s, seq_no, MT_RDATA, now, out)) {
		s->stats.repairs_cut_short++;
		return false;
	}
	e->resent = true;
	s->repairs_in_round++;
	s->stats.rdata++;
	return true;
}

/* Each number at most once, however the ranges overlap: a NACK costs no more than the list is long. */
static void repair(struct server *s, const struct mt_nack *n, ns_t now, struct outq *out)
{
	uint64_t next = s->head_seq_no;

	for (uint16_t i = 0; i < n->count; i++) {
		uint64_t start = be64_get(n->ranges[i].start), end = be64_get(n->ranges[i].end);

		if (end < start) /* E6 */
			continue;
		if (start < s->head_seq_no)
			s->stats.repairs_gone += (end < s->head_seq_no ? end + 1 : s->head_seq_no) - start;
		if (end > s->lead_seq_no) /* queued at most, never sent */
			end = s->lead_seq_no;
		for (next = start > next ? start : next; next <= end; next++)
			if (!repair_number(s, next, n->hi_odata_seq_no, now, out))
				return;
	}
}

/* Numbers of first..last that the NACK lists, those of ranges out of order left out. */
static uint64_t count_from(const struct mt_nack *n, uint64_t first, uint64_t last)
{
	uint64_t count = 0, next = first;

	for (uint16_t i = 0; i < n->count; i++) {
		uint64_t start = be64_get(n->ranges[i].start), end = be64_get(n->ranges[i].end);

		if (start < next)
			start = next;
		if (end > last)
			end = last;
		if (start > end)
			continue;
		count += end - start + 1;
		next = end + 1;
	}
	return count;
}

/*
 * E7: a client that joins late and follows the text to the letter lists all from Trail on as missing; so
 * does one whose first packet was a repair of an old number. That is worth repairing, and says nothing
 * about its way: the window and the choice of a master look only at what was sent since.
 */
static bool tells_of_loss(const struct server *s, const struct server_client *c, const struct mt_nack *n)
{
	return n->count == 0 || count_from(n, c->first_seq_no, s->lead_seq_no) > 0;
}

/* How much of what came by since its last NACK does it lack? More than an eighth is no stray loss. */
static void look_for_congestion(struct server *s, struct server_client *c, const struct mt_nack *n, ns_t now)
{
	uint64_t highest = n->hi_odata_seq_no < s->lead_seq_no ? n->hi_odata_seq_no : s->lead_seq_no;
	uint64_t seen, lost;

	if (highest < c->judged_seq_no + JUDGED_MIN)
		return;
	seen = highest - c->judged_seq_no;
	lost = count_from(n, c->judged_seq_no + 1, highest);
	c->judged_seq_no = highest;
	if (lost <= seen / 8)
		return;
	c->congested_at = now;
	server_on_congestion(s, (double)lost / (double)seen);
}

/*
 * A client that keeps to its back-off pays less than it gets. One that floods would have each of its
 * NACKs multicast as an NCF.
 */
static bool pays(struct server_client *c, ns_t now)
{
	if (c->nacks_paid_until < now)
		c->nacks_paid_until = now;
	if (c->nacks_paid_until - now > NACK_CREDIT_NS)
		return false;
	c->nacks_paid_until += NACK_COST_NS;
	return true;
}

static double count_nack(struct server *s, struct server_client *c, const struct mt_nack *n, ns_t now)
{
	s->stats.nacks++;
	s->stats.zero_nacks += n->count == 0;
	c->nacks++;
	c->nacked_at = now;
	if (n->count == 0)
		c->stalled_at = now;
	c->loss_rate = n->loss_rate < MT_LOSS_RATE_ONE ? n->loss_rate : MT_LOSS_RATE_ONE;
	return (double)c->loss_rate / (double)MT_LOSS_RATE_ONE; /* E4 */
}

void server_on_nack(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	const struct mt_nack *n = &in->packet->nack;
	struct server_client *c = server_find_active_sender(s, n->client_id, in->from);
	bool is_master = n->client_id == s->master_client_id;
	double loss_rate;

	if (c == NULL)
		return;
	if (!pays(c, now)) {
		s->stats.nacks_too_many++;
		return;
	}
	loss_rate = count_nack(s, c, n, now);
	if (tells_of_loss(s, c, n) && (is_master || !server_is_shunned(c, now))) {
		if (is_master)
			s->master_loss_rate = loss_rate;
		else
			consider_master(s, c, loss_rate, now, out);
		if (cut_window(s, now) && n->count == 0)
			server_on_congestion(
			        s, 0); /* a consumer that is slower than this: no need to find out again */
		look_for_congestion(s, c, n, now);
	}
	if (n->count == 0)
		return;
	send_ncf(s, n, now, out);
	repair(s, n, now, out);
}
