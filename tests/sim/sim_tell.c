/* A scenario, and how it went, in words. */
#include "sim.h"

#include <stdio.h>

void sim_tell(const struct sim *s)
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

static void tell_link(const char *name, const struct sim_link_config *l)
{
	printf("  %s: %.3f ms + %.3f ms, loss %.2f %%, bursts %.2f %% of %.1f ms, reorder %.1f %% by %.1f "
	       "ms, "
	       "duplicate %.1f %%, corrupt %.1f %%, %.1f MB/s, queue %u KB\n",
	       name, (double)l->delay_ns / 1e6, (double)l->jitter_ns / 1e6, l->loss * 100, l->burst * 100,
	       (double)l->burst_ns / 1e6, l->reorder * 100, (double)l->reorder_ns / 1e6, l->duplicate * 100,
	       l->corrupt * 100, (double)l->bytes_per_s / 1e6, l->queue_bytes >> 10);
}

void sim_scenario_tell(const struct sim_config *c)
{
	static const char *const lies[] = {
		"joins", "strange", "nacks", "acks", "lacks", "requests", "spoof"
	};

	printf("seed %llu: %u clients, %u sessions, %llu blocks of %u, %u slots, windows %u to %u, list %u, "
	       "mode %d, "
	       "within %.1f s, %u actions\n",
	       (unsigned long long)c->seed, c->clients, c->sessions,
	       (unsigned long long)ma_total_blocks(c->content_bytes, c->block_bytes), c->block_bytes,
	       c->slots, c->exp_max_window, c->max_window, c->list_max, c->mode,
	       (double)c->start_within_ns / NS_PER_S, c->action_count);
	tell_link("links", &c->link);
	for (uint32_t i = 0; i < c->clients && c->own_links; i++) {
		printf("  client %u\n", i);
		tell_link("up", &c->up[i]);
		tell_link("down", &c->down[i]);
	}
	printf("  server's link: %.1f MB/s, queue %u KB; %u slow clients at %.3f ms a block\n",
	       (double)c->egress_bytes_per_s / 1e6, c->egress_queue_bytes >> 10, c->slow_clients,
	       (double)c->consume_ns / 1e6);
	if (c->policy != SIM_KEEP)
		printf("  slow clients below %.1f KB/s are %s\n", c->slow_bytes_per_s / 1e3,
		       c->policy == SIM_KICK_SLOW ? "kicked" : "demoted");
	for (uint32_t i = 0; i < c->liar_count; i++)
		printf("  liar %u: %s, manner %u, to session %u, %.3f s to %.3f s, each %.3f ms\n", i,
		       lies[c->liars[i].lie], c->liars[i].manner, c->liars[i].session,
		       (double)c->liars[i].from / NS_PER_S, (double)c->liars[i].until / NS_PER_S,
		       (double)c->liars[i].gap_ns / 1e6);
}
