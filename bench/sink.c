#include "sink.h"

#include <stdlib.h>

#include "security/security.h"
#include "wire/ma.h"

enum { RING_BYTES = 4 << 20, FRAME_MAX = 9216, OWN_PORT = 50000, CONTROL_MAX = 400 };

static void answer_frame(struct sink *s, const void *a, uint32_t a_len, const void *b, uint32_t b_len)
{
	uint8_t *to;

	if (s->answer_count == SINK_ANSWERS || a_len + b_len > sizeof(s->answers[0]))
		return;
	to = s->answers[s->answer_count];
	memcpy(to, a, a_len);
	memcpy(to + a_len, b, b_len);
	s->answer_len[s->answer_count++] = a_len + b_len;
}

static void flush_net(struct sink *s)
{
	for (uint32_t i = 0; i < s->net_out.count; i++)
		answer_frame(s, s->net_out.frames[i].bytes, s->net_out.frames[i].len, NULL, 0);
	s->net_out.count = 0;
}

static void say(struct sink *s, const struct endpoint *to, const void *bytes, uint32_t len)
{
	struct endpoint from = { s->ip, OWN_PORT };
	struct net_send send = { .from = &from, .to = to, .payload_len = len };
	struct net_head head;

	if (net_heads(s->net, &send, &head, 1, s->now, &s->net_out) == 1)
		answer_frame(s, head.bytes, head.len, bytes, len);
	flush_net(s);
}

static struct mt_head head_of(const struct sink *s)
{
	return (struct mt_head){ .security_type = MT_SECHDR_CHECKSUM,
		                 .security_len = 4,
		                 .session_id = s->session.session_id,
		                 .sender_time = ns_to_ms(s->now) };
}

static void say_packet(struct sink *s, struct writer *w)
{
	struct security checksum;

	security_init_checksum(&checksum);
	security_seal_packet(&checksum, w->start, writer_len(w));
	say(s, &s->session.server, w->start, (uint32_t)writer_len(w));
}

static void join(struct sink *s)
{
	struct mt_join join = { .name = { 'S' }, .ip = s->ip, .mac_len = 6 };
	struct mt_head head = head_of(s);
	uint8_t bytes[512];
	struct writer w = writer_of(bytes, sizeof(bytes));

	mt_write_join(&w, &head, &join, NULL);
	say_packet(s, &w);
}

static void answer_qcc(struct sink *s, uint64_t qcc_seq_no, uint64_t server_time)
{
	struct mt_qcr qcr = { .client_id = s->client_id, .qcc_seq_no = qcc_seq_no, .server_time = server_time };
	struct mt_head head = head_of(s);
	uint8_t bytes[512];
	struct writer w = writer_of(bytes, sizeof(bytes));

	mt_write_qcr(&w, &head, &qcr, NULL);
	say_packet(s, &w);
}

static void answer_poll(struct sink *s, const struct mt_poll *poll)
{
	struct range all = { 1, s->session.total_blocks };
	struct ma_cntcir missing = { 0 };
	uint8_t app[MA_CNTCIR_BYTES_MAX], bytes[1400];
	struct writer a = writer_of(app, sizeof(app)), w = writer_of(bytes, sizeof(bytes));
	struct mt_pollack ack = { .client_id = s->client_id, .poll_seq_no = poll->poll_seq_no, .app_data = app };
	struct mt_head head = head_of(s);

	ma_write_cntcir(&a, &missing, &all, 1);
	ack.app_data_len = (uint16_t)writer_len(&a);
	mt_write_pollack(&w, &head, &ack);
	say_packet(s, &w);
}

static void acknowledge(struct sink *s, uint64_t seq_no, uint64_t server_time)
{
	struct mt_ack ack = { .client_id = s->client_id,
		              .odata_seq_no = seq_no,
		              .hi_odata_seq_no = seq_no,
		              .server_time = server_time };
	struct mt_head head = head_of(s);
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));

	mt_write_ack(&w, &head, &ack);
	say_packet(s, &w);
}

static void hear_packet(struct sink *s, const struct mt_packet *p)
{
	switch (p->opcode) {
	case MT_JOINACK:
		s->client_id = p->joinack.client_id;
		answer_qcc(s, 0, p->sender_time);
		break;
	case MT_QCC:
		answer_qcc(s, p->qcc.qcc_seq_no, p->sender_time);
		break;
	case MT_POLL:
		answer_poll(s, &p->poll);
		break;
	case MT_SPM:
		if (p->spm.master_client_id == s->client_id)
			acknowledge(s, p->spm.lead_seq_no, p->sender_time);
		break;
	case MT_ODATA:
	case MT_RDATA:
		if (!p->options.has_lead_seq_no || p->options.lead_seq_no >= p->data.odata_seq_no)
			acknowledge(s, p->data.odata_seq_no, p->sender_time);
		break;
	default:
		break;
	}
}

static void hear(struct sink *s, const struct net_datagram *d)
{
	struct msi_packet m;
	struct mt_packet p;

	if (d->from.port == MSI_UDP_PORT && msi_read(d->data, d->len, &m) && m.kind == MSI_REPLY) {
		s->offered = true;
		s->session = m.reply;
		net_join(s->net, &m.reply.multicast.ip, s->now, &s->net_out);
		flush_net(s);
		join(s);
	} else if (s->offered && mt_read(d->data, d->len, &p) == MT_READ_OK) {
		hear_packet(s, &p);
	}
}

static uint32_t copy_piece(uint8_t *to, const uint8_t *piece, uint32_t len)
{
	if (len > 0)
		memcpy(to, piece, len);
	return len;
}

/* A data frame whose tail is an option: it is not to be acknowledged, nothing need be read of it. */
static bool is_quiet_data(const struct port_packet *k)
{
	return k->body_len > CONTROL_MAX && k->tail_len == MT_OPTIONS_COUNT_BYTES + MT_OPTION_LEAD_BYTES;
}

static uint32_t sink_tx(struct port *port, uint16_t queue, const struct port_packet *v, uint32_t n)
{
	struct sink *s = (struct sink *)port;
	struct net_datagram d;

	(void)queue;
	for (uint32_t i = 0; i < n; i++) {
		uint8_t *to = s->ring + s->ring_at;
		uint32_t len = copy_piece(to, v[i].head, v[i].head_len);

		len += copy_piece(to + len, v[i].body, v[i].body_len);
		len += copy_piece(to + len, v[i].tail, v[i].tail_len);
		s->ring_at = s->ring_at + 2 * FRAME_MAX > RING_BYTES ? 0 : s->ring_at + len;
		if (v[i].body_len > CONTROL_MAX) {
			s->frames++;
			s->bytes += v[i].body_len;
		}
		if (is_quiet_data(&v[i]))
			continue;
		if (net_input(s->net, to, len, 0, s->now, &d, &s->net_out) == NET_UDP)
			hear(s, &d);
		flush_net(s);
	}
	return n;
}

static uint32_t sink_rx(struct port *port, uint16_t queue, struct frame *v, uint32_t n)
{
	struct sink *s = (struct sink *)port;
	uint32_t k = 0;

	(void)queue;
	if (s->answer_next == s->answer_count)
		s->answer_next = s->answer_count = 0;
	for (; k < n && s->answer_next < s->answer_count; k++, s->answer_next++)
		v[k] = (struct frame){ .data = s->answers[s->answer_next], .len = s->answer_len[s->answer_next] };
	return k;
}

static void sink_give_back(struct port *port, uint16_t queue, struct frame *v, uint32_t n)
{
	(void)port, (void)queue, (void)v, (void)n;
}

static void sink_read_stats(struct port *port, struct port_stats *out)
{
	(void)port;
	memset(out, 0, sizeof(*out));
}

static enum wdscast_err sink_join(struct port *port, const struct endpoint *group, const struct ip_addr *source)
{
	(void)port, (void)group, (void)source;
	return WDSCAST_OK;
}

static void sink_leave(struct port *port, const struct endpoint *group, const struct ip_addr *source)
{
	(void)port, (void)group, (void)source;
}

static enum wdscast_err sink_reserve(struct port *port, struct endpoint *local)
{
	(void)port, (void)local;
	return WDSCAST_OK;
}

static void sink_unreserve(struct port *port, const struct endpoint *local)
{
	(void)port, (void)local;
}

static void sink_close(struct port *port)
{
	sink_free((struct sink *)port);
}

static const struct port_ops sink_ops = { sink_rx,    sink_give_back, sink_tx,        sink_read_stats, sink_join,
	                                  sink_leave, sink_reserve,   sink_unreserve, sink_close, NULL };

struct sink *sink_new(uint32_t mtu)
{
	struct sink *s = calloc(1, sizeof(*s));
	struct net_config c = { .mac = { { 2, 0, 0, 0, 0, 2 } }, .mtu = mtu, .prefix4 = 24, .seed = 2 };

	if (s == NULL)
		return NULL;
	s->ring = malloc(RING_BYTES);
	s->net_mem = aligned_alloc(64, (net_bytes() + 63) / 64 * 64);
	if (s->ring == NULL || s->net_mem == NULL) {
		sink_free(s);
		return NULL;
	}
	memset(s->net_mem, 0, net_bytes());
	s->ip = c.ip4 = ip4_of(10, 0, 0, 2);
	s->net = net_init(s->net_mem, &c, 0);
	s->port.ops = &sink_ops;
	s->port.info = (struct port_info){ .delivers = PORT_FRAMES, .mac = { { 2, 0, 0, 0, 0, 1 } }, .mtu = mtu, .queues = 1,
		                           .node = -1, .ip4 = ip4_of(10, 0, 0, 1), .prefix4 = 24 };
	return s;
}

void sink_free(struct sink *s)
{
	if (s == NULL)
		return;
	free(s->ring);
	free(s->net_mem);
	free(s);
}

void sink_ask(struct sink *s, ns_t now)
{
	struct msi_request request = { .name_space = { 1, { 'n' } }, .content = { 1, { 'o' } }, .mac_len = 6 };
	struct endpoint server = { ip4_of(10, 0, 0, 1), MSI_UDP_PORT };
	uint8_t bytes[128];
	struct writer w = writer_of(bytes, sizeof(bytes));

	s->now = now;
	if (s->offered)
		return;
	msi_write_request(&w, &request);
	say(s, &server, bytes, (uint32_t)writer_len(&w));
}
