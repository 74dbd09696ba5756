#include "report.h"

#include <jansson.h>
#include <string.h>
#include <unistd.h>

#include "wdserror.h"

#define TERMINAL_EVERY_S 0.2
#define LINES_EVERY_S 5.0
#define JSON_EVERY_S 0.5
#define SMOOTH 0.3 /* weight of the newest look in the rate shown */

void report_init(struct report *r, const struct options *o)
{
	*r = (struct report){ .options = o, .terminal = isatty(STDERR_FILENO) != 0 };
	r->json = strcmp(o->output, "-") == 0 ? stderr : stdout;
}

/* ---- JSON ---- */

static void put_json(struct report *r, json_t *event)
{
	if (event == NULL)
		return;
	json_dumpf(event, r->json, JSON_COMPACT | JSON_REAL_PRECISION(6));
	fputc('\n', r->json);
	fflush(r->json);
	json_decref(event);
}

static void add_counters(json_t *event, const struct fetch *f)
{
	struct wdscast_session_counters s = { .size = sizeof(s) };
	struct wdscast_port_counters p = { .size = sizeof(p) };
	json_t *session = json_object(), *port = json_object();

	wdscast_read_session_counters(f->session, &s);
	wdscast_read_port_counters(f->session, &p);
#define X(name, text) json_object_set_new(session, #name, json_integer((json_int_t)s.name));
	WDSCAST_SESSION_COUNTERS(X)
#undef X
#define X(name, text) json_object_set_new(port, #name, json_integer((json_int_t)p.name));
	WDSCAST_PORT_COUNTERS(X)
#undef X
	json_object_set_new(event, "session", session);
	json_object_set_new(event, "port", port);
}

static double gbps(uint64_t bytes, double seconds)
{
	return seconds > 0 ? (double)bytes * 8 / seconds / 1e9 : 0;
}

/* ---- text ---- */

static const char *amount(double bytes, char out[32])
{
	static const char *const units[] = { "B", "kB", "MB", "GB", "TB", "PB" };
	unsigned unit = 0;

	for (; bytes >= 999.95 && unit < 5; unit++)
		bytes /= 1000;
	snprintf(out, 32, unit == 0 ? "%.0f %s" : "%.1f %s", bytes, units[unit]);
	return out;
}

static const char *duration(double seconds, char out[32])
{
	unsigned long s = (unsigned long)(seconds + 0.5);

	if (seconds < 0 || seconds > 359999)
		snprintf(out, 32, "-:--");
	else if (s >= 3600)
		snprintf(out, 32, "%lu:%02lu:%02lu", s / 3600, s / 60 % 60, s % 60);
	else
		snprintf(out, 32, "%lu:%02lu", s / 60, s % 60);
	return out;
}

static void wipe(struct report *r)
{
	if (r->drawn)
		fputs("\r\033[K", stderr);
	r->drawn = false;
}

static void draw(struct report *r, uint64_t bytes, uint64_t size, uint64_t repaired)
{
	char got[32], all[32], rate[32], left[32], line[192];
	double percent = size > 0 ? 100.0 * (double)bytes / (double)size : 100;

	snprintf(line, sizeof(line), "%5.1f %%  %s of %s  %s/s  %s left  %llu repaired", percent,
	         amount((double)bytes, got), amount((double)size, all), amount(r->rate, rate),
	         duration(r->rate > 0 ? (double)(size - bytes) / r->rate : -1, left), (unsigned long long)repaired);
	if (r->terminal)
		fprintf(stderr, "\r%s\033[K", line);
	else
		fprintf(stderr, "%s\n", line);
	r->drawn = r->terminal;
	fflush(stderr);
}

/* ---- events ---- */

static double every(const struct report *r)
{
	return r->options->json ? JSON_EVERY_S : r->terminal ? TERMINAL_EVERY_S : LINES_EVERY_S;
}

/* What is here already, or why that does not count. */
static void say_resumed(const struct report *r, const struct fetch *f)
{
	char here[32], size[32];

	if (f->note[0] != '\0')
		fprintf(stderr, "wdsget: %s\n", f->note);
	else if (f->resumed_bytes > 0 && !r->options->quiet && !r->options->json)
		fprintf(stderr, "%s: going on: %s of %s are here already\n", r->options->object,
		        amount((double)f->resumed_bytes, here), amount((double)f->size, size));
}

static void say_start(struct report *r, const struct fetch *f)
{
	const struct options *o = r->options;
	char port[512] = "", size[32];

	r->said_start = true;
	r->last_at = f->started_at;
	r->next_at = f->started_at + every(r);
	r->last_bytes = f->resumed_bytes;
	wdscast_describe_port(f->session, port, sizeof(port));
	if (o->json)
		put_json(r, json_pack("{s:s, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "event", "start", "server", o->server,
		                      "namespace", o->name_space, "object", o->object, "size", (json_int_t)f->size,
		                      "block_bytes", (json_int_t)f->block_bytes, "resumed_bytes",
		                      (json_int_t)f->resumed_bytes, "port", port));
	else if (!o->quiet)
		fprintf(stderr, "%s: %s in blocks of %u bytes, by %s\n", o->object, amount((double)f->size, size),
		        f->block_bytes, port);
	say_resumed(r, f);
}

static void look(struct report *r, uint64_t bytes, double now)
{
	double passed = now - r->last_at, rate = passed > 0 ? (double)(bytes - r->last_bytes) / passed : 0;

	r->rate = r->rate == 0 ? rate : r->rate + SMOOTH * (rate - r->rate);
	r->last_at = now;
	r->last_bytes = bytes;
}

/* Without a word the transfer would only be slow: what one frame should carry came in trains of many. */
static void warn_of_oversize(struct report *r, const struct fetch *f)
{
	struct wdscast_port_counters p = { .size = sizeof(p) };

	if (r->said_oversize || wdscast_read_port_counters(f->session, &p) != ERROR_SUCCESS || p.oversize == 0)
		return;
	r->said_oversize = true;
	wipe(r);
	fputs("wdsget: frames longer than the MTU came and were dropped: their sender has a larger one, or is on this"
	      " machine and offloads segmentation.\nUse --port kernel here, or at the sender: ethtool -K INTERFACE tx-udp-segmentation off\n",
	      stderr);
}

/* What nothing comes for: once, and again when it is another reason. */
static void say_waiting(struct report *r, const struct fetch *f)
{
	char text[SINK_WHY_BYTES] = "";

	wdscast_describe_wait(f->session, text, sizeof(text));
	if (strcmp(text, r->waiting) == 0)
		return;
	memcpy(r->waiting, text, sizeof(text));
	if (text[0] == '\0')
		return;
	wipe(r);
	if (r->options->json)
		put_json(r, json_pack("{s:s, s:s}", "event", "waiting", "reason", text));
	else
		fprintf(stderr, "wdsget: waiting: %s\n", text);
}

void report_progress(struct report *r, const struct fetch *f)
{
	const struct options *o = r->options;
	double now = fetch_now();
	uint64_t bytes, repaired;

	say_waiting(r, f);
	if (!atomic_load(&f->started))
		return;
	if (!r->said_start)
		say_start(r, f);
	if (now < r->next_at || (o->quiet && !o->json))
		return;
	r->next_at = now + every(r);
	warn_of_oversize(r, f);
	fetch_progress(f, &bytes, &repaired);
	look(r, bytes, now);
	if (!o->json) {
		draw(r, bytes, f->size, repaired);
		return;
	}
	put_json(r, json_pack("{s:s, s:I, s:I, s:f, s:f, s:I}", "event", "progress", "bytes", (json_int_t)bytes, "size",
	                      (json_int_t)f->size, "seconds", now - f->started_at, "gbps", r->rate * 8 / 1e9,
	                      "repaired_blocks", (json_int_t)repaired));
}

static void print_counters(const struct fetch *f)
{
	struct wdscast_session_counters s = { .size = sizeof(s) };
	struct wdscast_port_counters p = { .size = sizeof(p) };

	wdscast_read_session_counters(f->session, &s);
	wdscast_read_port_counters(f->session, &p);
#define X(name, text) fprintf(stderr, "%20llu  session %-16s %s\n", (unsigned long long)s.name, #name, text);
	WDSCAST_SESSION_COUNTERS(X)
#undef X
#define X(name, text) fprintf(stderr, "%20llu  port    %-16s %s\n", (unsigned long long)p.name, #name, text);
	WDSCAST_PORT_COUNTERS(X)
#undef X
}

void report_done(struct report *r, const struct fetch *f)
{
	const struct options *o = r->options;
	double seconds = f->ended_at - f->started_at;
	uint64_t bytes, repaired;
	char text[32];

	fetch_progress(f, &bytes, &repaired);
	wipe(r);
	if (!r->said_start)
		say_start(r, f);
	if (o->json) {
		json_t *event = json_pack("{s:s, s:b, s:I, s:I, s:f, s:f, s:I, s:b, s:b}", "event", "done", "ok", 1, "bytes",
		                          (json_int_t)bytes, "resumed_bytes", (json_int_t)f->resumed_bytes, "seconds",
		                          seconds, "gbps", gbps(bytes - f->resumed_bytes, seconds),
		                          "repaired_blocks", (json_int_t)repaired, "late", f->late, "verified",
		                          o->has_digest);

		if (o->stats)
			add_counters(event, f);
		put_json(r, event);
		return;
	}
	if (!o->quiet)
		fprintf(stderr, "%s: %s in %.1f s, %.3f Gb/s, %llu blocks repaired%s\n", o->object,
		        amount((double)(bytes - f->resumed_bytes), text), seconds, gbps(bytes - f->resumed_bytes, seconds), (unsigned long long)repaired,
		        o->has_digest ? ", SHA-256 verified" : "");
	if (o->stats)
		print_counters(f);
}

void report_failed(struct report *r, const struct fetch *f, int exit_code, const char *why)
{
	wipe(r);
	fprintf(stderr, "wdsget: %s\n", why);
	if (r->options->json) {
		json_t *event = json_pack("{s:s, s:b, s:I, s:i, s:s}", "event", "failed", "ok", 0, "code",
		                          (json_int_t)f->result, "exit", exit_code, "error", why);

		if (r->options->stats && r->said_start)
			add_counters(event, f);
		put_json(r, event);
	} else if (r->options->stats && r->said_start) {
		print_counters(f);
	}
}
