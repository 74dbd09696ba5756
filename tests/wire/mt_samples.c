#include "wire/mt_samples.h"

static const uint8_t app_data[] = { 0x00, 0x08, 0x04, 0x00, 0x00, 0x01, 0x38, 0x63 };
static const uint8_t sid[] = { 1, 1, 0, 0, 0, 0, 0, 5, 18, 0, 0, 0 };
static const uint8_t capabilities[] = { 7, MT_CAP_MULTISTREAM };
static const struct ip_addr ip6 = { 16, { 0xff, 0x15, [15] = 7 } };
static const struct range ranges[] = { { 3, 5 }, { 9, 9 }, { 0x0102030405060708ull, 0x0102030405060709ull } };

static void write_spm(struct writer *w, const struct mt_head *h)
{
	mt_write_spm(w, h, &(struct mt_spm){ 1, 2, 3, 4, 5, 0x1122334455667788ull, 6 });
}

static void write_join4(struct writer *w, const struct mt_head *h)
{
	struct mt_join join = { .name = { 'P', 'C', 0x00e9 },
		                .mac_len = 6,
		                .mac = { 0, 0x15, 0x5d, 1, 2, 3 } };

	join.ip = ip4_of(192, 168, 0, 10);
	mt_write_join(w, h, &join, NULL);
}

static void write_join6(struct writer *w, const struct mt_head *h)
{
	struct mt_join join = { .name = { 'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm',
		                          'n', 'o' } };
	struct mt_options options = {
		.user_sid = sid,
		.user_sid_len = sizeof(sid),
		.capabilities = capabilities,
		.capabilities_len = sizeof(capabilities),
	};

	join.ip = ip6;
	join.mac_len = 255;
	memset(join.mac, 0xab, sizeof(join.mac));
	mt_write_join(w, h, &join, &options);
}

static void write_joinack(struct writer *w, const struct mt_head *h)
{
	mt_write_joinack(w, h, &(struct mt_joinack){ 0x11223344, 50, 100, 7, 123456789 });
}

static void write_qcc(struct writer *w, const struct mt_head *h)
{
	mt_write_qcc(w, h, &(struct mt_qcc){ 0x0102030405060708ull, 0x0a0b });
}

static const struct mt_qcr qcr = { 1, 2, 3, 4, 5, MT_LOSS_RATE_ONE / 4, sizeof(app_data), app_data };

static void write_qcr(struct writer *w, const struct mt_head *h)
{
	struct mt_options options = {
		.has_cpu = true,
		.has_mem = true,
		.has_net = true,
		.cpu_util = 0,
		.mem_util = 50,
		.net_util = 100,
	};

	mt_write_qcr(w, h, &qcr, &options);
}

static void write_join_qcr(struct writer *w, const struct mt_head *h)
{
	mt_write_qcr(w, h, &(struct mt_qcr){ .client_id = 9, .server_time = 8 }, NULL);
}

static void write_poll(struct writer *w, const struct mt_head *h)
{
	mt_write_poll(w, h, &(struct mt_poll){ 1, 200, 3, app_data });
}

static void write_pollack(struct writer *w, const struct mt_head *h)
{
	mt_write_pollack(w, h, &(struct mt_pollack){ 1, 2, sizeof(app_data), app_data });
}

static void write_leave(struct writer *w, const struct mt_head *h)
{
	mt_write_leave(w, h, &(struct mt_leave){ 0x11223344, MT_LEAVE_INACTIVE });
}

static void write_kick(struct writer *w, const struct mt_head *h)
{
	struct mt_wire_kick clients[MT_KICK_MAX];

	for (uint32_t i = 0; i < MT_KICK_MAX; i++)
		clients[i] = (struct mt_wire_kick){ be32_of(i), (uint8_t)(i % 3) };
	mt_write_kick(w, h, &(struct mt_kick){ MT_KICK_MAX, clients });
}

static void write_empty_kick(struct writer *w, const struct mt_head *h)
{
	mt_write_kick(w, h, &(struct mt_kick){ 0, NULL });
}

static void write_demote4(struct writer *w, const struct mt_head *h)
{
	struct mt_demote demote = { .lower_session_id = 3, .multicast.port = 64132, .unicast.port = 64133 };
	be32 clients[] = { be32_of(1), be32_of(0xfffffffe) };

	demote.multicast.ip = ip4_of(239, 0, 0, 111);
	demote.unicast.ip = ip4_of(192, 168, 0, 200);
	demote.count = 2;
	demote.client_ids = clients;
	mt_write_demote(w, h, &demote);
}

static void write_demote6(struct writer *w, const struct mt_head *h)
{
	struct mt_demote demote = { .lower_session_id = 3, .multicast = { ip6, 1 }, .unicast = { ip6, 2 } };
	be32 clients[MT_DEMOTE_MAX];

	for (uint32_t i = 0; i < MT_DEMOTE_MAX; i++)
		clients[i] = be32_of(i * 3);
	demote.count = MT_DEMOTE_MAX;
	demote.client_ids = clients;
	mt_write_demote(w, h, &demote);
}

static void write_ack(struct writer *w, const struct mt_head *h)
{
	mt_write_ack(w, h, &(struct mt_ack){ 1, 2, 3, 4, MT_LOSS_RATE_ONE });
}

static const struct mt_data data = { 0x11223344, 5, 4, sizeof(app_data), app_data };

static void write_odata(struct writer *w, const struct mt_head *h)
{
	struct mt_options options = { .has_lead_seq_no = true, .lead_seq_no = 0x1122334455667788ull };

	mt_write_data(w, h, MT_ODATA, &data, &options);
}

static void write_plain_odata(struct writer *w, const struct mt_head *h)
{
	mt_write_data(w, h, MT_ODATA, &(struct mt_data){ 1, 2, 3, 0, NULL }, NULL);
}

static void write_rdata(struct writer *w, const struct mt_head *h)
{
	mt_write_data(w, h, MT_RDATA, &data, NULL);
}

static void write_nack(struct writer *w, const struct mt_head *h)
{
	mt_write_nack(w, h, &(struct mt_nack){ .client_id = 1, .hi_odata_seq_no = 12, .loss_rate = 3 },
	              ranges, 3);
}

static void write_zero_nack(struct writer *w, const struct mt_head *h)
{
	mt_write_nack(w, h, &(struct mt_nack){ .client_id = 1, .hi_odata_seq_no = 12 }, NULL, 0);
}

static void write_ncf(struct writer *w, const struct mt_head *h)
{
	mt_write_ncf(w, h, ranges, 3);
}

const struct mt_sample mt_samples[] = {
	{ "spm", MT_SPM, write_spm, 2 },
	{ "join4", MT_JOIN, write_join4, 2 },
	{ "join6", MT_JOIN, write_join6, 2 + 4 + sizeof(sid) + 4 + sizeof(capabilities) },
	{ "joinack", MT_JOINACK, write_joinack, 2 },
	{ "qcc", MT_QCC, write_qcc, 2 },
	{ "qcr", MT_QCR, write_qcr, 2 + 3 * 5 },
	{ "join_qcr", MT_QCR, write_join_qcr, 2 },
	{ "odata", MT_ODATA, write_odata, MT_OPTIONS_COUNT_BYTES + MT_OPTION_LEAD_BYTES },
	{ "plain_odata", MT_ODATA, write_plain_odata, MT_OPTIONS_COUNT_BYTES },
	{ "rdata", MT_RDATA, write_rdata, 2 },
	{ "ack", MT_ACK, write_ack, 2 },
	{ "nack", MT_NACK, write_nack, 2 },
	{ "zero_nack", MT_NACK, write_zero_nack, 2 },
	{ "ncf", MT_NCF, write_ncf, 2 },
	{ "leave", MT_LEAVE, write_leave, 2 },
	{ "poll", MT_POLL, write_poll, 2 },
	{ "pollack", MT_POLLACK, write_pollack, 2 },
	{ "kick", MT_KICK, write_kick, 2 },
	{ "empty_kick", MT_KICK, write_empty_kick, 2 },
	{ "demote4", MT_DEMOTE, write_demote4, 2 },
	{ "demote6", MT_DEMOTE, write_demote6, 2 },
};
const size_t mt_samples_count = sizeof(mt_samples) / sizeof(mt_samples[0]);
