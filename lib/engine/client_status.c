/* What the client tells when asked: QCR to QCC (MS-WDSMT 3.2.5.7), POLLACK to POLL (3.2.5.6). */
#include "engine/client_internal.h"

static uint32_t time_in_session_s(const struct client *c, ns_t now)
{
	return (uint32_t)((now - c->joined_at) / NS_PER_S);
}

/* 2.2.8.4; what is beyond 100 is not known. */
static struct mt_options load_options(const struct client *c)
{
	return (struct mt_options){ .has_cpu = c->load.cpu <= 100,
		                    .has_mem = c->load.mem <= 100,
		                    .has_net = c->load.net <= 100,
		                    .cpu_util = c->load.cpu,
		                    .mem_util = c->load.mem,
		                    .net_util = c->load.net };
}

static void send_qcr(struct client *c, const struct mt_qcr *qcr, ns_t now, struct outq *out)
{
	struct mt_options options = load_options(c);
	struct mt_head head = client_head(c, now);
	struct writer w;

	if (!outq_begin(out, &w))
		return;
	mt_write_qcr(&w, &head, qcr, &options);
	if (client_send(c, &w, out))
		c->stats.qcrs++;
}

void client_send_join_qcr(struct client *c, uint64_t server_time, ns_t now, struct outq *out)
{
	struct mt_qcr qcr = { .client_id = c->client_id, .server_time = server_time };

	send_qcr(c, &qcr, now, out);
}

/* A QCR that carries a PROGRESS, MS-WDSMA 3.2.5.3; and 20 s from it the next that nobody asked for. */
static void report(struct client *c, struct mt_qcr qcr, ns_t now, struct outq *out)
{
	struct ma_progress progress = { time_in_session_s(c, now), client_progress(c) };
	uint8_t payload[MA_PROGRESS_BYTES];
	struct writer w = writer_of(payload, sizeof(payload));

	ma_write_progress(&w, &progress);
	qcr.client_id = c->client_id;
	qcr.hi_odata_seq_no = c->hi_seq_no;
	qcr.loss_rate = client_loss_rate_field(c);
	qcr.app_data = payload;
	qcr.app_data_len = (uint16_t)writer_len(&w);
	send_qcr(c, &qcr, now, out);
	client_arm(c, CLIENT_TIMER_FORCE_QCC, now + c->config.force_qcc_interval_ms * NS_PER_MS);
}

void client_on_qcc(struct client *c, const struct mt_packet *p, ns_t now)
{
	if (p->qcc.qcc_seq_no <= c->last_qcc_seq_no) {
		c->stats.stale++;
		return;
	}
	c->last_qcc_seq_no = p->qcc.qcc_seq_no;
	c->last_qcc_sender_time = p->sender_time;
	c->qcc_received_at = now;
	client_arm(c, CLIENT_TIMER_QCC, client_random_after(c, now, 0, p->qcc.qcr_backoff_ms));
}

/* 3.2.5.7.1 */
void client_qcc_due(struct client *c, ns_t now, struct outq *out)
{
	uint64_t waited_ms = (now - c->qcc_received_at) / NS_PER_MS;
	struct mt_qcr qcr = { .qcc_seq_no = c->last_qcc_seq_no,
		              .backoff_ms = (uint16_t)(waited_ms < UINT16_MAX ? waited_ms : UINT16_MAX),
		              .server_time = c->last_qcc_sender_time };

	report(c, qcr, now, out);
}

/* 3.2.5.8 */
void client_force_qcc_due(struct client *c, ns_t now, struct outq *out)
{
	struct mt_qcr qcr = { 0 };

	report(c, qcr, now, out);
}

void client_on_poll(struct client *c, const struct mt_packet *p, ns_t now)
{
	struct ma_packet ma;

	if (p->poll.poll_seq_no <= c->last_poll_seq_no) {
		c->stats.stale++;
		return;
	}
	c->last_poll_seq_no = p->poll.poll_seq_no;
	if (!ma_read(p->poll.app_data, p->poll.app_data_len, &ma) || ma.opcode != MA_SRV_CIR) {
		c->stats.bad_payload++;
		client_disarm(c, CLIENT_TIMER_POLL);
		return;
	}
	client_arm(c, CLIENT_TIMER_POLL, client_random_after(c, now, 0, p->poll.backoff_ms));
}

/* The first MA_RANGES_MAX runs of blocks that are missing, MS-WDSMA 3.2.5.4. */
static uint32_t missing_blocks(const struct client *c, struct range v[MA_RANGES_MAX])
{
	const struct bitmap *m = c->blocks;
	uint64_t at = bitmap_next_zero(m, 0), end;
	uint32_t n = 0;

	for (; n < MA_RANGES_MAX && at < m->bits; at = bitmap_next_zero(m, end)) {
		end = bitmap_next_one(m, at);
		v[n++] = (struct range){ at + 1, end }; /* numbers are from 1 */
	}
	return n;
}

/* 3.2.5.6.1 */
void client_poll_due(struct client *c, ns_t now, struct outq *out)
{
	struct ma_cntcir cntcir = { .progress = client_progress(c), .time_in_session_s = time_in_session_s(c, now) };
	struct mt_pollack pollack = { .client_id = c->client_id, .poll_seq_no = c->last_poll_seq_no };
	struct mt_head head = client_head(c, now);
	uint8_t payload[MA_CNTCIR_BYTES_MAX];
	struct writer app = writer_of(payload, sizeof(payload)), w;
	struct range ranges[MA_RANGES_MAX];

	if (!outq_begin(out, &w))
		return;
	ma_write_cntcir(&app, &cntcir, ranges, missing_blocks(c, ranges));
	pollack.app_data = payload;
	pollack.app_data_len = (uint16_t)writer_len(&app);
	mt_write_pollack(&w, &head, &pollack);
	if (client_send(c, &w, out))
		c->stats.pollacks++;
}
