/*
 * What the receiver costs, without any wire: frames in memory go through rx_turn() to the done ring.
 * Side by side in each run: memcpy of the bytes of such frames to an arena of the same size.
 * See doc in README.md, "How to read the figures".
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "replay.h"
#include "run/ctl.h"
#include "stages.h"
#include "stats.h"

#define CACHE_BYTES (32u << 20)
#define RUN_BYTES (256u << 10) /* as wdsget has them delivered */

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
	struct stats ns, memcpy_ns, ratio, control_ns, cycles, stages[STAGE_COUNT];
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

static void on_contents(void *arg, uint32_t slot, uint32_t count, uint64_t offset)
{
	struct consumer *c = arg;
	struct buffers *b = &c->ctl->buffers;
	uint32_t len = store_run_bytes(b->store, slot, count);

	c->bytes += len;
	buffers_deliver(b, slot, count);
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

/*
 * A run goes in slices, ours and memcpy's in turn, and its figure is the median of its slices: what else
 * the machine does at a moment hits both, and a slice that was interrupted counts for nothing.
 */
#define SLICE_TURNS 8

struct slices {
	struct stats ns, cycles, control_ns, memcpy_ns, stages[STAGE_COUNT]; /* a block */
};

/* The frames of a slice, half of all frames away from those that the worker has just read. */
struct copier {
	uint8_t *arena;
	size_t at, end;
	uint32_t next;
};

/* memcpy of the content of frames to where their blocks would go; returns ns a block. */
static double copy_slice(struct copier *c, const struct replay *r)
{
	uint64_t bytes = 0;
	ns_t began = host_now();

	for (unsigned i = 0; i < SLICE_TURNS * PORT_BURST; i++) {
		const struct replay_frame *f = &r->frames[c->next];

		c->next = c->next + 1 < r->frame_count ? c->next + 1 : 0;
		if (c->at + f->data_len > c->end)
			c->at = 0;
		memcpy(c->arena + c->at, r->bytes + f->data_at, f->data_len);
		c->at += f->data_len;
		bytes += f->data_len;
	}
	return (double)(host_now() - began) * r->config.block_bytes / (double)bytes;
}

/* Bring a session to the point where data flows. */
static void begin(struct replay *r, struct worker *w, struct ctl_budget *budget, struct consumer *c)
{
	struct ctl_config config = { .worker = w, .budget = budget, .cache_bytes = CACHE_BYTES,
		                     .run_bytes = RUN_BYTES, .ops = &consumer_ops, .arg = c };
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

/* False: nothing to count, for the arena's pages are new (memcpy's are not) or no block came. */
static bool path_slice(const struct replay *r, struct worker *w, struct consumer *c, struct slices *s)
{
	uint64_t before = c->bytes, from, cycles, stages[STAGE_COUNT];
	ns_t began, middle;
	double blocks;

	stages_reset();
	began = host_now();
	from = cycles_now();
	for (int i = 0; i < SLICE_TURNS; i++)
		rx_turn(w->rx, began);
	cycles = cycles_now() - from;
	middle = host_now();
	while (ctl_turn(c->ctl, middle) > 0)
		;
	blocks = (double)(c->bytes - before) / r->config.block_bytes;
	if (before < CACHE_BYTES || blocks < 1)
		return false;
	stats_add(&s->ns, (double)(middle - began) / blocks);
	stats_add(&s->cycles, (double)cycles / blocks);
	stats_add(&s->control_ns, (double)(host_now() - middle) / blocks);
	stages_read(stages);
	for (int i = 0; i < STAGES_SHOWN; i++)
		stats_add(&s->stages[i], (double)stages[i] / blocks);
	return true;
}

static void one_run(struct replay *r, uint8_t *arena, struct figures *f)
{
	struct worker_config worker_config = { .by_hand = true, .seed = 1 };
	struct worker *w = worker_new(&r->port, &worker_config);
	struct ctl_budget budget = { .limit = 1ull << 32 };
	struct consumer consumer = { 0 };
	struct copier copier = { arena, 0, CACHE_BYTES, r->frame_count / 2 };
	static struct slices s;

	memset(&s, 0, sizeof(s));
	replay_rewind(r);
	begin(r, w, &budget, &consumer);
	r->limit = r->frame_count;
	while (r->next < r->limit)
		if (path_slice(r, w, &consumer, &s))
			stats_add(&s.memcpy_ns, copy_slice(&copier, r));
	if (r->config.loss == 0 && consumer.bytes / r->config.block_bytes != r->config.blocks)
		fail("blocks are missing at the end");
	end(w, &consumer);
	worker_free(w);
	stats_add(&f->ns, stats_median(&s.ns));
	stats_add(&f->cycles, stats_median(&s.cycles));
	stats_add(&f->control_ns, stats_median(&s.control_ns));
	stats_add(&f->memcpy_ns, stats_median(&s.memcpy_ns));
	stats_add(&f->ratio, stats_median(&s.memcpy_ns) / stats_median(&s.ns));
	for (int i = 0; i < STAGES_SHOWN; i++)
		stats_add(&f->stages[i], stats_median(&s.stages[i]));
}

static void print_text(const struct bench_case *c, struct figures *f)
{
	double bits = 8.0 * c->block_bytes;

	printf("%-15s %6u  %8.1f %8.1f %8.1f  %7.0f  %7.2f %8.2f  %5.2f [%4.2f-%4.2f]  %7.1f  n=%u\n", c->name,
	       c->block_bytes, stats_min(&f->ns), stats_median(&f->ns), stats_max(&f->ns), stats_median(&f->cycles),
	       bits / stats_median(&f->ns), bits / stats_median(&f->memcpy_ns), stats_median(&f->ratio),
	       stats_min(&f->ratio), stats_max(&f->ratio), stats_median(&f->control_ns), f->ns.n);
	for (int i = 0; i < STAGES_SHOWN; i++)
		printf("%s%s %.0f", i == 0 ? "                cycles a block: " : ", ", stage_names[i], stats_median(&f->stages[i]));
	if (STAGES_SHOWN > 0)
		putchar('\n');
}

static void print_json(const struct bench_case *c, struct figures *f)
{
	double bits = 8.0 * c->block_bytes, ns = stats_median(&f->ns);
	json_t *o = json_pack("{ss si sf sf sf sf sf sf si sf sf sf}", "case", c->name, "block_bytes", (int)c->block_bytes,
	                      "ns_per_block", ns, "cycles_per_block", stats_median(&f->cycles), "gbps", bits / ns,
	                      "memcpy_gbps", bits / stats_median(&f->memcpy_ns), "ratio_to_memcpy", stats_median(&f->ratio),
	                      "control_ns_per_block", stats_median(&f->control_ns), "runs", (int)f->ns.n, "min",
	                      stats_min(&f->ns), "median", ns, "max", stats_max(&f->ns));

	if (STAGES_SHOWN > 0)
		json_object_set_new(o, "stage_cycles", json_object());
	for (int i = 0; i < STAGES_SHOWN; i++)
		json_object_set_new(json_object_get(o, "stage_cycles"), stage_names[i], json_real(stats_median(&f->stages[i])));
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
	fputs("usage: pipeline [--json] [--runs N] [--mib N] [--case NAME] [--block N]\n"
	      "Frames made in memory go through the receiving worker to its done ring.\n"
	      "  --runs N     runs of each case, 1 to 1000 (default 11)\n"
	      "  --mib N      content of a run in MiB, 64 to 1024 (default 128)\n"
	      "  --case NAME  only the cases of this name\n"
	      "  --block N    only the cases of this block size\n"
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
		                                 { "block", required_argument, NULL, 'b' },
		                                 { "help", no_argument, NULL, 'h' }, { 0 } };
	unsigned runs = 11, mib = 128, block = 0;
	const char *only = NULL;
	bool json = false;

	for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		switch (o) {
		case 'j': json = true; break;
		case 'r': runs = number(optarg, 1, STATS_RUNS_MAX); break;
		case 'm': mib = number(optarg, 64, 1024); break;
		case 'c': only = optarg; break;
		case 'b': block = number(optarg, 1, 65535); break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 2;
		}
	}
	if (!json)
		puts("case             block  ns/block: min  median      max   cycles     Gb/s   memcpy  ratio [min-max]    control ns");
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		if ((only == NULL || strcmp(only, cases[i].name) == 0) && (block == 0 || block == cases[i].block_bytes))
			run_case(&cases[i], runs, (uint64_t)mib << 20, json);
	return 0;
}
