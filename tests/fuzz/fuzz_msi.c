/* Any bytes as an MS-WDSMSI datagram over UDP. What lacks nothing is written again and read as the same. */
#include "wire/msi.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DATAGRAM_MAX 4096 /* two longest names and all else */

static size_t rewrite(const struct msi_packet *p, uint8_t *out)
{
	struct writer w = writer_of(out, DATAGRAM_MAX);

	if (p->kind == MSI_REQUEST)
		msi_write_request(&w, &p->request);
	else if (p->kind == MSI_REPLY)
		msi_write_reply(&w, &p->reply);
	else
		msi_write_error(&w, p->error);
	assert(!w.full);
	return writer_len(&w);
}

static void check_name(const struct msi_name *name)
{
	assert(name->len < MSI_NAME_CHARS_MAX && name->units[name->len] == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static uint8_t once[DATAGRAM_MAX], twice[DATAGRAM_MAX];
	static struct msi_packet p, again;
	size_t len;

	if (data == NULL || !msi_read(data, size, &p))
		return 0;
	if (p.kind == MSI_REQUEST) {
		check_name(&p.request.name_space);
		check_name(&p.request.content);
	}
	if (p.missing != 0)
		return 0;
	len = rewrite(&p, once);
	assert(msi_read(once, len, &again) && again.kind == p.kind && again.missing == 0);
	assert(rewrite(&again, twice) == len && memcmp(once, twice, len) == 0);
	return 0;
}
