#include "net/internal.h"

/* Of what RFC 1071 allows to be summed in the machine's own byte order: the sum, turned round. */
static uint16_t from_native(uint64_t sum)
{
	be16 folded;
	uint16_t native;

	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	native = sum_fold((uint32_t)sum);
	memcpy(&folded, &native, sizeof(folded));
	return be16_get(folded);
}

/*
 * RFC 1071: the sum may be taken in the machine's own byte order, four bytes at a time, and turned
 * round at the end. 64 bits hold the carries of any length; the loop is one that compilers vectorise.
 */
uint16_t net_sum(const void *bytes, size_t len)
{
	const uint8_t *p = bytes;
	uint64_t sum = 0;
	uint32_t rest = 0;

	for (; len >= 4; p += 4, len -= 4) {
		uint32_t v;

		memcpy(&v, p, sizeof(v));
		sum += v;
	}
	if (len > 0)
		memcpy(&rest, p, len);
	return from_native(sum + rest);
}

uint16_t net_sum_add(uint16_t a, uint16_t b, size_t at)
{
	if (at & 1)
		b = (uint16_t)(b << 8 | b >> 8);
	return sum_fold((uint32_t)a + b);
}

/* RFC 768, RFC 8200 section 8.1: the same sum for both, for the rest of the longer one is zero. */
uint16_t pseudo_sum(const struct ip_addr *from, const struct ip_addr *to, uint8_t protocol, uint32_t len)
{
	uint32_t sum = (uint32_t)protocol + (len >> 16) + (len & 0xffff);

	for (unsigned i = 0; i < from->len; i += 2)
		sum += (uint32_t)(from->b[i] << 8 | from->b[i + 1]) + (uint32_t)(to->b[i] << 8 | to->b[i + 1]);
	return sum_fold(sum);
}

bool packet_sums_up(const struct packet *p)
{
	uint16_t pseudo = pseudo_sum(&p->from, &p->to, p->protocol, p->len);

	return net_sum_add(pseudo, net_sum(p->data, p->len), 0) == 0xffff;
}
