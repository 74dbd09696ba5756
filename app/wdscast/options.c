#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char usage_text[] =
	"usage: wdscast --root DIR [options]\n"
	"\n"
	"Serves every file below DIR by WDS multicast: each folder in DIR is a namespace, each file below\n"
	"it an object, named by its path from there.\n"
	"\n"
	"  --root DIR               what to serve\n"
	"  --port SPEC              where frames go: auto (default), kernel[:IF], af_packet:IF, af_xdp:IF,\n"
	"                           pci:ADDR, memif:PATH[,server]\n"
	"  --ip ADDR[/PREFIX]       our address, for ports without a kernel; once for each family\n"
	"  --gateway ADDR           our router, likewise\n"
	"  --exception tap          pci and memif: a tap interface by which the kernel keeps its network\n"
	"  --block-size BYTES       default: the largest that needs no fragments\n"
	"  --cache SIZE             memory for the blocks of a session (default 64M)\n"
	"  --group ADDR[/PREFIX]    multicast groups to use (default 239.192.0.0/14 and ff18::/96);\n"
	"                           without PREFIX: this one for all sessions\n"
	"  --udp-port N             where requests come (default 5041)\n"
	"  --session-ports A-B      UDP ports of the sessions (default 64001-65000)\n"
	"  --linger SECONDS         a session closes so long after its last client left (default 10)\n"
	"  --clients-per-address N  most clients of one IP address in a session (default 64, at most 200)\n"
	"  --max-window PACKETS     most packets in flight\n"
	"  --slow keep|demote|kick  a receiver that keeps a session below the threshold: the others wait for\n"
	"                           it (default); it goes on in a slower stream; it is sent away\n"
	"  --slow-threshold KBPS[,KBPS]   in 1000 bytes a second (default 256); and of the medium one of\n"
	"                           three streams (default a quarter)\n"
	"  --streams 2|3            fast and slow, or fast, medium and slow (default 2)\n"
	"  --cores A[,B]            cores of the worker and of the thread that reads\n"
	"  --poll busy|adaptive     spin, or nap when there is no traffic\n"
	"  --key FILE               the lab's key: serves only those who have it too, and hashes all packets\n"
	"                           (FILE,reading=B: the other reading of the HMAC, doc/security.md)\n"
	"  --sign-key FILE          a private RSA key (PEM): signs all packets; with --key. Slow\n"
	"  --digest [NAME/OBJECT]   print the SHA-256 of one object, or of all, and exit\n"
	"  --json                   print each event as a JSON object a line\n"
	"  --quiet                  print errors only\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 stopped by a signal, 1 failed, 2 usage, 3 could not start.\n";

static _Noreturn void fail_usage(const char *format, ...)
{
	va_list args;

	fputs("wdscast: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(" (wdscast --help)\n", stderr);
	exit(EXIT_USAGE);
}

/* A number within lo .. hi that ends where `end` says, or at the end of the text. */
static uint64_t number(const char *name, const char *text, const char **end, uint64_t lo, uint64_t hi)
{
	char *stop = NULL;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &stop, 10);
	if (errno != 0 || stop == text || text[0] == '-' || v < lo || v > hi || (end == NULL && *stop != '\0'))
		fail_usage("--%s: %s is not a number from %llu to %llu", name, text, (unsigned long long)lo,
		           (unsigned long long)hi);
	if (end != NULL)
		*end = stop;
	return v;
}

/* 64M, 1.5G is not taken; K, M, G, T are powers of 1024. */
static uint64_t size(const char *name, const char *text)
{
	static const char units[] = "KMGT";
	const char *end;
	uint64_t v = number(name, text, &end, 1, 1ull << 50);
	const char *unit = *end == '\0' ? NULL : strchr(units, *end >= 'a' ? *end - 'a' + 'A' : *end);
	unsigned shift = unit == NULL ? 0 : 10 * (unsigned)(unit - units + 1);

	if (unit != NULL)
		end++;
	if (strcmp(end, "iB") == 0 || strcmp(end, "B") == 0)
		end = "";
	if (*end != '\0' || v > UINT64_MAX >> shift)
		fail_usage("--%s: %s is not a size, such as 64M", name, text);
	return v << shift;
}

/* ADDR[/PREFIX]; without PREFIX it is `whole` bits of IPv4 or IPv6. */
static struct ip_addr address(const char *name, const char *text, uint8_t *prefix)
{
	char copy[IP_ADDR_TEXT] = "";
	const char *slash = prefix == NULL ? NULL : strchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
	struct ip_addr ip = { 0 };

	if (len < sizeof(copy))
		memcpy(copy, text, len);
	if (copy[0] == '\0' || !ip_parse(copy, &ip))
		fail_usage("--%s: %s is not an address", name, text);
	if (prefix != NULL)
		*prefix = slash == NULL ? (uint8_t)(ip.len * 8) :
		                          (uint8_t)number(name, slash + 1, NULL, 1, (uint64_t)ip.len * 8);
	return ip;
}

static void read_ip(const char *text, struct options *o)
{
	uint8_t prefix;
	struct ip_addr ip = address("ip", text, &prefix);

	if (ip.len == 4) {
		o->ip4 = ip;
		o->prefix4 = prefix;
	} else {
		o->ip6 = ip;
		o->prefix6 = prefix;
	}
}

static void read_gateway(const char *text, struct options *o)
{
	struct ip_addr ip = address("gateway", text, NULL);

	if (ip.len == 4)
		o->gateway4 = ip;
	else
		o->gateway6 = ip;
}

static void read_group(const char *text, struct options *o)
{
	uint8_t prefix;
	struct ip_addr ip = address("group", text, &prefix);

	if (!ip_is_multicast(&ip))
		fail_usage("--group: %s is no multicast address", text);
	if (ip.len == 4) {
		o->serve.group4 = ip;
		o->serve.group4_prefix = prefix;
	} else {
		o->serve.group6 = ip;
		o->serve.group6_prefix = prefix;
	}
}

static void read_session_ports(const char *text, struct options *o)
{
	const char *end;

	o->serve.first_port = (uint16_t)number("session-ports", text, &end, 1, UINT16_MAX);
	if (*end != '-')
		fail_usage("--session-ports: %s is not FIRST-LAST", text);
	o->serve.last_port = (uint16_t)number("session-ports", end + 1, NULL, o->serve.first_port, UINT16_MAX);
}

static void read_slow(const char *text, struct options *o)
{
	if (strcmp(text, "keep") == 0)
		o->serve.slow = SERVE_SLOW_KEEP;
	else if (strcmp(text, "demote") == 0)
		o->serve.slow = SERVE_SLOW_DEMOTE;
	else if (strcmp(text, "kick") == 0)
		o->serve.slow = SERVE_SLOW_KICK;
	else
		fail_usage("--slow: keep, demote or kick, not %s", text);
}

static void read_slow_threshold(const char *text, struct options *o)
{
	uint32_t *rate = o->serve.slow_bytes_per_s;
	const char *end;

	rate[0] = (uint32_t)number("slow-threshold", text, &end, 1, UINT32_MAX / 1000) * 1000;
	rate[1] = rate[0] / 4;
	if (*end == ',')
		rate[1] = (uint32_t)number("slow-threshold", end + 1, NULL, 1, rate[0] / 1000) * 1000;
	else if (*end != '\0')
		fail_usage("--slow-threshold: %s is not one rate or two, such as 10000,1000", text);
}

static void read_cores(const char *text, struct options *o)
{
	const char *end;

	o->worker_core = (int)number("cores", text, &end, 0, 8191);
	if (*end == ',' || *end == '-')
		o->content_core = (int)number("cores", end + 1, NULL, 0, 8191);
	else if (*end != '\0')
		fail_usage("--cores: %s is not one core or two, such as 2,3", text);
}

static void read_exception(const char *text, struct options *o)
{
	o->tap = strcmp(text, "tap") == 0;
	if (!o->tap && strcmp(text, "none") != 0)
		fail_usage("--exception: tap or none, not %s", text);
}

static void read_poll(const char *text, struct options *o)
{
	if (strcmp(text, "busy") == 0)
		o->poll = POLL_BUSY;
	else if (strcmp(text, "adaptive") == 0)
		o->poll = POLL_ADAPTIVE;
	else
		fail_usage("--poll: busy or adaptive, not %s", text);
}

/* --digest may have its argument after a space. */
static void read_digest(int argc, char **argv, struct options *o)
{
	o->digest = true;
	o->digest_of = optarg;
	if (optarg == NULL && optind < argc && argv[optind][0] != '-')
		o->digest_of = argv[optind++];
	if (o->digest_of != NULL && strchr(o->digest_of, '/') == NULL)
		fail_usage("--digest: %s is not NAMESPACE/OBJECT", o->digest_of);
}

enum {
	OPT_ROOT = 1, OPT_PORT, OPT_IP, OPT_GATEWAY, OPT_EXCEPTION, OPT_BLOCK_SIZE, OPT_CACHE, OPT_GROUP, OPT_UDP_PORT,
	OPT_SESSION_PORTS, OPT_LINGER, OPT_CLIENTS_PER_ADDRESS, OPT_MAX_WINDOW, OPT_SLOW, OPT_SLOW_THRESHOLD, OPT_STREAMS, OPT_CORES,
	OPT_POLL, OPT_KEY, OPT_SIGN_KEY, OPT_DIGEST, OPT_JSON, OPT_QUIET, OPT_HELP, OPT_VERSION,
};

static const struct option long_options[] = {
	{ "root", required_argument, NULL, OPT_ROOT },
	{ "port", required_argument, NULL, OPT_PORT },
	{ "ip", required_argument, NULL, OPT_IP },
	{ "gateway", required_argument, NULL, OPT_GATEWAY },
	{ "exception", required_argument, NULL, OPT_EXCEPTION },
	{ "block-size", required_argument, NULL, OPT_BLOCK_SIZE },
	{ "cache", required_argument, NULL, OPT_CACHE },
	{ "group", required_argument, NULL, OPT_GROUP },
	{ "udp-port", required_argument, NULL, OPT_UDP_PORT },
	{ "session-ports", required_argument, NULL, OPT_SESSION_PORTS },
	{ "linger", required_argument, NULL, OPT_LINGER },
	{ "clients-per-address", required_argument, NULL, OPT_CLIENTS_PER_ADDRESS },
	{ "max-window", required_argument, NULL, OPT_MAX_WINDOW },
	{ "slow", required_argument, NULL, OPT_SLOW },
	{ "slow-threshold", required_argument, NULL, OPT_SLOW_THRESHOLD },
	{ "streams", required_argument, NULL, OPT_STREAMS },
	{ "cores", required_argument, NULL, OPT_CORES },
	{ "poll", required_argument, NULL, OPT_POLL },
	{ "digest", optional_argument, NULL, OPT_DIGEST },
	{ "key", required_argument, NULL, OPT_KEY },
	{ "sign-key", required_argument, NULL, OPT_SIGN_KEY },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static void read_option(int option, int argc, char **argv, struct options *o)
{
	switch (option) {
	case OPT_ROOT: o->root = optarg; break;
	case OPT_PORT: o->port = optarg; break;
	case OPT_IP: read_ip(optarg, o); break;
	case OPT_GATEWAY: read_gateway(optarg, o); break;
	case OPT_EXCEPTION: read_exception(optarg, o); break;
	case OPT_BLOCK_SIZE:
		o->serve.block_bytes = (uint32_t)number("block-size", optarg, NULL, SERVE_BLOCK_BYTES_MIN,
		                                         serve_block_bytes_limit(&o->serve.server_security));
		break;
	case OPT_CACHE: o->serve.cache_bytes = size("cache", optarg); break;
	case OPT_GROUP: read_group(optarg, o); break;
	case OPT_UDP_PORT: o->serve.udp_port = (uint16_t)number("udp-port", optarg, NULL, 1, UINT16_MAX); break;
	case OPT_SESSION_PORTS: read_session_ports(optarg, o); break;
	case OPT_LINGER: o->serve.linger_ms = (uint32_t)number("linger", optarg, NULL, 0, 86400) * 1000; break;
	case OPT_CLIENTS_PER_ADDRESS:
		o->serve.address_clients_max = (uint32_t)number("clients-per-address", optarg, NULL, 1, SERVER_CLIENTS_MAX);
		break;
	case OPT_MAX_WINDOW: o->serve.max_window = (uint32_t)number("max-window", optarg, NULL, 2, 1 << 20); break;
	case OPT_SLOW: read_slow(optarg, o); break;
	case OPT_SLOW_THRESHOLD: read_slow_threshold(optarg, o); break;
	case OPT_STREAMS: o->serve.streams = (uint32_t)number("streams", optarg, NULL, 2, SERVE_STREAMS_MAX); break;
	case OPT_CORES: read_cores(optarg, o); break;
	case OPT_POLL: read_poll(optarg, o); break;
	case OPT_DIGEST: read_digest(argc, argv, o); break;
	case OPT_KEY: o->keys.key = optarg; break;
	case OPT_SIGN_KEY: o->keys.sign = optarg; break;
	case OPT_JSON: o->json = true; break;
	case OPT_QUIET: o->quiet = true; break;
	case OPT_HELP: fputs(usage_text, stdout); exit(EXIT_SUCCESS);
	case OPT_VERSION: puts("wdscast " WDSCAST_VERSION); exit(EXIT_SUCCESS);
	default: fputs("wdscast: see wdscast --help\n", stderr); exit(EXIT_USAGE);
	}
}

void options_read(int argc, char **argv, struct options *out)
{
	int option;

	memset(out, 0, sizeof(*out));
	serve_config_defaults(&out->serve);
	out->port = "auto";
	out->worker_core = out->content_core = -1;
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		read_option(option, argc, argv, out);
	if (optind < argc)
		fail_usage("%s is no option", argv[optind]);
	if (out->root == NULL)
		fail_usage("--root DIR is missing");
}
