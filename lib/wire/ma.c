#include "wire/ma.h"

#include <assert.h>

struct ma_wire_header {   /* 2.2.1 */
	be16 packet_size; /* of all, these 3 bytes too */
	uint8_t opcode;
};
static_assert(sizeof(struct ma_wire_header) == MA_HEADER_BYTES, "2.2.1");

struct ma_wire_cntcir { /* 2.2.3; RangeList follows */
	uint8_t progress;
	be32 time_in_session_s;
	be16 count;
};

struct ma_wire_data { /* 2.2.4; Data follows */
	be64 block_no;
	be16 data_len;
};

struct ma_wire_progress { /* 2.2.5: the other order than CNTCIR's */
	be32 time_in_session_s;
	uint8_t progress;
};

#define CNTCIR_FIELDS_BYTES (MA_HEADER_BYTES + sizeof(struct ma_wire_cntcir))

static_assert(sizeof(struct ma_wire_range) == 16, "2.2.3.1");
static_assert(CNTCIR_FIELDS_BYTES + 16 * MA_RANGES_MAX == MA_CNTCIR_BYTES_MAX, "2.2.3");
static_assert(MA_HEADER_BYTES + sizeof(struct ma_wire_data) == MA_DATA_FIELDS_BYTES, "2.2.4");
static_assert(MA_HEADER_BYTES + sizeof(struct ma_wire_progress) == MA_PROGRESS_BYTES, "2.2.5");

static inline bool read_data(struct reader *r, struct ma_data *out)
{
	const struct ma_wire_data *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return false;
	out->block_no = be64_get(h->block_no);
	out->data_len = be16_get(h->data_len);
	out->data = reader_take(r, out->data_len);
	return out->data != NULL;
}

static bool read_cntcir(struct reader *r, struct ma_cntcir *out)
{
	const struct ma_wire_cntcir *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return false;
	out->progress = h->progress;
	out->time_in_session_s = be32_get(h->time_in_session_s);
	out->count = be16_get(h->count);
	if (out->count > MA_RANGES_MAX)
		return false;
	out->ranges = reader_take(r, out->count * sizeof(*out->ranges));
	return out->ranges != NULL;
}

static bool read_progress(struct reader *r, struct ma_progress *out)
{
	const struct ma_wire_progress *h = reader_take(r, sizeof(*h));

	if (h == NULL)
		return false;
	out->time_in_session_s = be32_get(h->time_in_session_s);
	out->progress = h->progress;
	return true;
}

static bool read_fields(struct reader *r, struct ma_packet *out)
{
	switch (out->opcode) {
	case MA_SRV_DATA:
		return read_data(r, &out->data);
	case MA_SRV_CIR:
		return true;
	case MA_CNT_CIR:
		return read_cntcir(r, &out->cntcir);
	case MA_CNT_PROGRESS:
		return read_progress(r, &out->progress);
	default:
		return false;
	}
}

bool ma_read(const void *bytes, size_t len, struct ma_packet *out)
{
	struct reader r = reader_of(bytes, len);
	const struct ma_wire_header *h = reader_take(&r, sizeof(*h));

	if (h == NULL || be16_get(h->packet_size) != len)
		return false;
	out->opcode = h->opcode;
	return read_fields(&r, out) && reader_left(&r) == 0;
}

bool ma_read_data(const void *bytes, size_t len, struct ma_data *out)
{
	struct reader r = reader_of(bytes, len);
	const struct ma_wire_header *h = reader_take(&r, sizeof(*h));

	return h != NULL && be16_get(h->packet_size) == len && h->opcode == MA_SRV_DATA && read_data(&r, out) &&
	       reader_left(&r) == 0;
}

/* Packet-Size has 16 bits: a packet that needs more does not fit anywhere. */
static void write_header(struct writer *w, uint8_t opcode, size_t packet_bytes)
{
	struct ma_wire_header header = { be16_of((uint16_t)packet_bytes), opcode };

	if (packet_bytes > UINT16_MAX)
		w->full = true;
	writer_bytes(w, &header, sizeof(header));
}

void ma_write_srvcir(struct writer *w)
{
	write_header(w, MA_SRV_CIR, MA_SRVCIR_BYTES);
}

void ma_write_cntcir(struct writer *w, const struct ma_cntcir *p, const struct range *v, uint32_t n)
{
	uint16_t count = n < MA_RANGES_MAX ? (uint16_t)n : MA_RANGES_MAX;
	struct ma_wire_cntcir wire = { p->progress, be32_of(p->time_in_session_s), be16_of(count) };

	write_header(w, MA_CNT_CIR, CNTCIR_FIELDS_BYTES + count * sizeof(struct ma_wire_range));
	writer_bytes(w, &wire, sizeof(wire));
	for (uint16_t i = 0; i < count; i++) {
		struct ma_wire_range range = { be64_of(v[i].first), be64_of(v[i].last) };

		writer_bytes(w, &range, sizeof(range));
	}
}

void ma_write_data_head(struct writer *w, const struct ma_data *p)
{
	struct ma_wire_data wire = { be64_of(p->block_no), be16_of(p->data_len) };

	write_header(w, MA_SRV_DATA, (size_t)MA_DATA_FIELDS_BYTES + p->data_len);
	writer_bytes(w, &wire, sizeof(wire));
}

void ma_write_data(struct writer *w, const struct ma_data *p)
{
	ma_write_data_head(w, p);
	writer_bytes(w, p->data, p->data_len);
}

void ma_write_progress(struct writer *w, const struct ma_progress *p)
{
	struct ma_wire_progress wire = { be32_of(p->time_in_session_s), p->progress };

	write_header(w, MA_CNT_PROGRESS, MA_PROGRESS_BYTES);
	writer_bytes(w, &wire, sizeof(wire));
}
