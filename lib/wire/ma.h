/* MS-WDSMA, the application: the 4 packets, section 2.2. They travel as AppData of MS-WDSMT. */
#ifndef WDSCAST_WIRE_MA_H
#define WDSCAST_WIRE_MA_H

#include "base/bytes.h"
#include "base/ranges.h"

enum ma_opcode { /* 2.2.1 */
	MA_SRV_CIR = 0x01,
	MA_CNT_CIR = 0x02,
	MA_SRV_DATA = 0x03,
	MA_CNT_PROGRESS = 0x04,
};

#define MA_HEADER_BYTES 3
#define MA_DATA_FIELDS_BYTES 13 /* of DATA before Data, header included */
#define MA_RANGES_MAX 64        /* ranges of a CNTCIR, 2.2.3 */
#define MA_SRVCIR_BYTES 3
#define MA_PROGRESS_BYTES 8
#define MA_CNTCIR_BYTES_MAX (10 + 16 * MA_RANGES_MAX)

struct ma_wire_range {   /* 2.2.3.1 */
	be64 first, last; /* both included */
};

struct ma_cntcir {
	uint8_t progress; /* percent, 0 to 100 */
	uint32_t time_in_session_s;
	uint16_t count;
	const struct ma_wire_range *ranges;
};
struct ma_data {
	uint64_t block_no; /* from 1 (the sheet's 6.1) */
	uint16_t data_len;
	const uint8_t *data;
};
struct ma_progress {
	uint32_t time_in_session_s;
	uint8_t progress;
};

struct ma_packet {
	uint8_t opcode;
	union {
		struct ma_cntcir cntcir;
		struct ma_data data;
		struct ma_progress progress;
	};
};

/* False when Packet-Size is not len, the OpCode is unknown, a count is beyond its limit or does not fit. */
bool ma_read(const void *bytes, size_t len, struct ma_packet *out);
/* The same for what should be DATA: false when it is another packet. */
bool ma_read_data(const void *bytes, size_t len, struct ma_data *out);

void ma_write_srvcir(struct writer *w);
/* Writes the first MA_RANGES_MAX of the n ranges. p->count and p->ranges are ignored. */
void ma_write_cntcir(struct writer *w, const struct ma_cntcir *p, const struct range *v, uint32_t n);
void ma_write_data(struct writer *w, const struct ma_data *p);
/* All of DATA before Data. */
void ma_write_data_head(struct writer *w, const struct ma_data *p);
void ma_write_progress(struct writer *w, const struct ma_progress *p);

/* The block before the content bytes of a block number: offset = (block_no - 1) * block_size, sheet 6.1. */
static inline uint64_t ma_block_offset(uint64_t block_no, uint32_t block_bytes)
{
	return (block_no - 1) * block_bytes;
}

/* ceil(content / block), 2.7 of the sheet. */
static inline uint64_t ma_total_blocks(uint64_t content_bytes, uint32_t block_bytes)
{
	return content_bytes / block_bytes + (content_bytes % block_bytes != 0);
}

/* Bytes of block block_no (1..total): all have block_bytes but perhaps the last. */
static inline uint32_t ma_block_len(uint64_t block_no, uint64_t content_bytes, uint32_t block_bytes)
{
	uint64_t left = content_bytes - ma_block_offset(block_no, block_bytes);

	return left < block_bytes ? (uint32_t)left : block_bytes;
}

#endif
