#include "net/internal.h"

static uint16_t fold(uint64_t sum)
{
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffffffff) + (sum >> 32);
	sum = (sum & 0xffff) + (sum >> 16);
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)sum;
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
	be16 folded;
	uint16_t native;

	for (; len >= 4; p += 4, len -= 4) {
		uint32_t v;

		memcpy(&v, p, sizeof(v));
		sum += v;
	}
	if (len > 0)
		memcpy(&rest, p, len);
	native = fold(sum + rest);
	memcpy(&folded, &native, sizeof(folded));
	return be16_get(folded);
}

uint16_t net_sum_add(uint16_t a, uint16_t b, size_t at)
{
	if (at & 1)
		b = (uint16_t)(b << 8 | b >> 8);
	return fold((uint64_t)a + b);
}

/* RFC 768, RFC 8200 section 8.1: the same sum for both, for the rest of the longer one is zero. */
uint16_t pseudo_sum(const struct ip_addr *from, const struct ip_addr *to, uint8_t protocol, uint32_t len)
{
	uint64_t sum = (uint64_t)protocol + (len >> 16) + (len & 0xffff);

	for (unsigned i = 0; i < from->len; i += 2)
		sum += (uint64_t)(from->b[i] << 8 | from->b[i + 1]) + (uint64_t)(to->b[i] << 8 | to->b[i + 1]);
	return fold(sum);
}

bool packet_sums_up(const struct packet *p)
{
	uint16_t pseudo = pseudo_sum(&p->from, &p->to, p->protocol, p->len);

	return net_sum_add(pseudo, net_sum(p->data, p->len), 0) == 0xffff;
}
