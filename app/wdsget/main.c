/* wdsget: receive one object by multicast into a file. Built on wdstci.h and wdscast.h alone. */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fetch.h"
#include "ports.h"
#include "privileges.h"
#include "report.h"
#include "wdserror.h"

enum { LOOK_MS = 100 };

static volatile sig_atomic_t interrupted; /* how often */

static void on_signal(int number)
{
	(void)number;
	interrupted = interrupted + 1;
}

static void catch_signals(void)
{
	struct sigaction action = { .sa_handler = on_signal };

	sigaction(SIGINT, &action, NULL);
	sigaction(SIGTERM, &action, NULL);
	sigaction(SIGHUP, &action, NULL);
	action.sa_handler = SIG_IGN; /* a reader of standard output that left is a failed write */
	sigaction(SIGPIPE, &action, NULL);
}

/* Until the session is over. The first signal cancels it, so that the server hears of it; the second does not wait. */
static bool watch(struct fetch *f, struct report *report)
{
	bool cancelled = false;

	while (!fetch_wait(f, LOOK_MS)) {
		report_progress(report, f);
		if (interrupted > 0 && !cancelled)
			fetch_cancel(f);
		cancelled = interrupted > 0;
		if (interrupted > 1)
			return false;
	}
	return true;
}

/* As the command line has it; "": the library chooses. */
static const char *port_of(const struct options *o)
{
	return o->cast.port != NULL ? o->cast.port : "";
}

/* What did not even begin: the server is not to blame for it. */
static int exit_of_start(DWORD code)
{
	return code == WSAHOST_NOT_FOUND || code == ERROR_HOST_UNREACHABLE ? EXIT_FAILED : EXIT_NOT_STARTED;
}

static int exit_of_session(const struct fetch *f)
{
	return f->result == ERROR_NOT_ENOUGH_MEMORY && !f->broken && !f->started ? EXIT_NOT_STARTED : EXIT_FAILED;
}

/* The bytes are there: to the disk with them, look at them again, and give them their name. */
static bool keep(const struct options *o, struct sink *sink)
{
	uint8_t digest[SHA256_BYTES];

	if (!sink->ops->sync(sink))
		return false;
	if (o->has_digest) {
		if (!sink->ops->digest(sink, digest))
			return false;
		sink->spoilt = memcmp(digest, o->digest, SHA256_BYTES) != 0;
		if (sink->spoilt)
			return sink_fail(sink, "the SHA-256 of what was received differs: nothing is kept");
	}
	return sink->ops->commit(sink);
}

static int finish(const struct options *o, struct fetch *f, struct report *report, struct sink *sink)
{
	int code;

	if (interrupted > 0 && f->result != ERROR_SUCCESS) {
		report_failed(report, f, EXIT_INTERRUPTED, "interrupted");
		return EXIT_INTERRUPTED;
	}
	if (f->result != ERROR_SUCCESS) {
		code = exit_of_session(f);
		report_failed(report, f, code, f->why);
		return code;
	}
	if (!keep(o, sink)) {
		report_failed(report, f, EXIT_FAILED, sink->why);
		return EXIT_FAILED;
	}
	report_done(report, f);
	return EXIT_DONE;
}

static int get(const struct options *o, struct fetch *f, struct report *report, struct sink *sink)
{
	DWORD code = fetch_start(f, o, sink);

	if (code != ERROR_SUCCESS) {
		f->result = code;
		report_failed(report, f, exit_of_start(code), f->why);
		return exit_of_start(code);
	}
	if (!watch(f, report)) {
		sink->leaving = true;
		if (!o->resume)
			sink->ops->close(sink);
		_Exit(EXIT_INTERRUPTED);
	}
	return finish(o, f, report, sink);
}

/* Files are written yet. The library's threads, which take what the network sends, come after this. */
static void on_port(const char *spec)
{
	privileges_seal(spec, true);
}

static int start_client(const struct options *o)
{
	struct wdscast_options cast = o->cast;
	const char *more;
	DWORD code;

	cast.on_port = on_port;
	if (wdscast_configure(&cast) != WDSCAST_OK) {
		fprintf(stderr, "wdsget: %s\n", wdscast_last_error_text());
		return EXIT_USAGE;
	}
	code = WdsTransportClientInitialize();
	if (code == ERROR_SUCCESS)
		return EXIT_DONE;
	more = wdscast_last_error_text();
	fprintf(stderr, "wdsget: %s\n", more[0] != '\0' ? more : wdscast_error_text(code));
	return EXIT_NOT_STARTED;
}

static int fetch_into(const struct options *o, struct sink *sink)
{
	struct fetch *f = calloc(1, sizeof(*f));
	struct report report;
	int code = start_client(o);

	if (code == EXIT_DONE && f != NULL) {
		report_init(&report, o);
		code = get(o, f, &report, sink);
		fetch_close(f);
		WdsTransportClientShutdown();
	}
	free(f);
	return f == NULL ? EXIT_NOT_STARTED : code;
}

int main(int argc, char **argv)
{
	char why[SINK_WHY_BYTES];
	struct options o;
	struct sink *sink;
	int code;

	if (argc > 1 && strcmp(argv[1], "ports") == 0)
		return ports_main(argc, argv);
	code = options_read(argc, argv, &o);
	if (code >= 0)
		return code;
	privileges_begin(port_of(&o));
	catch_signals();
	sink = sink_open(o.output, o.default_output, o.has_digest, o.resume, why);
	if (sink == NULL) {
		fprintf(stderr, "wdsget: %s\n", why);
		return EXIT_NOT_STARTED;
	}
	code = fetch_into(&o, sink);
	sink->ops->close(sink);
	return code;
}
