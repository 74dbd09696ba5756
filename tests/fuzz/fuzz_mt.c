/* Any bytes as an MS-WDSMT datagram. What is read and written again is read as the same. */
#include "wire/mt_rewrite.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DATAGRAM_MAX 65536

/* False when the writers have a limit that the reader has not: KICK's (3.1.5.6.1). */
static bool rewrite(const struct mt_packet *p, uint8_t *out, size_t *len)
{
	struct writer w = writer_of(out, DATAGRAM_MAX);

	mt_rewrite(&w, p);
	*len = writer_len(&w);
	return !w.full;
}

/* Unknown options and the bytes behind a name are lost once, and nothing else ever. */
static void check_rewritten(const struct mt_packet *p, size_t size)
{
	static uint8_t once[DATAGRAM_MAX], twice[DATAGRAM_MAX];
	size_t once_len, twice_len;
	struct mt_packet again;

	if (!rewrite(p, once, &once_len)) {
		assert(p->opcode == MT_KICK && p->kick.count > MT_KICK_MAX);
		return;
	}
	assert(once_len <= size + MT_OPTIONS_COUNT_BYTES);
	assert(mt_read(once, once_len, &again) == MT_READ_OK);
	assert(rewrite(&again, twice, &twice_len));
	assert(twice_len == once_len && memcmp(once, twice, once_len) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct mt_packet p;

	if (data == NULL || size > DATAGRAM_MAX - MT_OPTIONS_COUNT_BYTES)
		return 0;
	if (mt_read(data, size, &p) != MT_READ_OK)
		return 0;
	assert(p.covered + p.covered_len == data + size);
	mt_has_capability(&p.options, MT_CAP_MULTISTREAM);
	check_rewritten(&p, size);
	return 0;
}
