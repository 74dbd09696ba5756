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
