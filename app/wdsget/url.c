#include "url.h"

#include <string.h>

#define SCHEME "wds://"

static int hex(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Decode len bytes into out. False when an escape is bad or stands for NUL, or when it does not fit. */
static bool decode(const char *in, size_t len, char *out, size_t max)
{
	size_t n = 0;

	for (size_t i = 0; i < len; i++) {
		char c = in[i];

		if (c == '%') {
			if (len - i < 3 || hex(in[i + 1]) < 0 || hex(in[i + 2]) < 0)
				return false;
			c = (char)(hex(in[i + 1]) << 4 | hex(in[i + 2]));
			i += 2;
		}
		if (c == '\0' || n + 1 >= max)
			return false;
		out[n++] = c;
	}
	out[n] = '\0';
	return n > 0;
}

/* The namespace is the first part of the path; the object, all the rest. */
const char *url_read(const char *url, struct options *o)
{
	const char *server, *name_space, *object;

	if (strncmp(url, SCHEME, strlen(SCHEME)) != 0)
		return "not a wds:// URL";
	server = url + strlen(SCHEME);
	name_space = strchr(server, '/');
	object = name_space == NULL ? NULL : strchr(name_space + 1, '/');
	if (object == NULL)
		return "the URL lacks a part: wds://SERVER[:PORT]/NAMESPACE/OBJECT";
	if (!decode(server, (size_t)(name_space - server), o->server, sizeof(o->server)))
		return "the URL's server is empty, too long or badly encoded";
	name_space++;
	if (!decode(name_space, (size_t)(object - name_space), o->name_space, sizeof(o->name_space)))
		return "the URL's namespace is empty, too long or badly encoded";
	object++;
	if (!decode(object, strlen(object), o->object, sizeof(o->object)))
		return "the URL's object is empty, too long or badly encoded";
	return NULL;
}
