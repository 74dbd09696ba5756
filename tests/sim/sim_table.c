#include "sim.h"

#include <math.h>
#include <stdio.h>

#include "wdserror.h"

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
	c->lossless_ns =
	        3 * NS_PER_MS; /* a request that is lost is repeated a second later: not what is shown */
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
		ok = ok &&
		     (double)feedback_packets(&s.stats) < FEEDBACK_MAX * (double)data_packets(&s.stats) &&
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
	sim_config_own_links(c);
	c->slow_bytes_per_s = 2000000;
}

struct ending {
	uint32_t result;
	bool moved; /* to the slower stream */
};

static bool ends_so(const struct sim *s, const struct ending *first)
{
	const struct sim_client *c = &s->clients[0];

	return c->finished && c->result == first->result && c->moved == first->moved;
}

/* The seconds of all but the first, which is to end so; 0 when anything was not as it must be. */
static double run_slow(struct sim_config *c, const char *name, struct ending first)
{
	static struct sim s;
	double healthy = 0;

	if (!sim_run(&s, c))
		printf("  %s\n", s.why);
	else if (ends_so(&s, &first))
		healthy = seconds_of(&s, 1, c->clients - 1);
	printf("%-34s %10.3f %12.3f %10x%s%s\n", name, healthy, seconds_of(&s, 0, 0), s.clients[0].result,
	       s.clients[0].moved ? ", demoted" : "", healthy > 0 ? "" : ": not as it must be");
	sim_fini(&s);
	return healthy;
}

bool sim_slow_table(uint32_t clients)
{
	static const struct ending kept = { 0, false }, demoted = { 0, true };
	static const struct ending kicked = { WDSTPC_E_KICKED_POLICY_NOT_MET, false };
	static struct sim_config c;
	double alone, v[5];

	printf("%u receivers, the server at 5 MB/s, the first as it says, below 2 MB/s is slow: seconds\n",
	       clients);
	printf("%-34s %10s %12s %10s\n", "the first", "others", "the first", "result");
	slow_config(&c, clients);
	alone = run_slow(&c, "as the others", kept);
	c.down[0].loss = 0.2;
	v[0] = run_slow(&c, "20 % loss, kept", kept);
	c.policy = SIM_DEMOTE_SLOW;
	c.sessions = 2;
	v[1] = run_slow(&c, "20 % loss, demoted", demoted);
	c.sessions = 1;
	c.policy = SIM_KICK_SLOW;
	v[2] = run_slow(&c, "20 % loss, kicked", kicked);
	slow_config(&c, clients);
	c.down[0].bytes_per_s = 500000;
	c.down[0].queue_bytes = 50000;
	v[3] = run_slow(&c, "a way of 0.5 MB/s, kept", kept);
	c.policy = SIM_DEMOTE_SLOW;
	c.sessions = 2; /* of the server's 5 MB/s, that the slower stream has too */
	v[4] = run_slow(&c, "a way of 0.5 MB/s, demoted", demoted);
	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (alone == 0 || v[i] == 0)
			return false;
	return v[1] < 1.5 * alone && v[2] < 1.5 * alone && v[4] < 1.15 * alone;
}
