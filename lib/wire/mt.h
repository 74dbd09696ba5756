/*
 * MS-WDSMT, the transport: the 15 packets, their options and the security header, section 2.2.
 * Readers point into the datagram and check every length; writers write into a span and set its
 * `full` flag when it is too small. No decisions here: a reader accepts what the layout allows.
 */
#ifndef WDSCAST_WIRE_MT_H
#define WDSCAST_WIRE_MT_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/ranges.h"

enum mt_opcode { /* 2.2.3 */
	MT_SPM = 0x01,
	MT_JOIN = 0x02,
	MT_JOINACK = 0x03,
	MT_QCC = 0x04,
	MT_QCR = 0x05,
	MT_ODATA = 0x06,
	MT_RDATA = 0x07,
	MT_ACK = 0x08,
	MT_NACK = 0x09,
	MT_NCF = 0x0a,
	MT_LEAVE = 0x0b,
	MT_POLL = 0x0c,
	MT_POLLACK = 0x0d, /* E1: 3.1.5.1 prints 0x0c */
	MT_KICK = 0x0e,
	MT_DEMOTE = 0x0f,
};

enum mt_security_type { /* 2.2.2 */
	MT_SECHDR_NONE = 0x00,
	MT_SECHDR_HASH = 0x01,
	MT_SECHDR_SIGN = 0x02,
	MT_SECHDR_CHECKSUM = 0x03,
};

enum mt_option_id { /* 2.2.4 */
	MT_OPT_CPU_UTIL = 0x0101,
	MT_OPT_MEM_UTIL = 0x0102,
	MT_OPT_NET_UTIL = 0x0103,
	MT_OPT_ODATA_FW_LEAD_SEQ_NO = 0x0406,
	MT_OPT_USER_SID = 0x0504,
	MT_OPT_CAPABILITIES = 0x0505,
};

enum { MT_CAP_MULTISTREAM = 0x01 }; /* 2.2.5.1 */

enum mt_leave_reason { /* 2.2.11 */
	MT_LEAVE_COMPLETE = 0x00,
	MT_LEAVE_CANCELLED = 0x01,
	MT_LEAVE_INACTIVE = 0x02,
};

enum mt_kick_reason { /* 2.2.12.1 */
	MT_KICK_POLICY_NOT_MET = 0x00,
	MT_KICK_FALLBACK = 0x01,
	MT_KICK_FAIL = 0x02,
};

#define MT_LOSS_RATE_ONE 10000000000000000ull /* a LossRate of 1.0, 3.1.5.9.5 */
#define MT_NAME_CHARS 16                      /* of ClientName, NUL included, 2.2.5 */
#define MT_KICK_MAX 200                       /* clients a KICK, 3.1.5.6.1 */
#define MT_DEMOTE_MAX 250                     /* clients a DEMOTE, 2.2.13 */
#define MT_SECURITY_HEADER_BYTES 5            /* without SecurityData */
#define MT_SESSION_HEADER_BYTES 13
#define MT_DATA_FIELDS_BYTES 22               /* of ODATA and RDATA before Data, 2.2.16 */
#define MT_OPTIONS_COUNT_BYTES 2              /* E13: always sent, 3.4 of the sheet */
#define MT_OPTION_LEAD_BYTES 12               /* option 0x0406 with its value */

/* Security Header, 2.2.2. */
struct mt_security {
	uint8_t type;        /* as received; may be no mt_security_type */
	uint16_t data_len;
	const uint8_t *data; /* into the packet */
};

/* 2.2.4. What is absent has its `has` flag false; unknown options are skipped. */
struct mt_options {
	bool has_cpu, has_mem, has_net, has_lead_seq_no;
	uint8_t cpu_util, mem_util, net_util; /* percent */
	uint64_t lead_seq_no;                 /* ODATA_FW_LEAD_SEQ_NO */
	const uint8_t *user_sid;              /* NULL: absent */
	const uint8_t *capabilities;          /* NULL: absent; one capability a byte */
	uint16_t user_sid_len, capabilities_len;
};

/* Both included. An end before its start is no reason to refuse a packet: a client that follows 3.2.1.3.1.2
 * to the letter lists such ranges (E6). Skip them. */
struct mt_wire_range { /* 2.2.18.1 */
	be64 start, end;
};
struct mt_wire_kick {       /* 2.2.12.1 */
	be32 client_id;
	uint8_t reason;
};

struct mt_join {
	uint16_t name[MT_NAME_CHARS]; /* UTF-16 units in host order; NUL-terminated, zero after it */
	struct ip_addr ip;
	uint8_t mac_len;
	uint8_t mac[255];
};
struct mt_joinack {
	uint32_t client_id;
	uint16_t min_nack_backoff_ms, max_nack_backoff_ms, rtt_ms;
	uint64_t client_time;
};
struct mt_qcc {
	uint64_t qcc_seq_no;
	uint16_t qcr_backoff_ms;
};
struct mt_qcr {
	uint32_t client_id;
	uint64_t qcc_seq_no;
	uint16_t backoff_ms;
	uint64_t server_time, hi_odata_seq_no, loss_rate; /* loss_rate as on the wire, of MT_LOSS_RATE_ONE */
	uint16_t app_data_len;
	const uint8_t *app_data;
};
struct mt_poll {
	uint64_t poll_seq_no;
	uint16_t backoff_ms;
	uint16_t app_data_len;
	const uint8_t *app_data;
};
struct mt_pollack {
	uint32_t client_id;
	uint64_t poll_seq_no;
	uint16_t app_data_len;
	const uint8_t *app_data;
};
struct mt_leave {
	uint32_t client_id;
	uint8_t reason;
};
struct mt_kick {
	uint16_t count;
	const struct mt_wire_kick *clients;
};
struct mt_demote {
	uint32_t lower_session_id;
	struct endpoint multicast, unicast;
	uint16_t count;
	const be32 *client_ids;
};
struct mt_spm {
	uint64_t spm_seq_no;
	uint32_t master_client_id;
	uint16_t min_nack_backoff_ms, max_nack_backoff_ms;
	uint64_t trail_seq_no, lead_seq_no;
	uint16_t rtt_ms;
};
struct mt_ack {
	uint32_t client_id;
	uint64_t odata_seq_no, server_time, hi_odata_seq_no, loss_rate;
};
struct mt_data { /* ODATA and RDATA */
	uint32_t client_id;
	uint64_t odata_seq_no, trail_seq_no;
	uint16_t data_len;
	const uint8_t *data;
};
struct mt_nack {
	uint32_t client_id;
	uint64_t hi_odata_seq_no, loss_rate;
	uint16_t count;
	const struct mt_wire_range *ranges;
};
struct mt_ncf {
	uint16_t count;
	const struct mt_wire_range *ranges;
};

/* One packet, taken apart. Everything it points to lies in the datagram. */
struct mt_packet {
	struct mt_security security;
	const uint8_t *covered; /* from the Session Header to the end of the datagram: what */
	size_t covered_len;     /* hash, signature and checksum are made over, as received */
	uint32_t session_id;
	uint8_t opcode;
	uint64_t sender_time;
	union {
		struct mt_join join;
		struct mt_joinack joinack;
		struct mt_qcc qcc;
		struct mt_qcr qcr;
		struct mt_poll poll;
		struct mt_pollack pollack;
		struct mt_leave leave;
		struct mt_kick kick;
		struct mt_demote demote;
		struct mt_spm spm;
		struct mt_ack ack;
		struct mt_data data;
		struct mt_nack nack;
		struct mt_ncf ncf;
	};
	struct mt_options options;
};

enum mt_read {
	MT_READ_OK,
	MT_READ_SHORT,      /* shorter than it claims */
	MT_READ_NOT_WD,     /* no 'WD' in front */
	MT_READ_OPCODE,     /* unknown OpCode */
	MT_READ_FIELD,      /* a field whose value its layout forbids: an address length, a percentage,
	                     * security data that its type has not */
	MT_READ_TRAILING,   /* bytes after the packet and its options */
};

/*
 * Read a whole datagram. A packet may end with its section, or go on with OptionsCount and the
 * options (E13); an OptionsCount with less than its options, or bytes after them, is refused.
 */
enum mt_read mt_read(const void *datagram, size_t len, struct mt_packet *out);

/* Whether the capability list has this number, 2.2.5.1. Absent list: false. */
bool mt_has_capability(const struct mt_options *o, uint8_t capability);

/* What goes before every packet-specific section. */
struct mt_head {
	uint8_t security_type;
	uint16_t security_len; /* bytes of SecurityData to leave room for; written as zero, for security_seal() */
	uint32_t session_id;
	uint64_t sender_time;
};

/*
 * Writers, one a packet. Each writes Security Header (its data zero), Session Header, section and
 * options; o may be NULL: then OptionsCount 0 is written (E13). Counts beyond their limit set full.
 */
void mt_write_join(struct writer *w, const struct mt_head *h, const struct mt_join *p, const struct mt_options *o);
void mt_write_joinack(struct writer *w, const struct mt_head *h, const struct mt_joinack *p);
void mt_write_qcc(struct writer *w, const struct mt_head *h, const struct mt_qcc *p);
void mt_write_qcr(struct writer *w, const struct mt_head *h, const struct mt_qcr *p, const struct mt_options *o);
void mt_write_poll(struct writer *w, const struct mt_head *h, const struct mt_poll *p);
void mt_write_pollack(struct writer *w, const struct mt_head *h, const struct mt_pollack *p);
void mt_write_leave(struct writer *w, const struct mt_head *h, const struct mt_leave *p);
void mt_write_kick(struct writer *w, const struct mt_head *h, const struct mt_kick *p);
void mt_write_demote(struct writer *w, const struct mt_head *h, const struct mt_demote *p);
void mt_write_spm(struct writer *w, const struct mt_head *h, const struct mt_spm *p);
void mt_write_ack(struct writer *w, const struct mt_head *h, const struct mt_ack *p);
/* p->ranges is ignored: the ranges are v[0..n-1], first and last as start and end. */
void mt_write_nack(struct writer *w, const struct mt_head *h, const struct mt_nack *p, const struct range *v, uint16_t n);
void mt_write_ncf(struct writer *w, const struct mt_head *h, const struct range *v, uint16_t n);
/* opcode: MT_ODATA or MT_RDATA. Whole packet, p->data copied. RDATA takes no options (2.2.17). */
void mt_write_data(struct writer *w, const struct mt_head *h, uint8_t opcode, const struct mt_data *p,
                   const struct mt_options *o);
/* The same in pieces, for a payload that stays where it is: all before Data, and all after it. */
void mt_write_data_head(struct writer *w, const struct mt_head *h, uint8_t opcode, const struct mt_data *p);
void mt_write_options(struct writer *w, const struct mt_options *o);

#endif
