#include "run/rx_hash.h"

#include <stdlib.h>

struct rx_hash *rx_hash_new(const struct security *s)
{
	struct rx_hash *h = security_is_side_by_side(s) ? calloc(1, sizeof(*h)) : NULL;

	if (h == NULL)
		return NULL;
	h->burst = security_burst_new();
	if (h->burst != NULL)
		return h;
	free(h);
	return NULL;
}

void rx_hash_free(struct rx_hash *h)
{
	if (h == NULL)
		return;
	security_burst_free(h->burst);
	free(h);
}

uint32_t rx_hash_verify(struct rx_hash *h, const struct security *s)
{
	const struct mt_packet *packets[RX_HASH_BATCH];
	uint32_t n = h->count;

	for (uint32_t i = 0; i < n; i++)
		packets[i] = &h->packets[i];
	security_verify_burst(h->burst, s, packets, h->verdicts, n);
	h->count = 0;
	return n;
}
