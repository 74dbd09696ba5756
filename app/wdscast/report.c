#include "report.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "wdserror.h"

#define LINE_BYTES (4 * NAME_TEXT_BYTES)
#define CLIENT_BYTES 160
#define TEXT_BYTES 512

static const char *event_name(enum serve_event_type type)
{
	static const char *const names[] = {
		[SERVE_OPENED] = "opened",     [SERVE_CLOSED] = "closed",     [SERVE_SPOILT] = "spoilt",
		[SERVE_JOINED] = "joined",     [SERVE_FINISHED] = "finished", [SERVE_LEFT] = "left",
		[SERVE_VANISHED] = "vanished", [SERVE_KICKED] = "kicked",     [SERVE_FULL] = "full",
		[SERVE_REFUSED] = "refused",   [SERVE_DEMOTED] = "demoted",   [SERVE_DISK_HANGS] = "disk_hangs",
	};

	return names[type];
}

static const char *leave_text(uint8_t reason)
{
	return reason == MT_LEAVE_CANCELLED ? "cancelled" : reason == MT_LEAVE_INACTIVE ? "heard nothing" : "incomplete";
}

static const char *kick_text(uint8_t reason)
{
	return reason == MT_KICK_POLICY_NOT_MET ? "policy not met" : reason == MT_KICK_FALLBACK ? "to fall back" : "to fail";
}

/* Names come from the wire: nothing of them reaches the terminal as a command. */
static void print_line(const char *text)
{
	char time_text[16];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(time_text, sizeof(time_text), "%H:%M:%S", &tm);
	printf("%s ", time_text);
	for (const char *p = text; *p != '\0'; p++)
		putchar((unsigned char)*p < 0x20 || *p == 0x7f ? '?' : *p);
	putchar('\n');
	fflush(stdout);
}

static void print_json(json_t *object)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	json_object_set_new(object, "time", json_real((double)now.tv_sec + (double)now.tv_nsec / 1e9));
	json_dumpf(object, stdout, JSON_COMPACT | JSON_PRESERVE_ORDER | JSON_REAL_PRECISION(13));
	putchar('\n');
	fflush(stdout);
	json_decref(object);
}

/* ---- sessions by id, for the events of clients do not repeat the names ---- */

static struct report_session *find_session(struct report *r, uint32_t id)
{
	for (unsigned i = 0; i < REPORT_SESSIONS; i++)
		if (r->sessions[i].id == id)
			return &r->sessions[i];
	return NULL;
}

static const struct report_session *session_of(struct report *r, const struct serve_event *e)
{
	static const struct report_session unknown = { .object = "?" };
	const struct report_session *s = e->session_id == 0 ? NULL : find_session(r, e->session_id);

	return s != NULL ? s : &unknown;
}

/* Of its own, for there is no session, or none yet. */
static bool has_names(const struct serve_event *e)
{
	return e->type == SERVE_REFUSED || e->type == SERVE_DISK_HANGS;
}

static void remember(struct report *r, const struct serve_event *e)
{
	struct report_session *s = find_session(r, 0);

	if (s == NULL)
		return;
	s->id = e->session_id;
	memcpy(s->name_space, e->name_space, sizeof(s->name_space));
	memcpy(s->object, e->object, sizeof(s->object));
}

static void forget(struct report *r, const struct serve_event *e)
{
	struct report_session *s = find_session(r, e->session_id);

	if (s != NULL)
		s->id = 0;
}

/* ---- lines ---- */

static const char *client_text(const struct serve_event *e, char *out)
{
	char name[4 * MT_NAME_CHARS] = "", ip[IP_ADDR_TEXT];

	if (wdscast_utf8((const char16_t *)e->client_name, name, sizeof(name)) == 0 || name[0] == '\0')
		snprintf(out, CLIENT_BYTES, "%s", ip_text(&e->client.ip, ip));
	else
		snprintf(out, CLIENT_BYTES, "%s (%s)", name, ip_text(&e->client.ip, ip));
	return out;
}

static const char *stream_text(uint8_t stream)
{
	return stream == 0 ? "" : stream == 1 ? ", a slower stream" : ", the slowest stream";
}

/* What follows the object's name in a line. */
static void event_text(const struct serve_event *e, char *out, size_t max)
{
	char client[CLIENT_BYTES], ip[IP_ADDR_TEXT];

	client_text(e, client);
	switch (e->type) {
	case SERVE_OPENED:
		snprintf(out, max, ": %" PRIu64 " bytes in %" PRIu64 " blocks, group %s, UDP port %u, session %08x%s",
		         e->content_bytes, e->total_blocks, ip_text(&e->multicast.ip, ip), e->multicast.port,
		         e->session_id, stream_text(e->stream));
		break;
	case SERVE_CLOSED:
		out[0] = '\0';
		break;
	case SERVE_SPOILT:
		snprintf(out, max, ": the file was changed or cannot be read; its clients are sent away");
		break;
	case SERVE_DISK_HANGS:
		snprintf(out, max, ": to open or read the file takes longer than %u s: the disk is slow, or hangs",
		         (unsigned)(SERVE_DISK_HANGS_NS / NS_PER_S));
		break;
	case SERVE_JOINED:
	case SERVE_FINISHED:
		snprintf(out, max, ": %s", client);
		break;
	case SERVE_LEFT:
		snprintf(out, max, ": %s at %u %%: %s", client, e->progress, leave_text(e->reason));
		break;
	case SERVE_VANISHED:
		snprintf(out, max, ": %s at %u %%: silent", client, e->progress);
		break;
	case SERVE_KICKED:
		snprintf(out, max, ": %s at %u %%: %s", client, e->progress, kick_text(e->reason));
		break;
	case SERVE_DEMOTED:
		snprintf(out, max, ": %s at %u %%: too slow, goes on in a slower stream", client, e->progress);
		break;
	case SERVE_FULL:
		snprintf(out, max, ": no place for %s", client);
		break;
	case SERVE_REFUSED:
		snprintf(out, max, ": to %s: %s (0x%08X)", client, wdscast_error_text(e->win32), e->win32);
		break;
	}
}

static void print_event(struct report *r, const struct serve_event *e)
{
	const struct report_session *s = session_of(r, e);
	char line[LINE_BYTES], text[TEXT_BYTES];

	event_text(e, text, sizeof(text));
	snprintf(line, sizeof(line), "%s %s/%s%s", event_name(e->type), has_names(e) ? e->name_space : s->name_space,
	         has_names(e) ? e->object : s->object, text);
	print_line(line);
}

/* ---- JSON ---- */

static void set_text(json_t *object, const char *key, const char *text)
{
	json_object_set_new(object, key, json_string(text));
}

static void set_number(json_t *object, const char *key, uint64_t v)
{
	json_object_set_new(object, key, json_integer((json_int_t)v));
}

static void set_session(json_t *object, const struct serve_event *e)
{
	char ip[IP_ADDR_TEXT];

	set_number(object, "bytes", e->content_bytes);
	set_number(object, "blocks", e->total_blocks);
	set_number(object, "block_bytes", e->block_bytes);
	set_text(object, "group", ip_text(&e->multicast.ip, ip));
	set_number(object, "udp_port", e->multicast.port);
	set_number(object, "stream", e->stream);
}

static void set_client(json_t *object, const struct serve_event *e)
{
	char name[4 * MT_NAME_CHARS] = "", ip[IP_ADDR_TEXT];

	wdscast_utf8((const char16_t *)e->client_name, name, sizeof(name));
	set_text(object, "client", name);
	set_text(object, "ip", ip_text(&e->client.ip, ip));
	set_number(object, "client_id", e->client_id);
	set_number(object, "percent", e->type == SERVE_FINISHED ? 100 : e->progress);
	if (e->type == SERVE_LEFT)
		set_text(object, "reason", leave_text(e->reason));
	if (e->type == SERVE_KICKED)
		set_text(object, "reason", kick_text(e->reason));
}

/* What is held then and at no other such moment is lost. */
static void set_closed(json_t *object, const struct serve_event *e)
{
	set_number(object, "slots_used", e->slots_used);
	set_number(object, "buffers_used", e->buffers_used);
}

static void set_refused(json_t *object, const struct serve_event *e)
{
	char ip[IP_ADDR_TEXT];

	set_text(object, "ip", ip_text(&e->client.ip, ip));
	set_number(object, "error", e->win32);
	set_text(object, "reason", wdscast_error_text(e->win32));
}

static void print_json_event(struct report *r, const struct serve_event *e)
{
	const struct report_session *s = session_of(r, e);
	json_t *object = json_object();

	set_text(object, "event", event_name(e->type));
	set_text(object, "namespace", has_names(e) ? e->name_space : s->name_space);
	set_text(object, "object", has_names(e) ? e->object : s->object);
	if (!has_names(e))
		set_number(object, "session", e->session_id);
	if (e->type == SERVE_OPENED)
		set_session(object, e);
	else if (e->type == SERVE_CLOSED)
		set_closed(object, e);
	else if (e->type == SERVE_REFUSED)
		set_refused(object, e);
	else if (e->type != SERVE_SPOILT && e->type != SERVE_DISK_HANGS)
		set_client(object, e);
	print_json(object);
}

/* ---- all together ---- */

void report_event(struct report *r, const struct serve_event *e)
{
	if (e->type == SERVE_OPENED)
		remember(r, e);
	if (!r->quiet && r->json)
		print_json_event(r, e);
	else if (!r->quiet)
		print_event(r, e);
	if (e->type == SERVE_CLOSED)
		forget(r, e);
}

void report_start(struct report *r, const struct options *o, const struct port_info *port, const struct serve_config *c)
{
	const struct ip_addr *own = c->ip4.len != 0 ? &c->ip4 : &c->ip6;
	uint32_t block_bytes = c->block_bytes != 0 ? c->block_bytes : serve_block_bytes_max(port, own->len, &c->server_security);
	char line[LINE_BYTES], ip[IP_ADDR_TEXT];
	json_t *object;

	if (r->quiet)
		return;
	if (port->note[0] != '\0')
		fprintf(stderr, "wdscast: %s\n", port->note);
	if (r->json) {
		object = json_object();
		set_text(object, "event", "serving");
		set_text(object, "root", o->root);
		set_text(object, "port", port->spec);
		set_text(object, "driver", port->driver);
		set_text(object, "ip", ip_text(own, ip));
		set_number(object, "udp_port", c->udp_port);
		set_number(object, "block_bytes", block_bytes);
		print_json(object);
		return;
	}
	snprintf(line, sizeof(line), "serving %s on %s (%s), %s, UDP port %u, blocks of %u bytes", o->root, port->spec,
	         port->driver, ip_text(own, ip), c->udp_port, block_bytes);
	print_line(line);
}

static void print_json_stats(const struct serve_stats *stats)
{
	json_t *object = json_object();

	set_text(object, "event", "stopped");
#define X(name, text) set_number(object, #name, stats->name);
	SERVE_COUNTERS(X)
#undef X
	print_json(object);
}

void report_stop(struct report *r, const struct serve_stats *stats)
{
	char line[LINE_BYTES];

	if (r->quiet)
		return;
	if (r->json) {
		print_json_stats(stats);
		return;
	}
	snprintf(line, sizeof(line),
	         "stopped: %" PRIu64 " sessions, %" PRIu64 " requests, %" PRIu64 " bytes of content sent", stats->sessions,
	         stats->requests, stats->sent_bytes);
	print_line(line);
}
