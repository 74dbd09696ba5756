/* wdscast: serves a folder by WDS multicast. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "digest.h"
#include "options.h"
#include "privileges.h"
#include "report.h"
#include "run/serve_host.h"
#include "signals.h"

#define PRINT_EVERY_NS (50 * NS_PER_MS)

static int not_started(const char *what, const char *why)
{
	fprintf(stderr, "wdscast: %s: %s\n", what, why);
	return EXIT_NOT_STARTED;
}

static enum wdscast_err open_port(const struct options *o, struct port **out, char *why)
{
	struct port_config c = { .spec = o->port,
		                 .ip4 = o->ip4,
		                 .gateway4 = o->gateway4,
		                 .prefix4 = o->prefix4,
		                 .ip6 = o->ip6,
		                 .gateway6 = o->gateway6,
		                 .prefix6 = o->prefix6,
		                 .tap = o->tap };

	return port_open(&c, out, why);
}

static bool choose_busy(const struct options *o, const struct port *port)
{
	int cores[4];

	if (o->poll != POLL_AUTO)
		return o->poll == POLL_BUSY;
	return strncmp(port->info.spec, "pci:", 4) == 0 && host_cores(cores, 4) > 2;
}

/* Until a signal comes. */
static void print_events(struct report *report, struct serve *serve, const sigset_t *signals)
{
	const struct timespec wait = { .tv_nsec = PRINT_EVERY_NS };
	struct serve_event e;
	bool stopped = false;

	while (!stopped) {
		stopped = sigtimedwait(signals, NULL, &wait) > 0;
		while (serve_take_event(serve, &e))
			report_event(report, &e);
	}
}

/* *hangs: a thread of it never ended. */
static int serve_until_signal(const struct options *o, struct port *port, struct serve *serve, struct report *report,
                              const struct serve_config *c, const sigset_t *signals, bool *hangs)
{
	struct serve_host_config threads = { .busy = choose_busy(o, port),
		                             .worker_core = o->worker_core,
		                             .content_core = o->content_core };
	static struct serve_host host; /* a thread that hangs may come back to it */
	struct serve_event e;

	privileges_seal(port->info.spec, false);
	if (!serve_host_start(&host, serve, &threads))
		return not_started("threads", o->worker_core >= 0 ? "cannot run on those cores" : strerror(errno));
	report_start(report, o, &port->info, c);
	print_events(report, serve, signals);
	*hangs = !serve_host_stop(&host);
	if (*hangs)
		fprintf(stderr, "wdscast: the disk does not answer: ended without waiting for it\n");
	while (serve_take_event(serve, &e))
		report_event(report, &e);
	report_stop(report, serve_read_stats(serve));
	return EXIT_SUCCESS;
}

static int run(const struct options *o, struct content_root *root, struct port *port, const sigset_t *signals)
{
	static struct report report; /* large */
	struct serve_config c = o->serve;
	char why[PORT_WHY_BYTES];
	struct serve *serve;
	bool hangs = false;
	int code;

	report.json = o->json;
	report.quiet = o->quiet;
	c.port = port;
	c.root = root;
	c.ip4 = o->ip4.len != 0 ? o->ip4 : port->info.ip4;
	c.ip6 = o->ip6.len != 0 ? o->ip6 : port->info.ip6;
	c.seed = host_random();
	if (serve_new(&c, host_now(), &serve, why) != WDSCAST_OK)
		return not_started(port->info.spec, why);
	code = serve_until_signal(o, port, serve, &report, &c, signals, &hangs);
	if (!hangs)
		serve_free(serve);
	return code;
}

int main(int argc, char **argv)
{
	char why[PORT_WHY_BYTES], key_why[KEY_FILES_WHY_BYTES];
	struct content_root *root;
	struct options o;
	struct port *port;
	sigset_t signals;
	int code;

	options_read(argc, argv, &o);
	if (o.digest)
		return digest_print(o.root, o.digest_of);
	privileges_begin(o.port);
	if (key_files_load(&o.keys, &o.serve.server_security, &o.serve.client_security, key_why) != WDSCAST_OK)
		return not_started("key", key_why);
	signals_block(&signals);
	root = content_root_open(o.root);
	if (root == NULL)
		return not_started(o.root, strerror(errno));
	if (open_port(&o, &port, why) != WDSCAST_OK) {
		code = not_started(o.port, why);
	} else {
		code = run(&o, root, port, &signals);
		port_close(port);
	}
	content_root_close(root);
	key_files_forget(&o.serve.server_security, &o.serve.client_security);
	return code;
}
