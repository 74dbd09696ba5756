#include "sim.h"

#include <stdio.h>

#define U(x) ((unsigned long long)(x))

static void print_ranges(const struct mt_wire_range *v, uint16_t n)
{
	for (uint16_t i = 0; i < n && i < 6; i++)
		printf(" %llu-%llu", U(be64_get(v[i].start)), U(be64_get(v[i].end)));
	printf("%s\n", n > 6 ? " ..." : "");
}

static void print_data(const char *name, const struct mt_packet *p)
{
	struct ma_packet ma;

	printf("%s %llu master %u trail %llu", name, U(p->data.odata_seq_no), p->data.client_id,
	       U(p->data.trail_seq_no));
	if (ma_read(p->data.data, p->data.data_len, &ma) && ma.opcode == MA_SRV_DATA)
		printf(" block %llu", U(ma.data.block_no));
	if (p->options.has_lead_seq_no)
		printf(" ack from %llu", U(p->options.lead_seq_no));
	printf("\n");
}

static void print_pollack(const struct mt_pollack *p)
{
	struct ma_packet ma;

	printf("POLLACK %llu from %u", U(p->poll_seq_no), p->client_id);
	if (ma_read(p->app_data, p->app_data_len, &ma) && ma.opcode == MA_CNT_CIR) {
		printf(" %u %%, %u ranges", ma.cntcir.progress, ma.cntcir.count);
		for (uint16_t i = 0; i < ma.cntcir.count && i < 4; i++)
			printf(" %llu-%llu", U(be64_get(ma.cntcir.ranges[i].first)),
			       U(be64_get(ma.cntcir.ranges[i].last)));
	}
	printf("\n");
}

static void print_packet(const struct mt_packet *p)
{
	switch (p->opcode) {
	case MT_SPM:
		printf("SPM %llu master %u trail %llu lead %llu back-off %u-%u ms\n", U(p->spm.spm_seq_no),
		       p->spm.master_client_id, U(p->spm.trail_seq_no), U(p->spm.lead_seq_no),
		       p->spm.min_nack_backoff_ms, p->spm.max_nack_backoff_ms);
		break;
	case MT_JOIN:
		printf("JOIN\n");
		break;
	case MT_JOINACK:
		printf("JOINACK %u\n", p->joinack.client_id);
		break;
	case MT_QCC:
		printf("QCC %llu back-off %u ms\n", U(p->qcc.qcc_seq_no), p->qcc.qcr_backoff_ms);
		break;
	case MT_QCR:
		printf("QCR %llu from %u\n", U(p->qcr.qcc_seq_no), p->qcr.client_id);
		break;
	case MT_ODATA:
		print_data("ODATA", p);
		break;
	case MT_RDATA:
		print_data("RDATA", p);
		break;
	case MT_ACK:
		printf("ACK %llu from %u, high %llu, loss %.4f\n", U(p->ack.odata_seq_no), p->ack.client_id,
		       U(p->ack.hi_odata_seq_no), (double)p->ack.loss_rate / MT_LOSS_RATE_ONE);
		break;
	case MT_NACK:
		printf("NACK from %u, high %llu, loss %.4f:", p->nack.client_id, U(p->nack.hi_odata_seq_no),
		       (double)p->nack.loss_rate / MT_LOSS_RATE_ONE);
		print_ranges(p->nack.ranges, p->nack.count);
		break;
	case MT_NCF:
		printf("NCF");
		print_ranges(p->ncf.ranges, p->ncf.count);
		break;
	case MT_LEAVE:
		printf("LEAVE from %u, reason %u\n", p->leave.client_id, p->leave.reason);
		break;
	case MT_POLL:
		printf("POLL %llu back-off %u ms\n", U(p->poll.poll_seq_no), p->poll.backoff_ms);
		break;
	case MT_POLLACK:
		print_pollack(&p->pollack);
		break;
	case MT_KICK:
		printf("KICK of %u\n", p->kick.count);
		break;
	case MT_DEMOTE:
		printf("DEMOTE of %u\n", p->demote.count);
		break;
	default:
		printf("opcode %u\n", p->opcode);
	}
}

void sim_trace(struct sim *s, const struct sim_datagram *d)
{
	char from[IP_ADDR_TEXT], to[IP_ADDR_TEXT];
	struct mt_packet p;

	printf("%12.6f ms  %-11s > %-11s  ", (double)s->now / NS_PER_MS, ip_text(&d->from.ip, from),
	       ip_text(&d->to.ip, to));
	if (d->from.port == MSI_UDP_PORT || d->to.port == MSI_UDP_PORT)
		printf("initiation, %u bytes\n", d->len);
	else if (mt_read(d->bytes, d->len, &p) == MT_READ_OK)
		print_packet(&p);
	else
		printf("malformed, %u bytes\n", d->len);
}
