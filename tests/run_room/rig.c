#include "run_room/rig.h"

#include <stdio.h>
#include <stdlib.h>

#define GROUP ip4_of(239, 0, 0, 7)
#define SESSION_ID 77
#define CLIENT_ID 4711

static void on_negotiate(void *arg, const struct client_offer *offer)
{
	struct rig_session *s = arg;

	s->negotiated++;
	s->offer = *offer;
	if (s->in_negotiate != NULL)
		s->in_negotiate(s);
}

static void on_start(void *arg, const struct client_offer *offer)
{
	struct rig_session *s = arg;

	s->started++;
	s->offer = *offer;
}

static uint8_t content_byte(uint64_t offset)
{
	return (uint8_t)(offset * 7 + offset / 251);
}

static void on_contents(void *arg, uint32_t slot, uint32_t count, uint64_t offset)
{
	struct rig_session *s = arg;
	const struct store *store = s->ctl->buffers.store;
	const uint8_t *bytes = store_slot(store, slot);
	uint32_t len = store_run_bytes(store, slot, count);
	bool right = true;

	CU_ASSERT_FATAL(s->delivered_count < RIG_DELIVERED);
	s->delivered[s->delivered_count].offset = offset;
	s->delivered[s->delivered_count].len = len;
	s->delivered[s->delivered_count++].slot = slot;
	for (uint32_t i = 0; i < len; i++)
		right = right && bytes[i] == content_byte(offset + i);
	CU_ASSERT(right);
	buffers_deliver(&s->ctl->buffers, slot, count);
	if (!s->hold)
		buffers_complete(&s->ctl->buffers, offset, len);
	if (s->in_contents != NULL)
		s->in_contents(s);
	buffers_returned(&s->ctl->buffers, slot);
}

static void on_complete(void *arg, uint32_t win32, const char *why)
{
	struct rig_session *s = arg;

	s->completed++;
	s->result = win32;
	snprintf(s->why, sizeof(s->why), "%s", why);
}

static const struct ctl_ops ops = { on_negotiate, on_start, on_contents, on_complete };

void rig_introduce(struct rig *r)
{
	security_init_checksum(&r->security);
	r->session_id = SESSION_ID;
	r->from = r->server_port->info.ip4;
	r->next_seq_no = 1;
}

static struct rig *rig_on(uint64_t blocks, enum port_delivers delivers, uint32_t mtu)
{
	struct rig *r = calloc(1, sizeof(*r));
	struct port_mem_config client = { .delivers = delivers, .mtu = mtu }, server = client;
	struct worker_config config = { .by_hand = true, .seed = 1 };

	r->hub = port_mem_hub_new();
	r->client_port = port_mem_new(r->hub, &client);
	r->server_port = port_mem_new(r->hub, &server);
	r->worker = worker_new(r->client_port, &config);
	r->budget.limit = 1 << 20;
	rig_introduce(r);
	r->content_bytes = blocks * RIG_BLOCK;
	r->now = NS_PER_S;
	return r;
}

struct rig *rig_new_on(uint64_t blocks, enum port_delivers delivers)
{
	return rig_on(blocks, delivers, 0);
}

struct rig *rig_new_framed(uint64_t blocks, uint32_t mtu)
{
	struct rig *r = rig_on(blocks, PORT_FRAMES, mtu);
	const struct port_info *info = &r->server_port->info;

	r->server = calloc(1, sizeof(*r->server));
	r->server_mem = host_alloc(link_bytes(), -1);
	link_init(r->server, r->server_port, 0, &info->ip4, &info->ip6, 1, r->server_mem, r->now);
	return r;
}

void rig_secure(struct rig *r, const struct security *server, const struct security *verifying,
                const struct security *client)
{
	r->security = *server;
	r->verifying = *verifying;
	r->answering = *client;
	r->is_secured = true;
}

struct rig *rig_new(uint64_t blocks)
{
	return rig_new_on(blocks, PORT_DATAGRAMS);
}

void rig_free(struct rig *r)
{
	CU_ASSERT_EQUAL(atomic_load(&r->budget.used), 0);
	worker_free(r->worker);
	if (r->server != NULL)
		host_free(r->server_mem, link_bytes());
	free(r->server);
	port_close(r->server_port);
	port_mem_hub_free(r->hub);
	free(r);
}

static const struct security *answering(const struct rig *r)
{
	return r->is_secured ? &r->answering : &r->security;
}

static struct endpoint initiation(const struct rig *r)
{
	return (struct endpoint){ r->server_port->info.ip4, MSI_UDP_PORT };
}

struct rig_session *rig_session(struct rig *r, uint32_t cache_blocks)
{
	struct rig_session *s = calloc(1, sizeof(*s));
	struct ctl_config config = { .worker = r->worker,
		                     .budget = &r->budget,
		                     .cache_bytes = (uint64_t)cache_blocks * RIG_BLOCK,
		                     .ops = &ops,
		                     .arg = s };
	char why[CTL_WHY_BYTES];
	uint32_t win32;

	s->rig = r;
	client_config_defaults(&config.client);
	config.client.seed = 3;
	config.client.server_security = r->is_secured ? r->verifying : r->security;
	config.client.client_security = *answering(r);
	config.client.initiation = initiation(r);
	config.client.request.name_space = (struct msi_name){ 2, { 'n', 's' } };
	config.client.request.content = (struct msi_name){ 1, { 'o' } };
	s->ctl = ctl_new(&config, r->now, &win32, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s->ctl);
	rig_turn(r, s);
	return s;
}

/* What comes to a server on a port of frames, while there is room for it. */
static unsigned serve(struct rig *r)
{
	struct link *l = r->server;
	uint32_t n = link_poll(l);

	for (uint32_t i = 0; i < n; i++) {
		uint32_t at = (r->inbox_first + r->inbox_count) % RIG_INBOX;
		struct net_datagram d;

		if (!link_datagram(l, i, r->now, &d) || r->inbox_count == RIG_INBOX || d.len > RIG_DATAGRAM)
			continue;
		memcpy(r->inbox[at].bytes, d.data, d.len);
		r->inbox[at].len = d.len;
		r->inbox[at].from = d.from;
		r->inbox_count++;
	}
	link_done(l);
	link_tick(l, r->now);
	link_flush(l, r->now);
	return n;
}

void rig_turn(struct rig *r, struct rig_session *s)
{
	for (unsigned idle = 0, turns = 0; idle < 2; turns++) {
		unsigned work = s->ctl->over ? 0 : ctl_turn(s->ctl, r->now);

		work += rx_turn(r->worker->rx, r->now);
		work += r->server != NULL ? serve(r) : 0;
		idle = work > 0 ? 0 : idle + 1;
		CU_ASSERT_FATAL(turns < 10000);
	}
}

void rig_pass(struct rig *r, struct rig_session *s, ns_t ns)
{
	r->now += ns;
	rig_turn(r, s);
}

void rig_session_free(struct rig_session *s)
{
	ctl_cancel(s->ctl, ERROR_CANCELLED);
	rig_turn(s->rig, s);
	rig_pass(s->rig, s, NS_PER_S); /* the LEAVE is due */
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT(ctl_is_over(s->ctl));
	ctl_free(s->ctl);
	free(s);
}

bool rig_complete(struct rig_session *s, uint64_t offset)
{
	uint64_t left = s->offer.content_bytes - offset;

	return buffers_complete(&s->ctl->buffers, offset, left < RIG_BLOCK ? (uint32_t)left : RIG_BLOCK);
}

/* ---- the server ---- */

static bool take_from_inbox(struct rig *r)
{
	uint32_t at = r->inbox_first;

	if (r->inbox_count == 0)
		return false;
	memcpy(r->datagram, r->inbox[at].bytes, r->inbox[at].len);
	r->datagram_len = r->inbox[at].len;
	r->client = r->inbox[at].from;
	r->inbox_first = (at + 1) % RIG_INBOX;
	r->inbox_count--;
	return true;
}

static bool receive(struct rig *r)
{
	struct frame f;

	if (r->server != NULL)
		return take_from_inbox(r);
	if (port_rx(r->server_port, 0, &f, 1) == 0)
		return false;
	CU_ASSERT_FATAL(f.len <= RIG_DATAGRAM);
	memcpy(r->datagram, f.data, f.len);
	r->datagram_len = f.len;
	r->client = f.from;
	port_free(r->server_port, 0, &f, 1);
	return true;
}

bool rig_receive_request(struct rig *r)
{
	while (receive(r))
		if (msi_read(r->datagram, r->datagram_len, &r->msi))
			return r->msi.kind == MSI_REQUEST;
	return false;
}

bool rig_receive(struct rig *r)
{
	return receive(r) && mt_read(r->datagram, r->datagram_len, &r->packet) == MT_READ_OK;
}

bool rig_receive_opcode(struct rig *r, uint8_t opcode)
{
	while (rig_receive(r))
		if (r->packet.opcode == opcode)
			return true;
	return false;
}

static void send(struct rig *r, const struct writer *w, uint16_t from_port, const struct endpoint *to)
{
	struct endpoint from = { r->from, from_port };
	struct port_packet p = { .head = w->start, .head_len = (uint32_t)writer_len(w), .from = &from, .to = to };

	CU_ASSERT_FATAL(!w->full);
	if (r->server == NULL) {
		CU_ASSERT_EQUAL(port_tx(r->server_port, 0, &p, 1), 1);
		return;
	}
	struct link_packet packet = { .from = &from, .to = to, .head = p.head, .head_len = p.head_len / 2 * 2 - 2 };

	packet.body = p.head + packet.head_len;
	packet.body_len = p.head_len - packet.head_len;
	packet.has_body_sum = true;
	packet.body_sum = net_sum(packet.body, packet.body_len) ^ r->wrong_udp_sum;
	CU_ASSERT_EQUAL(link_send(r->server, &packet, r->now), LINK_SENT);
	CU_ASSERT(link_flush(r->server, r->now));
}

struct msi_reply rig_offer(const struct rig *r)
{
	return (struct msi_reply){ .multicast = { GROUP, RIG_GROUP_PORT },
		                   .server = { r->server_port->info.ip4, RIG_GROUP_PORT },
		                   .content_bytes = r->content_bytes,
		                   .total_blocks = ma_total_blocks(r->content_bytes, RIG_BLOCK),
		                   .block_bytes = RIG_BLOCK,
		                   .session_id = SESSION_ID };
}

void rig_reply_with(struct rig *r, const struct msi_reply *reply)
{
	uint8_t bytes[RIG_DATAGRAM], digest[SECURITY_HASH_BYTES];
	struct writer w = writer_of(bytes, sizeof(bytes));

	msi_write_reply(&w, reply);
	if (proof_is_due(answering(r))) {
		security_digest(r->datagram, r->datagram_len, digest);
		proof_end_answer(&w, &r->security, digest);
	}
	send(r, &w, MSI_UDP_PORT, &r->client);
}

void rig_reply(struct rig *r)
{
	struct msi_reply reply = rig_offer(r);

	rig_reply_with(r, &reply);
}

void rig_error(struct rig *r, uint32_t win32)
{
	uint8_t bytes[RIG_DATAGRAM];
	struct writer w = writer_of(bytes, sizeof(bytes));

	msi_write_error(&w, win32);
	send(r, &w, MSI_UDP_PORT, &r->client);
}

static struct mt_head head(const struct rig *r)
{
	return (struct mt_head){ security_header_type(&r->security), security_data_len(&r->security), r->session_id,
		                 ns_to_ms(r->now) };
}

static void seal_and_send(struct rig *r, struct writer *w, const struct endpoint *to)
{
	security_seal_packet(&r->security, w->start, writer_len(w));
	send(r, w, RIG_GROUP_PORT, to);
}

void rig_joinack(struct rig *r)
{
	uint8_t bytes[RIG_DATAGRAM];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct mt_head h = head(r);
	struct mt_joinack ack = { CLIENT_ID, 10, 200, 5, r->packet.sender_time };

	mt_write_joinack(&w, &h, &ack);
	seal_and_send(r, &w, &r->client);
}

static struct writer write_odata(struct rig *r, uint64_t block_no, uint8_t *bytes)
{
	struct writer w = writer_of(bytes, RIG_DATAGRAM), app;
	uint8_t app_bytes[MA_DATA_FIELDS_BYTES + RIG_BLOCK], data[RIG_BLOCK];
	struct mt_head h = head(r);
	struct ma_data ma = { block_no, (uint16_t)ma_block_len(block_no, r->content_bytes, RIG_BLOCK), data };
	struct mt_data mt = { .client_id = 1, .odata_seq_no = r->next_seq_no++, .trail_seq_no = 1 };

	for (uint32_t i = 0; i < ma.data_len; i++)
		data[i] = content_byte(ma_block_offset(block_no, RIG_BLOCK) + i);
	app = writer_of(app_bytes, sizeof(app_bytes));
	ma_write_data(&app, &ma);
	mt.data = app_bytes;
	mt.data_len = (uint16_t)writer_len(&app);
	mt_write_data(&w, &h, MT_ODATA, &mt, NULL);
	return w;
}

static const struct endpoint group = { { 4, { 239, 0, 0, 7 } }, RIG_GROUP_PORT };

uint32_t rig_write_odata(struct rig *r, uint64_t block_no, uint8_t *bytes)
{
	struct writer w = write_odata(r, block_no, bytes);

	security_seal_packet(&r->security, w.start, writer_len(&w));
	return (uint32_t)writer_len(&w);
}

void rig_to_group(struct rig *r, const uint8_t *bytes, uint32_t len)
{
	uint8_t copy[RIG_DATAGRAM];
	struct writer w = writer_of(copy, sizeof(copy));

	writer_bytes(&w, bytes, len);
	send(r, &w, RIG_GROUP_PORT, &group);
}

void rig_odata(struct rig *r, uint64_t block_no)
{
	uint8_t bytes[RIG_DATAGRAM];

	rig_to_group(r, bytes, rig_write_odata(r, block_no, bytes));
}

void rig_odata_damaged(struct rig *r, uint64_t block_no)
{
	uint8_t bytes[RIG_DATAGRAM];
	uint32_t len = rig_write_odata(r, block_no, bytes);

	bytes[len - 10] ^= 0x20;
	rig_to_group(r, bytes, len);
}

void rig_demote(struct rig *r, const struct endpoint *to)
{
	uint8_t bytes[RIG_DATAGRAM];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct mt_head h = head(r);
	be32 id = be32_of(CLIENT_ID);
	struct mt_demote demote = { .lower_session_id = SESSION_ID,
		                    .multicast = *to,
		                    .unicast = { r->server_port->info.ip4, to->port },
		                    .count = 1,
		                    .client_ids = &id };

	mt_write_demote(&w, &h, &demote);
	seal_and_send(r, &w, &group);
}

void rig_kick(struct rig *r, uint8_t reason)
{
	uint8_t bytes[RIG_DATAGRAM];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct mt_head h = head(r);
	struct mt_wire_kick client = { be32_of(CLIENT_ID), reason };
	struct mt_kick kick = { 1, &client };

	mt_write_kick(&w, &h, &kick);
	seal_and_send(r, &w, &group);
}

/* On frames, neighbours are to be found and the group to be reported first: some milliseconds. */
static void pass_if_framed(struct rig *r, struct rig_session *s)
{
	for (unsigned ms = 0; r->server != NULL && ms < 200; ms++)
		rig_pass(r, s, NS_PER_MS);
}

struct rig_session *rig_joined(struct rig *r, uint32_t cache_blocks)
{
	struct rig_session *s = rig_session(r, cache_blocks);

	pass_if_framed(r, s);
	CU_ASSERT_FATAL(rig_receive_request(r));
	rig_reply(r);
	rig_turn(r, s);
	pass_if_framed(r, s);
	CU_ASSERT_FATAL(rig_receive_opcode(r, MT_JOIN));
	rig_joinack(r);
	rig_turn(r, s);
	return s;
}

uint64_t rig_count(const struct rig_session *s, enum lane_counter c)
{
	return atomic_load(&s->ctl->lane.counters[c]);
}
