/* Any words as wdscast's command line. What is taken is in its range; what is not ends the program with its code. */
#include "wdscast/options.h"

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
	const struct serve_config *c = &o->serve;

	assert(o->root != NULL && o->port != NULL);
	assert(o->worker_core >= -1 && o->worker_core <= 8191 && o->content_core >= -1 && o->content_core <= 8191);
	assert(o->prefix4 <= 32 && o->prefix6 <= 128 && (o->ip4.len == 0 || o->ip4.len == 4) &&
	       (o->ip6.len == 0 || o->ip6.len == 16));
	assert(c->udp_port > 0 && c->first_port > 0 && c->first_port <= c->last_port);
	assert(c->block_bytes == 0 || c->block_bytes >= SERVE_BLOCK_BYTES_MIN);
	assert(ip_is_multicast(&c->group4) && c->group4.len == 4 && c->group4_prefix >= 1 && c->group4_prefix <= 32);
	assert(ip_is_multicast(&c->group6) && c->group6.len == 16 && c->group6_prefix >= 1 && c->group6_prefix <= 128);
	assert(c->streams >= 2 && c->streams <= SERVE_STREAMS_MAX && c->linger_ms <= 86400u * 1000);
	assert(c->slow_bytes_per_s[0] > 0 && c->slow_bytes_per_s[1] > 0 && c->slow_bytes_per_s[1] <= c->slow_bytes_per_s[0]);
	assert(c->cache_bytes > 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct command_line c;
	static struct options o;
	FILE *out = stdout, *err = stderr;
	int code;

	command_line_read(&c, "wdscast", data, size);
	command_line_hush(command_line_nowhere(), command_line_nowhere());
	code = setjmp(ended);
	if (code == 0)
		options_read(c.argc, c.argv, &o);
	command_line_hush(out, err);
	if (code == 0)
		check(&o);
	else
		assert(code == 1 || code == EXIT_USAGE + 1);
	command_line_free(&c);
	return 0;
}
