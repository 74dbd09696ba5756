#include "replay.h"

#include <stdlib.h>

#include "base/rng.h"
#include "host/host.h"
#include "security/security.h"
#include "wire/ma.h"
#include "wire/msi.h"

#define SESSION_ID 77
#define CLIENT_ID 4711
#define SESSION_PORT 64001
#define ASK_EVERY 64 /* as the server does: an ACK for so many packets */
#define FRAMES_A_BLOCK 48

static const struct mac_addr server_mac = { { 2, 0, 0, 0, 0, 1 } }, client_mac = { { 2, 0, 0, 0, 0, 2 } };

static struct replay *replay_of(struct port *p)
{
	return (struct replay *)p;
}

/* ---- frames ---- */

/* A datagram's frames into out, one after the other; returns how many, their lengths in len. */
static uint32_t make_frames(struct replay *r, const struct endpoint *to, const uint8_t *payload, uint32_t payload_len,
                            uint8_t *out, uint32_t len[FRAMES_A_BLOCK])
{
	struct net_head heads[FRAMES_A_BLOCK];
	struct net_send send = { .from = &r->server, .to = to, .payload_len = payload_len };
	uint32_t n = net_heads(r->net, &send, heads, FRAMES_A_BLOCK, 0, &r->net_out);

	r->net_out.count = 0;
	for (uint32_t i = 0; i < n; i++) {
		memcpy(out, heads[i].bytes, heads[i].len);
		memcpy(out + heads[i].len, payload + heads[i].payload_at, heads[i].payload_len);
		len[i] = heads[i].len + heads[i].payload_len;
		out += len[i];
	}
	return n;
}

static uint32_t write_block(struct replay *r, uint64_t seq_no, uint64_t block_no, uint8_t *out, uint32_t max)
{
	struct mt_head head = { MT_SECHDR_CHECKSUM, 4, SESSION_ID, 1000 };
	struct ma_data ma = { block_no, (uint16_t)r->config.block_bytes, NULL };
	struct mt_data mt = { .client_id = CLIENT_ID,
		              .odata_seq_no = seq_no,
		              .trail_seq_no = seq_no > 1000 ? seq_no - 1000 : 1,
		              .data_len = (uint16_t)(MA_DATA_FIELDS_BYTES + r->config.block_bytes) };
	struct mt_options quiet = { .has_lead_seq_no = true, .lead_seq_no = mt.trail_seq_no - 1 };
	struct security checksum;
	struct writer w = writer_of(out, max);
	struct rng rng = { block_no };
	uint8_t *data;

	mt_write_data_head(&w, &head, MT_ODATA, &mt);
	ma_write_data_head(&w, &ma);
	data = writer_take(&w, r->config.block_bytes);
	for (uint32_t i = 0; data != NULL && i < r->config.block_bytes; i += 64)
		data[i] = (uint8_t)rng_next(&rng);
	mt_write_options(&w, seq_no % ASK_EVERY == 0 ? NULL : &quiet);
	security_init_checksum(&checksum);
	security_seal_packet(&checksum, out, writer_len(&w));
	return (uint32_t)writer_len(&w);
}

static void build_block(struct replay *r, uint64_t block_no, struct rng *rng)
{
	uint8_t *packet = r->bytes + r->bytes_max; /* scratch behind the frames */
	uint32_t len[FRAMES_A_BLOCK], packet_len = write_block(r, block_no, block_no, packet, 65536), at = 0, n;

	n = make_frames(r, &r->group, packet, packet_len, r->bytes + r->bytes_used, len);
	for (uint32_t i = 0; i < n; i++) {
		struct replay_frame f = { (uint32_t)(r->bytes_used + at), len[i], 0, 0 };
		uint32_t content = r->config.block_bytes / n;

		f.data_len = i + 1 < n ? content : r->config.block_bytes - content * (n - 1);
		f.data_at = f.at + f.len - f.data_len;
		at += len[i];
		if (r->config.loss > 0 && (double)rng_below(rng, 1000000) < r->config.loss * 1e6)
			continue;
		r->frames[r->frame_count++] = f;
	}
	r->bytes_used += at;
}

static void shuffle(struct replay *r, struct rng *rng)
{
	uint32_t step = r->config.shuffle;

	/* not the first: who joins takes no number below the first it saw (the sheet's E7) */
	for (uint32_t i = step; step > 1 && i + step <= r->frame_count; i += step)
		for (uint32_t k = step - 1; k > 0; k--) {
			uint32_t other = (uint32_t)rng_below(rng, k + 1);
			struct replay_frame f = r->frames[i + k];

			r->frames[i + k] = r->frames[i + other];
			r->frames[i + other] = f;
		}
}

/* ---- the server's side ---- */

static void answer_frames(struct replay *r, const struct endpoint *to, const uint8_t *payload, uint32_t len)
{
	uint32_t lengths[FRAMES_A_BLOCK];

	if (r->answer_count < 8 && make_frames(r, to, payload, len, r->answer[r->answer_count], lengths) == 1) {
		r->answer_len[r->answer_count] = lengths[0];
		r->answer_count++;
	}
}

static void answer_control(struct replay *r, const struct endpoint *to, struct writer *w)
{
	struct security checksum;

	security_init_checksum(&checksum);
	security_seal_packet(&checksum, w->start, writer_len(w));
	answer_frames(r, to, w->start, (uint32_t)writer_len(w));
}

static void answer_request(struct replay *r)
{
	uint8_t bytes[512];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct msi_reply reply = { .multicast = r->group,
		                   .server = { r->server.ip, SESSION_PORT },
		                   .content_bytes = r->config.blocks * r->config.block_bytes,
		                   .total_blocks = r->config.blocks,
		                   .block_bytes = r->config.block_bytes,
		                   .session_id = SESSION_ID };

	msi_write_reply(&w, &reply);
	r->server.port = MSI_UDP_PORT;
	answer_frames(r, &r->client, bytes, (uint32_t)writer_len(&w));
	r->server.port = SESSION_PORT;
}

static void answer_join(struct replay *r, uint64_t client_time)
{
	uint8_t bytes[512];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct mt_head head = { MT_SECHDR_CHECKSUM, 4, SESSION_ID, 1000 };
	struct mt_joinack ack = { CLIENT_ID, 2, 3, 1, client_time };

	mt_write_joinack(&w, &head, &ack);
	answer_control(r, &r->client, &w);
}

void replay_make_master(struct replay *r)
{
	uint8_t bytes[512];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct mt_head head = { MT_SECHDR_CHECKSUM, 4, SESSION_ID, 1000 };
	struct mt_spm spm = { 1, CLIENT_ID, 2, 3, 1, 0, 1 };

	mt_write_spm(&w, &head, &spm);
	answer_control(r, &r->group, &w);
}

/* What the receiver sends: answered as far as it takes to begin. */
static void receive(struct replay *r, const uint8_t *frame, uint32_t len)
{
	struct net_datagram d;
	struct mt_packet p;
	struct msi_packet m;

	if (net_input(r->net, frame, len, 0, 0, &d, &r->net_out) != NET_UDP) {
		for (uint32_t i = 0; i < r->net_out.count && r->answer_count < 8; i++) {
			memcpy(r->answer[r->answer_count], r->net_out.frames[i].bytes, r->net_out.frames[i].len);
			r->answer_len[r->answer_count++] = r->net_out.frames[i].len;
		}
		r->net_out.count = 0;
		return;
	}
	r->sent_to_server++;
	r->client = d.from;
	if (d.to.port == MSI_UDP_PORT && msi_read(d.data, d.len, &m))
		answer_request(r);
	else if (mt_read(d.data, d.len, &p) == MT_READ_OK && p.opcode == MT_JOIN)
		answer_join(r, p.sender_time);
}

/* ---- the port ---- */

static uint32_t replay_rx(struct port *p, uint16_t queue, struct frame *v, uint32_t n)
{
	struct replay *r = replay_of(p);
	uint32_t count = 0;

	(void)queue;
	while (count < n && r->answer_next < r->answer_count) {
		v[count++] = (struct frame){ .data = r->answer[r->answer_next], .len = r->answer_len[r->answer_next] };
		r->answer_next++;
	}
	while (count < n && r->next < r->limit) {
		const struct replay_frame *f = &r->frames[r->next++];

		v[count].data = r->bytes + f->at;
		v[count].len = f->len;
		v[count].flags = 0;
		count++;
	}
	return count;
}

static void replay_free_frames(struct port *p, uint16_t queue, struct frame *v, uint32_t n)
{
	struct replay *r = replay_of(p);

	(void)queue, (void)v, (void)n;
	if (r->answer_next == r->answer_count)
		r->answer_next = r->answer_count = 0;
}

static uint32_t replay_tx(struct port *p, uint16_t queue, const struct port_packet *v, uint32_t n)
{
	uint8_t frame[9100];

	(void)queue;
	for (uint32_t i = 0; i < n; i++) {
		struct writer w = writer_of(frame, sizeof(frame));

		writer_bytes(&w, v[i].head, v[i].head_len);
		writer_bytes(&w, v[i].body, v[i].body_len);
		writer_bytes(&w, v[i].tail, v[i].tail_len);
		receive(replay_of(p), frame, (uint32_t)writer_len(&w));
	}
	return n;
}

static void replay_stats(struct port *p, struct port_stats *out)
{
	(void)p;
	*out = (struct port_stats){ 0 };
}

static enum wdscast_err replay_join(struct port *p, const struct endpoint *group, const struct ip_addr *source)
{
	(void)p, (void)group, (void)source;
	return WDSCAST_OK;
}

static void replay_leave(struct port *p, const struct endpoint *group, const struct ip_addr *source)
{
	(void)p, (void)group, (void)source;
}

static enum wdscast_err replay_reserve(struct port *p, struct endpoint *local)
{
	(void)p;
	if (local->port == 0)
		local->port = 50000;
	return WDSCAST_OK;
}

static void replay_unreserve(struct port *p, const struct endpoint *local)
{
	(void)p, (void)local;
}

static void replay_close(struct port *p)
{
	(void)p; /* replay_free() */
}

static const struct port_ops ops = { replay_rx,    replay_free_frames, replay_tx,        replay_stats, replay_join,
	                             replay_leave, replay_reserve,     replay_unreserve, replay_close, NULL };

void replay_rewind(struct replay *r)
{
	r->next = r->limit = 0;
	r->answer_next = r->answer_count = 0;
	r->sent_to_server = 0;
}

void replay_free(struct replay *r)
{
	if (r == NULL)
		return;
	host_free(r->bytes, r->bytes_max + 65536);
	free(r->frames);
	free(r->net_mem);
	free(r);
}

struct replay *replay_new(const struct replay_config *config)
{
	struct replay *r = calloc(1, sizeof(*r));
	uint32_t frames_a_block = (config->block_bytes + 200) / (config->mtu - 48) + 1;
	struct net_config net = { .mac = server_mac, .mtu = config->mtu, .ip4 = ip4_of(10, 77, 0, 1), .prefix4 = 16 };
	struct rng rng = { config->seed };
	size_t net_size = (net_bytes() + 63) / 64 * 64;

	if (r == NULL)
		return NULL;
	r->config = *config;
	r->server = (struct endpoint){ net.ip4, SESSION_PORT };
	r->group = (struct endpoint){ ip4_of(239, 192, 0, 1), SESSION_PORT };
	r->bytes_max = config->blocks * (config->block_bytes + 200 + frames_a_block * 64ull);
	/* As ports keep frames, on the largest pages there are: else walks of page tables are what is measured. */
	r->bytes = host_alloc(r->bytes_max + 65536, -1);
	r->frames = calloc(config->blocks * frames_a_block, sizeof(*r->frames));
	r->net_mem = aligned_alloc(64, net_size);
	if (r->bytes == NULL || r->frames == NULL || r->net_mem == NULL) {
		replay_free(r);
		return NULL;
	}
	memset(r->net_mem, 0, net_size);
	r->net = net_init(r->net_mem, &net, 0);
	r->port.ops = &ops;
	r->port.info = (struct port_info){ .delivers = PORT_FRAMES, .has_kernel = true, .mac = client_mac,
		                           .mtu = config->mtu, .queues = 1, .node = -1,
		                           .ip4 = ip4_of(10, 77, 0, 2), .prefix4 = 16 };
	for (uint64_t b = 1; b <= config->blocks; b++)
		build_block(r, b, &rng);
	shuffle(r, &rng);
	return r;
}
