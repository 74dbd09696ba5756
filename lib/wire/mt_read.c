/* What every packet has, and ODATA and RDATA: the way of the data, short and without calls. */
#include "wire/mt_wire.h"

/* NONE has no SecurityData and CHECKSUM has 4 bytes of it; what HASH and SIGN have, the session knows. */
static inline bool security_len_allowed(const struct mt_security *security)
{
	if (security->type == MT_SECHDR_CHECKSUM)
		return security->data_len == 4;
	return security->type != MT_SECHDR_NONE || security->data_len == 0;
}

static inline enum mt_read read_security(struct reader *r, struct mt_security *out)
{
	const struct mt_wire_security *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	if (h->identifier[0] != 'W' || h->identifier[1] != 'D')
		return MT_READ_NOT_WD;
	out->type = h->type;
	out->data_len = be16_get(h->data_len);
	if (!security_len_allowed(out))
		return MT_READ_FIELD;
	out->data = reader_take(r, out->data_len);
	return out->data != NULL ? MT_READ_OK : MT_READ_SHORT;
}

static inline enum mt_read read_session(struct reader *r, struct mt_packet *out)
{
	const struct mt_wire_session *h;

	out->covered = r->at;
	out->covered_len = reader_left(r);
	h = reader_take(r, sizeof(*h));
	if (h == NULL)
		return MT_READ_SHORT;
	out->session_id = be32_get(h->session_id);
	out->opcode = h->opcode;
	out->sender_time = be64_get(h->sender_time);
	return MT_READ_OK;
}

static inline enum mt_read read_data(struct reader *r, struct mt_data *out)
{
	const struct mt_wire_data *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return MT_READ_SHORT;
	out->client_id = be32_get(h->client_id);
	out->odata_seq_no = be64_get(h->odata_seq_no);
	out->trail_seq_no = be64_get(h->trail_seq_no);
	out->data_len = be16_get(h->data_len);
	return mt_read_payload(r, out->data_len, &out->data);
}

static bool take_percent(const uint8_t *value, uint16_t len, bool *has, uint8_t *out)
{
	if (len != 1 || *value > 100)
		return false;
	*has = true;
	*out = *value;
	return true;
}

static bool take_lead_seq_no(const uint8_t *value, uint16_t len, struct mt_options *out)
{
	be64 lead;

	if (len != sizeof(lead))
		return false;
	memcpy(&lead, value, sizeof(lead));
	out->has_lead_seq_no = true;
	out->lead_seq_no = be64_get(lead);
	return true;
}

/* False when the value is none its option can have. An option of an id unknown to us is skipped (E12). */
static bool take_option(uint16_t id, const uint8_t *value, uint16_t len, struct mt_options *out)
{
	switch (id) {
	case MT_OPT_CPU_UTIL:
		return take_percent(value, len, &out->has_cpu, &out->cpu_util);
	case MT_OPT_MEM_UTIL:
		return take_percent(value, len, &out->has_mem, &out->mem_util);
	case MT_OPT_NET_UTIL:
		return take_percent(value, len, &out->has_net, &out->net_util);
	case MT_OPT_ODATA_FW_LEAD_SEQ_NO:
		return take_lead_seq_no(value, len, out);
	case MT_OPT_USER_SID:
		out->user_sid = value;
		out->user_sid_len = len;
		return true;
	case MT_OPT_CAPABILITIES:
		out->capabilities = value;
		out->capabilities_len = len;
		return true;
	default:
		return true;
	}
}

static enum mt_read read_option_list(struct reader *r, uint16_t count, struct mt_options *out)
{
	for (; count > 0; count--) {
		const struct mt_wire_option *option = reader_take(r, sizeof(*option));
		const uint8_t *value;

		if (option == NULL)
			return MT_READ_SHORT;
		value = reader_take(r, be16_get(option->len));
		if (value == NULL)
			return MT_READ_SHORT;
		if (!take_option(be16_get(option->id), value, be16_get(option->len), out))
			return MT_READ_FIELD;
	}
	return reader_left(r) == 0 ? MT_READ_OK : MT_READ_TRAILING;
}

static inline enum mt_read read_options(struct reader *r, struct mt_options *out)
{
	uint16_t count;

	*out = (struct mt_options){ 0 };
	if (reader_left(r) == 0) /* E13 */
		return MT_READ_OK;
	if (!mt_read_u16(r, &count))
		return MT_READ_SHORT;
	return read_option_list(r, count, out);
}

enum mt_read mt_read(const void *datagram, size_t len, struct mt_packet *out)
{
	struct reader r = reader_of(datagram, len);
	enum mt_read result = read_security(&r, &out->security);

	if (result == MT_READ_OK)
		result = read_session(&r, out);
	if (result != MT_READ_OK)
		return result;
	if (out->opcode == MT_ODATA || out->opcode == MT_RDATA)
		result = read_data(&r, &out->data);
	else
		result = mt_read_control(&r, out);
	return result == MT_READ_OK ? read_options(&r, &out->options) : result;
}

bool mt_has_capability(const struct mt_options *o, uint8_t capability)
{
	return o->capabilities != NULL && memchr(o->capabilities, capability, o->capabilities_len) != NULL;
}
