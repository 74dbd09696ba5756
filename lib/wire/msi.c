#include "wire/msi.h"

#include <assert.h>

struct msi_wire_header { /* 2.2.2 */
	uint8_t opcode;
	be16 options_count;
};
static_assert(sizeof(struct msi_wire_header) == 3, "sheet 3.1");

struct msi_wire_option { /* OptionValue follows */
	be16 id, len;
};
static_assert(sizeof(struct msi_wire_option) == 4, "sheet 3.1");

/* An option as received; value points into the datagram. */
struct option {
	uint16_t id, len;
	const uint8_t *value;
};

enum take { /* what became of an option */
	    TAKE_OK,
	    TAKE_MALFORMED,
	    TAKE_UNKNOWN,
};

/* The low byte of an OptionId numbers the option: 1 to 13 (sheet 3.2), and 31 in the word is ours. So it has a bit for each. */
#define BIT(id) (1u << ((id)&0x1f))

#define REPLY_OPTIONS 8
#define REPLY_BITS                                                                                           \
	(BIT(MSI_OPT_MULTICAST_ADDR) | BIT(MSI_OPT_SERVER_ADDR) | BIT(MSI_OPT_MULTICAST_PORT) |              \
	 BIT(MSI_OPT_SERVER_PORT) | BIT(MSI_OPT_CONTENT_SIZE) | BIT(MSI_OPT_TOTAL_BLOCKS) |                  \
	 BIT(MSI_OPT_BLOCK_SIZE) | BIT(MSI_OPT_SESSION_ID))

static enum take take_ok_if(bool ok)
{
	return ok ? TAKE_OK : TAKE_MALFORMED;
}

static bool take_u16(const struct option *o, uint16_t *out)
{
	be16 v;

	if (o->len != sizeof(v))
		return false;
	memcpy(&v, o->value, sizeof(v));
	*out = be16_get(v);
	return true;
}

static bool take_u32(const struct option *o, uint32_t *out)
{
	be32 v;

	if (o->len != sizeof(v))
		return false;
	memcpy(&v, o->value, sizeof(v));
	*out = be32_get(v);
	return true;
}

static bool take_u64(const struct option *o, uint64_t *out)
{
	be64 v;

	if (o->len != sizeof(v))
		return false;
	memcpy(&v, o->value, sizeof(v));
	*out = be64_get(v);
	return true;
}

static bool take_ip(const struct option *o, struct ip_addr *out)
{
	if (o->len != 4 && o->len != 16)
		return false;
	*out = ip_of_bytes(o->value, (uint8_t)o->len);
	return true;
}

static bool take_mac(const struct option *o, struct msi_request *out)
{
	if (o->len > sizeof(out->mac))
		return false;
	out->mac_len = (uint8_t)o->len;
	memcpy(out->mac, o->value, o->len);
	return true;
}

static bool take_flag(const struct option *o, bool *out)
{
	if (o->len != 1)
		return false;
	*out = o->value[0] == 1;
	return true;
}

static bool take_stamp(const struct option *o, struct msi_stamp *out)
{
	if (o->len != sizeof(out->bytes))
		return false;
	memcpy(out->bytes, o->value, sizeof(out->bytes));
	out->is_set = true;
	return true;
}

/* Little-endian units of which the last, and no other, is NUL. */
static bool take_name(const struct option *o, struct msi_name *out)
{
	const le16 *unit = (const le16 *)o->value;
	unsigned n = o->len / sizeof(*unit);

	if (o->len % sizeof(*unit) != 0 || n == 0 || n > MSI_NAME_CHARS_MAX)
		return false;
	for (unsigned i = 0; i < n; i++) {
		out->units[i] = le16_get(unit[i]);
		if ((out->units[i] == 0) != (i == n - 1))
			return false;
	}
	out->len = (uint16_t)(n - 1);
	return true;
}

static enum take take_request_option(const struct option *o, struct msi_request *request)
{
	switch (o->id) {
	case MSI_OPT_NAMESPACE:
		return take_ok_if(take_name(o, &request->name_space));
	case MSI_OPT_CONTENT:
		return take_ok_if(take_name(o, &request->content));
	case MSI_OPT_MAC_ADDRESS:
		return take_ok_if(take_mac(o, request));
	case MSI_OPT_IPV6_CAPABLE:
		return take_ok_if(take_flag(o, &request->ipv6_capable));
	case MSI_OPT_STAMP:
		return take_ok_if(take_stamp(o, &request->stamp));
	default:
		return TAKE_UNKNOWN;
	}
}

/* An error ends up in *error; it is none of the reply's own options. */
static enum take take_reply_option(const struct option *o, struct msi_reply *reply, uint32_t *error)
{
	switch (o->id) {
	case MSI_OPT_MULTICAST_ADDR:
		return take_ok_if(take_ip(o, &reply->multicast.ip));
	case MSI_OPT_SERVER_ADDR:
		return take_ok_if(take_ip(o, &reply->server.ip));
	case MSI_OPT_MULTICAST_PORT:
		return take_ok_if(take_u16(o, &reply->multicast.port));
	case MSI_OPT_SERVER_PORT:
		return take_ok_if(take_u16(o, &reply->server.port));
	case MSI_OPT_CONTENT_SIZE:
		return take_ok_if(take_u64(o, &reply->content_bytes));
	case MSI_OPT_TOTAL_BLOCKS:
		return take_ok_if(take_u64(o, &reply->total_blocks));
	case MSI_OPT_BLOCK_SIZE:
		return take_ok_if(take_u32(o, &reply->block_bytes));
	case MSI_OPT_SESSION_ID:
		return take_ok_if(take_u32(o, &reply->session_id));
	case MSI_OPT_STAMP:
		return take_ok_if(take_stamp(o, &reply->stamp));
	case MSI_OPT_ERROR:
		return take_ok_if(take_u32(o, error) && *error != 0);
	default:
		return TAKE_UNKNOWN;
	}
}

static bool read_option(struct reader *r, struct option *out)
{
	const struct msi_wire_option *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return false;
	out->id = be16_get(h->id);
	out->len = be16_get(h->len);
	out->value = reader_take(r, out->len);
	return out->value != NULL;
}

/* What a known option adds to the set of those seen; false when it is malformed or was there before. */
static bool count_option(uint32_t *seen, const struct option *o, enum take take)
{
	if (take == TAKE_UNKNOWN)
		return true;
	if (take == TAKE_MALFORMED || (*seen & BIT(o->id)) != 0)
		return false;
	*seen |= BIT(o->id);
	return true;
}

/* An option that is neither packet's own. */
static bool take_other(const struct option *o, uint16_t left, struct msi_proof *proof)
{
	if (o->id != MSI_OPT_PROOF)
		return true;
	proof->covered_len = (size_t)(o->value - proof->packet);
	proof->bytes = o->value;
	proof->len = o->len;
	return left == 1 && o->len > 0;
}

static void clear_request(struct msi_request *request)
{
	request->name_space.len = request->content.len = 0;
	request->name_space.units[0] = request->content.units[0] = 0;
	request->mac_len = 0;
	request->ipv6_capable = false;
	request->stamp.is_set = false;
}

static unsigned missing_of_request(uint32_t seen)
{
	return (seen & BIT(MSI_OPT_NAMESPACE) ? 0u : MSI_MISSING_NAMESPACE) |
	       (seen & BIT(MSI_OPT_CONTENT) ? 0u : MSI_MISSING_CONTENT) |
	       (seen & BIT(MSI_OPT_MAC_ADDRESS) ? 0u : MSI_MISSING_MAC);
}

static bool read_request(struct reader *r, uint16_t count, struct msi_packet *out)
{
	uint32_t seen = 0;
	struct option o;

	clear_request(&out->request);
	for (; count > 0; count--)
		if (!read_option(r, &o) || !take_other(&o, count, &out->proof) ||
		    !count_option(&seen, &o, take_request_option(&o, &out->request)))
			return false;
	out->kind = MSI_REQUEST;
	out->missing = missing_of_request(seen);
	return true;
}

/* A reply or an error, which only its option tells apart (3.3). */
static bool read_reply(struct reader *r, uint16_t count, struct msi_packet *out)
{
	uint32_t seen = 0, error = 0;
	struct option o;

	out->reply = (struct msi_reply){ 0 };
	for (; count > 0; count--)
		if (!read_option(r, &o) || !take_other(&o, count, &out->proof) ||
		    !count_option(&seen, &o, take_reply_option(&o, &out->reply, &error)))
			return false;
	out->kind = error != 0 ? MSI_ERROR : MSI_REPLY;
	out->missing = error != 0 || (seen & REPLY_BITS) == REPLY_BITS ? 0 : MSI_MISSING_REPLY;
	if (error != 0)
		out->error = error;
	return true;
}

bool msi_read(const void *datagram, size_t len, struct msi_packet *out)
{
	struct reader r = reader_of(datagram, len);
	const struct msi_wire_header *h = reader_take(&r, sizeof(*h));
	uint16_t count;

	if (h == NULL)
		return false;
	count = be16_get(h->options_count);
	out->proof = (struct msi_proof){ .packet = datagram };
	if (h->opcode == MSI_OP_REQUEST)
		return read_request(&r, count, out) && reader_left(&r) == 0;
	if (h->opcode == MSI_OP_REPLY)
		return read_reply(&r, count, out) && reader_left(&r) == 0;
	return false;
}

static void write_header(struct writer *w, uint8_t opcode, uint16_t options_count)
{
	struct msi_wire_header header = { opcode, be16_of(options_count) };

	writer_bytes(w, &header, sizeof(header));
}

static void write_option(struct writer *w, uint16_t id, const void *value, uint16_t len)
{
	struct msi_wire_option option = { be16_of(id), be16_of(len) };

	writer_bytes(w, &option, sizeof(option));
	writer_bytes(w, value, len);
}

static void write_u16(struct writer *w, uint16_t id, uint16_t value)
{
	be16 v = be16_of(value);

	write_option(w, id, &v, sizeof(v));
}

static void write_u32(struct writer *w, uint16_t id, uint32_t value)
{
	be32 v = be32_of(value);

	write_option(w, id, &v, sizeof(v));
}

static void write_u64(struct writer *w, uint16_t id, uint64_t value)
{
	be64 v = be64_of(value);

	write_option(w, id, &v, sizeof(v));
}

static void write_stamp(struct writer *w, const struct msi_stamp *stamp)
{
	if (stamp->is_set)
		write_option(w, MSI_OPT_STAMP, stamp->bytes, sizeof(stamp->bytes));
}

static void write_name(struct writer *w, uint16_t id, const struct msi_name *name)
{
	le16 units[MSI_NAME_CHARS_MAX];

	if (name->len >= MSI_NAME_CHARS_MAX) {
		w->full = true;
		return;
	}
	for (unsigned i = 0; i < name->len; i++)
		units[i] = le16_of(name->units[i]);
	units[name->len] = le16_of(0);
	write_option(w, id, units, (uint16_t)((name->len + 1u) * sizeof(units[0])));
}

static void write_ip(struct writer *w, uint16_t id, const struct ip_addr *ip)
{
	if (ip->len != 4 && ip->len != 16)
		w->full = true;
	write_option(w, id, ip->b, ip->len);
}

void msi_write_request(struct writer *w, const struct msi_request *p)
{
	static const uint8_t capable = 1;

	if (p->mac_len > sizeof(p->mac))
		w->full = true;
	write_header(w, MSI_OP_REQUEST, (uint16_t)(3 + p->ipv6_capable + p->stamp.is_set));
	write_name(w, MSI_OPT_NAMESPACE, &p->name_space);
	write_name(w, MSI_OPT_CONTENT, &p->content);
	write_option(w, MSI_OPT_MAC_ADDRESS, p->mac, p->mac_len);
	if (p->ipv6_capable) /* absent says no (3.2), as Windows' clients do */
		write_option(w, MSI_OPT_IPV6_CAPABLE, &capable, sizeof(capable));
	write_stamp(w, &p->stamp);
}

void msi_write_reply(struct writer *w, const struct msi_reply *p)
{
	write_header(w, MSI_OP_REPLY, (uint16_t)(REPLY_OPTIONS + p->stamp.is_set));
	write_ip(w, MSI_OPT_MULTICAST_ADDR, &p->multicast.ip);
	write_ip(w, MSI_OPT_SERVER_ADDR, &p->server.ip);
	write_u16(w, MSI_OPT_MULTICAST_PORT, p->multicast.port);
	write_u16(w, MSI_OPT_SERVER_PORT, p->server.port);
	write_u64(w, MSI_OPT_CONTENT_SIZE, p->content_bytes);
	write_u32(w, MSI_OPT_BLOCK_SIZE, p->block_bytes);
	write_u64(w, MSI_OPT_TOTAL_BLOCKS, p->total_blocks);
	write_u32(w, MSI_OPT_SESSION_ID, p->session_id);
	write_stamp(w, &p->stamp);
}

void msi_write_error(struct writer *w, uint32_t win32_error)
{
	write_header(w, MSI_OP_REPLY, 1);
	write_u32(w, MSI_OPT_ERROR, win32_error);
}

uint8_t *msi_append_proof(struct writer *w, uint16_t len)
{
	struct msi_wire_option option = { be16_of(MSI_OPT_PROOF), be16_of(len) };
	struct msi_wire_header *header = (struct msi_wire_header *)w->start;
	uint8_t *value;

	writer_bytes(w, &option, sizeof(option));
	value = writer_take(w, len);
	if (value != NULL)
		header->options_count = be16_of((uint16_t)(be16_get(header->options_count) + 1));
	return value;
}
