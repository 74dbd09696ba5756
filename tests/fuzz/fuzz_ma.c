/* Any bytes as an MS-WDSMA packet. It has nothing to skip: what is read is written as the same bytes. */
#include "wire/ma.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define PACKET_MAX 65536

static void rewrite_cntcir(struct writer *w, const struct ma_cntcir *p)
{
	struct range v[MA_RANGES_MAX];

	for (uint16_t i = 0; i < p->count; i++)
		v[i] = (struct range){ be64_get(p->ranges[i].first), be64_get(p->ranges[i].last) };
	ma_write_cntcir(w, p, v, p->count);
}

static void rewrite(struct writer *w, const struct ma_packet *p)
{
	switch (p->opcode) {
	case MA_SRV_CIR:
		ma_write_srvcir(w);
		break;
	case MA_CNT_CIR:
		rewrite_cntcir(w, &p->cntcir);
		break;
	case MA_SRV_DATA:
		ma_write_data(w, &p->data);
		break;
	case MA_CNT_PROGRESS:
		ma_write_progress(w, &p->progress);
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t again[PACKET_MAX];
	struct writer w = writer_of(again, sizeof(again));
	struct ma_packet p;

	if (data == NULL || !ma_read(data, size, &p))
		return 0;
	rewrite(&w, &p);
	assert(!w.full && writer_len(&w) == size && memcmp(again, data, size) == 0);
	return 0;
}
