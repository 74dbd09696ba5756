/* IP addresses and endpoints, the same for both families. */
#ifndef WDSCAST_BASE_ADDRESS_H
#define WDSCAST_BASE_ADDRESS_H

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* len is 4 or 16, 0 for none; b is in network order, its unused rest zero. */
struct ip_addr {
	uint8_t len;
	uint8_t b[16];
};

struct endpoint {
	struct ip_addr ip;
	uint16_t port; /* host order */
};

struct mac_addr {
	uint8_t b[6];
};

#define IP_ADDR_TEXT 46 /* bytes for the longest text of an address, NUL included */

static inline struct ip_addr ip4_of(uint8_t a, uint8_t b, uint8_t c, uint8_t d)
{
	return (struct ip_addr){ 4, { a, b, c, d } };
}

static inline struct ip_addr ip_of_bytes(const void *bytes, uint8_t len)
{
	struct ip_addr a = { len, { 0 } };

	memcpy(a.b, bytes, len);
	return a;
}

/* All of b: a length that is known is no call, and the unused rest is the same. */
static inline bool ip_equal(const struct ip_addr *x, const struct ip_addr *y)
{
	return x->len == y->len && memcmp(x->b, y->b, sizeof(x->b)) == 0;
}

static inline bool endpoint_equal(const struct endpoint *x, const struct endpoint *y)
{
	return x->port == y->port && ip_equal(&x->ip, &y->ip);
}

/* 224.0.0.0/4 or ff00::/8. */
static inline bool ip_is_multicast(const struct ip_addr *a)
{
	return (a->len == 4 && (a->b[0] & 0xf0) == 0xe0) || (a->len == 16 && a->b[0] == 0xff);
}

static inline bool ip_is_zero(const struct ip_addr *a)
{
	static const uint8_t zero[16];

	return memcmp(a->b, zero, sizeof(zero)) == 0;
}

/* The text form into out, which holds IP_ADDR_TEXT bytes; returns out. */
const char *ip_text(const struct ip_addr *a, char *out);
/* False when text is no numeric IPv4 or IPv6 address. */
bool ip_parse(const char *text, struct ip_addr *out);

#endif
