/* MS-WDSMA 3.1: ask what is missing, send the union, ask again. */
#include "engine/server_internal.h"

#define JOIN_WINDOW_S 30  /* MS-WDSMA 3.1.6.1 */
#define POLL_MARGIN_MS 10 /* beyond BackOff and RTT, for a client that shares its core */
#define POLL_MIN_MS 10
#define POLL_COMPLETE_MS 200 /* between polls while nobody lacks anything */

/*
 * A short BackOff for a few clients, PollBackOff at most; doubled with each POLL in a row that nobody
 * answered, for clients slower than that, and so that the dead are not asked a hundred times a second.
 */
static uint32_t poll_backoff_ms(const struct server *s)
{
	uint32_t max_ms = s->config.poll_backoff_ms, ms = 2 + s->active_count;

	if (ms < POLL_MIN_MS)
		ms = POLL_MIN_MS;
	for (uint32_t i = 0; i < s->quiet_polls && ms < max_ms; i++)
		ms *= 2;
	return ms < max_ms ? ms : max_ms;
}

static void send_poll(struct server *s, uint32_t backoff_ms, ns_t now, struct outq *out)
{
	uint8_t srvcir[MA_SRVCIR_BYTES];
	struct writer app = writer_of(srvcir, sizeof(srvcir)), w;
	struct mt_head head = server_head(s, now);
	struct mt_poll p = { .poll_seq_no = s->next_poll_seq_no++,
		             .backoff_ms = server_u16(backoff_ms),
		             .app_data_len = sizeof(srvcir),
		             .app_data = srvcir };

	ma_write_srvcir(&app);
	if (!outq_begin(out, &w))
		return;
	mt_write_poll(&w, &head, &p);
	server_send(s, &w, &s->config.multicast, out);
	s->stats.polls++;
}

/* MS-WDSMA 3.1.3. */
void server_start_query(struct server *s, ns_t now, struct outq *out)
{
	uint32_t backoff_ms = poll_backoff_ms(s);

	s->pass_state = SERVER_QUERY;
	s->poll_is_later = false;
	s->answers = 0;
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		s->clients[i].asked_poll = s->clients[i].list == SERVER_ACTIVE;
		s->clients[i].answered_poll = false;
	}
	send_poll(s, backoff_ms, now, out);
	s->query_at = now + server_ms((uint64_t)backoff_ms + server_active_rtt_ms(s) + POLL_MARGIN_MS);
}

static bool has_answer(const struct server *s, uint32_t i)
{
	return s->clients[i].list == SERVER_ACTIVE && s->clients[i].answered_poll;
}

static bool all_answered(const struct server *s)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i].list == SERVER_ACTIVE && s->clients[i].asked_poll &&
		    !s->clients[i].answered_poll)
			return false;
	return s->answers > 0;
}

static bool lacks_something(const struct server *s, uint32_t i)
{
	return has_answer(s, i) && s->answer_mem[i].count > 0;
}

/* Of those that lack something: for one that is complete nobody needs to wait. */
static uint32_t longest_in_session(const struct server *s)
{
	uint32_t longest_s = 0;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (lacks_something(s, i) && s->answer_mem[i].time_in_session_s > longest_s)
			longest_s = s->answer_mem[i].time_in_session_s;
	return longest_s;
}

/*
 * MS-WDSMA 3.1.6.1 leaves out who joined more than 30 s after the oldest. An old one that lacks something
 * each time, or says so, would keep all others from being served for ever: so nobody is passed over twice
 * running.
 */
static bool is_passed_over(const struct server *s, uint32_t i)
{
	return s->longest_in_session_s - s->answer_mem[i].time_in_session_s > JOIN_WINDOW_S &&
	       !s->clients[i].passed_over;
}

/* All ranges of the clients that are served now, in any order; how many. */
static uint32_t collect(struct server *s)
{
	uint32_t n = 0;

	s->longest_in_session_s = longest_in_session(s);
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		const struct server_answer *a = &s->answer_mem[i];

		if (!lacks_something(s, i))
			continue;
		s->clients[i].passed_over = is_passed_over(s, i);
		if (s->clients[i].passed_over)
			continue;
		memcpy(s->pass_mem + n, a->ranges, a->count * sizeof(a->ranges[0]));
		n += a->count;
	}
	return n;
}

static void sift_down(struct range *v, uint32_t i, uint32_t n)
{
	struct range x = v[i];

	for (uint32_t child; (child = 2 * i + 1) < n; i = child) {
		if (child + 1 < n && v[child + 1].first > v[child].first)
			child++;
		if (v[child].first <= x.first)
			break;
		v[i] = v[child];
	}
	v[i] = x;
}

/* A heap sort: qsort() may allocate, and 12800 hostile ranges make others quadratic. */
static void sort(struct range *v, uint32_t n)
{
	for (uint32_t i = n / 2; i-- > 0;)
		sift_down(v, i, n);
	for (uint32_t end = n; end-- > 1;) {
		struct range largest = v[0];

		v[0] = v[end];
		v[end] = largest;
		sift_down(v, 0, end);
	}
}

/* v is sorted; joins what overlaps or touches; how many are left. */
static uint32_t join_ranges(struct range *v, uint32_t n)
{
	uint32_t kept = 0;

	for (uint32_t i = 0; i < n; i++) {
		if (kept > 0 && v[i].first <= v[kept - 1].last + 1) {
			if (v[i].last > v[kept - 1].last)
				v[kept - 1].last = v[i].last;
		} else {
			v[kept++] = v[i];
		}
	}
	return kept;
}

static void start_pass(struct server *s, struct outq *out)
{
	s->pass_state = SERVER_SEND;
	s->pass_blocks = ranges_total(&s->pass);
	s->pass_fed = 0;
	s->query_at = NS_NEVER;
	s->stats.passes++;
	server_event(NULL, OUT_PASS, 0, out);
}

/* MS-WDSMA 3.1.6.1. */
static void merge(struct server *s, ns_t now, struct outq *out)
{
	uint32_t n = collect(s);

	s->quiet_polls = 0;
	sort(s->pass_mem, n);
	s->pass.n = join_ranges(s->pass_mem, n);
	if (s->pass.n > 0) {
		start_pass(s, out);
		return;
	}
	s->poll_is_later = true; /* they are about to leave */
	s->query_at = now + server_ms(POLL_COMPLETE_MS);
}

void server_run_query(struct server *s, ns_t now, struct outq *out)
{
	if (s->answers > 0 && !s->poll_is_later) {
		merge(s, now, out);
		return;
	}
	if (!s->poll_is_later)
		s->quiet_polls++;
	server_start_query(s, now, out);
}

static bool is_collecting(const struct server *s)
{
	return s->pass_state == SERVER_QUERY && !s->poll_is_later;
}

/* Numbers that no block has are cut off. */
static void take_answer(struct server *s, const struct server_client *c, const struct ma_cntcir *m, ns_t now)
{
	struct server_answer *a = &s->answer_mem[c - s->clients];
	uint64_t oldest_s = (now - s->started_at) / NS_PER_S;

	a->count = 0;
	/* Nobody is longer in it than there is a session: else one liar could have all others dropped. */
	a->time_in_session_s = m->time_in_session_s < oldest_s ? m->time_in_session_s : (uint32_t)oldest_s;
	for (uint16_t i = 0; i < m->count && i < MA_RANGES_MAX; i++) {
		struct range r = { be64_get(m->ranges[i].first), be64_get(m->ranges[i].last) };

		if (r.first == 0)
			r.first = 1;
		if (r.last > s->config.total_blocks)
			r.last = s->config.total_blocks;
		if (r.first <= r.last)
			a->ranges[a->count++] = r;
	}
}

static void take_status(struct server_client *c, const struct ma_cntcir *m)
{
	c->progress = m->progress < 100 ? m->progress : 100;
	c->time_in_session_s = m->time_in_session_s;
	c->lacks_nothing = m->count == 0;
}

void server_on_pollack(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	const struct mt_pollack *p = &in->packet->pollack;
	struct server_client *c = server_find_active_sender(s, p->client_id, in->from);
	struct ma_packet app;

	if (c == NULL)
		return;
	if (p->poll_seq_no != s->next_poll_seq_no - 1 || s->next_poll_seq_no == 1) {
		s->stats.bad_seq_no++;
		return;
	}
	if (!ma_read(p->app_data, p->app_data_len, &app) || app.opcode != MA_CNT_CIR) {
		s->stats.bad_payload++;
		return;
	}
	s->stats.pollacks++;
	take_status(c, &app.cntcir);
	if (!is_collecting(s)) /* late: without effect, 3.1.5.1 empties the list anyway */
		return;
	take_answer(s, c, &app.cntcir, now);
	s->answers += !c->answered_poll;
	c->answered_poll = true;
	if (all_answered(s))
		merge(s, now, out);
}

/* The last block that anybody who was asked lacks; 0: none. */
static uint64_t last_awaited(const struct server *s)
{
	uint64_t last = 0;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		for (uint32_t r = 0; has_answer(s, i) && r < s->answer_mem[i].count; r++)
			if (s->answer_mem[i].ranges[r].last > last)
				last = s->answer_mem[i].ranges[r].last;
	return last;
}

/* How many blocks of the pass are not beyond that one. */
static uint64_t blocks_up_to(const struct server *s, uint64_t block_no)
{
	uint64_t blocks = 0;

	for (uint32_t i = 0; i < s->pass.n && s->pass.v[i].first <= block_no; i++)
		blocks += (s->pass.v[i].last < block_no ? s->pass.v[i].last : block_no) - s->pass.v[i].first + 1;
	return blocks;
}

/* Their numbers were never seen by anybody. */
static void drop_queued(struct server *s)
{
	s->next_seq_no = s->lead_seq_no + 1;
}

/*
 * A pass ends with the last block that somebody who is still there lacks: what those alone asked for who are gone is
 * not sent. Who came since then is asked at once.
 */
static void cut_pass(struct server *s, ns_t now, struct outq *out)
{
	uint64_t queued = s->next_seq_no - 1 - s->lead_seq_no, needed;

	if (s->pass_state != SERVER_SEND || queued > s->pass_fed)
		return;
	needed = blocks_up_to(s, last_awaited(s));
	if (needed < s->pass_fed - queued)
		needed = s->pass_fed - queued;
	if (needed >= s->pass_blocks)
		return;
	s->pass_blocks = needed;
	if (needed < s->pass_fed) {
		s->next_seq_no -= s->pass_fed - needed;
		s->pass_fed = needed;
	}
	server_check_pass(s, now, out);
}

/* One that is gone is neither waited for nor served. */
void server_pass_lost_client(struct server *s, struct server_client *c, ns_t now, struct outq *out)
{
	if (!is_collecting(s)) {
		cut_pass(s, now, out);
		return;
	}
	s->answers -= c->answered_poll;
	c->answered_poll = false;
	if (all_answered(s))
		merge(s, now, out);
}

void server_abandon_pass(struct server *s)
{
	s->pass_state = SERVER_IDLE;
	s->query_at = NS_NEVER;
	s->quiet_polls = 0;
	s->pass.n = 0;
	drop_queued(s);
}

uint32_t server_room(const struct server *s)
{
	uint64_t left = s->pass_blocks - s->pass_fed;
	uint32_t room = server_list_room(s);

	if (s->pass_state != SERVER_SEND)
		return 0;
	return left < room ? (uint32_t)left : room;
}

void server_on_data(struct server *s, uint64_t block_no, ns_t now, struct outq *out)
{
	if (server_room(s) == 0 || block_no == 0 || block_no > s->config.total_blocks)
		return;
	server_append(s, block_no);
	s->pass_fed++;
	s->stats.blocks_sent++;
	server_check_pass(s, now, out);
}

/*
 * E9: the Data Empty Trigger of the text comes with any removal from the list. Here a pass ends when
 * all of it was sent and acknowledged; then the clients are asked again, MS-WDSMA 3.1.5.2.1.
 */
void server_check_pass(struct server *s, ns_t now, struct outq *out)
{
	if (s->pass_state != SERVER_SEND || s->pass_fed < s->pass_blocks ||
	    s->trail_seq_no + 1 < s->next_seq_no)
		return;
	server_event(NULL, OUT_PASS_DONE, 0, out);
	server_start_query(s, now, out);
}
