/* The sections of all packets but ODATA and RDATA. */
#include "wire/mt_wire.h"

/* The name must end within its field (2.2.5); what stands behind the NUL is ignored. */
static bool read_name(const struct mt_wire_name *h, uint16_t *name)
{
	unsigned n = 0;

	while (n < MT_NAME_CHARS && le16_get(h->units[n]) != 0) {
		name[n] = le16_get(h->units[n]);
		n++;
	}
	if (n == MT_NAME_CHARS)
		return false;
	memset(&name[n], 0, (MT_NAME_CHARS - n) * sizeof(name[0]));
	return true;
}

/* An address with its length before it. */
static enum mt_read read_ip(struct reader *r, struct ip_addr *out)
{
	const uint8_t *len = reader_take(r, 1), *bytes;

	if (len == NULL)
		return MT_READ_SHORT;
	if (*len != 4 && *len != 16)
		return MT_READ_FIELD;
	bytes = reader_take(r, *len);
	if (bytes == NULL)
		return MT_READ_SHORT;
	*out = ip_of_bytes(bytes, *len);
	return MT_READ_OK;
}

static enum mt_read read_mac(struct reader *r, struct mt_join *out)
{
	const uint8_t *len = reader_take(r, 1), *bytes;

	if (len == NULL)
		return MT_READ_SHORT;
	bytes = reader_take(r, *len);
	if (bytes == NULL)
		return MT_READ_SHORT;
	out->mac_len = *len;
	memcpy(out->mac, bytes, *len);
	return MT_READ_OK;
}

static enum mt_read read_join(struct reader *r, struct mt_join *out)
{
	const struct mt_wire_name *h = reader_take(r, sizeof(*h));
	enum mt_read result;

	if (h == NULL)
		return MT_READ_SHORT;
	if (!read_name(h, out->name))
		return MT_READ_FIELD;
	result = read_ip(r, &out->ip);
	return result == MT_READ_OK ? read_mac(r, out) : result;
}

static enum mt_read read_joinack(struct reader *r, struct mt_joinack *out)
{
	const struct mt_wire_joinack *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->client_id = be32_get(h->client_id);
	out->min_nack_backoff_ms = be16_get(h->min_nack_backoff_ms);
	out->max_nack_backoff_ms = be16_get(h->max_nack_backoff_ms);
	out->rtt_ms = be16_get(h->rtt_ms);
	out->client_time = be64_get(h->client_time);
	return MT_READ_OK;
}

static enum mt_read read_qcc(struct reader *r, struct mt_qcc *out)
{
	const struct mt_wire_qcc *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->qcc_seq_no = be64_get(h->qcc_seq_no);
	out->qcr_backoff_ms = be16_get(h->qcr_backoff_ms);
	return MT_READ_OK;
}

static enum mt_read read_qcr(struct reader *r, struct mt_qcr *out)
{
	const struct mt_wire_qcr *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->client_id = be32_get(h->client_id);
	out->qcc_seq_no = be64_get(h->qcc_seq_no);
	out->backoff_ms = be16_get(h->backoff_ms);
	out->server_time = be64_get(h->server_time);
	out->hi_odata_seq_no = be64_get(h->hi_odata_seq_no);
	out->loss_rate = be64_get(h->loss_rate);
	out->app_data_len = be16_get(h->app_data_len);
	return mt_read_payload(r, out->app_data_len, &out->app_data);
}

static enum mt_read read_poll(struct reader *r, struct mt_poll *out)
{
	const struct mt_wire_poll *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->poll_seq_no = be64_get(h->poll_seq_no);
	out->backoff_ms = be16_get(h->backoff_ms);
	out->app_data_len = be16_get(h->app_data_len);
	return mt_read_payload(r, out->app_data_len, &out->app_data);
}

static enum mt_read read_pollack(struct reader *r, struct mt_pollack *out)
{
	const struct mt_wire_pollack *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->client_id = be32_get(h->client_id);
	out->poll_seq_no = be64_get(h->poll_seq_no);
	out->app_data_len = be16_get(h->app_data_len);
	return mt_read_payload(r, out->app_data_len, &out->app_data);
}

static enum mt_read read_leave(struct reader *r, struct mt_leave *out)
{
	const struct mt_wire_leave *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->client_id = be32_get(h->client_id);
	out->reason = h->reason;
	return MT_READ_OK;
}

static enum mt_read read_kick(struct reader *r, struct mt_kick *out)
{
	if (!mt_read_u16(r, &out->count))
		return MT_READ_SHORT;
	out->clients = reader_take(r, out->count * sizeof(*out->clients));
	return out->clients != NULL ? MT_READ_OK : MT_READ_SHORT;
}

static enum mt_read read_endpoint(struct reader *r, struct endpoint *out)
{
	enum mt_read result = read_ip(r, &out->ip);

	if (result != MT_READ_OK)
		return result;
	return mt_read_u16(r, &out->port) ? MT_READ_OK : MT_READ_SHORT;
}

static enum mt_read read_demote(struct reader *r, struct mt_demote *out)
{
	const be32 *lower = reader_take(r, sizeof(*lower));
	enum mt_read result;

	if (lower == NULL)
		return MT_READ_SHORT;
	out->lower_session_id = be32_get(*lower);
	result = read_endpoint(r, &out->multicast);
	if (result == MT_READ_OK)
		result = read_endpoint(r, &out->unicast);
	if (result != MT_READ_OK)
		return result;
	if (!mt_read_u16(r, &out->count))
		return MT_READ_SHORT;
	if (out->count > MT_DEMOTE_MAX)
		return MT_READ_FIELD;
	out->client_ids = reader_take(r, out->count * sizeof(*out->client_ids));
	return out->client_ids != NULL ? MT_READ_OK : MT_READ_SHORT;
}

static enum mt_read read_spm(struct reader *r, struct mt_spm *out)
{
	const struct mt_wire_spm *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->spm_seq_no = be64_get(h->spm_seq_no);
	out->master_client_id = be32_get(h->master_client_id);
	out->min_nack_backoff_ms = be16_get(h->min_nack_backoff_ms);
	out->max_nack_backoff_ms = be16_get(h->max_nack_backoff_ms);
	out->trail_seq_no = be64_get(h->trail_seq_no);
	out->lead_seq_no = be64_get(h->lead_seq_no);
	out->rtt_ms = be16_get(h->rtt_ms);
	return MT_READ_OK;
}

static enum mt_read read_ack(struct reader *r, struct mt_ack *out)
{
	const struct mt_wire_ack *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->client_id = be32_get(h->client_id);
	out->odata_seq_no = be64_get(h->odata_seq_no);
	out->server_time = be64_get(h->server_time);
	out->hi_odata_seq_no = be64_get(h->hi_odata_seq_no);
	out->loss_rate = be64_get(h->loss_rate);
	return MT_READ_OK;
}

static enum mt_read read_range_list(struct reader *r, uint16_t count, const struct mt_wire_range **out)
{
	const struct mt_wire_range *v = reader_take(r, count * sizeof(*v));

	if (v == NULL)
		return MT_READ_SHORT;
	*out = v;
	return MT_READ_OK;
}

static enum mt_read read_nack(struct reader *r, struct mt_nack *out)
{
	const struct mt_wire_nack *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->client_id = be32_get(h->client_id);
	out->hi_odata_seq_no = be64_get(h->hi_odata_seq_no);
	out->loss_rate = be64_get(h->loss_rate);
	out->count = be16_get(h->count);
	return read_range_list(r, out->count, &out->ranges);
}

static enum mt_read read_ncf(struct reader *r, struct mt_ncf *out)
{
	if (!mt_read_u16(r, &out->count))
		return MT_READ_SHORT;
	return read_range_list(r, out->count, &out->ranges);
}

enum mt_read mt_read_control(struct reader *r, struct mt_packet *out)
{
	switch (out->opcode) {
	case MT_SPM:
		return read_spm(r, &out->spm);
	case MT_JOIN:
		return read_join(r, &out->join);
	case MT_JOINACK:
		return read_joinack(r, &out->joinack);
	case MT_QCC:
		return read_qcc(r, &out->qcc);
	case MT_QCR:
		return read_qcr(r, &out->qcr);
	case MT_ACK:
		return read_ack(r, &out->ack);
	case MT_NACK:
		return read_nack(r, &out->nack);
	case MT_NCF:
		return read_ncf(r, &out->ncf);
	case MT_LEAVE:
		return read_leave(r, &out->leave);
	case MT_POLL:
		return read_poll(r, &out->poll);
	case MT_POLLACK:
		return read_pollack(r, &out->pollack);
	case MT_KICK:
		return read_kick(r, &out->kick);
	case MT_DEMOTE:
		return read_demote(r, &out->demote);
	default:
		return MT_READ_OPCODE;
	}
}
