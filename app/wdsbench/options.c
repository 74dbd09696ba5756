#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "stream.h"

static const char usage_text[] =
	"usage: wdsbench rx SPEC [options]            count and verify what comes, at the ring\n"
	"       wdsbench tx SPEC [options]            send a stream\n"
	"       wdsbench replay FILE [options]        pass a capture through the receiving path, or --to a port\n"
	"\n"
	"SPEC is a port as wdsget and wdscast take it: kernel[:IF], af_packet:IF, af_xdp:IF, pci:ADDRESS,\n"
	"memif:PATH[,server], pcap:FILE.\n"
	"\n"
	"  --group ADDR[:PORT]    the multicast group, [ADDR]:PORT for IPv6 (default 239.192.0.1:64001);\n"
	"                         rx and replay take any UDP stream, and follow and verify those of wdscast\n"
	"  --rate BITS            on the wire, such as 40G or 2.5G (default: as fast as it goes)\n"
	"  --size BYTES           of a block, 16 to 65000 (default 1385)\n"
	"  --seconds S            how long (default: until a signal; replay: to the end)\n"
	"  --packets N            how many\n"
	"  --loops N              replay: how often (default 1)\n"
	"  --to SPEC              replay: send the frames there\n"
	"  --ip ADDR[/PREFIX]     our address, for ports without a kernel\n"
	"  --core N               where the worker runs\n"
	"  --no-verify            count only\n"
	"  --interval S           between the lines that are printed (default 1; 0: the last only)\n"
	"  --json                 one JSON object a line\n"
	"  --quiet                the last line only\n"
	"  --help, --version\n"
	"\n"
	"Exit codes: 0 done, 1 packets did not verify or none came, 2 usage, 3 could not start.\n";

static _Noreturn void fail_usage(const char *format, ...)
{
	va_list args;

	fputs("wdsbench: ", stderr);
	va_start(args, format);
	vfprintf(stderr, format, args);
	va_end(args);
	fputs(" (wdsbench --help)\n", stderr);
	exit(EXIT_USAGE);
}

bool options_rate(const char *text, double *out)
{
	static const struct {
		char unit;
		double factor;
	} units[] = { { '\0', 1 }, { 'k', 1e3 }, { 'K', 1e3 }, { 'M', 1e6 }, { 'G', 1e9 }, { 'T', 1e12 } };
	char *end;
	double v = strtod(text, &end);

	if (text[0] < '0' || text[0] > '9' || (end[0] != '\0' && end[1] != '\0'))
		return false;
	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++)
		if (*end == units[i].unit) {
			*out = v * units[i].factor;
			return *out > 0 && isfinite(*out);
		}
	return false;
}

static double seconds(const char *name, const char *text)
{
	char *end;
	double v = strtod(text, &end);

	if (text[0] < '0' || text[0] > '9' || *end != '\0' || !(v <= 1e6))
		fail_usage("--%s: %s is no number of seconds", name, text);
	return v;
}

static uint64_t number(const char *name, const char *text, uint64_t min, uint64_t max)
{
	char *end;
	unsigned long long v;

	errno = 0;
	v = strtoull(text, &end, 10);
	if (text[0] < '0' || text[0] > '9' || *end != '\0' || errno != 0 || v < min || v > max)
		fail_usage("--%s: %s is not a number from %llu to %llu", name, text, (unsigned long long)min,
		           (unsigned long long)max);
	return v;
}

/* ADDR, ADDR:PORT, [ADDR], [ADDR]:PORT. */
static void read_group(const char *text, struct options *o)
{
	const char *from = text[0] == '[' ? text + 1 : text;
	const char *end = text[0] == '[' ? strchr(text, ']') : strrchr(text, ':');
	const char *port = end == NULL ? NULL : *end == ']' ? (end[1] == ':' ? end + 1 : NULL) : end;
	size_t len = end == NULL ? strlen(from) : (size_t)(end - from);
	char address[IP_ADDR_TEXT] = "";

	if (text[0] != '[' && end != NULL && strchr(text, ':') != end) { /* IPv6 alone */
		len = strlen(from);
		port = NULL;
	}
	if (len < sizeof(address))
		memcpy(address, from, len);
	if (!ip_parse(address, &o->group.ip) || !ip_is_multicast(&o->group.ip))
		fail_usage("--group: %s is no multicast group", text);
	if (port != NULL)
		o->group.port = (uint16_t)number("group", port + 1, 1, UINT16_MAX);
	o->has_group = true;
}

static void read_ip(const char *text, struct options *o)
{
	const char *slash = strchr(text, '/');
	size_t len = slash == NULL ? strlen(text) : (size_t)(slash - text);
	char address[IP_ADDR_TEXT] = "";
	struct ip_addr ip;
	uint8_t prefix;

	if (len < sizeof(address))
		memcpy(address, text, len);
	if (!ip_parse(address, &ip))
		fail_usage("--ip: %s is no address", text);
	prefix = slash == NULL ? (uint8_t)(8 * ip.len) : (uint8_t)number("ip", slash + 1, 1, 8 * (uint64_t)ip.len);
	*(ip.len == 4 ? &o->ip4 : &o->ip6) = ip;
	*(ip.len == 4 ? &o->prefix4 : &o->prefix6) = prefix;
}

enum { OPT_GROUP = 1, OPT_RATE, OPT_SIZE, OPT_SECONDS, OPT_PACKETS, OPT_LOOPS, OPT_TO, OPT_IP, OPT_CORE, OPT_NO_VERIFY,
       OPT_INTERVAL, OPT_JSON, OPT_QUIET, OPT_HELP, OPT_VERSION };

static const struct option long_options[] = {
	{ "group", required_argument, NULL, OPT_GROUP },
	{ "rate", required_argument, NULL, OPT_RATE },
	{ "size", required_argument, NULL, OPT_SIZE },
	{ "seconds", required_argument, NULL, OPT_SECONDS },
	{ "packets", required_argument, NULL, OPT_PACKETS },
	{ "loops", required_argument, NULL, OPT_LOOPS },
	{ "to", required_argument, NULL, OPT_TO },
	{ "ip", required_argument, NULL, OPT_IP },
	{ "core", required_argument, NULL, OPT_CORE },
	{ "no-verify", no_argument, NULL, OPT_NO_VERIFY },
	{ "interval", required_argument, NULL, OPT_INTERVAL },
	{ "json", no_argument, NULL, OPT_JSON },
	{ "quiet", no_argument, NULL, OPT_QUIET },
	{ "help", no_argument, NULL, OPT_HELP },
	{ "version", no_argument, NULL, OPT_VERSION },
	{ NULL, 0, NULL, 0 },
};

static void read_option(int option, struct options *o)
{
	switch (option) {
	case OPT_GROUP: read_group(optarg, o); break;
	case OPT_RATE:
		if (!options_rate(optarg, &o->rate))
			fail_usage("--rate: %s is no rate, such as 40G", optarg);
		break;
	case OPT_SIZE: o->block_bytes = (uint32_t)number("size", optarg, STREAM_STAMP_BYTES, 65000); break;
	case OPT_SECONDS: o->duration = (ns_t)(seconds("seconds", optarg) * 1e9); break;
	case OPT_PACKETS: o->packets = number("packets", optarg, 1, UINT64_MAX); break;
	case OPT_LOOPS: o->loops = number("loops", optarg, 1, UINT32_MAX); break;
	case OPT_TO: o->spec = optarg; break;
	case OPT_IP: read_ip(optarg, o); break;
	case OPT_CORE: o->core = (int)number("core", optarg, 0, 8191); break;
	case OPT_NO_VERIFY: o->verify = false; break;
	case OPT_INTERVAL: o->interval = (ns_t)(seconds("interval", optarg) * 1e9); break;
	case OPT_JSON: o->json = true; break;
	case OPT_QUIET: o->quiet = true; break;
	case OPT_HELP: fputs(usage_text, stdout); exit(EXIT_DONE);
	case OPT_VERSION: puts("wdsbench " WDSCAST_VERSION); exit(EXIT_DONE);
	default: fputs("wdsbench: see wdsbench --help\n", stderr); exit(EXIT_USAGE);
	}
}

static void read_command(int argc, char **argv, struct options *o)
{
	const char *command = optind < argc ? argv[optind] : "";

	if (strcmp(command, "rx") == 0)
		o->command = COMMAND_RX;
	else if (strcmp(command, "tx") == 0)
		o->command = COMMAND_TX;
	else if (strcmp(command, "replay") == 0)
		o->command = COMMAND_REPLAY;
	else
		fail_usage("rx, tx or replay, not '%s'", command);
	if (optind + 2 != argc)
		fail_usage("%s needs %s, and nothing else", command, o->command == COMMAND_REPLAY ? "a file" : "a SPEC");
	*(o->command == COMMAND_REPLAY ? &o->file : &o->spec) = argv[optind + 1];
}

void options_read(int argc, char **argv, struct options *out)
{
	int option;

	*out = (struct options){ .core = -1, .block_bytes = 1385, .loops = 1, .interval = NS_PER_S, .verify = true,
		                 .group = { ip4_of(239, 192, 0, 1), 64001 } };
	while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1)
		read_option(option, out);
	if (out->quiet)
		out->interval = 0;
	read_command(argc, argv, out);
}
