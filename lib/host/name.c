/* Names: of others, by the resolver, and of this machine. */
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/host.h"

enum { NAME_UNITS = 16 };

static bool take(const struct addrinfo *list, int family, struct ip_addr *out)
{
	for (; list != NULL; list = list->ai_next) {
		if (list->ai_family != family)
			continue;
		if (family == AF_INET)
			*out = ip_of_bytes(&((const struct sockaddr_in *)(const void *)list->ai_addr)->sin_addr, 4);
		else
			*out = ip_of_bytes(&((const struct sockaddr_in6 *)(const void *)list->ai_addr)->sin6_addr, 16);
		return true;
	}
	return false;
}

bool host_resolve(const char *name, int family, struct ip_addr *out)
{
	struct addrinfo hints = { .ai_socktype = SOCK_DGRAM }, *list;
	bool found = false;

	if (getaddrinfo(name, NULL, &hints, &list) != 0)
		return false;
	if (family != 6)
		found = take(list, AF_INET, out);
	if (family != 4 && !found)
		found = take(list, AF_INET6, out);
	freeaddrinfo(list);
	return found;
}

/* The first label of the host name: NetBIOS names have neither dots nor more than 15 characters. */
void host_name(uint16_t name[16])
{
	char text[256] = "";

	gethostname(text, sizeof(text) - 1);
	memset(name, 0, NAME_UNITS * sizeof(name[0]));
	for (unsigned i = 0; i < NAME_UNITS - 1 && text[i] != '\0' && text[i] != '.'; i++)
		name[i] = (unsigned char)text[i] < 0x80 ? (uint16_t)text[i] : '_';
}
