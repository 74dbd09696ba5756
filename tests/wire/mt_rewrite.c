#include "wire/mt_rewrite.h"

#define RANGES_MAX (65536 / sizeof(struct mt_wire_range))

static void write_nack(struct writer *w, const struct mt_head *h, const struct mt_packet *p)
{
	struct range v[RANGES_MAX];
	uint16_t count = p->opcode == MT_NACK ? p->nack.count : p->ncf.count;
	const struct mt_wire_range *wire = p->opcode == MT_NACK ? p->nack.ranges : p->ncf.ranges;

	for (uint16_t i = 0; i < count; i++)
		v[i] = (struct range){ be64_get(wire[i].start), be64_get(wire[i].end) };
	if (p->opcode == MT_NACK)
		mt_write_nack(w, h, &p->nack, v, count);
	else
		mt_write_ncf(w, h, v, count);
}

static void write_packet(struct writer *w, const struct mt_head *h, const struct mt_packet *p)
{
	switch (p->opcode) {
	case MT_SPM:
		mt_write_spm(w, h, &p->spm);
		break;
	case MT_JOIN:
		mt_write_join(w, h, &p->join, &p->options);
		break;
	case MT_JOINACK:
		mt_write_joinack(w, h, &p->joinack);
		break;
	case MT_QCC:
		mt_write_qcc(w, h, &p->qcc);
		break;
	case MT_QCR:
		mt_write_qcr(w, h, &p->qcr, &p->options);
		break;
	case MT_ODATA:
	case MT_RDATA:
		mt_write_data(w, h, p->opcode, &p->data, &p->options);
		break;
	case MT_ACK:
		mt_write_ack(w, h, &p->ack);
		break;
	case MT_NACK:
	case MT_NCF:
		write_nack(w, h, p);
		break;
	case MT_LEAVE:
		mt_write_leave(w, h, &p->leave);
		break;
	case MT_POLL:
		mt_write_poll(w, h, &p->poll);
		break;
	case MT_POLLACK:
		mt_write_pollack(w, h, &p->pollack);
		break;
	case MT_KICK:
		mt_write_kick(w, h, &p->kick);
		break;
	case MT_DEMOTE:
		mt_write_demote(w, h, &p->demote);
		break;
	}
}

void mt_rewrite(struct writer *w, const struct mt_packet *p)
{
	struct mt_head head = { p->security.type, p->security.data_len, p->session_id, p->sender_time };

	write_packet(w, &head, p);
	if (!w->full && p->security.data_len > 0)
		memcpy(w->start + MT_SECURITY_HEADER_BYTES, p->security.data, p->security.data_len);
}
