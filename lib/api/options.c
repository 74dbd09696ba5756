/*
 * The configuration, from four places: wdscast_configure(), the environment, a file, the defaults. The
 * first that names an option wins, and each option is read by one function, whatever its place.
 */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "api/api_internal.h"
#include "api/state.h"
#include "run/key_files.h"

#define CONF_FILE "/etc/wdscast.conf"
#define CONF_LINE (API_PATH_BYTES + 64)
#define OPTIONS_BYTES_MIN offsetof(struct wdscast_options, key) /* of the first version's struct */
#define DEFAULT_MEMORY (4ull << 30)
#define DEFAULT_TIMEOUT_MS 30000
#define DEFAULT_STALL_TIMEOUT_MS 1800000 /* as long as somebody may pause a pipe that all others wait for */
#define CORES_FOR_BUSY 3 /* one to spin on, and two for everything else */

enum option { OPTION_PORT, OPTION_IP, OPTION_GATEWAY, OPTION_CORES, OPTION_POLL, OPTION_MEMORY, OPTION_INITIATE_TIMEOUT,
	      OPTION_INACTIVITY_TIMEOUT, OPTION_KEY, OPTION_VERIFY_KEY, OPTION_EXCEPTION, OPTION_WORKERS,
	      OPTION_STALL_TIMEOUT, OPTIONS };

static const struct {
	const char *name, *variable;
} options[OPTIONS] = {
	[OPTION_PORT] = { "port", "WDSCAST_PORT" },
	[OPTION_IP] = { "ip", "WDSCAST_IP" },
	[OPTION_GATEWAY] = { "gateway", "WDSCAST_GATEWAY" },
	[OPTION_CORES] = { "cores", "WDSCAST_CORES" },
	[OPTION_POLL] = { "poll", "WDSCAST_POLL" },
	[OPTION_EXCEPTION] = { "exception", "WDSCAST_EXCEPTION" },
	[OPTION_WORKERS] = { "workers", "WDSCAST_WORKERS" },
	[OPTION_MEMORY] = { "memory", "WDSCAST_MEMORY" },
	[OPTION_INITIATE_TIMEOUT] = { "initiate_timeout", "WDSCAST_INITIATE_TIMEOUT" },
	[OPTION_INACTIVITY_TIMEOUT] = { "inactivity_timeout", "WDSCAST_INACTIVITY_TIMEOUT" },
	[OPTION_STALL_TIMEOUT] = { "stall_timeout", "WDSCAST_STALL_TIMEOUT" },
	[OPTION_KEY] = { "key", "WDSCAST_KEY" },
	[OPTION_VERIFY_KEY] = { "verify_key", "WDSCAST_VERIFY_KEY" },
};

/* What wdscast_configure() was given, as text; "" is not given. */
static char configured[OPTIONS][API_PATH_BYTES];
static void (*configured_on_port)(const char *spec);

static bool read_number(const char *text, char **end, uint64_t *out)
{
	errno = 0;
	*out = strtoull(text, end, 10);
	return text[0] >= '0' && text[0] <= '9' && errno == 0;
}

/* A number with K, M, G or T behind it, of 1024. */
static bool read_size(const char *text, uint64_t *out)
{
	static const char units[] = "KMGT";
	const char *unit;
	char *end;

	if (!read_number(text, &end, out))
		return false;
	unit = isalpha((unsigned char)*end) ? strchr(units, *end & ~0x20) : NULL;
	if (*end == '\0')
		return true;
	unsigned shift = unit == NULL ? 0 : 10 * (unsigned)(unit - units + 1);

	if (unit == NULL || end[1] != '\0' || *out > UINT64_MAX >> shift)
		return false;
	*out <<= shift;
	return true;
}

/* Seconds, at least one and at most a week. */
static bool read_seconds(const char *text, uint32_t *ms)
{
	uint64_t s;
	char *end;

	if (!read_number(text, &end, &s) || *end != '\0' || s == 0 || s > 7 * 24 * 3600)
		return false;
	*ms = (uint32_t)s * 1000;
	return true;
}

/* ADDRESS or ADDRESS/PREFIX. Without a prefix: 24, or 64 for IPv6. */
static bool read_ip(const char *text, struct api_options *o)
{
	char address[IP_ADDR_TEXT];
	const char *slash = strchr(text, '/');
	size_t len = slash != NULL ? (size_t)(slash - text) : strlen(text);
	struct ip_addr ip;
	uint64_t prefix;
	char *end;

	if (len >= sizeof(address))
		return false;
	memcpy(address, text, len);
	address[len] = '\0';
	if (!ip_parse(address, &ip))
		return false;
	prefix = ip.len == 4 ? 24 : 64;
	if (slash != NULL && (!read_number(slash + 1, &end, &prefix) || *end != '\0' || prefix > ip.len * 8u))
		return false;
	*(ip.len == 4 ? &o->ip4 : &o->ip6) = ip;
	*(ip.len == 4 ? &o->prefix4 : &o->prefix6) = (uint8_t)prefix;
	return true;
}

static bool read_gateway(const char *text, struct api_options *o)
{
	struct ip_addr ip;

	if (!ip_parse(text, &ip))
		return false;
	*(ip.len == 4 ? &o->gateway4 : &o->gateway6) = ip;
	return true;
}

static void forget_cores(struct api_options *o)
{
	o->core = -1;
	for (unsigned i = 0; i < SHARE_WORKERS_MAX - 1; i++)
		o->more_cores[i] = -1;
}

static bool read_workers(const char *text, struct api_options *o)
{
	uint64_t n;
	char *end;

	if (!read_number(text, &end, &n) || *end != '\0' || n < 1 || n > SHARE_WORKERS_MAX)
		return false;
	o->workers = (uint32_t)n;
	return true;
}

/* "2", "2,4-6": the list is checked; its cores are the workers', as far as there are any. */
static bool read_cores(const char *text, struct api_options *o)
{
	uint64_t first, last;
	unsigned n = 0;
	char *end;

	forget_cores(o);
	for (;; text = end + 1) {
		if (!read_number(text, &end, &first) || first >= 4096)
			return false;
		last = first;
		if (*end == '-' && (!read_number(end + 1, &end, &last) || last < first || last >= 4096))
			return false;
		for (; first <= last && n < SHARE_WORKERS_MAX; first++, n++)
			*(n == 0 ? &o->core : &o->more_cores[n - 1]) = (int)first;
		if (*end == '\0')
			return true;
		if (*end != ',')
			return false;
	}
}

static bool read_poll(const char *text, struct api_options *o)
{
	o->poll_given = true;
	o->poll = strcmp(text, "busy") == 0 ? WORKER_BUSY : WORKER_ADAPTIVE;
	return o->poll == WORKER_BUSY || strcmp(text, "adaptive") == 0;
}

static bool read_path(const char *text, char out[API_PATH_BYTES])
{
	return snprintf(out, API_PATH_BYTES, "%s", text) < API_PATH_BYTES;
}

static bool read_option(enum option option, const char *text, struct api_options *o)
{
	switch (option) {
	case OPTION_PORT:
		return strlen(text) < sizeof(o->port) && snprintf(o->port, sizeof(o->port), "%s", text) > 0;
	case OPTION_IP:
		return read_ip(text, o);
	case OPTION_GATEWAY:
		return read_gateway(text, o);
	case OPTION_CORES:
		return read_cores(text, o);
	case OPTION_POLL:
		return read_poll(text, o);
	case OPTION_WORKERS:
		return read_workers(text, o);
	case OPTION_EXCEPTION:
		o->tap = strcmp(text, "tap") == 0;
		return o->tap || strcmp(text, "none") == 0;
	case OPTION_MEMORY:
		return read_size(text, &o->memory_bytes) && o->memory_bytes > 0;
	case OPTION_INITIATE_TIMEOUT:
		return read_seconds(text, &o->initiate_timeout_ms);
	case OPTION_INACTIVITY_TIMEOUT:
		return read_seconds(text, &o->inactivity_timeout_ms);
	case OPTION_STALL_TIMEOUT:
		return read_seconds(text, &o->stall_timeout_ms);
	case OPTION_KEY:
		return read_path(text, o->key);
	case OPTION_VERIFY_KEY:
		return read_path(text, o->verify_key);
	case OPTIONS:
		break;
	}
	return false;
}

static DWORD bad(const char *from, enum option option, const char *text)
{
	return api_fail(ERROR_INVALID_PARAMETER, "%s: bad value for %s: \"%.100s\"", from, options[option].name, text);
}

/* ---- the file ---- */

static char *trim(char *s)
{
	char *end;

	s += strspn(s, " \t");
	end = s + strlen(s);
	while (end > s && strchr(" \t\r\n", end[-1]) != NULL)
		end--;
	*end = '\0';
	return s;
}

static DWORD read_line(const char *path, unsigned number, char *line, struct api_options *o)
{
	char *value;

	line[strcspn(line, "#")] = '\0';
	line = trim(line);
	if (*line == '\0')
		return ERROR_SUCCESS;
	value = strchr(line, '=');
	if (value == NULL)
		return api_fail(ERROR_INVALID_PARAMETER, "%s:%u: not `name = value`", path, number);
	*value++ = '\0';
	line = trim(line);
	value = trim(value);
	for (enum option i = 0; i < OPTIONS; i++)
		if (strcmp(line, options[i].name) == 0)
			return read_option(i, value, o) ? ERROR_SUCCESS : bad(path, i, value);
	return api_fail(ERROR_INVALID_PARAMETER, "%s:%u: no such option: %.100s", path, number, line);
}

/* The default file may be missing; one that the environment names may not. */
static DWORD read_file(struct api_options *o)
{
	const char *named = getenv("WDSCAST_CONF"), *path = named != NULL ? named : CONF_FILE;
	FILE *f = fopen(path, "re");
	char line[CONF_LINE];
	DWORD code = ERROR_SUCCESS;

	if (f == NULL && named == NULL)
		return ERROR_SUCCESS;
	if (f == NULL)
		return api_fail(ERROR_FILE_NOT_FOUND, "%.200s: %s", path, strerror(errno));
	for (unsigned number = 1; code == ERROR_SUCCESS && fgets(line, sizeof(line), f) != NULL; number++)
		code = read_line(path, number, line, o);
	fclose(f);
	return code;
}

static DWORD read_environment(struct api_options *o)
{
	for (enum option i = 0; i < OPTIONS; i++) {
		const char *text = getenv(options[i].variable);

		if (text != NULL && text[0] != '\0' && !read_option(i, text, o))
			return bad("environment", i, text);
	}
	return ERROR_SUCCESS;
}

static DWORD read_configured(struct api_options *o)
{
	for (enum option i = 0; i < OPTIONS; i++)
		if (configured[i][0] != '\0' && !read_option(i, configured[i], o))
			return bad("wdscast_configure", i, configured[i]);
	return ERROR_SUCCESS;
}

static enum worker_poll default_poll(const char *port)
{
	int cores[CORES_FOR_BUSY];

	return strncmp(port, "pci:", 4) == 0 && host_cores(cores, CORES_FOR_BUSY) == CORES_FOR_BUSY ? WORKER_BUSY
	                                                                                         : WORKER_ADAPTIVE;
}

/* Only now it is known which of the places named them. */
static DWORD read_keys(struct api_options *o)
{
	const struct key_files files = { .key = o->key, .verify = o->verify_key };
	char why[KEY_FILES_WHY_BYTES];
	enum wdscast_err err = key_files_load(&files, &o->server_security, &o->client_security, why);

	return err == WDSCAST_OK ? ERROR_SUCCESS : api_fail(api_code_of(err), "%s", why);
}

void api_options_forget(struct api_options *o)
{
	key_files_forget(&o->server_security, &o->client_security);
	*o = (struct api_options){ 0 };
}

DWORD api_options_read(struct api_options *o)
{
	DWORD code;

	*o = (struct api_options){ .port = "auto",
		                   .core = -1,
		                   .memory_bytes = DEFAULT_MEMORY,
		                   .initiate_timeout_ms = DEFAULT_TIMEOUT_MS,
		                   .inactivity_timeout_ms = DEFAULT_TIMEOUT_MS,
		                   .stall_timeout_ms = DEFAULT_STALL_TIMEOUT_MS,
		                   .on_port = configured_on_port };
	forget_cores(o);
	code = read_file(o);
	if (code == ERROR_SUCCESS)
		code = read_environment(o);
	if (code == ERROR_SUCCESS)
		code = read_configured(o);
	if (code == ERROR_SUCCESS)
		code = read_keys(o);
	if (code == ERROR_SUCCESS && !o->poll_given)
		o->poll = default_poll(o->port);
	return code;
}

/* ---- wdscast_configure() ---- */

static bool keep(enum option option, const char *text)
{
	if (text == NULL || text[0] == '\0')
		return true;
	return snprintf(configured[option], sizeof(configured[option]), "%s", text) < (int)sizeof(configured[option]);
}

static void keep_number(enum option option, uint64_t value)
{
	if (value > 0)
		snprintf(configured[option], sizeof(configured[option]), "%llu", (unsigned long long)value);
}

static uint32_t seconds_of(uint32_t ms)
{
	return ms / 1000 + (ms % 1000 != 0);
}

static void forget_configured(void)
{
	memset(configured, 0, sizeof(configured));
	configured_on_port = NULL;
}

static enum wdscast_err configure(const struct wdscast_options *o)
{
	struct api_options checked = { 0 };

	forget_configured();
	if (!keep(OPTION_PORT, o->port) || !keep(OPTION_IP, o->ip) || !keep(OPTION_GATEWAY, o->gateway) ||
	    !keep(OPTION_CORES, o->cores) || !keep(OPTION_POLL, o->poll) || !keep(OPTION_KEY, o->key) ||
	    !keep(OPTION_VERIFY_KEY, o->verify_key) || !keep(OPTION_EXCEPTION, o->exception)) {
		api_fail(0, "wdscast_configure: a value is too long");
		return WDSCAST_EINVAL;
	}
	configured_on_port = o->on_port;
	keep_number(OPTION_WORKERS, o->workers);
	keep_number(OPTION_MEMORY, o->memory_bytes);
	keep_number(OPTION_INITIATE_TIMEOUT, seconds_of(o->initiate_timeout_ms));
	keep_number(OPTION_INACTIVITY_TIMEOUT, seconds_of(o->inactivity_timeout_ms));
	keep_number(OPTION_STALL_TIMEOUT, seconds_of(o->stall_timeout_ms));
	return read_configured(&checked) == ERROR_SUCCESS ? WDSCAST_OK : WDSCAST_EINVAL;
}

enum wdscast_err wdscast_configure(const struct wdscast_options *o)
{
	struct wdscast_options known = { 0 };
	enum wdscast_err err;

	api_clear_error();
	if (o == NULL || o->size < OPTIONS_BYTES_MIN) {
		api_fail(0, "wdscast_configure: size is not that of struct wdscast_options");
		return WDSCAST_EINVAL;
	}
	if (!state_begin_configure()) {
		api_fail(0, "the multicast client is initialized already");
		return WDSCAST_ESTATE;
	}
	memcpy(&known, o, o->size < sizeof(known) ? o->size : sizeof(known));
	err = configure(&known);
	if (err != WDSCAST_OK)
		forget_configured();
	state_end_configure();
	return err;
}
