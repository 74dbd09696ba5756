#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "url.h"

enum { OPT_SERVER = 256, OPT_NAMESPACE, OPT_OBJECT, OPT_PORT, OPT_IP, OPT_GATEWAY, OPT_CACHE, OPT_CORES, OPT_POLL,
       OPT_EXCEPTION, OPT_SHA256, OPT_RESUME, OPT_KEY, OPT_VERIFY_KEY, OPT_JSON, OPT_TIMEOUT, OPT_STALL_TIMEOUT, OPT_STATS, OPT_VERSION,
       OPT_HELP };

static const struct option long_options[] = {
	{ "output", required_argument, NULL, 'o' },
	{ "quiet", no_argument, NULL, 'q' },
	{ "server", required_argument, NULL, OPT_SERVER },
	{ "namespace", required_argument, NULL, OPT_NAMESPACE },
	{ "object", required_argument, NULL, OPT_OBJECT },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "ip", required_argument, NULL, OPT_IP },
	{ "gateway", required_argument, NULL, OPT_GATEWAY },
	{ "exception", required_argument, NULL, OPT_EXCEPTION },
	{ "cache", required_argument, NULL, OPT_CACHE },
	{ "cores", required_argument, NULL, OPT_CORES },
	{ "poll", required_argument, NULL, OPT_POLL },
	{ "sha256", required_argument, NULL, OPT_SHA256 },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "verify-key", required_argument, NULL, OPT_VERIFY_KEY },
	{ "resume", no_argument, NULL, OPT_RESUME },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "timeout", required_argument, NULL, OPT_TIMEOUT },
	{ "stall-timeout", required_argument, NULL, OPT_STALL_TIMEOUT },
	{ "stats", no_argument, NULL, OPT_STATS },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ "help", no_argument, NULL, OPT_HELP },
	{ 0 },
};

static const char help[] =
	"Usage: wdsget wds://SERVER[:PORT]/NAMESPACE/OBJECT [-o FILE] [OPTION]...\n"
	"       wdsget --server SERVER --namespace NAMESPACE --object OBJECT [-o FILE] [OPTION]...\n"
	"       wdsget ports [--json]\n"
	"Receive an object from a Windows Deployment Services multicast server.\n"
	"\n"
	"  -o, --output PATH      a file or a directory, a block device, - for standard output, null: for nowhere;\n"
	"                         default: the last part of the object's name\n"
	"      --port SPEC        where frames come from: auto (default), kernel[:IF], af_packet:IF, af_xdp:IF,\n"
	"                         pci:ADDRESS, memif:PATH[,server], pcap:FILE\n"
	"      --ip ADDR[/PREFIX] our address, for ports without a kernel\n"
	"      --gateway ADDR     the router, for ports without a kernel\n"
	"      --exception tap    pci and memif: a tap interface by which the kernel keeps its network\n"
	"      --cache SIZE       for blocks on their way to the disk; default 32M\n"
	"      --cores LIST       2 or 2,4-6: the first receives\n"
	"      --poll MODE        busy or adaptive; default: as port and cores suggest\n"
	"      --sha256 HEX       verify what is on the disk; a file that differs is removed\n"
	"      --key FILE         the lab's key: takes nothing but from a server that has it too\n"
	"                         (FILE,reading=B: the other reading of the HMAC, doc/security.md)\n"
	"      --verify-key FILE  the public key of the server's signatures; with --key\n"
	"      --resume           go on where an earlier run with --resume was interrupted, however it ended, and\n"
	"                         keep what is there if this one is (doc/resume.md)\n"
	"      --timeout SECONDS  give up when the server does not answer, or falls silent, for so long; default 30\n"
	"      --stall-timeout SECONDS  give up when it is there but sends no data for so long; default 1800\n"
	"      --json             one JSON object a line: start, progress, waiting, done or failed\n"
	"      --stats            all counters at the end\n"
	"  -q, --quiet            errors only\n"
	"      --version, --help\n"
	"\n"
	"`wdsget ports` lists every interface and card with the ways to use it, and what is missing.\n"
	"In a URL, / and : of a namespace and all but / of an object may be percent-encoded; with --namespace and\n"
	"--object names are plain.\n"
	"Exit codes: 0 done, 1 failed, 2 usage, 3 could not start (port, memory, permission), 130 interrupted.\n";

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "wdsget: %s%s%s (see wdsget --help)\n", what, value[0] != '\0' ? ": " : "", value);
	return EXIT_USAGE;
}

static bool read_size(const char *text, uint32_t *out)
{
	static const char units[] = "KMG";
	unsigned long long v;
	const char *unit;
	char *end;

	errno = 0;
	v = strtoull(text, &end, 10);
	unit = isalpha((unsigned char)*end) ? strchr(units, *end & ~0x20) : NULL;
	if (text[0] < '0' || text[0] > '9' || errno != 0 || (*end != '\0' && (unit == NULL || end[1] != '\0')))
		return false;
	if (unit != NULL) {
		unsigned shift = 10 * (unsigned)(unit - units + 1);

		if (v > UINT32_MAX >> shift)
			return false;
		v <<= shift;
	}
	*out = (uint32_t)v;
	return v > 0 && v <= UINT32_MAX;
}

static bool read_seconds(const char *text, uint32_t *ms)
{
	char *end;
	unsigned long v;

	errno = 0;
	v = strtoul(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v == 0 || v > 604800)
		return false;
	*ms = (uint32_t)v * 1000;
	return true;
}

static bool read_timeout(const char *text, struct wdscast_options *o)
{
	if (!read_seconds(text, &o->initiate_timeout_ms))
		return false;
	o->inactivity_timeout_ms = o->initiate_timeout_ms;
	return true;
}

static bool read_digest(const char *text, struct options *o)
{
	unsigned byte;

	if (strlen(text) != 2 * SHA256_BYTES || strspn(text, "0123456789abcdefABCDEF") != 2 * SHA256_BYTES)
		return false;
	for (unsigned i = 0; i < SHA256_BYTES; i++) {
		if (sscanf(text + 2 * i, "%2x", &byte) != 1)
			return false;
		o->digest[i] = (uint8_t)byte;
	}
	o->has_digest = true;
	return true;
}

static bool copy(const char *text, char *out, size_t max)
{
	return text[0] != '\0' && snprintf(out, max, "%s", text) < (int)max;
}

static bool read_option(int option, const char *value, struct options *o)
{
	switch (option) {
	case 'o':
		o->output = value;
		return value[0] != '\0';
	case 'q':
		o->quiet = true;
		return true;
	case OPT_SERVER:
		return copy(value, o->server, sizeof(o->server));
	case OPT_NAMESPACE:
		return copy(value, o->name_space, sizeof(o->name_space));
	case OPT_OBJECT:
		return copy(value, o->object, sizeof(o->object));
	case OPT_PORT:
		o->cast.port = value;
		return value[0] != '\0';
	case OPT_IP:
		o->cast.ip = value;
		return value[0] != '\0';
	case OPT_GATEWAY:
		o->cast.gateway = value;
		return value[0] != '\0';
	case OPT_EXCEPTION:
		o->cast.exception = value;
		return strcmp(value, "tap") == 0 || strcmp(value, "none") == 0;
	case OPT_CACHE:
		return read_size(value, &o->cache_bytes);
	case OPT_CORES:
		o->cast.cores = value;
		return value[0] != '\0';
	case OPT_POLL:
		o->cast.poll = value;
		return value[0] != '\0';
	case OPT_SHA256:
		return read_digest(value, o);
	case OPT_KEY:
		o->cast.key = value;
		return value[0] != '\0';
	case OPT_VERIFY_KEY:
		o->cast.verify_key = value;
		return value[0] != '\0';
	case OPT_RESUME:
		o->resume = true;
		return true;
	case OPT_JSON:
		o->json = true;
		return true;
	case OPT_TIMEOUT:
		return read_timeout(value, &o->cast);
	case OPT_STALL_TIMEOUT:
		return read_seconds(value, &o->cast.stall_timeout_ms);
	case OPT_STATS:
		o->stats = true;
		return true;
	}
	return false;
}

/* The object's last part, whatever it is separated by there. */
static bool set_default_output(struct options *o)
{
	const char *name = o->object;

	for (const char *p = o->object; *p != '\0'; p++)
		if (strchr("/\\:", *p) != NULL)
			name = p + 1;
	if (name[0] == '\0' || strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		return false;
	copy(name, o->default_output, sizeof(o->default_output));
	if (o->output == NULL)
		o->output = o->default_output;
	return true;
}

static int read_source(int argc, char **argv, struct options *o)
{
	const char *wrong;

	if (argc - optind > 1)
		return usage("one URL only", argv[optind + 1]);
	if (argc - optind == 1) {
		if (o->server[0] != '\0' || o->name_space[0] != '\0' || o->object[0] != '\0')
			return usage("a URL, or --server, --namespace and --object: not both", "");
		wrong = url_read(argv[optind], o);
		if (wrong != NULL)
			return usage(wrong, argv[optind]);
	}
	if (o->server[0] == '\0' || o->name_space[0] == '\0' || o->object[0] == '\0')
		return usage("nothing to get: give a URL, or --server, --namespace and --object", "");
	if (wdscast_utf16(o->server, NULL, 0) == 0 || wdscast_utf16(o->name_space, NULL, 0) == 0 ||
	    wdscast_utf16(o->object, NULL, 0) == 0)
		return usage("names are to be UTF-8", "");
	if (!set_default_output(o) && o->output == NULL)
		return usage("the object's name makes no file name: give one with -o", "");
	if (o->has_digest && strcmp(o->output, "null:") == 0)
		return usage("--sha256 has nothing to verify with -o null:", "");
	return -1;
}

/* The name of the option that getopt_long() just returned. */
static const char *name_of(int option)
{
	for (const struct option *p = long_options; p->name != NULL; p++)
		if (p->val == option)
			return p->name;
	return "";
}

int options_read(int argc, char **argv, struct options *o)
{
	int option;
	char what[64];

	*o = (struct options){ .cache_bytes = 32u << 20, .cast = { .size = sizeof(o->cast) } };
	while ((option = getopt_long(argc, argv, ":o:q", long_options, NULL)) != -1) {
		if (option == OPT_HELP)
			return fputs(help, stdout) < 0 ? EXIT_FAILED : EXIT_DONE;
		if (option == OPT_VERSION)
			return puts("wdsget " WDSCAST_VERSION) < 0 ? EXIT_FAILED : EXIT_DONE;
		if (option == '?' || option == ':')
			return usage(option == ':' ? "an option lacks its value" : "no such option", argv[optind - 1]);
		if (!read_option(option, optarg, o)) {
			snprintf(what, sizeof(what), "bad value for --%s", name_of(option));
			return usage(what, optarg);
		}
	}
	return read_source(argc, argv, o);
}
