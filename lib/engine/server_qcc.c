/* QCCState: finding a Master Client. 3.1.5.7; and the QCCs of DataState, 3.1.6.5. */
#include "engine/server_internal.h"

#define SHUN_MS 30000ull
#define SHUN_DOUBLINGS_MAX 5

static void send_qcc(struct server *s, uint32_t backoff_ms, ns_t now, struct outq *out)
{
	struct mt_head head = server_head(s, now);
	struct mt_qcc p = { s->next_qcc_seq_no++, server_u16(backoff_ms) };
	struct writer w;

	if (!outq_begin(out, &w))
		return;
	mt_write_qcc(&w, &head, &p);
	server_send(s, &w, &s->config.multicast, out);
	s->stats.qccs++;
}

/*
 * 1 ms a client, 3.1.5.7.3. By that formula alone a client whose way became slower than its last
 * measured RTT would always answer the QCC before; 3.1.5.7 says that the wait grows, so it doubles
 * with each QCC in a row that nobody answered.
 */
static uint32_t wait_of_active(const struct server *s)
{
	uint32_t wait_ms = s->active_count, cap_ms = s->config.no_client_qcc_interval_ms;

	for (uint32_t i = 0; i < s->quiet_qccs && wait_ms < cap_ms; i++)
		wait_ms = 2 * wait_ms < cap_ms ? 2 * wait_ms : cap_ms;
	return wait_ms;
}

static void send_qcc_instate(struct server *s, ns_t now, struct outq *out)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		s->clients[i].qcr_received = false;
	if (s->active_count > 0) {
		s->wait_ms = wait_of_active(s);
	} else {
		s->wait_ms *= 2;
		if (s->wait_ms > s->config.no_client_qcc_interval_ms)
			s->wait_ms = s->config.no_client_qcc_interval_ms;
	}
	s->wait_ms += server_active_rtt_ms(s);
	send_qcc(s, s->wait_ms, now, out);
	s->qcc_at = now + server_ms(s->wait_ms);
}

void server_enter_qcc(struct server *s, ns_t now, struct outq *out)
{
	if (s->state == SERVER_DATA)
		server_leave_data(s);
	s->state = SERVER_QCC;
	s->wait_ms = 1;
	s->quiet_qccs = 0;
	send_qcc_instate(s, now, out);
}

/*
 * A local choice. A Master Client that leaves its SPMs unanswered, or acknowledges nothing new for seconds,
 * holds up everybody, whether it is broken or malicious. So it is shunned for a while, twice as long each
 * time: it is chosen only if there is no other, and its NACKs are served, but slow nobody.
 */
void server_fail_master(struct server *s, ns_t now)
{
	struct server_client *c = server_find(s, s->master_client_id);

	s->stats.master_failures++;
	if (c == NULL)
		return;
	c->shunned_until = now + server_ms(SHUN_MS << c->failures);
	if (c->failures < SHUN_DOUBLINGS_MAX)
		c->failures++;
}

static bool is_better_master(const struct server_client *c, const struct server_client *than, ns_t now)
{
	bool shunned = server_is_shunned(c, now);

	if (than == NULL)
		return true;
	return shunned != server_is_shunned(than, now) ? !shunned : c->rtt_ms > than->rtt_ms;
}

/* 3.1.6.4: of those that answered this QCC the one with the largest RTT. */
static const struct server_client *choose_master(const struct server *s, ns_t now)
{
	const struct server_client *best = NULL;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		const struct server_client *c = &s->clients[i];

		if (c->list == SERVER_ACTIVE && c->qcr_received && is_better_master(c, best, now))
			best = c;
	}
	return best;
}

/* E15: window and trail stay; the RTT is the new master's. */
void server_set_master(struct server *s, const struct server_client *c, double loss_rate, struct outq *out)
{
	bool changed = s->master_client_id != c->client_id;

	s->master_client_id = c->client_id;
	s->master_rtt_ms = c->rtt_ms > 0 ? c->rtt_ms : 1;
	s->master_rtt_ns = server_ms(s->master_rtt_ms);
	s->master_measured = s->master_acked = false;
	s->master_loss_rate = loss_rate;
	s->asked_seq_no = 0; /* that was another */
	if (changed)
		server_event(c, OUT_MASTER, 0, out);
}

static void run_in_state(struct server *s, ns_t now, struct outq *out)
{
	const struct server_client *c = choose_master(s, now);

	if (c == NULL) {
		s->quiet_qccs++;
		send_qcc_instate(s, now, out);
		return;
	}
	server_set_master(s, c, (double)c->loss_rate / (double)MT_LOSS_RATE_ONE, out);
	server_enter_data(s, now, out);
}

/* 3.1.6.5: replies refresh LastUpdate, RTT and progress. */
static void run_out_state(struct server *s, ns_t now, struct outq *out)
{
	uint32_t wait_ms =
	        s->config.qcc_interval_ms > s->active_count ? s->config.qcc_interval_ms : s->active_count;

	wait_ms += server_active_rtt_ms(s);
	send_qcc(s, wait_ms, now, out);
	s->qcc_at = now + server_ms(wait_ms);
}

void server_run_qcc(struct server *s, ns_t now, struct outq *out)
{
	if (s->state == SERVER_QCC)
		run_in_state(s, now, out);
	else
		run_out_state(s, now, out);
}
