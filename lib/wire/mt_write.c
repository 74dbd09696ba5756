#include "wire/mt_wire.h"

static void write_head(struct writer *w, const struct mt_head *h, uint8_t opcode)
{
	struct mt_wire_security security = { { 'W', 'D' }, h->security_type, be16_of(h->security_len) };
	struct mt_wire_session session = { be32_of(h->session_id), opcode, be64_of(h->sender_time) };
	void *security_data;

	writer_bytes(w, &security, sizeof(security));
	security_data = writer_take(w, h->security_len);
	if (security_data != NULL)
		memset(security_data, 0, h->security_len);
	writer_bytes(w, &session, sizeof(session));
}

static void write_option(struct writer *w, uint16_t id, const void *value, uint16_t len)
{
	struct mt_wire_option option = { be16_of(id), be16_of(len) };

	writer_bytes(w, &option, sizeof(option));
	writer_bytes(w, value, len);
}

static uint16_t count_options(const struct mt_options *o)
{
	return (uint16_t)(o->has_cpu + o->has_mem + o->has_net + o->has_lead_seq_no + (o->user_sid != NULL) +
	                  (o->capabilities != NULL));
}

static void write_lead_seq_no(struct writer *w, uint64_t lead_seq_no)
{
	be64 value = be64_of(lead_seq_no);

	write_option(w, MT_OPT_ODATA_FW_LEAD_SEQ_NO, &value, sizeof(value));
}

void mt_write_options(struct writer *w, const struct mt_options *o)
{
	writer_be16(w, o != NULL ? count_options(o) : 0);
	if (o == NULL)
		return;
	if (o->has_cpu)
		write_option(w, MT_OPT_CPU_UTIL, &o->cpu_util, 1);
	if (o->has_mem)
		write_option(w, MT_OPT_MEM_UTIL, &o->mem_util, 1);
	if (o->has_net)
		write_option(w, MT_OPT_NET_UTIL, &o->net_util, 1);
	if (o->has_lead_seq_no)
		write_lead_seq_no(w, o->lead_seq_no);
	if (o->user_sid != NULL)
		write_option(w, MT_OPT_USER_SID, o->user_sid, o->user_sid_len);
	if (o->capabilities != NULL)
		write_option(w, MT_OPT_CAPABILITIES, o->capabilities, o->capabilities_len);
}

static void write_app_data(struct writer *w, const uint8_t *data, uint16_t len)
{
	writer_be16(w, len);
	writer_bytes(w, data, len);
}

static void write_ip(struct writer *w, const struct ip_addr *ip)
{
	if (ip->len != 4 && ip->len != 16)
		w->full = true;
	writer_u8(w, ip->len);
	writer_bytes(w, ip->b, ip->len);
}

static void write_endpoint(struct writer *w, const struct endpoint *e)
{
	write_ip(w, &e->ip);
	writer_be16(w, e->port);
}

/* The units before the NUL; the last unit of the field is always NUL (2.2.5). */
static void write_name(struct writer *w, const uint16_t *name)
{
	struct mt_wire_name field = { 0 };

	for (unsigned i = 0; i < MT_NAME_CHARS - 1 && name[i] != 0; i++)
		field.units[i] = le16_of(name[i]);
	writer_bytes(w, &field, sizeof(field));
}

void mt_write_join(struct writer *w, const struct mt_head *h, const struct mt_join *p,
                   const struct mt_options *o)
{
	write_head(w, h, MT_JOIN);
	write_name(w, p->name);
	write_ip(w, &p->ip);
	writer_u8(w, p->mac_len);
	writer_bytes(w, p->mac, p->mac_len);
	mt_write_options(w, o);
}

void mt_write_joinack(struct writer *w, const struct mt_head *h, const struct mt_joinack *p)
{
	struct mt_wire_joinack wire = {
		.client_id = be32_of(p->client_id),
		.min_nack_backoff_ms = be16_of(p->min_nack_backoff_ms),
		.max_nack_backoff_ms = be16_of(p->max_nack_backoff_ms),
		.rtt_ms = be16_of(p->rtt_ms),
		.client_time = be64_of(p->client_time),
	};

	write_head(w, h, MT_JOINACK);
	writer_bytes(w, &wire, sizeof(wire));
	mt_write_options(w, NULL);
}

void mt_write_qcc(struct writer *w, const struct mt_head *h, const struct mt_qcc *p)
{
	write_head(w, h, MT_QCC);
	writer_be64(w, p->qcc_seq_no);
	writer_be16(w, p->qcr_backoff_ms);
	mt_write_options(w, NULL);
}

void mt_write_qcr(struct writer *w, const struct mt_head *h, const struct mt_qcr *p,
                  const struct mt_options *o)
{
	struct mt_wire_qcr wire = {
		.client_id = be32_of(p->client_id),
		.qcc_seq_no = be64_of(p->qcc_seq_no),
		.backoff_ms = be16_of(p->backoff_ms),
		.server_time = be64_of(p->server_time),
		.hi_odata_seq_no = be64_of(p->hi_odata_seq_no),
		.loss_rate = be64_of(p->loss_rate),
		.app_data_len = be16_of(p->app_data_len),
	};

	write_head(w, h, MT_QCR);
	writer_bytes(w, &wire, sizeof(wire));
	writer_bytes(w, p->app_data, p->app_data_len);
	mt_write_options(w, o);
}

void mt_write_poll(struct writer *w, const struct mt_head *h, const struct mt_poll *p)
{
	write_head(w, h, MT_POLL);
	writer_be64(w, p->poll_seq_no);
	writer_be16(w, p->backoff_ms);
	write_app_data(w, p->app_data, p->app_data_len);
	mt_write_options(w, NULL);
}

void mt_write_pollack(struct writer *w, const struct mt_head *h, const struct mt_pollack *p)
{
	write_head(w, h, MT_POLLACK);
	writer_be32(w, p->client_id);
	writer_be64(w, p->poll_seq_no);
	write_app_data(w, p->app_data, p->app_data_len);
	mt_write_options(w, NULL);
}

void mt_write_leave(struct writer *w, const struct mt_head *h, const struct mt_leave *p)
{
	write_head(w, h, MT_LEAVE);
	writer_be32(w, p->client_id);
	writer_u8(w, p->reason);
	mt_write_options(w, NULL);
}

void mt_write_kick(struct writer *w, const struct mt_head *h, const struct mt_kick *p)
{
	if (p->count > MT_KICK_MAX)
		w->full = true;
	write_head(w, h, MT_KICK);
	writer_be16(w, p->count);
	writer_bytes(w, p->clients, p->count * sizeof(*p->clients));
	mt_write_options(w, NULL);
}

void mt_write_demote(struct writer *w, const struct mt_head *h, const struct mt_demote *p)
{
	if (p->count > MT_DEMOTE_MAX)
		w->full = true;
	write_head(w, h, MT_DEMOTE);
	writer_be32(w, p->lower_session_id);
	write_endpoint(w, &p->multicast);
	write_endpoint(w, &p->unicast);
	writer_be16(w, p->count);
	writer_bytes(w, p->client_ids, p->count * sizeof(*p->client_ids));
	mt_write_options(w, NULL);
}

void mt_write_spm(struct writer *w, const struct mt_head *h, const struct mt_spm *p)
{
	struct mt_wire_spm wire = {
		.spm_seq_no = be64_of(p->spm_seq_no),
		.master_client_id = be32_of(p->master_client_id),
		.min_nack_backoff_ms = be16_of(p->min_nack_backoff_ms),
		.max_nack_backoff_ms = be16_of(p->max_nack_backoff_ms),
		.trail_seq_no = be64_of(p->trail_seq_no),
		.lead_seq_no = be64_of(p->lead_seq_no),
		.rtt_ms = be16_of(p->rtt_ms),
	};

	write_head(w, h, MT_SPM);
	writer_bytes(w, &wire, sizeof(wire));
	mt_write_options(w, NULL);
}

void mt_write_ack(struct writer *w, const struct mt_head *h, const struct mt_ack *p)
{
	struct mt_wire_ack wire = {
		.client_id = be32_of(p->client_id),
		.odata_seq_no = be64_of(p->odata_seq_no),
		.server_time = be64_of(p->server_time),
		.hi_odata_seq_no = be64_of(p->hi_odata_seq_no),
		.loss_rate = be64_of(p->loss_rate),
	};

	write_head(w, h, MT_ACK);
	writer_bytes(w, &wire, sizeof(wire));
	mt_write_options(w, NULL);
}

static void write_ranges(struct writer *w, const struct range *v, uint16_t n)
{
	writer_be16(w, n);
	for (uint16_t i = 0; i < n; i++) {
		struct mt_wire_range wire = { be64_of(v[i].first), be64_of(v[i].last) };

		writer_bytes(w, &wire, sizeof(wire));
	}
}

void mt_write_nack(struct writer *w, const struct mt_head *h, const struct mt_nack *p, const struct range *v,
                   uint16_t n)
{
	write_head(w, h, MT_NACK);
	writer_be32(w, p->client_id);
	writer_be64(w, p->hi_odata_seq_no);
	writer_be64(w, p->loss_rate);
	write_ranges(w, v, n);
	mt_write_options(w, NULL);
}

void mt_write_ncf(struct writer *w, const struct mt_head *h, const struct range *v, uint16_t n)
{
	write_head(w, h, MT_NCF);
	write_ranges(w, v, n);
	mt_write_options(w, NULL);
}

void mt_write_data_head(struct writer *w, const struct mt_head *h, uint8_t opcode, const struct mt_data *p)
{
	struct mt_wire_data wire = {
		.client_id = be32_of(p->client_id),
		.odata_seq_no = be64_of(p->odata_seq_no),
		.trail_seq_no = be64_of(p->trail_seq_no),
		.data_len = be16_of(p->data_len),
	};

	write_head(w, h, opcode);
	writer_bytes(w, &wire, sizeof(wire));
}

void mt_write_data(struct writer *w, const struct mt_head *h, uint8_t opcode, const struct mt_data *p,
                   const struct mt_options *o)
{
	mt_write_data_head(w, h, opcode, p);
	writer_bytes(w, p->data, p->data_len);
	mt_write_options(w, opcode == MT_ODATA ? o : NULL);
}
