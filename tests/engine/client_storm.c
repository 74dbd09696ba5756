#include "client_storm.h"

#include <assert.h>
#include <stdlib.h>

#include "engine/client.h"
#include "engine/proof.h"

enum { BLOCKS = 200, BLOCK_BYTES = 10, CLIENT_ID = 7, SESSION_ID = 99, PACKETS = 16, LIST_MAX = 5, RAW_BYTES_MAX = 64 };

struct storm {
	struct storm_choices *choices;
	struct client c;
	struct outq out;
	struct bitmap blocks;
	uint64_t blocks_mem[64];
	struct endpoint server, initiation;
	ns_t now;
	uint64_t lead, spm_seq_no, qcc_seq_no, poll_seq_no;
	uint8_t payload[64];
	struct mt_wire_kick kicked[LIST_MAX];
	be32 demoted[LIST_MAX];
	struct mt_wire_range confirmed[LIST_MAX];
	uint8_t request_digest[SECURITY_HASH_BYTES];
	struct storm_result result;
};

static uint64_t below(struct storm *s, uint64_t n)
{
	return s->choices->below(s->choices, n);
}

/* A number near one that matters, or anything. */
static uint64_t number(struct storm *s, uint64_t around)
{
	switch (below(s, 16)) {
	case 0:
		return 1ull << below(s, 64);
	case 1:
		return UINT64_MAX - below(s, 3);
	case 2:
		return below(s, 3);
	case 3:
		return below(s, 1ull << 62);
	default:
		return around + below(s, 9) - 4;
	}
}

/* Mostly the next, so that it is not refused as old. */
static uint64_t next(struct storm *s, uint64_t *counter)
{
	return below(s, 8) ? ++*counter : number(s, *counter);
}

static uint16_t number16(struct storm *s, uint16_t usual)
{
	return below(s, 4) ? (uint16_t)below(s, usual + 1u) : (uint16_t)below(s, 65536);
}

static uint32_t client_id(struct storm *s)
{
	return below(s, 2) ? s->c.client_id : (uint32_t)below(s, 9);
}

static bool list_holds(const struct client *c)
{
	const struct ranges *m = &c->missing;

	for (uint32_t i = 0; i < m->n; i++)
		if (m->v[i].first > m->v[i].last || (i > 0 && m->v[i - 1].last + 1 >= m->v[i].first))
			return false;
	return m->n <= CLIENT_MISSING_MAX && (m->n == 0 || (m->v[0].first > 0 && m->v[m->n - 1].last <= c->missing_end));
}

static uint64_t continuous(const struct client *c)
{
	return c->missing.n == 0 ? c->missing_end : c->missing.v[0].first - 1;
}

static void check_packet(struct storm *s, const struct out_packet *o)
{
	const uint8_t *bytes = s->out.bytes + o->head_at;
	struct mt_packet p;
	struct msi_packet msi;

	assert(o->tail_len == 0 && o->block_no == 0);
	if (s->c.stats.joins == 0) {
		assert(endpoint_equal(&o->to, &s->initiation) && msi_read(bytes, o->head_len, &msi));
		if (proof_is_due(&s->c.config.client_security))
			assert(proof_of_request_holds(&msi.proof, &s->c.config.client_security, s->request_digest));
		return;
	}
	assert(mt_read(bytes, o->head_len, &p) == MT_READ_OK);
	assert(security_verify(&s->c.config.client_security, &p) == SECURITY_OK);
	if (p.opcode == MT_NACK)
		assert(p.nack.count <= CLIENT_NACK_RANGES && p.nack.loss_rate <= MT_LOSS_RATE_ONE);
}

static void check_events(struct storm *s)
{
	for (uint32_t i = 0; i < s->out.event_count; i++) {
		enum out_event_type type = s->out.events[i].type;

		assert(!s->result.closed);
		assert(type != OUT_FINISHED || !s->result.finished);
		s->result.finished |= type == OUT_FINISHED;
		s->result.closed |= type == OUT_CLOSED;
	}
	assert(!s->result.closed || s->result.finished);
}

static void step(struct storm *s, const struct client_in *in)
{
	bool was_closed = s->result.closed;

	client_step(&s->c, in, s->now, &s->out);
	s->result.steps++;
	s->result.packets_out += s->out.packet_count;
	assert(!was_closed || s->out.packet_count + s->out.event_count == 0);
	assert(client_deadline(&s->c) > s->now);
	assert(list_holds(&s->c));
	assert(s->c.loss_rate >= 0 && s->c.loss_rate < 1.000001);
	assert(!s->c.has_acked || s->c.acked_seq_no <= continuous(&s->c));
	for (uint32_t i = 0; i < s->out.packet_count; i++)
		check_packet(s, &s->out.packets[i]);
	check_events(s);
	outq_clear(&s->out);
}

/* Seldom another than the server, or another port of its. */
static struct endpoint sender(struct storm *s)
{
	struct endpoint from = s->server;

	if (below(s, 32) == 0)
		from.ip.b[3] = (uint8_t)below(s, 4);
	if (below(s, 32) == 0)
		from.port = (uint16_t)below(s, 65536);
	return from;
}

/* As it was read, and so as hostile as the wire. */
static void read_packet(struct storm *s, const struct mt_packet *p)
{
	struct endpoint from = sender(s);
	struct client_in in = { .type = CLIENT_IN_PACKET, .from = &from, .packet = p };
	struct ma_data block;
	enum client_want want = client_wants(&s->c, p, &from, &block);

	assert(want == CLIENT_WANT_NOT || (ip_equal(&from.ip, &s->server.ip) && p->session_id == s->c.offer.session_id));
	switch (want) {
	case CLIENT_WANT_NOT:
		return;
	case CLIENT_WANT_BLOCK:
		in.block = &block;
		in.stored = below(s, 4) != 0;
		break;
	case CLIENT_WANT_STEP:
		break;
	}
	in.free_slots = (uint32_t)below(s, 9);
	step(s, &in);
}

static void packet(struct storm *s, struct mt_packet *p)
{
	p->session_id = below(s, 20) ? s->c.offer.session_id : 1;
	p->sender_time = number(s, 1000);
	read_packet(s, p);
}

/* Any bytes behind a header that is right. */
static void raw(struct storm *s)
{
	uint8_t bytes[MT_SECURITY_HEADER_BYTES + MT_SESSION_HEADER_BYTES + RAW_BYTES_MAX];
	struct writer w = writer_of(bytes, sizeof(bytes));
	uint64_t n = below(s, RAW_BYTES_MAX + 1);
	struct mt_packet p;

	writer_be16(&w, 0x5744);
	writer_u8(&w, MT_SECHDR_NONE);
	writer_be16(&w, 0);
	writer_be32(&w, s->c.offer.session_id);
	writer_u8(&w, (uint8_t)(1 + below(s, MT_DEMOTE)));
	writer_be64(&w, number(s, 1000));
	for (uint64_t i = 0; i < n; i++)
		writer_u8(&w, (uint8_t)below(s, 256));
	assert(!w.full);
	if (mt_read(bytes, writer_len(&w), &p) == MT_READ_OK)
		read_packet(s, &p);
}

static void data(struct storm *s)
{
	struct mt_packet p = { .opcode = below(s, 4) ? MT_ODATA : MT_RDATA };
	struct writer w = writer_of(s->payload, sizeof(s->payload));
	struct ma_data d = { .block_no = number(s, 1 + below(s, BLOCKS)),
		             .data_len = below(s, 9) ? BLOCK_BYTES : 3,
		             .data = (const uint8_t *)"0123456789" };

	ma_write_data(&w, &d);
	s->lead = below(s, 40) ? s->lead + (below(s, 4) ? 1 : below(s, 5)) : number(s, s->lead);
	p.data = (struct mt_data){ .client_id = client_id(s),
		                   .odata_seq_no = below(s, 4) ? s->lead : number(s, s->lead),
		                   .trail_seq_no = below(s, 9) ? s->c.missing_start : number(s, s->lead - 9),
		                   .data = s->payload,
		                   .data_len = (uint16_t)writer_len(&w) };
	p.options.has_lead_seq_no = below(s, 2);
	p.options.lead_seq_no = number(s, s->lead);
	packet(s, &p);
}

static void spm(struct storm *s)
{
	struct mt_packet p = { .opcode = MT_SPM };

	p.spm = (struct mt_spm){ .spm_seq_no = next(s, &s->spm_seq_no),
		                 .master_client_id = client_id(s),
		                 .min_nack_backoff_ms = number16(s, 10),
		                 .max_nack_backoff_ms = number16(s, 20),
		                 .trail_seq_no = number(s, s->lead - 20),
		                 .lead_seq_no = number(s, s->lead),
		                 .rtt_ms = number16(s, 2) };
	packet(s, &p);
}

static void question(struct storm *s)
{
	static const uint8_t srvcir[] = { 0, 3, 1 };
	struct mt_packet p = { .opcode = below(s, 2) ? MT_POLL : MT_QCC };

	if (p.opcode == MT_POLL)
		p.poll = (struct mt_poll){ next(s, &s->poll_seq_no), number16(s, 200), (uint16_t)(3 - below(s, 2)), srvcir };
	else
		p.qcc = (struct mt_qcc){ next(s, &s->qcc_seq_no), number16(s, 200) };
	packet(s, &p);
}

static void joinack(struct storm *s)
{
	struct mt_packet p = { .opcode = MT_JOINACK };

	p.joinack = (struct mt_joinack){ .client_id = (uint32_t)below(s, 9),
		                         .min_nack_backoff_ms = number16(s, 10),
		                         .max_nack_backoff_ms = number16(s, 20),
		                         .rtt_ms = number16(s, 2) };
	packet(s, &p);
}

/* Seldom of us, or no storm would last. */
static void kick(struct storm *s, struct mt_packet *p)
{
	p->kick = (struct mt_kick){ (uint16_t)below(s, LIST_MAX + 1), s->kicked };
	for (uint16_t i = 0; i < p->kick.count; i++)
		s->kicked[i] = (struct mt_wire_kick){ be32_of(below(s, 8) ? 1000 : s->c.client_id), (uint8_t)below(s, 5) };
}

static void demote(struct storm *s, struct mt_packet *p)
{
	p->demote = (struct mt_demote){ .lower_session_id = SESSION_ID + (uint32_t)below(s, 3),
		                        .multicast = { ip4_of(below(s, 9) ? 239 : 10, 0, 0, 2), number16(s, 5000) },
		                        .unicast = { s->server.ip, number16(s, 5000) },
		                        .count = (uint16_t)below(s, LIST_MAX + 1),
		                        .client_ids = s->demoted };
	for (uint16_t i = 0; i < p->demote.count; i++)
		s->demoted[i] = be32_of(client_id(s));
}

static void ncf(struct storm *s, struct mt_packet *p)
{
	p->ncf = (struct mt_ncf){ (uint16_t)below(s, LIST_MAX + 1), s->confirmed };
	for (uint16_t i = 0; i < p->ncf.count; i++) {
		uint64_t first = number(s, s->lead);

		s->confirmed[i].start = be64_of(first);
		s->confirmed[i].end = be64_of(below(s, 3) ? first + below(s, 9) : number(s, s->lead));
	}
}

static void order(struct storm *s)
{
	struct mt_packet p = { .opcode = below(s, 8) ? MT_NCF : below(s, 2) ? MT_KICK : MT_DEMOTE };

	if (p.opcode == MT_KICK)
		kick(s, &p);
	else if (p.opcode == MT_DEMOTE)
		demote(s, &p);
	else
		ncf(s, &p);
	packet(s, &p);
}

/* As a datagram, with its proof where there is one to be. */
static void read_initiation(struct storm *s, const struct msi_packet *from)
{
	uint8_t bytes[1024];
	struct writer w = writer_of(bytes, sizeof(bytes));
	const struct security *security = &s->c.config.server_security;
	struct endpoint other = below(s, 32) ? s->initiation : sender(s);
	struct msi_packet p;

	if (from->kind == MSI_ERROR)
		msi_write_error(&w, from->error);
	else
		msi_write_reply(&w, &from->reply);
	if (proof_is_due(&s->c.config.client_security) && below(s, 16))
		proof_end_answer(&w, security, s->request_digest);
	assert(!w.full && msi_read(bytes, writer_len(&w), &p));
	step(s, &(struct client_in){ .type = CLIENT_IN_MSI, .from = &other, .msi = &p });
}

static void initiation(struct storm *s)
{
	struct msi_packet p = { .kind = below(s, 32) ? MSI_REPLY : MSI_ERROR };

	if (p.kind == MSI_ERROR)
		p.error = 5;
	else
		p.reply = (struct msi_reply){ .multicast = { ip4_of(239, 0, 0, 1), 5000 },
			                      .server = { s->server.ip, 5000 },
			                      .content_bytes = BLOCKS * BLOCK_BYTES - 7,
			                      .total_blocks = below(s, 32) ? BLOCKS : number(s, BLOCKS),
			                      .block_bytes = BLOCK_BYTES,
			                      .session_id = SESSION_ID };
	read_initiation(s, &p);
}

static void accept_offer(struct storm *s)
{
	step(s, &(struct client_in){ .type = CLIENT_IN_ACCEPT,
	                             .blocks = s->c.state == CLIENT_OFFERED ? &s->blocks : NULL });
}

static void time_passes(struct storm *s)
{
	static const ns_t spans[] = { 1, NS_PER_US, NS_PER_MS, 30 * NS_PER_MS, NS_PER_S, 15 * NS_PER_S };
	ns_t deadline = client_deadline(&s->c);

	if (below(s, 4) && deadline != NS_NEVER)
		s->now = deadline;
	else
		s->now += spans[below(s, below(s, 8) ? 4 : 6)];
	step(s, &(struct client_in){ .type = CLIENT_IN_TICK });
}

static void anything(struct storm *s)
{
	switch (below(s, 24)) {
	case 0:
		if (below(s, 200) == 0)
			step(s, &(struct client_in){ .type = CLIENT_IN_CANCEL, .win32 = 1223 });
		else
			raw(s);
		break;
	case 1:
		step(s, &(struct client_in){ .type = CLIENT_IN_ROOM, .free_slots = (uint32_t)below(s, 9) });
		break;
	case 2:
		initiation(s);
		break;
	case 3:
		accept_offer(s);
		break;
	case 4:
		joinack(s);
		break;
	case 5:
		order(s);
		break;
	case 6:
	case 7:
		question(s);
		break;
	case 8:
	case 9:
		spm(s);
		break;
	case 10:
	case 11:
	case 12:
		time_passes(s);
		break;
	default:
		data(s);
	}
}

/* Of initiation over UDP: without a key, or with one that both sides have. And what only tests do. */
static void choose_modes(struct storm *s, struct client_config *c)
{
	static const uint8_t key[24] = "one key of one lab, that";

	switch (below(s, 4)) {
	case 0:
		security_init_none(&c->server_security);
		security_init_none(&c->client_security);
		break;
	case 1:
		security_init_hash(&c->server_security, key, sizeof(key), SECURITY_HMAC_A);
		c->client_security = c->server_security;
		break;
	default:
		break;
	}
}

static void start(struct storm *s, void *out_mem)
{
	struct client_config config;

	s->server = (struct endpoint){ ip4_of(10, 0, 0, 1), 5000 };
	s->initiation = (struct endpoint){ ip4_of(10, 0, 0, 1), MSI_UDP_PORT };
	outq_init(&s->out, out_mem, PACKETS);
	assert(bitmap_bytes(BLOCKS) <= sizeof(s->blocks_mem));
	bitmap_init(&s->blocks, BLOCKS, s->blocks_mem);
	client_config_defaults(&config);
	choose_modes(s, &config);
	config.initiation = s->initiation;
	config.request.mac_len = config.mac_len = 6;
	config.ip = ip4_of(10, 0, 0, 2);
	client_init(&s->c, &config, 0);
}

struct storm_result storm_run(struct storm_choices *choices, uint64_t steps)
{
	struct storm *s = calloc(1, sizeof(*s));
	void *out_mem = malloc(outq_bytes(PACKETS));
	struct storm_result result;

	assert(s != NULL && out_mem != NULL);
	s->choices = choices;
	start(s, out_mem);
	while (!choices->over && !s->result.closed && s->result.steps < steps)
		anything(s);
	s->result.blocks = s->blocks.ones;
	result = s->result;
	free(out_mem);
	free(s);
	return result;
}
