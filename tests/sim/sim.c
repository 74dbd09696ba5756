/*
 * The protocol's proof: `sim` runs all cases and ends with "@tests PASSED FAILED"; a run that fails
 * prints the command that replays it alone. `sim --table` prints how feedback grows with receivers.
 */
#include "sim.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#define SEEDS 20

struct tally {
	unsigned passed, failed;
};

static void usage(void)
{
	fputs("usage: sim [--seeds N] [--quick]                 all cases\n"
	      "       sim --clients N [--loss P] [--reorder P] [--duplicate P] [--corrupt P] [--delay MS] "
	      "[--jitter MS]\n"
	      "           [--blocks N] [--slots N] [--consume US] [--seed N] [--seeds N] [--verbose] "
	      "[--trace]   one of them\n"
	      "       sim --table [--loss P]                    feedback and repairs over receivers\n"
	      "P is percent.\n",
	      stderr);
	exit(2);
}

static uint64_t data_packets(const struct sim_stats *t)
{
	return t->sent[MT_ODATA] + t->sent[MT_RDATA];
}

static uint64_t feedback_packets(const struct sim_stats *t)
{
	return t->sent[MT_JOIN] + t->sent[MT_QCR] + t->sent[MT_ACK] + t->sent[MT_NACK] + t->sent[MT_LEAVE] +
	       t->sent[MT_POLLACK];
}

static void tell(const struct sim *s)
{
	static const char *const names[SIM_OPCODES] = { "?",     "SPM",     "JOIN", "JOINACK", "QCC", "QCR",
		                                        "ODATA", "RDATA",   "ACK",  "NACK",    "NCF", "LEAVE",
		                                        "POLL",  "POLLACK", "KICK", "DEMOTE" };
	const struct sim_stats *t = &s->stats;

	printf("  done after %.3f s, forgotten after %.3f s; %llu events, %llu in the queue at most\n ",
	       (double)t->all_done_ns / NS_PER_S, (double)t->all_forgotten_ns / NS_PER_S,
	       (unsigned long long)t->events, (unsigned long long)t->longest_queue);
	for (unsigned i = 1; i < SIM_OPCODES; i++)
		if (t->sent[i] > 0)
			printf(" %s %llu", names[i], (unsigned long long)t->sent[i]);
	printf(" requests %llu forged %llu malformed %llu\n", (unsigned long long)t->requests,
	       (unsigned long long)t->forged, (unsigned long long)t->malformed);
}

static void tell_replay(const struct sim_config *c)
{
	const struct sim_link_config *l = &c->link;

	printf("  replay: build/tests/sim/sim --clients %u --loss %g --reorder %g --duplicate %g --corrupt "
	       "%g "
	       "--delay %g --jitter %g --blocks %llu --slots %u --consume %g --seed %llu --verbose\n",
	       c->clients, l->loss * 100, l->reorder * 100, l->duplicate * 100, l->corrupt * 100,
	       (double)l->delay_ns / NS_PER_MS, (double)l->jitter_ns / NS_PER_MS,
	       (unsigned long long)ma_total_blocks(c->content_bytes, c->block_bytes), c->slots,
	       (double)c->consume_ns / NS_PER_US, (unsigned long long)c->seed);
}

static bool run_one(const struct sim_config *c)
{
	static struct sim s;
	bool ok = sim_run(&s, c);

	if (!ok) {
		printf("  seed %llu: %s\n", (unsigned long long)c->seed, s.why);
		tell_replay(c);
	}
	if (c->verbose)
		tell(&s);
	sim_fini(&s);
	return ok;
}

static void run_seeds(const char *name, struct sim_config *c, uint64_t seeds, struct tally *t)
{
	uint64_t first = c->seed, failed = 0;

	for (; c->seed < first + seeds; c->seed++)
		failed += !run_one(c);
	c->seed = first;
	printf("%s %s: %llu seeds\n", failed == 0 ? "ok  " : "FAIL", name, (unsigned long long)seeds);
	if (failed == 0)
		t->passed++;
	else
		t->failed++;
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

static void run_others(struct sim_config *c, uint64_t seeds, struct tally *t)
{
	struct sim_config base = *c;

	c->clients = 5;
	c->link.corrupt = 0.02;
	run_seeds("corrupted packets change nothing", c, seeds, t);
	*c = base;
	c->clients = 3;
	c->slots = 8;
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
	c->link.loss = 0.01;
	run_seeds("clients that join in the middle", c, seeds, t);
	*c = base;
	c->content_bytes = 1;
	run_seeds("content of one byte", c, seeds, t);
	*c = base;
}

static void print_table(struct sim_config *c)
{
	static const uint32_t clients[] = { 1, 10, 50, 200 };
	static struct sim s;

	printf("%g %% independent loss, %llu blocks\n", c->link.loss * 100,
	       (unsigned long long)ma_total_blocks(c->content_bytes, c->block_bytes));
	printf("%9s %12s %12s %18s %18s %10s %10s\n", "receivers", "data", "feedback", "feedback per data",
	       "sent per block", "NACK", "seconds");
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		const struct sim_stats *t = &s.stats;

		c->clients = clients[i];
		if (!sim_run(&s, c))
			printf("  %s\n", s.why);
		printf("%9u %12llu %12llu %18.4f %18.4f %10llu %10.3f\n", c->clients,
		       (unsigned long long)data_packets(t), (unsigned long long)feedback_packets(t),
		       (double)feedback_packets(t) / (double)data_packets(t),
		       (double)data_packets(t) / (double)s.total_blocks, (unsigned long long)t->sent[MT_NACK],
		       (double)t->all_done_ns / NS_PER_S);
		sim_fini(&s);
	}
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
	O_QUICK
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
	{ "table", no_argument, NULL, O_TABLE },
	{ "quick", no_argument, NULL, O_QUICK },
	{ NULL, 0, NULL, 0 },
};

struct wish {
	struct sim_config config;
	uint64_t seeds;
	bool one, table;
};

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
		l->delay_ns = (ns_t)(v * NS_PER_MS);
		break;
	case O_JITTER:
		l->jitter_ns = (ns_t)(v * NS_PER_MS);
		break;
	case O_BLOCKS:
		w->config.content_bytes = (uint64_t)v * w->config.block_bytes - 7;
		break;
	case O_SLOTS:
		w->config.slots = (uint32_t)v;
		break;
	case O_CONSUME:
		w->config.consume_ns = (ns_t)(v * NS_PER_US);
		break;
	case O_SEED:
		w->config.seed = (uint64_t)v;
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
	case O_TABLE:
		w->table = true;
		break;
	case O_QUICK:
		w->seeds = 2;
		break;
	default:
		usage();
	}
}

int main(int argc, char **argv)
{
	struct wish w = { .seeds = 0 };
	struct tally t = { 0, 0 };
	int option;

	setvbuf(stdout, NULL, _IOLBF, 0);
	sim_config_defaults(&w.config);
	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		take_option(&w, option, optarg == NULL ? 0 : strtod(optarg, NULL));
	if (optind < argc || (w.one && (w.config.clients == 0 || w.config.clients > SIM_CLIENTS_MAX)))
		usage();
	if (w.table) {
		print_table(&w.config);
		return 0;
	}
	if (w.one) {
		run_seeds("as asked", &w.config, w.seeds == 0 ? 1 : w.seeds, &t);
	} else {
		run_matrix(&w.config, w.seeds == 0 ? SEEDS : w.seeds, &t);
		run_others(&w.config, w.seeds == 0 ? SEEDS : w.seeds, &t);
	}
	printf("@tests %u %u\n", t.passed, t.failed);
	return t.failed > 0;
}
