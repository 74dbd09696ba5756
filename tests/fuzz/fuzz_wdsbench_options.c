/* Any words as wdsbench's command line. What is taken is in its range; what is not ends the program with its code. */
#include "wdsbench/options.h"

#include <assert.h>
#include <setjmp.h>

#include "command_line.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* What options.c has for exit(). */
_Noreturn void options_exit(int code);

static jmp_buf ended;

_Noreturn void options_exit(int code)
{
	longjmp(ended, code + 1);
}

static void check(const struct options *o)
{
	assert((o->command == COMMAND_REPLAY ? o->file : o->spec) != NULL);
	assert(ip_is_multicast(&o->group.ip) && o->group.port != 0);
	assert(o->prefix4 <= 32 && o->prefix6 <= 128 && o->core >= -1 && o->core <= 8191);
	assert(o->rate >= 0 && o->rate < 1e300 * 1e9 && o->block_bytes >= 16 && o->block_bytes <= 65000);
	assert(o->loops >= 1 && o->duration <= 1000000 * NS_PER_S && o->interval <= 1000000 * NS_PER_S);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct command_line c;
	static struct options o;
	FILE *out = stdout, *err = stderr;
	int code;

	command_line_read(&c, "wdsbench", data, size);
	command_line_hush(command_line_nowhere(), command_line_nowhere());
	code = setjmp(ended);
	if (code == 0)
		options_read(c.argc, c.argv, &o);
	command_line_hush(out, err);
	if (code == 0)
		check(&o);
	else
		assert(code == EXIT_DONE + 1 || code == EXIT_USAGE + 1);
	command_line_free(&c);
	return 0;
}
