#include "sim.h"

#include <math.h>
#include <stdio.h>

#define FEEDBACK_MAX 0.25 /* packets a data packet, however many receivers */
#define SENDS_MAX 1.15    /* times what cannot be done with less */

static uint64_t data_packets(const struct sim_stats *t)
{
	return t->sent[MT_ODATA] + t->sent[MT_RDATA];
}

static uint64_t feedback_packets(const struct sim_stats *t)
{
	return t->sent[MT_JOIN] + t->sent[MT_QCR] + t->sent[MT_ACK] + t->sent[MT_NACK] + t->sent[MT_LEAVE] +
	       t->sent[MT_POLLACK];
}

/*
 * How often a block must be sent until n receivers, each of which loses p of what comes, have it: nobody can
 * do with less.
 */
static double least_sends(uint32_t n, double p)
{
	double sends = 0, lacking = 1;

	for (double lost = 1; lacking > 1e-9; lost *= p) {
		lacking = 1 - pow(1 - lost, n);
		sends += lacking;
	}
	return sends;
}

static double sends(const struct sim *s)
{
	return (double)data_packets(&s->stats) / (double)s->total_blocks;
}

static void print_line(const struct sim *s)
{
	const struct sim_stats *t = &s->stats;
	double data = (double)data_packets(t);

	printf("%9u %10.0f %10llu %8llu %8llu %12.4f %12.4f %12.4f %12.4f %10.3f\n", s->config.clients, data,
	       (unsigned long long)feedback_packets(t), (unsigned long long)t->sent[MT_ACK],
	       (unsigned long long)t->sent[MT_NACK], (double)feedback_packets(t) / data,
	       (double)t->sent[MT_RDATA] / data, sends(s),
	       least_sends(s->config.clients, s->config.link.loss), (double)t->all_done_ns / NS_PER_S);
}

static void table_config(struct sim_config *c, const struct sim_config *base)
{
	*c = *base;
	c->lossless_ns = 3 * NS_PER_MS; /* a request that is lost is repeated a second later: not what is shown */
	c->start_within_ns = NS_PER_MS;
	c->slots = 1500; /* 2 MiB, the default cache, of blocks that need no fragments */
	if (c->link.loss == 0)
		c->link.loss = 0.01;
	if (c->content_bytes < 10000ull * c->block_bytes)
		c->content_bytes = 10000ull * c->block_bytes;
}

bool sim_table(const struct sim_config *base)
{
	static const uint32_t clients[] = { 1, 10, 50, 200 };
	static struct sim_config c;
	static struct sim s;
	bool ok = true;

	table_config(&c, base);
	printf("%g %% independent loss, %llu blocks\n", c.link.loss * 100,
	       (unsigned long long)ma_total_blocks(c.content_bytes, c.block_bytes));
	printf("%9s %10s %10s %8s %8s %12s %12s %12s %12s %10s\n", "receivers", "data", "feedback", "ACK",
	       "NACK", "feedb./data", "repair/data", "data/block", "at least", "seconds");
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		c.clients = clients[i];
		if (!sim_run(&s, &c)) {
			printf("  %s\n", s.why);
			ok = false;
		}
		print_line(&s);
		ok = ok && (double)feedback_packets(&s.stats) < FEEDBACK_MAX * (double)data_packets(&s.stats) &&
		     sends(&s) < SENDS_MAX * least_sends(c.clients, c.link.loss);
		sim_fini(&s);
	}
	return ok;
}

/* When the last of the clients from `first` on had everything. */
static double seconds_of(const struct sim *s, uint32_t first, uint32_t last)
{
	ns_t latest = 0;

	for (uint32_t i = first; i <= last; i++)
		if (s->clients[i].finished_at > latest)
			latest = s->clients[i].finished_at;
	return (double)latest / NS_PER_S;
}

static void slow_config(struct sim_config *c, uint32_t clients)
{
	sim_config_defaults(c);
	c->clients = clients;
	c->block_bytes = 1385;
	c->content_bytes = 20000ull * c->block_bytes;
	c->slots = 1500;
	c->start_within_ns = NS_PER_MS;
	c->lossless_ns = 15 * NS_PER_MS;
	c->egress_bytes_per_s = 5000000;
	c->egress_queue_bytes = 100000;
	c->link.loss = 0.0001;
	c->bad_link = c->link;
	c->slow_bytes_per_s = 2000000;
}

static double run_slow(struct sim_config *c, const char *name)
{
	static struct sim s;
	double healthy = 0;

	if (!sim_run(&s, c))
		printf("  %s\n", s.why);
	else {
		healthy = seconds_of(&s, 1, c->clients - 1);
		printf("%-34s %10.3f %12.3f %10x\n", name, healthy, seconds_of(&s, 0, 0),
		       s.clients[0].result);
	}
	sim_fini(&s);
	return healthy;
}

bool sim_slow_table(uint32_t clients)
{
	struct sim_config c;
	double alone, demoted, kicked, narrow;

	printf("%u receivers, the server at 5 MB/s, the first as it says, below 2 MB/s is slow: seconds\n",
	       clients);
	printf("%-34s %10s %12s %10s\n", "the first", "others", "the first", "result");
	slow_config(&c, clients);
	alone = run_slow(&c, "as the others");
	c.bad_clients = 1;
	c.bad_link.loss = 0.2;
	run_slow(&c, "20 % loss, kept");
	c.policy = SIM_DEMOTE_SLOW;
	c.sessions = 2;
	demoted = run_slow(&c, "20 % loss, demoted");
	c.sessions = 1;
	c.policy = SIM_KICK_SLOW;
	kicked = run_slow(&c, "20 % loss, kicked");
	slow_config(&c, clients);
	c.bad_clients = 1;
	c.bad_link.bytes_per_s = 500000;
	c.bad_link.queue_bytes = 50000;
	run_slow(&c, "a way of 0.5 MB/s, kept");
	c.policy = SIM_DEMOTE_SLOW;
	c.sessions = 2;
	narrow = run_slow(&c, "a way of 0.5 MB/s, demoted"); /* of the server's 5, that the slower stream has too */
	return alone > 0 && demoted > 0 && kicked > 0 && narrow > 0 && demoted < 1.5 * alone && kicked < 1.5 * alone &&
	       narrow < 1.15 * alone;
}
