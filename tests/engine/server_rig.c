#include "server_rig.h"

#include <assert.h>
#include <stdlib.h>

void rig_config(struct rig *r)
{
	memset(r, 0, sizeof(*r));
	server_config_defaults(&r->config);
	security_init_none(&r->config.server_security);
	security_init_none(&r->config.client_security);
	r->config.seed = 1;
	credit_init(&r->credits, 2);
	r->config.session_id = RIG_SESSION;
	r->config.multicast = (struct endpoint){ ip4_of(239, 0, 0, 111), 64132 };
	r->config.unicast = (struct endpoint){ ip4_of(192, 168, 0, 200), 64132 };
	r->config.block_bytes = RIG_BLOCK_BYTES;
	r->config.total_blocks = RIG_BLOCKS;
	r->config.content_bytes = (uint64_t)RIG_BLOCKS * RIG_BLOCK_BYTES - 1;
	r->config.list_max = 4096;
}

void rig_start(struct rig *r, uint32_t out_packets)
{
	r->now = rig_ms(0);
	r->config.credits = &r->credits;
	r->server = malloc(sizeof(*r->server));
	r->mem = calloc(1, server_mem_bytes(&r->config));
	r->out_mem = calloc(1, outq_bytes(out_packets));
	outq_init(&r->out, r->out_mem, out_packets);
	server_init(r->server, &r->config, r->mem, r->now);
}

void rig_stop(struct rig *r)
{
	free(r->server);
	free(r->mem);
	free(r->out_mem);
}

void rig_clear(struct rig *r)
{
	outq_clear(&r->out);
}

static void step(struct rig *r, const struct server_in *in)
{
	server_step(r->server, in, r->now, &r->out);
}

void rig_tick(struct rig *r, ns_t now)
{
	struct server_in in = { .type = SERVER_IN_TICK };

	r->now = now;
	step(r, &in);
}

void rig_run(struct rig *r, ns_t until)
{
	for (;;) {
		ns_t at = server_deadline(r->server);

		if (at > until)
			break;
		rig_tick(r, at > r->now ? at : r->now);
	}
	r->now = until;
}

static uint8_t opcode_of(const struct rig *r, const struct out_packet *p)
{
	return r->out.bytes[p->head_at + MT_SECURITY_HEADER_BYTES + r->server->head.security_len + 4];
}

static const struct out_packet *find(const struct rig *r, uint8_t opcode, uint32_t n)
{
	for (uint32_t i = 0; i < r->out.packet_count; i++)
		if (opcode_of(r, &r->out.packets[i]) == opcode && n-- == 0)
			return &r->out.packets[i];
	return NULL;
}

uint32_t rig_count(const struct rig *r, uint8_t opcode)
{
	uint32_t n = 0;

	while (find(r, opcode, n) != NULL)
		n++;
	return n;
}

const struct out_packet *rig_get_out(const struct rig *r, uint8_t opcode, uint32_t n)
{
	const struct out_packet *p = find(r, opcode, n);

	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	return p;
}

static const struct mt_packet *read_packet(const struct rig *r, const struct out_packet *p)
{
	static uint8_t bytes[65536];
	static struct mt_packet packet;
	uint32_t block_len = 0;
	enum mt_read read;

	if (p->block_no != 0)
		block_len = ma_block_len(p->block_no, r->config.content_bytes, r->config.block_bytes);
	memcpy(bytes, r->out.bytes + p->head_at, p->head_len);
	memset(bytes + p->head_len, 0xab, block_len);
	memcpy(bytes + p->head_len + block_len, r->out.bytes + p->tail_at, p->tail_len);
	read = mt_read(bytes, p->head_len + block_len + p->tail_len, &packet);
	assert(read == MT_READ_OK && packet.session_id == RIG_SESSION);
	assert(p->block_no != 0 || security_verify(&r->config.server_security, &packet) == SECURITY_OK);
	return &packet;
}

const struct mt_packet *rig_get(const struct rig *r, uint8_t opcode, uint32_t n)
{
	return read_packet(r, rig_get_out(r, opcode, n));
}

void rig_read_all(const struct rig *r)
{
	for (uint32_t i = 0; i < r->out.packet_count; i++)
		read_packet(r, &r->out.packets[i]);
}

uint32_t rig_count_events(const struct rig *r, enum out_event_type type)
{
	uint32_t n = 0;

	for (uint32_t i = 0; i < r->out.event_count; i++)
		n += r->out.events[i].type == type;
	return n;
}

const struct out_event *rig_get_event(const struct rig *r, enum out_event_type type)
{
	for (uint32_t i = r->out.event_count; i-- > 0;)
		if (r->out.events[i].type == type)
			return &r->out.events[i];
	CU_FAIL_FATAL("no such event");
	return NULL;
}

struct endpoint rig_endpoint(uint32_t client)
{
	return (struct endpoint){ ip4_of(10, 0, (uint8_t)((client + 1) >> 8), (uint8_t)(client + 1)), 5000 };
}

struct mt_head rig_head(uint64_t sender_time)
{
	return (struct mt_head){ MT_SECHDR_NONE, 0, RIG_SESSION, sender_time };
}

void rig_send(struct rig *r, uint32_t client, const struct writer *w)
{
	struct endpoint from = rig_endpoint(client);
	struct mt_packet packet;
	struct server_in in = { .type = SERVER_IN_PACKET, .from = &from, .packet = &packet };

	enum mt_read read = mt_read(w->start, writer_len(w), &packet);

	assert(!w->full && read == MT_READ_OK);
	step(r, &in);
}

void rig_join(struct rig *r, uint32_t client, uint64_t client_time, bool can_be_demoted)
{
	static const uint8_t multistream[] = { MT_CAP_MULTISTREAM };
	struct mt_options o = { .capabilities = multistream, .capabilities_len = 1 };
	struct mt_join p = { .name = { 'p', 'c', (uint16_t)('0' + client % 10) },
		             .ip = rig_endpoint(client).ip,
		             .mac_len = 6,
		             .mac = { 2, 0, 0, 0, 0, (uint8_t)client } };
	struct mt_head head = rig_head(client_time);
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));
	uint32_t before = rig_count(r, MT_JOINACK);

	mt_write_join(&w, &head, &p, can_be_demoted ? &o : NULL);
	rig_send(r, client, &w);
	if (rig_count(r, MT_JOINACK) > before)
		r->ids[client] = read_packet(r, find(r, MT_JOINACK, before))->joinack.client_id;
}

void rig_qcr(struct rig *r, uint32_t client, uint64_t qcc_seq_no, uint64_t server_time, uint16_t backoff_ms)
{
	struct mt_qcr p = { .client_id = r->ids[client],
		            .qcc_seq_no = qcc_seq_no,
		            .backoff_ms = backoff_ms,
		            .server_time = server_time };
	struct mt_head head = rig_head(77);
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));

	mt_write_qcr(&w, &head, &p, NULL);
	rig_send(r, client, &w);
}

void rig_ack(struct rig *r, uint32_t client, uint64_t seq_no, uint64_t server_time)
{
	struct mt_ack p = { r->ids[client], seq_no, server_time, seq_no, 0 };
	struct mt_head head = rig_head(77);
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));

	mt_write_ack(&w, &head, &p);
	rig_send(r, client, &w);
}

void rig_nack(struct rig *r, uint32_t client, double loss_rate, const struct range *v, uint16_t n)
{
	rig_nack_seen(r, client, loss_rate, r->server->lead_seq_no, v, n);
}

void rig_nack_seen(struct rig *r, uint32_t client, double loss_rate, uint64_t hi, const struct range *v,
                   uint16_t n)
{
	struct mt_nack p = { .client_id = r->ids[client],
		             .hi_odata_seq_no = hi,
		             .loss_rate = (uint64_t)(loss_rate * (double)MT_LOSS_RATE_ONE) };
	struct mt_head head = rig_head(77);
	static uint8_t bytes[65536];
	struct writer w = writer_of(bytes, sizeof(bytes));

	mt_write_nack(&w, &head, &p, v, n);
	rig_send(r, client, &w);
}

void rig_leave(struct rig *r, uint32_t client, uint8_t reason)
{
	struct mt_leave p = { r->ids[client], reason };
	struct mt_head head = rig_head(77);
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));

	mt_write_leave(&w, &head, &p);
	rig_send(r, client, &w);
}

void rig_pollack(struct rig *r, uint32_t client, uint64_t poll_seq_no, uint32_t seconds,
                 const struct range *v, uint16_t n)
{
	struct ma_cntcir m = { .progress = 50, .time_in_session_s = seconds };
	uint8_t app[MA_CNTCIR_BYTES_MAX], bytes[2048];
	struct writer a = writer_of(app, sizeof(app)), w = writer_of(bytes, sizeof(bytes));
	struct mt_pollack p = { .client_id = r->ids[client], .poll_seq_no = poll_seq_no, .app_data = app };
	struct mt_head head = rig_head(77);

	ma_write_cntcir(&a, &m, v, n);
	p.app_data_len = (uint16_t)writer_len(&a);
	mt_write_pollack(&w, &head, &p);
	rig_send(r, client, &w);
}

void rig_activate(struct rig *r, uint32_t client, uint64_t rtt_ms)
{
	rig_join(r, client, 100 + client, false);
	rig_qcr(r, client, 0, ns_to_ms(r->now) - rtt_ms, 0);
}

void rig_answer_qcc(struct rig *r, uint32_t client, uint64_t rtt_ms)
{
	const struct mt_packet *p = rig_get(r, MT_QCC, rig_count(r, MT_QCC) - 1);

	r->now = (p->sender_time + rtt_ms) * NS_PER_MS;
	rig_qcr(r, client, p->qcc.qcc_seq_no, p->sender_time, 0);
}

void rig_answer_poll(struct rig *r, uint32_t client, const struct range *v, uint16_t n)
{
	rig_pollack(r, client, r->server->next_poll_seq_no - 1, 0, v, n);
}

void rig_feed(struct rig *r, uint32_t n)
{
	struct server *s = r->server;

	for (uint32_t i = 0; i < n; i++) {
		uint64_t left = s->pass_fed;
		struct server_in in = { .type = SERVER_IN_DATA };

		for (uint32_t k = 0; k < s->pass.n; k++) {
			uint64_t blocks = s->pass.v[k].last - s->pass.v[k].first + 1;

			if (left < blocks) {
				in.block_no = s->pass.v[k].first + left;
				break;
			}
			left -= blocks;
		}
		step(r, &in);
	}
}

void rig_start_data(struct rig *r)
{
	static const struct range all = { 1, RIG_BLOCKS };

	rig_activate(r, 0, 0);
	rig_answer_poll(r, 0, &all, 1);
	rig_answer_qcc(r, 0, 0);
	rig_run(r, rig_ms(1)); /* the QCC's WaitTime */
	CU_ASSERT_EQUAL_FATAL(r->server->state, SERVER_DATA);
	CU_ASSERT_EQUAL_FATAL(r->server->pass_state, SERVER_SEND);
	rig_clear(r);
}
