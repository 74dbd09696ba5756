#include "sim.h"

#include <stdio.h>

static uint64_t data_packets(const struct sim_stats *t)
{
	return t->sent[MT_ODATA] + t->sent[MT_RDATA];
}

static uint64_t feedback_packets(const struct sim_stats *t)
{
	return t->sent[MT_JOIN] + t->sent[MT_QCR] + t->sent[MT_ACK] + t->sent[MT_NACK] + t->sent[MT_LEAVE] +
	       t->sent[MT_POLLACK];
}

static void print_line(const struct sim *s)
{
	const struct sim_stats *t = &s->stats;
	double data = (double)data_packets(t);

	printf("%9u %10.0f %10llu %8llu %8llu %12.4f %12.4f %12.4f %10.3f\n", s->config.clients, data,
	       (unsigned long long)feedback_packets(t), (unsigned long long)t->sent[MT_ACK],
	       (unsigned long long)t->sent[MT_NACK], (double)feedback_packets(t) / data,
	       (double)t->sent[MT_RDATA] / data, data / (double)s->total_blocks,
	       (double)t->all_done_ns / NS_PER_S);
}

void sim_table(const struct sim_config *base)
{
	static const uint32_t clients[] = { 1, 10, 50, 200 };
	struct sim_config c = *base;
	static struct sim s;

	c.lossless_ns =
	        15 * NS_PER_MS; /* a request that is lost is repeated a second later: not what is shown */
	c.start_within_ns = NS_PER_MS;
	c.slots = 1500; /* 2 MiB, the default cache, of blocks that need no fragments */
	if (c.link.loss == 0)
		c.link.loss = 0.01;
	if (c.content_bytes < 10000ull * c.block_bytes)
		c.content_bytes = 10000ull * c.block_bytes;
	printf("%g %% independent loss, %llu blocks\n", c.link.loss * 100,
	       (unsigned long long)ma_total_blocks(c.content_bytes, c.block_bytes));
	printf("%9s %10s %10s %8s %8s %12s %12s %12s %10s\n", "receivers", "data", "feedback", "ACK", "NACK",
	       "feedb./data", "repair/data", "data/block", "seconds");
	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		c.clients = clients[i];
		if (!sim_run(&s, &c))
			printf("  %s\n", s.why);
		print_line(&s);
		sim_fini(&s);
	}
}
