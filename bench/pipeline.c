/*
 * What the receiver costs, without any wire: frames in memory go through rx_turn() to the done ring.
 * Side by side in each run: memcpy of the same bytes from the same frames to an arena of the same size.
 * See doc in README.md, "How to read the figures".
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "replay.h"
#include "run/ctl.h"
#include "stats.h"

#define CACHE_BYTES (32u << 20)

struct bench_case {
	const char *name;
	uint32_t block_bytes, mtu;
	double loss;
	uint32_t shuffle;
};

static const struct bench_case cases[] = {
	{ "in_order", 1385, 1500, 0, 0 },       { "in_order", 8785, 9000, 0, 0 },
	{ "six_fragments", 8785, 1500, 0, 0 },  { "loss_1_percent", 1385, 1500, 0.01, 0 },
	{ "loss_1_percent", 8785, 9000, 0.01, 0 }, { "reordered", 1385, 1500, 0, 8 },
	{ "reordered", 8785, 9000, 0, 8 },
};

struct figures {
	struct stats ns, memcpy_ns, ratio, control_ns, cycles;
};

struct consumer {
	struct ctl *ctl;
	bool complete;
	uint64_t bytes;
};

static void on_negotiate(void *arg, const struct client_offer *offer)
{
	(void)arg, (void)offer;
}

static void on_contents(void *arg, uint32_t slot, uint64_t offset)
{
	struct consumer *c = arg;
	struct buffers *b = &c->ctl->buffers;
	uint32_t len = b->store->blocks[slot].len;

	c->bytes += len;
	buffers_deliver(b, slot);
	buffers_complete(b, offset, len);
	buffers_returned(b, slot);
}

static void on_complete(void *arg, uint32_t win32, const char *why)
{
	(void)win32, (void)why;
	((struct consumer *)arg)->complete = true;
}

static const struct ctl_ops consumer_ops = { on_negotiate, on_negotiate, on_contents, on_complete };

static void fail(const char *what)
{
	fprintf(stderr, "pipeline: %s\n", what);
	exit(EXIT_FAILURE);
}

static uint64_t cycles_now(void)
{
	return __builtin_ia32_rdtsc();
}

/* memcpy of the content of every frame to where its block would go. */
static double memcpy_ns(const struct replay *r, uint8_t *arena)
{
	uint32_t slots = CACHE_BYTES / r->config.block_bytes;
	size_t at = 0, end = (size_t)slots * r->config.block_bytes;
	ns_t began = host_now();

	for (uint32_t i = 0; i < r->frame_count; i++) {
		const struct replay_frame *f = &r->frames[i];

		if (at + f->data_len > end)
			at = 0;
		memcpy(arena + at, r->bytes + f->data_at, f->data_len);
		at += f->data_len;
	}
	return (double)(host_now() - began);
}

/* Bring a session to the point where data flows. */
static struct ctl *begin(struct replay *r, struct worker *w, struct ctl_budget *budget, struct consumer *c)
{
	struct ctl_config config = { .worker = w, .budget = budget, .cache_bytes = CACHE_BYTES, .ops = &consumer_ops, .arg = c };
	char why[CTL_WHY_BYTES];
	uint32_t win32;
	ns_t now = host_now();

	client_config_defaults(&config.client);
	config.client.initiation = (struct endpoint){ r->server.ip, MSI_UDP_PORT };
	config.client.request.name_space = (struct msi_name){ 1, { 'n' } };
	config.client.request.content = (struct msi_name){ 1, { 'o' } };
	c->ctl = ctl_new(&config, now, &win32, why);
	if (c->ctl == NULL)
		fail(why);
	for (unsigned t = 0; c->ctl->lane.client.state != CLIENT_REGULAR; t++) {
		if (t > 1000000)
			fail("the session does not begin");
		ctl_turn(c->ctl, now);
		rx_turn(w->rx, now = host_now());
	}
	replay_make_master(r);
	rx_turn(w->rx, host_now());
	return c->ctl;
}

static void end(struct worker *w, struct consumer *c)
{
	ns_t now = host_now();

	if (!c->complete)
		ctl_cancel(c->ctl, 1223);
	while (!ctl_is_over(c->ctl)) {
		now += NS_PER_MS; /* the LEAVE waits up to 200 ms, which is nobody's time to lose here */
		ctl_turn(c->ctl, now);
		rx_turn(w->rx, now);
	}
	ctl_free(c->ctl);
}

static void one_run(struct replay *r, uint8_t *arena, struct figures *f)
{
	struct worker_config worker_config = { .by_hand = true, .seed = 1 };
	struct worker *w = worker_new(&r->port, &worker_config);
	struct ctl_budget budget = { .limit = 1ull << 32 };
	struct consumer consumer = { 0 };
	double rx_ns = 0, control_ns = 0, copy_ns;
	uint64_t cycles = 0, blocks, warm = CACHE_BYTES / r->config.block_bytes;
	struct ctl *ctl;

	replay_rewind(r);
	copy_ns = memcpy_ns(r, arena);
	ctl = begin(r, w, &budget, &consumer);
	r->limit = r->frame_count;
	while (r->next < r->limit) {
		ns_t began = host_now(), middle;
		uint64_t from = cycles_now();

		for (int i = 0; i < 8; i++)
			rx_turn(w->rx, began);
		from = cycles_now() - from;
		middle = host_now();
		while (ctl_turn(ctl, middle) > 0)
			;
		if (consumer.bytes / r->config.block_bytes <= warm)
			continue; /* the first lap of the arena: its pages are new, memcpy's are not */
		cycles += from;
		rx_ns += (double)(middle - began);
		control_ns += (double)(host_now() - middle);
	}
	blocks = consumer.bytes / r->config.block_bytes;
	if (r->config.loss == 0 && blocks != r->config.blocks)
		fail("blocks are missing at the end");
	blocks -= warm;
	end(w, &consumer);
	worker_free(w);
	stats_add(&f->ns, rx_ns / (double)blocks);
	stats_add(&f->cycles, (double)cycles / (double)blocks);
	stats_add(&f->control_ns, control_ns / (double)blocks);
	copy_ns = copy_ns / (double)r->config.blocks / (1 - r->config.loss);
	stats_add(&f->memcpy_ns, copy_ns);
	stats_add(&f->ratio, copy_ns / (rx_ns / (double)blocks));
}

static void print_text(const struct bench_case *c, struct figures *f)
{
	double bits = 8.0 * c->block_bytes;

	printf("%-15s %6u  %8.1f %8.1f %8.1f  %7.0f  %7.2f %8.2f  %5.2f [%4.2f-%4.2f]  %7.1f  n=%u\n", c->name,
	       c->block_bytes, stats_min(&f->ns), stats_median(&f->ns), stats_max(&f->ns), stats_median(&f->cycles),
	       bits / stats_median(&f->ns), bits / stats_median(&f->memcpy_ns), stats_median(&f->ratio),
	       stats_min(&f->ratio), stats_max(&f->ratio), stats_median(&f->control_ns), f->ns.n);
}

static void print_json(const struct bench_case *c, struct figures *f)
{
	double bits = 8.0 * c->block_bytes, ns = stats_median(&f->ns);
	json_t *o = json_pack("{ss si sf sf sf sf sf sf si sf sf sf}", "case", c->name, "block_bytes", (int)c->block_bytes,
	                      "ns_per_block", ns, "cycles_per_block", stats_median(&f->cycles), "gbps", bits / ns,
	                      "memcpy_gbps", bits / stats_median(&f->memcpy_ns), "ratio_to_memcpy", stats_median(&f->ratio),
	                      "control_ns_per_block", stats_median(&f->control_ns), "runs", (int)f->ns.n, "min",
	                      stats_min(&f->ns), "median", ns, "max", stats_max(&f->ns));

	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(o);
}

static void run_case(const struct bench_case *c, unsigned runs, uint64_t content_bytes, bool json)
{
	struct replay_config config = { .blocks = content_bytes / c->block_bytes, .block_bytes = c->block_bytes,
		                        .mtu = c->mtu, .loss = c->loss, .shuffle = c->shuffle, .seed = 1 };
	struct replay *r = replay_new(&config);
	struct figures *f = calloc(1, sizeof(*f));
	uint8_t *arena = host_alloc(CACHE_BYTES, -1);

	if (r == NULL || f == NULL || arena == NULL)
		fail("not enough memory");
	memset(arena, 1, CACHE_BYTES);
	for (unsigned i = 0; i < runs; i++)
		one_run(r, arena, f);
	if (json)
		print_json(c, f);
	else
		print_text(c, f);
	host_free(arena, CACHE_BYTES);
	free(f);
	replay_free(r);
}

static void usage(FILE *to)
{
	fputs("usage: pipeline [--json] [--runs N] [--mib N] [--case NAME]\n"
	      "Frames made in memory go through the receiving worker to its done ring.\n"
	      "  --runs N     runs of each case, 1 to 1000 (default 11)\n"
	      "  --mib N      content of a run in MiB, 64 to 1024 (default 128)\n"
	      "  --case NAME  only the cases of this name\n"
	      "  --json       one JSON object a case: ns_per_block, gbps and the ratio are medians;\n"
	      "               min, median and max are of ns_per_block\n",
	      to);
}

static unsigned number(const char *text, unsigned min, unsigned max)
{
	char *end;
	unsigned long v = strtoul(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != '\0' || v < min || v > max) {
		usage(stderr);
		exit(2);
	}
	return (unsigned)v;
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { "runs", required_argument, NULL, 'r' },
		                                 { "mib", required_argument, NULL, 'm' }, { "case", required_argument, NULL, 'c' },
		                                 { "help", no_argument, NULL, 'h' }, { 0 } };
	unsigned runs = 11, mib = 128;
	const char *only = NULL;
	bool json = false;

	for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		switch (o) {
		case 'j': json = true; break;
		case 'r': runs = number(optarg, 1, STATS_RUNS_MAX); break;
		case 'm': mib = number(optarg, 64, 1024); break;
		case 'c': only = optarg; break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	}
	if (!json)
		puts("case             block  ns/block: min  median      max   cycles     Gb/s   memcpy  ratio [min-max]    control ns");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if (only == NULL || strcmp(only, cases[i].name) == 0)
			run_case(&cases[i], runs, (uint64_t)mib << 20, json);
	return 0;
}
