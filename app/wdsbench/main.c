/* wdsbench: what a port can take and give, measured at its ring. */
#include <stdio.h>
#include <string.h>

#include "report.h"
#include "signals.h"

#define PRINT_EVERY_NS (20 * NS_PER_MS)

static int not_started(const char *what, const char *why)
{
	fprintf(stderr, "wdsbench: %s: %s\n", what, why);
	return EXIT_NOT_STARTED;
}

/* Until a signal comes, or the worker has done all it had to. */
static void print_intervals(struct run *r, const sigset_t *signals)
{
	const struct timespec wait = { .tv_nsec = PRINT_EVERY_NS };
	static struct figures before, now; /* large */

	while (sigtimedwait(signals, NULL, &wait) <= 0 && !atomic_load_explicit(&r->ended, memory_order_acquire)) {
		while (run_take(r, &now)) {
			report_interval(r, &before, &now);
			before = now;
		}
	}
}

static int measure(const struct options *o, struct port *port, struct capture *capture, const sigset_t *signals)
{
	static struct run run; /* large */
	char why[PORT_WHY_BYTES] = "";
	int code = EXIT_DONE;

	if (!run_init(&run, o, port, capture, why)) {
		code = not_started(port->info.spec, why);
	} else if (!run_start(&run)) {
		code = not_started("worker", "cannot run on that core");
	} else {
		report_start(&run);
		print_intervals(&run, signals);
		run_stop(&run);
		report_end(&run);
		if (run.figures.packets == 0 || run.figures.unverified > 0)
			code = EXIT_BAD;
	}
	run_fini(&run);
	return code;
}

static enum wdscast_err open_port(const struct options *o, struct port **out, char *why)
{
	struct port_config c = { .spec = o->spec, .ip4 = o->ip4, .prefix4 = o->prefix4, .ip6 = o->ip6, .prefix6 = o->prefix6 };

	return port_open(&c, out, why);
}

int main(int argc, char **argv)
{
	char why[PORT_WHY_BYTES] = "";
	struct capture *capture = NULL;
	struct port *port = NULL;
	struct options o;
	sigset_t signals;
	int code;

	options_read(argc, argv, &o);
	signals_block(&signals);
	if (o.command == COMMAND_REPLAY) {
		capture = capture_open(o.file, o.loops, why);
		if (capture == NULL)
			return not_started("replay", why);
	}
	if (o.spec != NULL && open_port(&o, &port, why) != WDSCAST_OK)
		code = not_started(o.spec, why);
	else
		code = measure(&o, port != NULL ? port : &capture->port, capture, &signals);
	port_close(port);
	if (capture != NULL)
		capture_close(capture);
	return code;
}
