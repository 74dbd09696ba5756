/*
 * What the server costs, without any wire: an object in the page cache is sent over and over to a port
 * that copies frames as a port does. Times of the worker's turns and of the content thread's are taken
 * apart; side by side in each run: memcpy of the same bytes, block by block, as the port copies them.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "host/host.h"
#include "run/serve.h"
#include "sink.h"
#include "stats.h"

#define OBJECT_BYTES (32u << 20)
#define TURN_NS (20 * NS_PER_US)

struct bench_case {
	const char *name;
	uint32_t block_bytes, mtu;
};

static const struct bench_case cases[] = { { "one_frame", 1385, 1500 }, { "jumbo_frame", 8785, 9000 }, { "six_fragments", 8785, 1500 } };

struct figures {
	struct stats worker_ns, content_ns, memcpy_ns;
};

static char folder[] = "/tmp/wdscast-bench-XXXXXX";

static void fail(const char *what)
{
	fprintf(stderr, "serve: %s\n", what);
	exit(EXIT_FAILURE);
}

static void make_object(void)
{
	char path[64];
	FILE *f;

	if (mkdtemp(folder) == NULL || chdir(folder) != 0 || mkdir("n", 0755) != 0)
		fail("cannot make a folder in /tmp");
	snprintf(path, sizeof(path), "n/o");
	f = fopen(path, "w");
	if (f == NULL)
		fail("cannot make a file in /tmp");
	for (uint32_t i = 0; i < OBJECT_BYTES / 4; i++) {
		uint32_t word = i * 2654435761u;

		fwrite(&word, sizeof(word), 1, f);
	}
	if (fclose(f) != 0)
		fail("cannot write a file in /tmp");
}

static void remove_object(void)
{
	unlink("n/o");
	rmdir("n");
	rmdir(folder);
}

/* The whole object once, in virtual time; real time of each part is added up. */
static void send_object(struct serve *w, struct sink *s, ns_t *now, ns_t *worker, ns_t *content)
{
	uint64_t end = s->bytes + OBJECT_BYTES;

	*worker = *content = 0;
	while (s->bytes < end) {
		ns_t began, between, after;

		*now += TURN_NS;
		sink_ask(s, *now);
		began = host_now();
		serve_disk_turn(w);
		between = host_now();
		serve_turn(w, *now);
		after = host_now();
		*content += between - began;
		*worker += after - between;
	}
}

static double memcpy_time(uint8_t *from, uint8_t *to, uint32_t block_bytes)
{
	ns_t began = host_now();
	size_t at = 0;

	for (uint32_t i = 0; i + block_bytes <= OBJECT_BYTES; i += block_bytes) {
		memcpy(to + at, from + i, block_bytes);
		__asm__ volatile("" : : "r"(to) : "memory");
		at = at + 2 * block_bytes > 4u << 20 ? 0 : at + block_bytes;
	}
	return (double)(host_now() - began);
}

static void run_case(const struct bench_case *c, unsigned runs, struct figures *out)
{
	struct sink *sink = sink_new(c->mtu);
	struct content_root *root = content_root_open(".");
	uint8_t *from = malloc(OBJECT_BYTES), *to = malloc(4 << 20);
	double blocks = (double)(OBJECT_BYTES / c->block_bytes);
	struct serve_config config;
	char why[PORT_WHY_BYTES];
	ns_t now = NS_PER_S, worker, content;
	struct serve *w;

	if (sink == NULL || root == NULL || from == NULL || to == NULL)
		fail("no memory");
	memset(from, 1, OBJECT_BYTES);
	memset(to, 1, 4 << 20);
	serve_config_defaults(&config);
	config.port = &sink->port;
	config.root = root;
	config.ip4 = sink->port.info.ip4;
	config.block_bytes = c->block_bytes;
	if (serve_new(&config, now, &w, why) != WDSCAST_OK)
		fail(why);
	send_object(w, sink, &now, &worker, &content); /* to warm up: the window opens, memory is touched */
	for (unsigned i = 0; i < runs; i++) {
		send_object(w, sink, &now, &worker, &content);
		stats_add(&out->worker_ns, (double)worker / blocks);
		stats_add(&out->content_ns, (double)content / blocks);
		stats_add(&out->memcpy_ns, memcpy_time(from, to, c->block_bytes) / blocks);
	}
	serve_free(w);
	content_root_close(root);
	free(from);
	free(to);
	sink_free(sink);
}

static double gbps(const struct bench_case *c, double ns)
{
	return c->block_bytes * 8.0 / ns;
}

static void print_text(const struct bench_case *c, struct figures *f)
{
	double worker = stats_median(&f->worker_ns), content = stats_median(&f->content_ns), copy = stats_median(&f->memcpy_ns);

	printf("%-14s %5u  worker %7.1f ns/block (%6.1f .. %6.1f) %6.2f Gb/s  content %7.1f ns/block %6.2f Gb/s  "
	       "memcpy %6.2f Gb/s  n %u\n",
	       c->name, c->block_bytes, worker, stats_min(&f->worker_ns), stats_max(&f->worker_ns), gbps(c, worker), content,
	       gbps(c, content), gbps(c, copy), f->worker_ns.n);
}

static void print_json(const struct bench_case *c, struct figures *f)
{
	double worker = stats_median(&f->worker_ns), copy = stats_median(&f->memcpy_ns);
	json_t *o = json_pack("{s:s,s:i,s:f,s:f,s:f,s:f,s:f,s:i,s:f,s:f,s:f}", "case", c->name, "block_bytes", c->block_bytes,
	                      "ns_per_block", worker, "gbps", gbps(c, worker), "content_ns_per_block",
	                      stats_median(&f->content_ns), "memcpy_gbps", gbps(c, copy), "ratio_to_memcpy", copy / worker,
	                      "runs", f->worker_ns.n, "min", stats_min(&f->worker_ns), "median", worker, "max",
	                      stats_max(&f->worker_ns));

	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "runs", required_argument, NULL, 'r' },
		                                 { "json", no_argument, NULL, 'j' },
		                                 { NULL, 0, NULL, 0 } };
	unsigned runs = 15;
	bool json = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1) {
		if (option == 'r')
			runs = (unsigned)strtoul(optarg, NULL, 10);
		else if (option == 'j')
			json = true;
		else
			return 2;
	}
	if (runs == 0 || runs > STATS_RUNS_MAX || optind < argc) {
		fprintf(stderr, "usage: serve [--runs 1..%u] [--json]\n", STATS_RUNS_MAX);
		return 2;
	}
	make_object();
	for (unsigned i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		static struct figures f; /* large */

		memset(&f, 0, sizeof(f));
		run_case(&cases[i], runs, &f);
		if (json)
			print_json(&cases[i], &f);
		else
			print_text(&cases[i], &f);
	}
	remove_object();
	return 0;
}
