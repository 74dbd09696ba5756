/*
 * The protocol's proof: `sim` runs all cases and ends with "@tests PASSED FAILED"; a run that fails
 * prints the command that replays it alone. `sim --table` prints how feedback grows with receivers.
 */
#include "sim.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SEEDS 20
#define QUICK_SCENARIOS 60

struct tally {
	unsigned passed, failed;
};

static const char *program;
/* Of all runs. */
static uint64_t counts[SIM_COUNT_MAX];

struct wish {
	struct sim_config config;
	uint64_t seeds, scenarios, first;
	uint32_t without;
	const char *names; /* of `without` */
	bool one, table, slow_table;
};

static void usage(void)
{
	fputs("usage: sim [--seeds N] [--quick]                 all cases\n"
	      "       sim --clients N [--loss P] [--reorder P] [--duplicate P] [--corrupt P] [--delay MS] "
	      "[--jitter MS]\n"
	      "           [--bandwidth MB/S] [--queue KB] [--egress MB/S] [--egress-queue KB] [--block-bytes N]\n"
	      "           [--blocks N] [--content-bytes N] [--slots N] [--consume US] [--slow-clients N]\n"
	      "           [--start-within MS] [--seed N] [--seeds N] [--verbose] [--trace]   one of them\n"
	      "       sim --scenarios N [--first SEED]          so many random scenarios\n"
	      "       sim --scenario SEED [--without A,B,...] [--verbose] [--trace]   one of them\n"
	      "       sim --table [--loss P]                    feedback and repairs over receivers\n"
	      "       sim --slow-table [--clients N]            what one bad receiver costs the others\n"
	      "P is percent. What a scenario may be without:",
	      stderr);
#define X(name) fputs(" " #name, stderr);
	SIM_FEATURES(X)
#undef X
	fputs("\n", stderr);
	exit(2);
}

static bool run_one(const struct sim_config *c)
{
	static struct sim s;
	bool ok = sim_run(&s, c);

	for (unsigned i = 0; i < SIM_COUNT_MAX; i++)
		counts[i] += s.stats.counts[i];
	if (!ok) {
		printf("  seed %llu: %s\n", (unsigned long long)c->seed, s.why);
		sim_replay_tell();
	}
	if (c->verbose)
		sim_tell(&s);
	sim_fini(&s);
	return ok;
}

static void run_seeds(const char *name, struct sim_config *c, uint64_t seeds, struct tally *t)
{
	uint64_t first = c->seed, failed = 0;

	for (; c->seed < first + seeds; c->seed++) {
		sim_replay_set_config(program, c, "--verbose");
		failed += !run_one(c);
	}
	c->seed = first;
	printf("%s %s: %llu seeds\n", failed == 0 ? "ok  " : "FAIL", name, (unsigned long long)seeds);
	if (failed == 0)
		t->passed++;
	else
		t->failed++;
}

static void judge(const char *name, bool ok, struct tally *t)
{
	printf("%s %s\n", ok ? "ok  " : "FAIL", name);
	if (ok)
		t->passed++;
	else
		t->failed++;
}

/* Each seed is a case of its own. */
static void run_scenarios(const struct wish *w, struct tally *t)
{
	static struct sim_config c;

	for (uint64_t seed = w->first; seed < w->first + w->scenarios; seed++) {
		sim_scenario(&c, seed, w->without);
		c.verbose = w->config.verbose;
		c.trace = w->config.trace;
		if (c.verbose)
			sim_scenario_tell(&c);
		sim_replay_set(program, "--verbose --scenario %llu%s%s", (unsigned long long)seed,
		               w->without == 0 ? "" : " --without ", w->names);
		if (run_one(&c))
			t->passed++;
		else
			t->failed++;
	}
	printf("%s %llu random scenarios\n", t->failed == 0 ? "ok  " : "FAIL",
	       (unsigned long long)w->scenarios);
	if (w->scenarios > 1 && w->without == 0)
		judge("all that was to befall them did", sim_count_tell(counts, w->scenarios), t);
}

/* 1 to 200 clients, from a perfect network to one that loses, reorders and repeats. */
static void run_matrix(struct sim_config *c, uint64_t seeds, struct tally *t)
{
	static const uint32_t clients[] = { 1, 2, 10, 200 };
	static const double loss[] = { 0, 0.001, 0.01, 0.05 };
	char name[100];

	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		for (size_t k = 0; k < 2 * sizeof(loss) / sizeof(loss[0]); k++) {
			bool odd = k & 1;

			c->clients = clients[i];
			c->link.loss = loss[k / 2];
			c->link.reorder = odd ? 0.03 : 0;
			c->link.duplicate = odd ? 0.02 : 0;
			snprintf(name, sizeof(name), "%u clients, %g %% loss%s", c->clients,
			         c->link.loss * 100, odd ? ", reordered and repeated" : "");
			run_seeds(name, c, seeds, t);
		}
	}
	c->link.loss = c->link.reorder = c->link.duplicate = 0;
}

static bool told(bool ok)
{
	if (!ok)
		sim_replay_tell();
	return ok;
}

static bool slow_table(uint32_t clients)
{
	sim_replay_set(program, "--slow-table --clients %u", clients);
	return told(sim_slow_table(clients));
}

static bool table(const struct sim_config *base)
{
	sim_replay_set_config(program, base, "--table");
	return told(sim_table(base));
}

static void run_others(struct sim_config *c, uint64_t seeds, struct tally *t)
{
	struct sim_config base = *c;

	c->clients = 5;
	c->link.corrupt = 0.02;
	run_seeds("corrupted packets change nothing", c, seeds, t);
	*c = base;
	c->clients = 3;
	c->slots = 8;
	c->slow_clients = 3;
	c->consume_ns = 2 * NS_PER_MS;
	run_seeds("consumers slower than the network", c, seeds, t);
	*c = base;
	c->clients = 3;
	c->slots = 64;
	c->link.loss = 0.01;
	run_seeds("caches smaller than the window", c, seeds, t);
	*c = base;
	c->clients = 10;
	c->start_within_ns = 3 * NS_PER_S;
	c->content_bytes = 3000 * 100;
	c->egress_bytes_per_s = 250000; /* it takes them as long to join as it takes to send all of it */
	c->egress_queue_bytes = 50000;
	c->link.loss = 0.01;
	run_seeds("clients that join in the middle", c, seeds, t);
	*c = base;
	c->content_bytes = 1;
	run_seeds("content of one byte", c, seeds, t);
	*c = base;
	judge("one bad receiver costs the others what the policy says", slow_table(20), t);
	judge("feedback and repairs grow no more than they must", table(&base), t);
}

enum {
	O_CLIENTS = 1,
	O_LOSS,
	O_REORDER,
	O_DUPLICATE,
	O_CORRUPT,
	O_DELAY,
	O_JITTER,
	O_BLOCKS,
	O_SLOTS,
	O_CONSUME,
	O_SEED,
	O_SEEDS,
	O_VERBOSE,
	O_TRACE,
	O_TABLE,
	O_QUICK,
	O_SCENARIO,
	O_SCENARIOS,
	O_FIRST,
	O_WITHOUT,
	O_SLOW_TABLE,
	O_BANDWIDTH,
	O_QUEUE,
	O_BLOCK_BYTES,
	O_CONTENT_BYTES,
	O_SLOW_CLIENTS,
	O_START_WITHIN,
	O_EGRESS,
	O_EGRESS_QUEUE
};

static const struct option options[] = {
	{ "clients", required_argument, NULL, O_CLIENTS },
	{ "loss", required_argument, NULL, O_LOSS },
	{ "reorder", required_argument, NULL, O_REORDER },
	{ "duplicate", required_argument, NULL, O_DUPLICATE },
	{ "corrupt", required_argument, NULL, O_CORRUPT },
	{ "delay", required_argument, NULL, O_DELAY },
	{ "jitter", required_argument, NULL, O_JITTER },
	{ "blocks", required_argument, NULL, O_BLOCKS },
	{ "slots", required_argument, NULL, O_SLOTS },
	{ "consume", required_argument, NULL, O_CONSUME },
	{ "seed", required_argument, NULL, O_SEED },
	{ "seeds", required_argument, NULL, O_SEEDS },
	{ "trace", no_argument, NULL, O_TRACE },
	{ "verbose", no_argument, NULL, O_VERBOSE },
	{ "slow-table", no_argument, NULL, O_SLOW_TABLE },
	{ "bandwidth", required_argument, NULL, O_BANDWIDTH },
	{ "queue", required_argument, NULL, O_QUEUE },
	{ "block-bytes", required_argument, NULL, O_BLOCK_BYTES },
	{ "content-bytes", required_argument, NULL, O_CONTENT_BYTES },
	{ "slow-clients", required_argument, NULL, O_SLOW_CLIENTS },
	{ "start-within", required_argument, NULL, O_START_WITHIN },
	{ "egress", required_argument, NULL, O_EGRESS },
	{ "egress-queue", required_argument, NULL, O_EGRESS_QUEUE },
	{ "table", no_argument, NULL, O_TABLE },
	{ "scenario", required_argument, NULL, O_SCENARIO },
	{ "scenarios", required_argument, NULL, O_SCENARIOS },
	{ "first", required_argument, NULL, O_FIRST },
	{ "without", required_argument, NULL, O_WITHOUT },
	{ "quick", no_argument, NULL, O_QUICK },
	{ NULL, 0, NULL, 0 },
};

static uint32_t features(const char *names)
{
	char copy[200];
	uint32_t bits = 0;

	snprintf(copy, sizeof(copy), "%s", names);
	for (char *name = strtok(copy, ","); name != NULL; name = strtok(NULL, ",")) {
		if (sim_feature_bit(name) == 0)
			usage();
		bits |= sim_feature_bit(name);
	}
	return bits;
}

static uint64_t whole(double v)
{
	return (uint64_t)(v + 0.5);
}

/* All of its digits, which a double has no room for. */
static uint64_t number(void)
{
	return strtoull(optarg, NULL, 10);
}

static void take_option(struct wish *w, int option, double v)
{
	struct sim_link_config *l = &w->config.link;

	switch (option) {
	case O_CLIENTS:
		w->config.clients = (uint32_t)v;
		w->one = true;
		break;
	case O_LOSS:
		l->loss = v / 100;
		break;
	case O_REORDER:
		l->reorder = v / 100;
		break;
	case O_DUPLICATE:
		l->duplicate = v / 100;
		break;
	case O_CORRUPT:
		l->corrupt = v / 100;
		break;
	case O_DELAY:
		l->delay_ns = whole(v * NS_PER_MS);
		break;
	case O_JITTER:
		l->jitter_ns = whole(v * NS_PER_MS);
		break;
	case O_BANDWIDTH:
		l->bytes_per_s = whole(v * 1e6);
		break;
	case O_QUEUE:
		l->queue_bytes = (uint32_t)whole(v * 1e3);
		break;
	case O_EGRESS:
		w->config.egress_bytes_per_s = whole(v * 1e6);
		break;
	case O_EGRESS_QUEUE:
		w->config.egress_queue_bytes = (uint32_t)whole(v * 1e3);
		break;
	case O_START_WITHIN:
		w->config.start_within_ns = whole(v * NS_PER_MS);
		break;
	case O_CONTENT_BYTES:
		w->config.content_bytes = number();
		break;
	case O_SLOW_CLIENTS:
		w->config.slow_clients = (uint32_t)v;
		break;
	case O_BLOCK_BYTES:
		w->config.block_bytes = (uint32_t)v;
		break;
	case O_BLOCKS:
		w->config.content_bytes = (uint64_t)v * w->config.block_bytes - 7;
		break;
	case O_SLOTS:
		w->config.slots = (uint32_t)v;
		break;
	case O_CONSUME:
		w->config.slow_clients = SIM_CLIENTS_MAX;
		w->config.consume_ns = whole(v * NS_PER_US);
		break;
	case O_SEED:
		w->config.seed = number();
		break;
	case O_SEEDS:
		w->seeds = (uint64_t)v;
		break;
	case O_VERBOSE:
		w->config.verbose = true;
		break;
	case O_TRACE:
		w->config.trace = true;
		break;
	case O_SLOW_TABLE:
		w->slow_table = true;
		break;
	case O_TABLE:
		w->table = true;
		break;
	case O_QUICK:
		w->seeds = 2;
		w->scenarios = QUICK_SCENARIOS;
		break;
	case O_SCENARIO:
		w->first = number();
		w->scenarios = 1;
		break;
	case O_SCENARIOS:
		w->scenarios = (uint64_t)v;
		break;
	case O_FIRST:
		w->first = number();
		break;
	case O_WITHOUT:
		w->without = features(optarg);
		w->names = optarg;
		break;
	default:
		usage();
	}
}

int main(int argc, char **argv)
{
	static struct wish w = { .first = 1, .names = "" };
	struct tally t = { 0, 0 };
	int option;

	program = argv[0];
	sim_replay_catch();
	setvbuf(stdout, NULL, _IOLBF, 0);
	sim_config_defaults(&w.config);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(&w, option, optarg == NULL ? 0 : strtod(optarg, NULL));
	if (optind < argc || (w.one && (w.config.clients == 0 || w.config.clients > SIM_CLIENTS_MAX)))
		usage();
	if (w.slow_table)
		return !slow_table(w.config.clients);
	if (w.table)
		return !table(&w.config);
	if (w.scenarios > 0)
		run_scenarios(&w, &t);
	if (w.one) {
		run_seeds("as asked", &w.config, w.seeds == 0 ? 1 : w.seeds, &t);
	} else if (w.scenarios == 0 || w.seeds > 0) {
		run_matrix(&w.config, w.seeds == 0 ? SEEDS : w.seeds, &t);
		run_others(&w.config, w.seeds == 0 ? SEEDS : w.seeds, &t);
	}
	printf("@tests %u %u\n", t.passed, t.failed);
	return t.failed > 0;
}
