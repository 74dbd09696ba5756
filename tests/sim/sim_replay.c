/* The command that repeats what is run at the moment: told when it fails, and also when it does not live to
 * say so. */
#define _POSIX_C_SOURCE 200809L

#include "sim.h"

#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define LAST_SIGNAL 32

static char text[1024] = "  replay: nothing is run yet\n";
static size_t length;
static struct sigaction before[LAST_SIGNAL];

void sim_replay_set(const char *program, const char *format, ...)
{
	va_list args;
	int n = snprintf(text, sizeof(text), "  replay: %s ", program);

	va_start(args, format);
	n += vsnprintf(text + n, sizeof(text) - (size_t)n - 1, format, args);
	va_end(args);
	text[n++] = '\n';
	length = (size_t)n;
}

/* %.17g: a number read is the number written. */
void sim_replay_set_config(const char *program, const struct sim_config *c, const char *how)
{
	const struct sim_link_config *l = &c->link;

	sim_replay_set(
	        program,
	        "%s --clients %u --loss %.17g --reorder %.17g --duplicate %.17g --corrupt %.17g "
	        "--delay %.17g --jitter %.17g --bandwidth %.17g --queue %.17g --egress %.17g "
	        "--egress-queue %.17g --block-bytes %u --content-bytes %llu --slots %u --consume %.17g "
	        "--slow-clients %u --start-within %.17g --seed %llu",
	        how, c->clients, l->loss * 100, l->reorder * 100, l->duplicate * 100, l->corrupt * 100,
	        (double)l->delay_ns / NS_PER_MS, (double)l->jitter_ns / NS_PER_MS,
	        (double)l->bytes_per_s / 1e6, l->queue_bytes / 1e3, (double)c->egress_bytes_per_s / 1e6,
	        c->egress_queue_bytes / 1e3, c->block_bytes, (unsigned long long)c->content_bytes, c->slots,
	        (double)c->consume_ns / NS_PER_US, c->slow_clients, (double)c->start_within_ns / NS_PER_MS,
	        (unsigned long long)c->seed);
}

void sim_replay_tell(void)
{
	fflush(stdout);
	if (write(STDOUT_FILENO, text, length) < 0)
		return; /* nobody reads it */
}

/* Then what would have happened: a fault comes again, on the same instruction, and a sanitizer may report it.
 */
static void on_signal(int number)
{
	if (write(STDOUT_FILENO, text, length) < 0)
		return;
	sigaction(number, &before[number], NULL);
	if (number != SIGSEGV)
		raise(number);
}

/* What AddressSanitizer calls, where the program is built with it, before it reports. */
void __asan_on_error(void);
void __asan_on_error(void)
{
	sim_replay_tell();
}

void sim_replay_catch(void)
{
	static const int numbers[] = { SIGABRT, SIGSEGV, SIGTERM, SIGINT };
	struct sigaction on = { .sa_handler = on_signal };

	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++)
		sigaction(numbers[i], &on, &before[numbers[i]]);
}
