#include "base/address.h"

#include <arpa/inet.h>
#include <assert.h>
#include <stddef.h>

const char *ip_text(const struct ip_addr *a, char *out)
{
	if (a->len == 4)
		inet_ntop(AF_INET, a->b, out, IP_ADDR_TEXT);
	else if (a->len == 16)
		inet_ntop(AF_INET6, a->b, out, IP_ADDR_TEXT);
	else
		memcpy(out, "none", 5);
	return out;
}

bool ip_parse(const char *text, struct ip_addr *out)
{
	struct ip_addr a = { 0, { 0 } };

	if (inet_pton(AF_INET, text, a.b) == 1)
		a.len = 4;
	else if (inet_pton(AF_INET6, text, a.b) == 1)
		a.len = 16;
	else
		return false;
	*out = a;
	return true;
}
