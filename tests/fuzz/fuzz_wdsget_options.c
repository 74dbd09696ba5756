/* Any words as wdsget's command line. What is taken is whole and in its range. */
#include "wdsget/options.h"

#include <assert.h>

#include "command_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_name(const char *name, size_t max)
{
	size_t len = strnlen(name, max);

	assert(len > 0 && len < max && wdscast_utf16(name, NULL, 0) > 0);
}

static void check(const struct options *o)
{
	check_name(o->server, sizeof(o->server));
	check_name(o->name_space, sizeof(o->name_space));
	check_name(o->object, sizeof(o->object));
	assert(o->output != NULL && o->output[0] != '\0' && o->cache_bytes > 0);
	assert(strchr(o->default_output, '/') == NULL && strnlen(o->default_output, NAME_CHARS) < NAME_CHARS);
	assert(strcmp(o->default_output, "..") != 0 && strcmp(o->default_output, ".") != 0);
	assert(o->cast.initiate_timeout_ms % 1000 == 0 && o->cast.initiate_timeout_ms <= 604800u * 1000);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	FILE *out = stdout, *err = stderr;
	struct command_line c;
	static struct options o;
	int code;

	command_line_read(&c, "wdsget", data, size);
	command_line_hush(command_line_nowhere(), command_line_nowhere());
	code = options_read(c.argc, c.argv, &o);
	command_line_hush(out, err);
	if (code == -1)
		check(&o);
	else
		assert(code == EXIT_DONE || code == EXIT_USAGE);
	command_line_free(&c);
	return 0;
}
