/*
 * Hosts that say what is not so. They see what the group sees, and the server's lists too: no secret but
 * a key protects anybody from them.
 */
#include "sim.h"

static struct sim_liar *liar_of(struct sim *s, uint32_t liar)
{
	return &s->liars[liar];
}

static const struct server *server_of(const struct sim *s, const struct sim_liar *l)
{
	return &s->servers[l->session].engine;
}

/* A number near one that matters, or anything. */
static uint64_t number(struct sim *s, uint64_t around)
{
	switch (rng_below(&s->rng, 8)) {
	case 0:
		return rng_next(&s->rng);
	case 1:
		return UINT64_MAX - rng_below(&s->rng, 3);
	case 2:
		return rng_below(&s->rng, 3);
	default:
		return around + rng_below(&s->rng, 9) - 4;
	}
}

static struct mt_head head_of(struct sim *s, const struct sim_liar *l)
{
	return (struct mt_head){ .security_type = security_header_type(&s->wrong_key),
		                 .security_len = security_data_len(&s->wrong_key),
		                 .session_id = server_of(s, l)->config.session_id,
		                 .sender_time = ns_to_ms(s->now) };
}

/* Send what was written. A client knows the key, if there is one; who spoofs does not. */
static void send(struct sim *s, const struct sim_liar *l, const struct writer *w, const struct endpoint *from,
                 const struct endpoint *to)
{
	bool inside = l->lie == SIM_LIE_NACKS || l->lie == SIM_LIE_ACKS || l->lie == SIM_LIE_LACKS;
	struct sim_datagram *d = sim_datagram_new(from, to, (uint32_t)writer_len(w));

	memcpy(d->bytes, w->start, d->len);
	if (l->lie != SIM_LIE_REQUESTS)
		security_seal_packet(inside ? &s->security : &s->wrong_key, d->bytes, d->len);
	sim_net_lie(s, d);
}

static void send_to_server(struct sim *s, const struct sim_liar *l, const struct writer *w)
{
	send(s, l, w, &l->at, &server_of(s, l)->config.unicast);
}

static void write_join(struct sim *s, const struct sim_liar *l, struct writer *w)
{
	struct mt_head head = head_of(s, l);
	struct mt_join join = { .ip = l->at.ip, .mac_len = 6 };

	for (unsigned i = 0; i + 1 < MT_NAME_CHARS; i++)
		join.name[i] = (uint16_t)('a' + rng_below(&s->rng, 26));
	mt_write_join(w, &head, &join, NULL);
}

static void write_nack(struct sim *s, const struct sim_liar *l, uint32_t client_id, struct writer *w)
{
	struct mt_head head = head_of(s, l);
	const struct server *e = server_of(s, l);
	struct mt_nack nack = { .client_id = client_id,
		                .hi_odata_seq_no = number(s, e->lead_seq_no),
		                .loss_rate = rng_below(&s->rng, MT_LOSS_RATE_ONE + 1) };
	struct range v[64];
	uint16_t n = (uint16_t)rng_below(&s->rng, 65);

	if (l->manner == 0) { /* all there is */
		v[0] = (struct range){ 0, UINT64_MAX - 1 };
		n = 1;
	}
	for (uint16_t i = 0; l->manner != 0 && i < n; i++) {
		v[i].first = number(s, e->trail_seq_no);
		v[i].last = rng_below(&s->rng, 2) ? v[i].first + rng_below(&s->rng, 100)
		                                  : number(s, e->lead_seq_no);
	}
	mt_write_nack(w, &head, &nack, v, n);
}

static void write_ack(struct sim *s, const struct sim_liar *l, uint32_t client_id, uint64_t seq_no,
                      struct writer *w)
{
	struct mt_head head = head_of(s, l);
	struct mt_ack ack = { .client_id = client_id,
		              .odata_seq_no = seq_no,
		              .server_time = number(s, ns_to_ms(s->now)),
		              .hi_odata_seq_no = server_of(s, l)->lead_seq_no };

	mt_write_ack(w, &head, &ack);
}

static void write_qcr(struct sim *s, const struct sim_liar *l, uint32_t client_id, uint64_t qcc_seq_no,
                      uint64_t server_time, struct writer *w)
{
	struct mt_head head = head_of(s, l);
	struct mt_qcr qcr = { .client_id = client_id,
		              .qcc_seq_no = qcc_seq_no,
		              .server_time = server_time,
		              .loss_rate = rng_below(&s->rng, MT_LOSS_RATE_ONE) };

	mt_write_qcr(w, &head, &qcr, NULL);
}

/* Lacks what there is not, in ranges that overlap, and is older than the session. */
static void write_pollack(struct sim *s, const struct sim_liar *l, uint32_t client_id, uint64_t poll_seq_no,
                          struct writer *w)
{
	struct mt_head head = head_of(s, l);
	struct mt_pollack pollack = { .client_id = client_id, .poll_seq_no = poll_seq_no };
	struct ma_cntcir cntcir = { .progress = (uint8_t)rng_below(&s->rng, 101),
		                    .time_in_session_s = (uint32_t)rng_next(&s->rng) };
	uint8_t bytes[MA_CNTCIR_BYTES_MAX];
	struct writer app = writer_of(bytes, sizeof(bytes));
	struct range v[MA_RANGES_MAX];

	for (unsigned i = 0; i < MA_RANGES_MAX; i++) {
		v[i].first = number(s, rng_below(&s->rng, s->total_blocks + 1));
		v[i].last = rng_below(&s->rng, 2) ? v[i].first + rng_below(&s->rng, 20)
		                                  : number(s, s->total_blocks);
	}
	ma_write_cntcir(&app, &cntcir, v,
	                l->manner == 0 ? 0 : (uint32_t)rng_below(&s->rng, MA_RANGES_MAX + 1));
	pollack.app_data = bytes;
	pollack.app_data_len = (uint16_t)writer_len(&app);
	mt_write_pollack(w, &head, &pollack);
}

static void write_leave(struct sim *s, const struct sim_liar *l, uint32_t client_id, struct writer *w)
{
	struct mt_head head = head_of(s, l);
	struct mt_leave leave = { client_id, (uint8_t)rng_below(&s->rng, 4) };

	mt_write_leave(w, &head, &leave);
}

/* One of the server's clients, or anybody. */
static const struct server_client *victim(struct sim *s, const struct sim_liar *l)
{
	const struct server *e = server_of(s, l);

	return rng_below(&s->rng, 3) == 0 ? server_find_client(e, e->master_client_id)
	                                  : &e->clients[rng_below(&s->rng, e->client_count + 1u)];
}

/* The id of somebody, one near it, or any. */
static uint32_t some_id(struct sim *s, const struct server_client *c)
{
	uint64_t dice = rng_below(&s->rng, 10);
	uint32_t id = c == NULL ? 0 : c->client_id;

	return dice < 6 ? id : dice < 8 ? (uint32_t)rng_next(&s->rng) : id + (dice == 8 ? 1u : -1u);
}

static void write_anything(struct sim *s, const struct sim_liar *l, uint32_t id, struct writer *w)
{
	const struct server *e = server_of(s, l);

	switch (rng_below(&s->rng, 7)) {
	case 0:
		write_join(s, l, w);
		break;
	case 1:
		write_nack(s, l, id, w);
		break;
	case 2:
		write_ack(s, l, id, number(s, e->lead_seq_no), w);
		break;
	case 3:
		write_qcr(s, l, id, rng_below(&s->rng, 2) * (e->next_qcc_seq_no - 1),
		          number(s, ns_to_ms(s->now)), w);
		break;
	case 4:
		write_pollack(s, l, id, e->next_poll_seq_no - 1, w);
		break;
	case 5:
		write_leave(s, l, id, w);
		break;
	default:
		write_ack(s, l, id, e->lead_seq_no, w);
		break;
	}
}

/* As the server, to the group or to a client. */
static void write_as_server(struct sim *s, const struct sim_liar *l, uint32_t id, struct writer *w)
{
	struct mt_head head = head_of(s, l);
	struct mt_wire_kick kick = { be32_of(id), (uint8_t)rng_below(&s->rng, 4) };
	struct mt_spm spm = { .spm_seq_no = number(s, server_of(s, l)->next_spm_seq_no),
		              .master_client_id = id,
		              .lead_seq_no = number(s, server_of(s, l)->lead_seq_no) };
	uint8_t block[MA_DATA_FIELDS_BYTES + 8] = { 0, MA_DATA_FIELDS_BYTES + 8,
		                                    MA_SRV_DATA, [10] = 1, [12] = 8 };
	struct mt_data data = { .client_id = id,
		                .odata_seq_no = number(s, server_of(s, l)->lead_seq_no),
		                .data_len = sizeof(block),
		                .data = block };

	switch (rng_below(&s->rng, 4)) {
	case 0:
		mt_write_kick(w, &head, &(struct mt_kick){ .count = 1, .clients = &kick });
		break;
	case 1:
		mt_write_spm(w, &head, &spm);
		break;
	case 2:
		mt_write_joinack(w, &head, &(struct mt_joinack){ .client_id = (uint32_t)rng_next(&s->rng) });
		break;
	default:
		mt_write_data(w, &head, MT_ODATA, &data, NULL);
		break;
	}
}

static void spoof(struct sim *s, const struct sim_liar *l, struct writer *w)
{
	const struct server *e = server_of(s, l);
	const struct sim_client *c = &s->clients[rng_below(&s->rng, s->config.clients)];

	if (rng_below(&s->rng, 2)) {
		write_anything(s, l, c->engine.client_id, w);
		send(s, l, w, &c->at, &e->config.unicast);
	} else {
		write_as_server(s, l, c->engine.client_id, w);
		send(s, l, w, &e->config.unicast, rng_below(&s->rng, 2) ? &e->config.multicast : &c->at);
	}
}

static void lie_joins(struct sim *s, const struct sim_liar *l, struct writer *w)
{
	struct endpoint from = l->at;

	if (l->manner == 0)
		from.ip = ip4_of(10, (uint8_t)(1 + rng_below(&s->rng, 200)), (uint8_t)rng_next(&s->rng),
		                 (uint8_t)rng_next(&s->rng));
	from.port = (uint16_t)(1024 + rng_below(&s->rng, 60000));
	write_join(s, l, w);
	send(s, l, w, &from, &server_of(s, l)->config.unicast);
}

static void make_name(struct sim *s, struct msi_name *name)
{
	name->len = (uint16_t)rng_below(&s->rng, 40);
	for (uint16_t i = 0; i < name->len; i++)
		name->units[i] = (uint16_t)(1 + rng_below(&s->rng, UINT16_MAX));
	name->units[name->len] = 0;
}

static void lie_request(struct sim *s, const struct sim_liar *l, struct writer *w)
{
	struct msi_request request = { .mac_len = (uint8_t)rng_below(&s->rng, 33) };

	make_name(s, &request.name_space);
	make_name(s, &request.content);
	msi_write_request(w, &request);
	for (uint64_t flips = rng_below(&s->rng, 4); flips > 1; flips--)
		w->start[rng_below(&s->rng, writer_len(w))] = (uint8_t)rng_next(&s->rng);
	sim_count(s, SIM_COUNT_requests);
	send(s, l, w, &l->at, &s->initiation);
}

/* Whose turn to speak is not the server's. */
static void lie_inside(struct sim *s, const struct sim_liar *l, struct writer *w)
{
	if (l->client_id == 0)
		write_join(s, l, w);
	else if (l->lie == SIM_LIE_NACKS)
		write_nack(s, l, l->client_id, w);
	else if (l->lie == SIM_LIE_ACKS && l->manner == 1)
		write_ack(s, l, l->client_id, number(s, server_of(s, l)->lead_seq_no), w);
	else
		return;
	send_to_server(s, l, w);
}

void sim_liar_lie(struct sim *s, uint32_t liar)
{
	struct sim_liar *l = liar_of(s, liar);
	struct sim_event again = { .at = s->now + 1 + rng_below(&s->rng, 2 * l->gap_ns),
		                   .type = SIM_LIES_NOW,
		                   .host = liar };
	uint8_t bytes[2048];
	struct writer w = writer_of(bytes, sizeof(bytes));

	if (s->now > l->until)
		return;
	sim_queue_push(s, &again);
	if (!s->servers[l->session].alive)
		return;
	switch (l->lie) {
	case SIM_LIE_JOINS:
		lie_joins(s, l, &w);
		break;
	case SIM_LIE_STRANGE:
		write_anything(s, l, some_id(s, victim(s, l)), &w);
		send_to_server(s, l, &w);
		break;
	case SIM_LIE_REQUESTS:
		lie_request(s, l, &w);
		break;
	case SIM_LIE_SPOOF:
		spoof(s, l, &w);
		break;
	default:
		lie_inside(s, l, &w);
		break;
	}
}

/* What an inside liar answers; true when it wrote something. */
static bool answer(struct sim *s, struct sim_liar *l, const struct mt_packet *p, struct writer *w)
{
	const struct server *e = server_of(s, l);
	uint64_t long_ago = ns_to_ms(s->now) > 900 ? ns_to_ms(s->now) - 900 : 1;

	switch (p->opcode) {
	case MT_JOINACK:
		l->client_id = p->joinack.client_id;
		write_qcr(s, l, l->client_id, 0, p->sender_time, w);
		return true;
	case MT_QCC:
		write_qcr(s, l, l->client_id, p->qcc.qcc_seq_no,
		          l->lie == SIM_LIE_ACKS ? long_ago : p->sender_time, w);
		return true;
	case MT_POLL:
		write_pollack(s, l, l->client_id, p->poll.poll_seq_no, w);
		return true;
	case MT_SPM:
	case MT_ODATA:
	case MT_RDATA:
		if (e->master_client_id != l->client_id || l->lie != SIM_LIE_ACKS || l->manner == 0)
			return false; /* silent */
		write_ack(s, l, l->client_id, l->manner == 2 ? e->trail_seq_no : e->lead_seq_no, w);
		return true;
	default:
		return false;
	}
}

void sim_liar_receive(struct sim *s, uint32_t liar, const struct sim_datagram *d)
{
	struct sim_liar *l = liar_of(s, liar);
	uint8_t bytes[2048];
	struct writer w = writer_of(bytes, sizeof(bytes));
	bool inside = l->lie == SIM_LIE_NACKS || l->lie == SIM_LIE_ACKS || l->lie == SIM_LIE_LACKS;
	struct mt_packet p;

	if (!inside || s->now < l->from || s->now > l->until || !s->servers[l->session].alive)
		return;
	if (mt_read(d->bytes, d->len, &p) != MT_READ_OK ||
	    p.session_id != server_of(s, l)->config.session_id ||
	    (l->client_id == 0 && p.opcode != MT_JOINACK))
		return;
	if (answer(s, l, &p, &w))
		send_to_server(s, l, &w);
}

void sim_liar_start(struct sim *s, uint32_t liar)
{
	struct sim_liar *l = liar_of(s, liar);
	struct sim_event e = { .at = l->from, .type = SIM_LIES_NOW, .host = liar };

	l->at = (struct endpoint){ ip4_of(10, 0, 9, (uint8_t)(liar + 1)), 51000 };
	sim_queue_push(s, &e);
}
