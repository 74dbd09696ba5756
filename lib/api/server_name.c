#include <stdio.h>
#include <stdlib.h>

#include "api/api_internal.h"

/* A port number and nothing else; 0 is none. */
static bool read_port(const char *text, uint16_t *port)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || v == 0 || v > UINT16_MAX)
		return false;
	*port = (uint16_t)v;
	return true;
}

/* Split off the port: after "]", or after the only colon. */
static bool split(const char *text, char host[API_TEXT_BYTES], uint16_t *port)
{
	bool bracket = text[0] == '[';
	const char *from = text + bracket;
	const char *end = strchr(from, bracket ? ']' : ':');
	const char *rest = end == NULL ? NULL : end + bracket;

	if (end == NULL && bracket)
		return false;
	if (end == NULL || (!bracket && strchr(end + 1, ':') != NULL)) {
		end = from + strlen(from); /* no port: a name, or a bare IPv6 address */
		rest = end;
	}
	if (end == from || (size_t)(end - from) >= API_TEXT_BYTES)
		return false;
	memcpy(host, from, (size_t)(end - from));
	host[end - from] = '\0';
	*port = MSI_UDP_PORT;
	return *rest == '\0' || (*rest == ':' && read_port(rest + 1, port));
}

DWORD api_resolve_server(const char *text, struct endpoint *out)
{
	char host[API_TEXT_BYTES];

	if (!split(text, host, &out->port))
		return api_fail(ERROR_INVALID_PARAMETER, "not a server: \"%.200s\"", text);
	if (!host_resolve(host, 0, &out->ip))
		return api_fail(WSAHOST_NOT_FOUND, "no such host: %.200s", host);
	return ERROR_SUCCESS;
}
