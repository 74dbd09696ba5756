/* DataState: SPM 3.1.5.9.3 and 3.1.6.6, the Data Packet List's cleanup 3.1.6.7. */
#include "engine/server_internal.h"

#define STANDSTILL_MS 2000 /* of the trail, with packets in flight */
#define SPM_WAIT_MAX_MS 1000 /* else a client that claims a long way could stop a session for 40 s */

void server_enter_data(struct server *s, ns_t now, struct outq *out)
{
	s->state = SERVER_DATA;
	s->spm_count = 0;
	s->progress_at = now;
	s->cleanup_list_at = now + server_ms(s->config.cleanup_interval_ms);
	s->qcc_at = now + server_ms(s->config.qcc_interval_ms);
	server_send_spm(s, now, out);
	server_arm_probe(s, now);
	server_begin_slow(s, now);
}

void server_leave_data(struct server *s)
{
	s->spm_at = s->cleanup_list_at = s->qcc_at = s->probe_at = s->slow_at = NS_NEVER;
}

/*
 * The number at the list's head. For an empty list the sheet's 6.10 would say NextODATASeqNo; but a
 * client sets the start and end of its Missing ODATA List to the trail (3.2.1.3.1.1), and as master would
 * then acknowledge a number we never sent, which 3.1.5.9.5 refuses. So it is the highest number sent.
 */
static uint64_t spm_trail(const struct server *s)
{
	return s->head_seq_no <= s->lead_seq_no ? s->head_seq_no : s->lead_seq_no;
}

static void set_nack_backoffs(struct server *s)
{
	s->min_nack_backoff_ms = server_u16(2 * (uint64_t)s->master_rtt_ms);
	s->max_nack_backoff_ms = server_u16((uint64_t)s->min_nack_backoff_ms + s->active_count / 5);
}

void server_send_spm(struct server *s, ns_t now, struct outq *out)
{
	struct mt_head head = server_head(s, now);
	uint64_t wait_ms = 4 * (uint64_t)s->master_rtt_ms;
	struct mt_spm p = { .spm_seq_no = s->next_spm_seq_no++,
		            .master_client_id = s->master_client_id,
		            .trail_seq_no = spm_trail(s),
		            .lead_seq_no = s->lead_seq_no, /* E2 */
		            .rtt_ms = server_u16(s->master_rtt_ms) };
	struct writer w;

	set_nack_backoffs(s);
	p.min_nack_backoff_ms = s->min_nack_backoff_ms;
	p.max_nack_backoff_ms = s->max_nack_backoff_ms;
	s->spm_count++;
	if (wait_ms > SPM_WAIT_MAX_MS)
		wait_ms = SPM_WAIT_MAX_MS;
	if (wait_ms < s->config.spm_interval_ms)
		wait_ms = s->config.spm_interval_ms;
	s->spm_at = now + server_ms(wait_ms);
	if (!outq_begin(out, &w))
		return;
	mt_write_spm(&w, &head, &p);
	server_send(s, &w, &s->config.multicast, out);
	s->stats.spms++;
}

/*
 * What is in flight counts as acknowledged: there is nobody who could. The application's next poll
 * finds what was lost of it; the master's complaints about it count no more.
 */
void server_give_up_in_flight(struct server *s)
{
	struct server_client *master = server_find(s, s->master_client_id);

	if (master != NULL)
		master->first_seq_no = s->lead_seq_no;
	s->trail_seq_no = s->lead_seq_no;
	if (s->active_count == 0 && s->head_seq_no < s->lead_seq_no) /* nor anybody to repair it for */
		s->head_seq_no = s->lead_seq_no;
}

void server_run_spm(struct server *s, ns_t now, struct outq *out)
{
	if (s->spm_count < s->config.max_no_response_spm) {
		server_send_spm(s, now, out);
		return;
	}
	server_fail_master(s, now);
	/* It answers QCCs, but its ACKs are lost or out of our range (E8): don't wait for it for ever. */
	if (!s->master_acked) {
		server_give_up_in_flight(s);
		server_check_pass(s, now, out);
	}
	server_enter_qcc(s, now, out);
}

/*
 * A master that acknowledges and gets nowhere: it lacks what it ignores (E7), or what it cannot take.
 * The session does not stand still for it, and with others there one of them is the next master.
 */
static void end_standstill(struct server *s, ns_t now, struct outq *out)
{
	if (s->trail_seq_no == s->lead_seq_no || now - s->progress_at < server_ms(STANDSTILL_MS))
		return;
	server_give_up_in_flight(s);
	server_check_pass(s, now, out);
	if (s->active_count < 2)
		return;
	server_fail_master(s, now);
	server_enter_qcc(s, now, out);
}

/*
 * 3.1.6.7. The packet numbered MCTrailODATASeqNo stays, as the text has it, so that the list's head
 * is a number that exists. CreationTime is when it was first sent: before, there is no packet, and a long
 * queue should not shorten the time in which it can be repaired.
 */
void server_run_cleanup_list(struct server *s, ns_t now, struct outq *out)
{
	uint64_t head = s->head_seq_no;

	s->cleanup_list_at = now + server_ms(s->config.cleanup_interval_ms);
	end_standstill(s, now, out);
	if (s->state != SERVER_DATA)
		return;
	while (s->head_seq_no < s->trail_seq_no &&
	       now - server_entry(s, s->head_seq_no)->created_at > server_ms(s->config.retention_ms))
		s->head_seq_no++;
	if (s->head_seq_no != head)
		server_send_spm(s, now, out);
}
