/* Any text as wdsget's URL. What is taken is whole, bounded, and comes back from its plain spelling. */
#include "wdsget/url.h"

#include <assert.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name, size_t max)
{
	size_t len = strnlen(name, max);

	assert(len > 0 && len < max);
}

/* Each byte percent-encoded: nothing in it can be taken for something else. */
static char *append(char *to, const char *name)
{
	for (; *name != '\0'; name++)
		to += sprintf(to, "%%%02x", (unsigned)(unsigned char)*name);
	return to;
}

static void check_again(const struct options *o)
{
	static char url[3 * (sizeof(o->server) + 2 * NAME_CHARS) + 16];
	static struct options again;
	char *to = url + sprintf(url, "wds://");

	to = append(to, o->server);
	*to++ = '/';
	to = append(to, o->name_space);
	*to++ = '/';
	append(to, o->object);
	assert(url_read(url, &again) == NULL);
	assert(strcmp(again.server, o->server) == 0 && strcmp(again.name_space, o->name_space) == 0 &&
	       strcmp(again.object, o->object) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	static struct options o;

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (url_read(text, &o) == NULL) {
		check_name(o.server, sizeof(o.server));
		check_name(o.name_space, sizeof(o.name_space));
		check_name(o.object, sizeof(o.object));
		check_again(&o);
	}
	free(text);
	return 0;
}
