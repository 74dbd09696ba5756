#include "stream.h"

#include <stdlib.h>

static const uint8_t magic[8] = { 'w', 'd', 's', 'b', 'e', 'n', 'c', 'h' };

/* ---- sending ---- */

bool stream_tx_init(struct stream_tx *s, const struct endpoint *from, const struct endpoint *to, uint32_t block_bytes)
{
	uint32_t body_len = block_bytes - STREAM_STAMP_BYTES;
	struct rng rng = { 1 };
	struct writer w;

	*s = (struct stream_tx){ .from = *from, .to = *to, .block_bytes = block_bytes };
	s->body = malloc(body_len + 1);
	if (s->body == NULL)
		return false;
	for (uint32_t i = 0; i < body_len; i++)
		s->body[i] = (uint8_t)rng_next(&rng);
	security_init_checksum(&s->security);
	s->body_sum = security_sum(s->body, body_len);
	s->body_net_sum = net_sum(s->body, body_len);
	w = writer_of(s->tail, sizeof(s->tail));
	mt_write_options(&w, NULL);
	s->tail_len = (uint32_t)writer_len(&w);
	return true;
}

void stream_tx_fini(struct stream_tx *s)
{
	free(s->body);
}

static void put64(uint8_t *at, uint64_t v)
{
	be64 wire = be64_of(v);

	memcpy(at, &wire, sizeof(wire));
}

void stream_tx_packet(struct stream_tx *s, uint32_t i, int64_t stamp, struct link_packet *out)
{
	struct mt_head head = { .security_type = security_header_type(&s->security),
		                .security_len = security_data_len(&s->security),
		                .session_id = STREAM_SESSION,
		                .sender_time = (uint64_t)stamp / 1000000 };
	struct mt_data data = { .client_id = 1, .odata_seq_no = ++s->seq_no, .trail_seq_no = s->seq_no,
		                .data_len = (uint16_t)s->block_bytes };
	struct writer w = writer_of(s->heads[i], STREAM_HEAD_BYTES - STREAM_STAMP_BYTES);
	struct security_pieces pieces = { .head = s->heads[i], .body = s->body, .has_body_sum = true,
		                          .body_sum = s->body_sum, .tail = s->tail, .tail_len = s->tail_len };

	mt_write_data_head(&w, &head, MT_ODATA, &data);
	pieces.head_len = writer_len(&w) + STREAM_STAMP_BYTES;
	pieces.body_len = s->block_bytes - STREAM_STAMP_BYTES;
	memcpy(s->heads[i] + writer_len(&w), magic, sizeof(magic));
	put64(s->heads[i] + writer_len(&w) + sizeof(magic), (uint64_t)stamp);
	security_seal(&s->security, &pieces);
	*out = (struct link_packet){ .from = &s->from, .to = &s->to, .head = pieces.head, .body = pieces.body,
		                     .tail = pieces.tail, .head_len = (uint32_t)pieces.head_len,
		                     .body_len = (uint32_t)pieces.body_len, .tail_len = s->tail_len, .has_body_sum = true,
		                     .body_sum = s->body_net_sum, .plain = true };
}

/* ---- receiving ---- */

void stream_rx_init(struct stream_rx *s, const struct endpoint *group, bool verify)
{
	*s = (struct stream_rx){ .any_group = group == NULL, .verify = verify };
	if (group != NULL)
		s->group = *group;
	security_init_checksum(&s->checksum);
}

static struct stream_session *find_session(struct stream_rx *s, uint32_t id)
{
	if (s->session_count > 0 && s->sessions[s->last_session].id == id)
		return &s->sessions[s->last_session];
	for (uint32_t i = 0; i < s->session_count; i++)
		if (s->sessions[i].id == id)
			return &s->sessions[s->last_session = i];
	if (s->session_count == STREAM_SESSIONS)
		return NULL;
	s->last_session = s->session_count++;
	s->sessions[s->last_session] = (struct stream_session){ .id = id };
	return &s->sessions[s->last_session];
}

/* Numbers that were left out are lost, until they come late. */
static void follow(struct stream_rx *s, const struct mt_packet *p, struct figures *f)
{
	struct stream_session *session = find_session(s, p->session_id);
	uint64_t n = p->data.odata_seq_no;

	if (session == NULL || p->opcode != MT_ODATA)
		return;
	if (n < session->next) {
		f->late++;
		f->lost -= f->lost > 0;
		return;
	}
	if (session->next != 0)
		f->lost += n - session->next;
	session->next = n + 1;
}

static void look_for_stamp(const struct mt_data *data, int64_t now, struct figures *f)
{
	be64 wire;
	int64_t took;

	if (data->data_len < STREAM_STAMP_BYTES || memcmp(data->data, magic, sizeof(magic)) != 0)
		return;
	memcpy(&wire, data->data + sizeof(magic), sizeof(wire));
	took = now - (int64_t)be64_get(wire);
	if (f->latency.n == 0 || took < f->latency_least)
		f->latency_least = took;
	histogram_add(&f->latency, took > 0 ? (uint64_t)took : 0);
}

static bool is_ours(const struct stream_rx *s, const struct net_datagram *d)
{
	return s->any_group ? d->to_multicast
	                    : ip_equal(&s->group.ip, &d->to.ip) && (s->group.port == 0 || s->group.port == d->to.port);
}

/* Does it agree with its own checksum, or else with UDP's? What needs a key is not checked. */
static bool verifies(struct stream_rx *s, struct link *l, const struct net_datagram *d, const struct mt_packet *p,
                     struct figures *f)
{
	if (p->security.type == MT_SECHDR_CHECKSUM)
		return security_verify(&s->checksum, p) == SECURITY_OK;
	f->unchecked += p->security.type != MT_SECHDR_NONE;
	return link_verify(l, d);
}

void stream_rx_datagram(struct stream_rx *s, struct link *l, const struct net_datagram *d, int64_t now, struct figures *f)
{
	struct mt_packet p;
	enum mt_read read;

	if (!is_ours(s, d)) {
		f->other_group++;
		return;
	}
	read = mt_read(d->data, d->len, &p);
	if (read != MT_READ_OK) { /* another protocol's, as far as we can tell */
		f->malformed += read != MT_READ_NOT_WD && read != MT_READ_SHORT;
		if (s->verify && !link_verify(l, d)) {
			f->unverified++;
			return;
		}
		f->packets++;
		f->content += d->len;
		return;
	}
	if (s->verify && !verifies(s, l, d, &p, f)) {
		f->unverified++;
		return;
	}
	f->packets++;
	if (p.opcode != MT_ODATA && p.opcode != MT_RDATA)
		return;
	f->content += p.data.data_len;
	follow(s, &p, f);
	look_for_stamp(&p.data, now, f);
}
