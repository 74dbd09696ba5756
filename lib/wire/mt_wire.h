/* The layouts of MS-WDSMT 2.2, each once: readers and writers share them. Private to the room. */
#ifndef WDSCAST_WIRE_MT_WIRE_H
#define WDSCAST_WIRE_MT_WIRE_H

#include "wire/mt.h"

#include <assert.h>

struct mt_wire_security {      /* 2.2.2; SecurityData follows */
	uint8_t identifier[2]; /* 'W', 'D' */
	uint8_t type;
	be16 data_len;
};
static_assert(sizeof(struct mt_wire_security) == 5, "Security Header is 5 bytes before its data");

struct mt_wire_session { /* 2.2.3 */
	be32 session_id;
	uint8_t opcode;
	be64 sender_time;
};
static_assert(sizeof(struct mt_wire_session) == 13, "Session Header is 13 bytes");

struct mt_wire_option { /* 2.2.4; OptionsValue follows */
	be16 id, len;
};

struct mt_wire_name { /* 2.2.5, the fixed start of JOIN; two counted addresses follow */
	le16 units[16];
};

struct mt_wire_joinack { /* 2.2.6 */
	be32 client_id;
	be16 min_nack_backoff_ms, max_nack_backoff_ms, rtt_ms;
	be64 client_time;
};
static_assert(sizeof(struct mt_wire_joinack) == 18, "JOINACK is 18 bytes");

struct mt_wire_qcc { /* 2.2.7 */
	be64 qcc_seq_no;
	be16 qcr_backoff_ms;
};
static_assert(sizeof(struct mt_wire_qcc) == 10, "QCC is 10 bytes");

struct mt_wire_qcr { /* 2.2.8; AppData follows */
	be32 client_id;
	be64 qcc_seq_no;
	be16 backoff_ms;
	be64 server_time, hi_odata_seq_no, loss_rate;
	be16 app_data_len;
};
static_assert(sizeof(struct mt_wire_qcr) == 40, "QCR is 40 bytes before AppData");

struct mt_wire_poll { /* 2.2.9; AppData follows */
	be64 poll_seq_no;
	be16 backoff_ms;
	be16 app_data_len;
};
static_assert(sizeof(struct mt_wire_poll) == 12, "POLL is 12 bytes before AppData");

struct mt_wire_pollack { /* 2.2.10; AppData follows */
	be32 client_id;
	be64 poll_seq_no;
	be16 app_data_len;
};
static_assert(sizeof(struct mt_wire_pollack) == 14, "POLLACK is 14 bytes before AppData");

struct mt_wire_leave { /* 2.2.11 */
	be32 client_id;
	uint8_t reason;
};
static_assert(sizeof(struct mt_wire_leave) == 5, "LEAVE is 5 bytes");

struct mt_wire_spm { /* 2.2.14 */
	be64 spm_seq_no;
	be32 master_client_id;
	be16 min_nack_backoff_ms, max_nack_backoff_ms;
	be64 trail_seq_no, lead_seq_no;
	be16 rtt_ms;
};
static_assert(sizeof(struct mt_wire_spm) == 34, "SPM is 34 bytes");

struct mt_wire_ack { /* 2.2.15 */
	be32 client_id;
	be64 odata_seq_no, server_time, hi_odata_seq_no, loss_rate;
};
static_assert(sizeof(struct mt_wire_ack) == 36, "ACK is 36 bytes");

struct mt_wire_data { /* 2.2.16, 2.2.17; Data follows */
	be32 client_id;
	be64 odata_seq_no, trail_seq_no;
	be16 data_len;
};
static_assert(sizeof(struct mt_wire_data) == 22, "ODATA is 22 bytes before Data");

struct mt_wire_nack { /* 2.2.18; RangeList follows */
	be32 client_id;
	be64 hi_odata_seq_no, loss_rate;
	be16 count;
};
static_assert(sizeof(struct mt_wire_nack) == 22, "NACK is 22 bytes before RangeList");

static_assert(sizeof(struct mt_wire_range) == 16, "2.2.18.1");
static_assert(sizeof(struct mt_wire_kick) == 5, "2.2.12.1");

static inline bool mt_read_u16(struct reader *r, uint16_t *out)
{
	const be16 *v = reader_take(r, sizeof(*v));

	if (v != NULL)
		*out = be16_get(*v);
	return v != NULL;
}

static inline enum mt_read mt_read_payload(struct reader *r, uint16_t len, const uint8_t **out)
{
	*out = reader_take(r, len);
	return *out != NULL ? MT_READ_OK : MT_READ_SHORT;
}

/* The section of a packet that is neither ODATA nor RDATA; out->opcode tells which. */
enum mt_read mt_read_control(struct reader *r, struct mt_packet *out);

#endif
