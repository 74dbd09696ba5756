/*
 * The window: new data, ACKs and what opens it. 3.1.5.9.4, 3.1.5.9.5, 3.1.5.9.7.
 *
 *   head <= lead + 1, trail <= lead < next
 *   [head .. next-1] is the Data Packet List; (trail .. lead] is in flight; (lead .. next-1] is queued
 */
#include "engine/server_internal.h"

#define ASK_EVERY_MAX 64   /* packets: an ACK costs the master a packet, waiting for one costs the window */
#define PROBE_MIN_MS 10    /* a receiver that naps, or shares its core, is not yet lost */
#define CEILING_WINDOWS 16 /* acknowledged windows until the ceiling is twice as high */
#define CEILING_MIN 16
#define QUEUE_NS (20 * NS_PER_MS) /* beyond the least round trip: so long a queue keeps any way busy */
#define QUEUE_SAMPLES 4           /* in a row, for one may have waited for a processor */
#define QUEUE_SLOWER 4            /* times slower the ceiling rises while there is one */
#define CONTROL_RESERVE 8 /* one in so many places of the out queue is left for control packets */

/* The entry at the trail stays, as in the cleanup. */
static uint64_t first_kept(const struct server *s)
{
	return s->trail_seq_no > s->head_seq_no ? s->trail_seq_no : s->head_seq_no;
}

uint32_t server_list_room(const struct server *s)
{
	return s->config.list_max - (uint32_t)(s->next_seq_no - first_kept(s));
}

/*
 * The Data Trigger, 3.1.5.9.4. When the list is full the oldest acknowledged packet goes before its
 * 1000 ms: else the list's size would cap the rate, as Windows' TpCacheSize does.
 */
void server_append(struct server *s, uint64_t block_no)
{
	if (server_list_room(s) == 0)
		return;
	if (s->next_seq_no - s->head_seq_no == s->config.list_max)
		s->head_seq_no++;
	*server_entry(s, s->next_seq_no) = (struct server_entry){ .block_no = block_no };
	s->next_seq_no++;
}

uint32_t server_sendable(const struct server *s)
{
	uint64_t queued = s->next_seq_no - 1 - s->lead_seq_no, in_flight = s->lead_seq_no - s->trail_seq_no;
	uint64_t window = (uint64_t)s->window;

	if (s->state != SERVER_DATA || in_flight >= window)
		return 0;
	return (uint32_t)(queued < window - in_flight ? queued : window - in_flight);
}

/* The packet is for whom the master is now, and tells the trail of now, 3.1.5.9.7. */
bool server_send_data(struct server *s, uint64_t seq_no, enum mt_opcode opcode, ns_t now, struct outq *out)
{
	struct server_entry *e = server_entry(s, seq_no);
	uint32_t block_len = ma_block_len(e->block_no, s->config.content_bytes, s->config.block_bytes);
	struct ma_data block = { .block_no = e->block_no, .data_len = (uint16_t)block_len };
	struct mt_data data = { .client_id = s->master_client_id,
		                .odata_seq_no = seq_no,
		                .trail_seq_no = s->head_seq_no,
		                .data_len = (uint16_t)(MA_DATA_FIELDS_BYTES + block_len) };
	/* A value below its own number: the master need not acknowledge it (3.2.5.13). */
	struct mt_options quiet = { .has_lead_seq_no = true, .lead_seq_no = s->trail_seq_no };
	struct mt_head head = server_head(s, now);
	struct out_packet *p;
	struct writer w;
	uint32_t head_len;

	if (!outq_begin(out, &w))
		return false;
	mt_write_data_head(&w, &head, opcode, &data);
	ma_write_data_head(&w, &block);
	head_len = (uint32_t)writer_len(&w);
	mt_write_options(&w, opcode == MT_ODATA && !e->asked ? &quiet : NULL);
	p = outq_end(out, &w, head_len, &s->config.multicast);
	if (p == NULL)
		return false;
	p->block_no = e->block_no;
	p->seq_no = seq_no;
	p->repair = opcode == MT_RDATA;
	e->sent_at = now;
	return true;
}

static uint32_t ask_every(const struct server *s)
{
	uint32_t quarter = (uint32_t)s->window / 4;

	return quarter < 1 ? 1 : quarter < ASK_EVERY_MAX ? quarter : ASK_EVERY_MAX;
}

static uint32_t burst_room(const struct outq *out)
{
	uint32_t used = out->packet_count + out->packet_max / CONTROL_RESERVE;

	return used < out->packet_max ? out->packet_max - used : 0;
}

/*
 * A burst costs one ACK, not one a packet: all but its last packet, and one in ask_every(), carry option 0x0406.
 * While an ACK is on its way already the last one carries it too: else ACKs for little bring bursts as little.
 */
static bool is_to_be_asked(const struct server *s, uint64_t seq_no, bool last, uint32_t every)
{
	if (seq_no >= s->asked_seq_no + every)
		return true;
	return last && (s->asked_seq_no <= s->trail_seq_no || seq_no + 1 == s->next_seq_no);
}

/* E10: also when there is room and the master said nothing. */
void server_send_window(struct server *s, ns_t now, struct outq *out)
{
	uint32_t n = server_sendable(s), room = burst_room(out), every = ask_every(s);

	if (n > room)
		n = room;
	if (s->trail_seq_no == s->lead_seq_no)
		s->progress_at = now;
	for (uint32_t i = 1; i <= n; i++) {
		struct server_entry *e = server_entry(s, s->lead_seq_no + 1);

		e->asked = is_to_be_asked(s, s->lead_seq_no + 1, i == n, every);
		e->created_at = now;
		if (!server_send_data(s, s->lead_seq_no + 1, MT_ODATA, now, out))
			break;
		if (e->asked)
			s->asked_seq_no = s->lead_seq_no + 1;
		s->lead_seq_no++;
		s->stats.odata++;
	}
	if (s->lead_seq_no + 1 == s->next_seq_no || server_sendable(s) > 0)
		s->held_by_window = false;
	if (s->lead_seq_no - s->trail_seq_no >= (uint64_t)s->window)
		s->full_seq_no = s->lead_seq_no;
	if (n > 0 && s->probe_at == NS_NEVER)
		server_arm_probe(s, now);
}

bool server_is_queueing(const struct server *s)
{
	return s->delayed >= QUEUE_SAMPLES;
}

/*
 * What doubles each round trip until something is lost loses most of a window then. When packets begin to wait
 * in a queue of the way, all of it is in use: the first growth ends there (RFC 9406).
 */
static void look_for_queue(struct server *s, ns_t sample)
{
	if (!s->master_measured || sample < s->least_rtt_ns)
		s->least_rtt_ns = sample;
	s->delayed = sample > s->least_rtt_ns + QUEUE_NS ? s->delayed + 1 : 0;
	if (server_is_queueing(s) && s->ceiling == s->config.max_window && s->window > CEILING_MIN)
		s->ceiling = s->window;
}

/* MCRTT in ms for the wire; finer from the packet it acknowledges, when that tells. */
static void measure(struct server *s, const struct mt_ack *a, ns_t now)
{
	const struct server_entry *e = server_entry(s, a->odata_seq_no);
	uint64_t now_ms = ns_to_ms(now);
	ns_t sample;

	if (a->server_time > now_ms)
		return;
	s->master_rtt_ms = now_ms - a->server_time < SERVER_RTT_MAX_MS ? (uint32_t)(now_ms - a->server_time)
	                                                               : SERVER_RTT_MAX_MS;
	if (s->master_rtt_ms == 0)
		s->master_rtt_ms = 1;
	/* An SPM's answer too tells how long it is at most. */
	if (s->master_rtt_ns > server_ms(s->master_rtt_ms + 1ull))
		s->master_rtt_ns = server_ms(s->master_rtt_ms + 1ull);
	/* Only news count, of a packet sent once, and an ACK that this very packet caused. */
	if (a->odata_seq_no <= s->trail_seq_no || e->resent || !e->asked ||
	    a->server_time != ns_to_ms(e->sent_at))
		return;
	sample = now - e->sent_at;
	look_for_queue(s, sample);
	if (!s->master_measured)
		s->master_rtt_ns = sample;
	else if (sample < s->master_rtt_ns) /* down fast, up slowly: what is above is waiting, not the way */
		s->master_rtt_ns -= (s->master_rtt_ns - sample) / 2;
	else
		s->master_rtt_ns += (sample - s->master_rtt_ns) / 8;
	s->master_measured = true;
	if (s->master_rtt_ns < SERVER_RTT_MIN_NS)
		s->master_rtt_ns = SERVER_RTT_MIN_NS;
	if (s->master_rtt_ns > server_ms(SERVER_RTT_MAX_MS))
		s->master_rtt_ns = server_ms(SERVER_RTT_MAX_MS);
}

/*
 * E17. A window that doubles each round trip and loses a quarter for a NACK comes to rest far above what
 * the way carries, where most of what is sent is lost. MaxWindowSize is a free choice: so it is lowered to
 * what came through when much of a window is lost, or a consumer is slow, and rises again by a sixteenth with
 * each window that is acknowledged. A stray loss does not touch it.
 */
void server_on_congestion(struct server *s, double lost_part)
{
	double came = s->window * (lost_part < 0.75 ? 1 - lost_part : 0.25);

	s->ceiling = came > CEILING_MIN ? came : CEILING_MIN;
	if (s->ceiling > s->config.max_window)
		s->ceiling = s->config.max_window;
	if (s->window > s->ceiling)
		s->window = s->ceiling;
}

static void raise_ceiling(struct server *s, uint64_t acknowledged)
{
	if (s->window < s->ceiling)
		return;
	s->ceiling += (double)acknowledged / (server_is_queueing(s) ? QUEUE_SLOWER * CEILING_WINDOWS : CEILING_WINDOWS);
	if (s->ceiling > s->config.max_window)
		s->ceiling = s->config.max_window;
}

/*
 * 2 packets for each acknowledged one up to ExpMaxWindowSize, then 1 up to MaxWindowSize. But a window that
 * was not used up has not shown that the way carries it: while content or the wire is what is slow it stays,
 * or all of a grown one would go out at once when they no longer are (RFC 7661).
 */
static void grow(struct server *s, uint64_t acknowledged)
{
	double exp_max = s->config.exp_max_window;
	bool exponential = s->window < exp_max;
	double window = s->window + (exponential ? 2 : 1) * (double)acknowledged, limit;

	raise_ceiling(s, acknowledged);
	limit = exponential && exp_max < s->ceiling ? exp_max : s->ceiling;
	s->window = window < limit ? window : limit;
}

/*
 * E7: a client that joined late and follows the text to the letter lists numbers from before as missing,
 * ignores them when they come, and acknowledges nothing above them. Such an ACK is a sign of life: it
 * stands for the last number from before.
 */
static uint64_t acked_number(const struct server *s, uint64_t seq_no)
{
	const struct server_client *c = server_find_client(s, s->master_client_id);

	return c != NULL && seq_no < c->first_seq_no ? c->first_seq_no : seq_no;
}

/*
 * E8: a new master may be behind the old one. The text refuses its ACKs until it has caught up; we
 * put the trail back to its first one, as long as everything above is still there to be repaired.
 */
static bool accept_number(struct server *s, uint64_t seq_no, ns_t now)
{
	if (seq_no > s->lead_seq_no)
		return false;
	if (seq_no >= s->trail_seq_no)
		return true;
	if (s->master_acked || seq_no + 1 < s->head_seq_no)
		return false;
	if (s->trail_seq_no == s->lead_seq_no)
		s->progress_at = now;
	s->trail_seq_no = seq_no;
	return true;
}

static void advance(struct server *s, uint64_t seq_no, ns_t now)
{
	uint64_t acknowledged = seq_no - s->trail_seq_no;

	if (acknowledged == 0)
		return;
	if (s->trail_seq_no < s->full_seq_no)
		grow(s, acknowledged);
	s->trail_seq_no = seq_no;
	s->progress_at = now;
	server_arm_probe(s, now);
}

void server_on_ack(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	const struct mt_ack *a = &in->packet->ack;
	uint64_t seq_no = a->odata_seq_no;

	if (a->client_id != s->master_client_id || s->master_client_id == 0) {
		s->stats.not_master++;
		return;
	}
	if (server_find_sender(s, a->client_id, in->from) == NULL)
		return;
	if (seq_no < s->trail_seq_no)
		seq_no = acked_number(s, seq_no);
	if (!accept_number(s, seq_no, now)) {
		s->stats.bad_seq_no++;
		return;
	}
	s->stats.acks++;
	s->spm_count = 0;
	s->master_acked = true;
	s->master_loss_rate =
	        a->loss_rate < MT_LOSS_RATE_ONE ? (double)a->loss_rate / (double)MT_LOSS_RATE_ONE : 1;
	measure(s, a, now);
	advance(s, seq_no, now);
	server_check_pass(s, now, out);
	server_send_window(s, now, out);
}

/*
 * A burst whose last packet is lost is not missed by anybody until the next SPM, 220 ms later. So when
 * nothing is acknowledged for four round trips the last packet is sent again: as RDATA the master
 * acknowledges it always. Less and less often, until SPMs do the same.
 */
static void arm_probe_after(struct server *s, ns_t wait, ns_t now)
{
	s->probe_wait = wait;
	s->probe_at = s->state == SERVER_DATA && s->lead_seq_no > s->trail_seq_no &&
	                              wait < server_ms(s->config.spm_interval_ms)
	                      ? now + wait
	                      : NS_NEVER;
}

void server_arm_probe(struct server *s, ns_t now)
{
	ns_t wait = 4 * server_rtt(s);

	arm_probe_after(s, wait > server_ms(PROBE_MIN_MS) ? wait : server_ms(PROBE_MIN_MS), now);
}

void server_run_probe(struct server *s, ns_t now, struct outq *out)
{
	if (server_send_data(s, s->lead_seq_no, MT_RDATA, now, out)) {
		server_entry(s, s->lead_seq_no)->resent = true;
		s->stats.rdata++;
	}
	arm_probe_after(s, 2 * s->probe_wait, now);
}
