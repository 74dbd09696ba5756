#include "client_rig.h"

#include <CUnit/CUnit.h>
#include <stdlib.h>

enum { PACKETS = 64 };

static struct client_config config_of(const struct rig *r)
{
	struct client_config config;

	client_config_defaults(&config);
	config.rejoin_interval_ms = 3600000; /* out of the way of the other timers */
	config.seed = 1;
	config.initiation = r->initiation;
	config.request.mac_len = 6;
	config.request.name_space.len = config.request.content.len = 1;
	config.request.name_space.units[0] = 'n';
	config.request.content.units[0] = 'c';
	config.name[0] = 'p';
	config.name[1] = 'c';
	config.ip = ip4_of(10, 0, 0, 2);
	config.mac_len = 6;
	config.mac[5] = 9;
	return config;
}

struct rig *rig_new(uint64_t total_blocks)
{
	static struct rig rig;
	struct client_config config;
	void *mem = rig.out_mem;

	if (mem == NULL)
		mem = malloc(outq_bytes(PACKETS));
	memset(&rig, 0, sizeof(rig));
	rig.out_mem = mem;
	outq_init(&rig.out, mem, PACKETS);
	rig.server = (struct endpoint){ ip4_of(10, 0, 0, 1), 64132 };
	rig.initiation = (struct endpoint){ ip4_of(10, 0, 0, 1), MSI_UDP_PORT };
	rig.multicast = (struct endpoint){ ip4_of(239, 0, 0, 111), 64132 };
	rig.master = RIG_OTHER_ID;
	rig.server_time = 123456;
	rig.free_slots = UINT32_MAX;
	rig.trail = 1;
	rig.rtt_ms = 30;
	config = config_of(&rig);
	client_init(&rig.c, &config, 0);
	if (total_blocks > 0) {
		CU_ASSERT_FATAL(bitmap_bytes(total_blocks) <= sizeof(rig.blocks_mem));
		bitmap_init(&rig.blocks, total_blocks, rig.blocks_mem);
	}
	return &rig;
}

struct rig *rig_offered(uint64_t total_blocks)
{
	struct rig *r = rig_new(total_blocks);
	uint64_t bytes = total_blocks == 0 ? 0 : total_blocks * RIG_BLOCK_BYTES - 7;
	struct msi_packet p = rig_reply(r, bytes, total_blocks);

	rig_msi(r, &p, 0);
	CU_ASSERT_EQUAL_FATAL(r->c.state, CLIENT_OFFERED);
	outq_clear(&r->out);
	return r;
}

struct rig *rig_joining(uint64_t total_blocks)
{
	struct rig *r = rig_offered(total_blocks);

	rig_accept(r, 0);
	CU_ASSERT_EQUAL_FATAL(r->c.state, CLIENT_JOINING);
	outq_clear(&r->out);
	return r;
}

struct rig *rig_regular(uint64_t total_blocks)
{
	struct rig *r = rig_joining(total_blocks);

	rig_joinack(r, RIG_CLIENT_ID, 0);
	CU_ASSERT_EQUAL_FATAL(r->c.state, CLIENT_REGULAR);
	outq_clear(&r->out);
	return r;
}

static void step(struct rig *r, const struct client_in *in, ns_t now)
{
	outq_clear(&r->out);
	client_step(&r->c, in, now, &r->out);
	CU_ASSERT(client_deadline(&r->c) > now);
}

void rig_tick(struct rig *r, ns_t now)
{
	step(r, &(struct client_in){ .type = CLIENT_IN_TICK }, now);
}

void rig_msi(struct rig *r, const struct msi_packet *p, ns_t now)
{
	step(r, &(struct client_in){ .type = CLIENT_IN_MSI, .from = &r->initiation, .msi = p }, now);
}

void rig_accept(struct rig *r, ns_t now)
{
	struct bitmap *blocks = r->c.state == CLIENT_OFFERED ? &r->blocks : NULL;

	step(r, &(struct client_in){ .type = CLIENT_IN_ACCEPT, .blocks = blocks }, now);
}

void rig_cancel(struct rig *r, uint32_t win32, ns_t now)
{
	step(r, &(struct client_in){ .type = CLIENT_IN_CANCEL, .win32 = win32 }, now);
}

void rig_room(struct rig *r, uint32_t free_slots, ns_t now)
{
	r->free_slots = free_slots;
	step(r, &(struct client_in){ .type = CLIENT_IN_ROOM, .free_slots = free_slots }, now);
}

enum client_want rig_packet_as(struct rig *r, const struct mt_packet *p, bool stored, ns_t now)
{
	struct ma_data block;
	enum client_want want = client_wants(&r->c, p, &r->server, &block);
	struct client_in in = { .type = CLIENT_IN_PACKET, .from = &r->server, .packet = p };

	outq_clear(&r->out);
	if (want == CLIENT_WANT_NOT)
		return want;
	if (want == CLIENT_WANT_BLOCK) {
		in.block = &block;
		in.stored = stored;
	}
	in.free_slots = r->free_slots;
	step(r, &in, now);
	return want;
}

enum client_want rig_packet(struct rig *r, const struct mt_packet *p, ns_t now)
{
	return rig_packet_as(r, p, true, now);
}

struct mt_packet rig_head(const struct rig *r, uint8_t opcode)
{
	return (struct mt_packet){ .session_id = r->c.offer.session_id,
		                   .opcode = opcode,
		                   .sender_time = r->server_time };
}

struct msi_packet rig_reply(const struct rig *r, uint64_t content_bytes, uint64_t total_blocks)
{
	struct msi_packet p = { .kind = MSI_REPLY };

	p.reply = (struct msi_reply){ .multicast = r->multicast,
		                      .server = r->server,
		                      .content_bytes = content_bytes,
		                      .total_blocks = total_blocks,
		                      .block_bytes = RIG_BLOCK_BYTES,
		                      .session_id = RIG_SESSION_ID };
	return p;
}

uint16_t rig_data_payload(const struct rig *r, uint64_t block_no, void *mem, size_t size)
{
	static const uint8_t content[RIG_BLOCK_BYTES];
	struct writer w = writer_of(mem, size);
	struct ma_data d = { .block_no = block_no, .data_len = RIG_BLOCK_BYTES, .data = content };

	if (block_no == r->c.offer.total_blocks)
		d.data_len = 3;
	ma_write_data(&w, &d);
	return (uint16_t)writer_len(&w);
}

static enum client_want data(struct rig *r, uint8_t opcode, uint64_t seq_no, uint64_t block_no, bool stored, ns_t now)
{
	struct mt_packet p = rig_head(r, opcode);
	uint8_t payload[64];

	p.data = (struct mt_data){ .client_id = r->master, .odata_seq_no = seq_no, .trail_seq_no = r->trail };
	p.data.data = payload;
	p.data.data_len = rig_data_payload(r, block_no, payload, sizeof(payload));
	p.options.has_lead_seq_no = r->lead_option != 0;
	p.options.lead_seq_no = r->lead_option;
	return rig_packet_as(r, &p, stored, now);
}

enum client_want rig_data(struct rig *r, uint8_t opcode, uint64_t seq_no, uint64_t block_no, ns_t now)
{
	return data(r, opcode, seq_no, block_no, true, now);
}

enum client_want rig_refused(struct rig *r, uint64_t seq_no, uint64_t block_no, ns_t now)
{
	return data(r, MT_ODATA, seq_no, block_no, false, now);
}

void rig_spm(struct rig *r, uint64_t trail, uint64_t lead, ns_t now)
{
	struct mt_packet p = rig_head(r, MT_SPM);

	p.spm = (struct mt_spm){ .spm_seq_no = ++r->spm_seq_no,
		                 .master_client_id = r->master,
		                 .min_nack_backoff_ms = RIG_MIN_BACKOFF_MS,
		                 .max_nack_backoff_ms = RIG_MAX_BACKOFF_MS,
		                 .trail_seq_no = trail,
		                 .lead_seq_no = lead,
		                 .rtt_ms = r->rtt_ms };
	CU_ASSERT_EQUAL(rig_packet(r, &p, now), CLIENT_WANT_STEP);
}

void rig_poll(struct rig *r, uint16_t backoff_ms, ns_t now)
{
	static const uint8_t srvcir[] = { 0, 3, 1 };
	struct mt_packet p = rig_head(r, MT_POLL);

	p.poll = (struct mt_poll){ ++r->poll_seq_no, backoff_ms, sizeof(srvcir), srvcir };
	CU_ASSERT_EQUAL(rig_packet(r, &p, now), CLIENT_WANT_STEP);
}

void rig_qcc(struct rig *r, uint16_t backoff_ms, ns_t now)
{
	struct mt_packet p = rig_head(r, MT_QCC);

	p.qcc = (struct mt_qcc){ ++r->qcc_seq_no, backoff_ms };
	CU_ASSERT_EQUAL(rig_packet(r, &p, now), CLIENT_WANT_STEP);
}

void rig_joinack(struct rig *r, uint32_t client_id, ns_t now)
{
	struct mt_packet p = rig_head(r, MT_JOINACK);

	p.joinack = (struct mt_joinack){ client_id, RIG_MIN_BACKOFF_MS, RIG_MAX_BACKOFF_MS, 0, 0 };
	CU_ASSERT_EQUAL(rig_packet(r, &p, now), CLIENT_WANT_STEP);
}

static struct mt_packet read_out(const struct rig *r, const struct out_packet *o)
{
	struct mt_packet p;

	CU_ASSERT_EQUAL_FATAL(mt_read(r->out.bytes + o->head_at, o->head_len, &p), MT_READ_OK);
	CU_ASSERT_EQUAL(security_verify(&r->c.config.client_security, &p), SECURITY_OK);
	return p;
}

unsigned rig_count(const struct rig *r, uint8_t opcode)
{
	unsigned n = 0;

	for (uint32_t i = 0; i < r->out.packet_count; i++)
		n += read_out(r, &r->out.packets[i]).opcode == opcode;
	return n;
}

struct mt_packet rig_out(const struct rig *r, uint8_t opcode)
{
	for (uint32_t i = 0; i < r->out.packet_count; i++) {
		struct mt_packet p = read_out(r, &r->out.packets[i]);

		if (p.opcode == opcode)
			return p;
	}
	CU_FAIL_FATAL("no packet of this OpCode");
	return (struct mt_packet){ 0 };
}

const struct out_event *rig_event(const struct rig *r, enum out_event_type type)
{
	for (uint32_t i = 0; i < r->out.event_count; i++)
		if (r->out.events[i].type == type)
			return &r->out.events[i];
	return NULL;
}

ns_t rig_until(struct rig *r, uint8_t opcode)
{
	for (int i = 0; i < 1000; i++) {
		ns_t now = client_deadline(&r->c);

		CU_ASSERT_FATAL(now != NS_NEVER);
		rig_tick(r, now);
		if (rig_count(r, opcode) > 0)
			return now;
	}
	CU_FAIL_FATAL("it never came");
	return NS_NEVER;
}
