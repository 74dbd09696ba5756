/*
 * How the parts of a receiver grow with the size of the object: what a POLL costs to answer, and what a block
 * costs to mark, from a mebibyte to a tebibyte of 1385-byte blocks. The bitmap is filled as the object's beginning
 * arrives: all but every 4096th block up to the half, nothing above it; a POLLACK lists the first runs that
 * are missing, and here also the last one there is, as a receiver that has all but the end would ask.
 */
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bitmap.h"
#include "base/ranges.h"
#include "base/rng.h"
#include "engine/client.h"
#include "host/host.h"
#include "stats.h"

#define BLOCK_BYTES 1385
#define POLLS 2000
#define MARKS 200000

static void fail(const char *what)
{
	fprintf(stderr, "grow: %s\n", what);
	exit(EXIT_FAILURE);
}

struct world {
	struct client client;
	struct outq out;
	struct bitmap blocks;
	void *blocks_mem, *out_mem;
	size_t blocks_bytes, out_bytes;
	struct endpoint server, initiation;
	uint64_t poll_seq_no;
};

static void step(struct world *w, const struct client_in *in, ns_t now)
{
	outq_clear(&w->out);
	client_step(&w->client, in, now, &w->out);
}

static void packet(struct world *w, struct mt_packet *p, ns_t now)
{
	struct ma_data block;
	struct client_in in = { .type = CLIENT_IN_PACKET, .from = &w->server, .packet = p, .free_slots = UINT32_MAX };

	p->session_id = w->client.offer.session_id;
	p->sender_time = 1;
	if (client_wants(&w->client, p, &w->server, &block) == CLIENT_WANT_NOT)
		fail("the engine does not want a packet");
	step(w, &in, now);
}

/* A client in REGULAR state of an object with so many blocks. */
static struct world *world_new(uint64_t blocks)
{
	static struct world w;
	struct client_config config;
	struct msi_packet reply = { .kind = MSI_REPLY };
	struct mt_packet joinack = { .opcode = MT_JOINACK, .joinack = { .client_id = 7 } };

	memset(&w, 0, sizeof(w));
	w.server = (struct endpoint){ ip4_of(10, 0, 0, 1), 64132 };
	w.initiation = (struct endpoint){ ip4_of(10, 0, 0, 1), MSI_UDP_PORT };
	w.out_bytes = outq_bytes(64);
	w.out_mem = host_alloc(w.out_bytes, -1);
	w.blocks_bytes = bitmap_bytes(blocks);
	w.blocks_mem = host_alloc(w.blocks_bytes, -1);
	if (w.out_mem == NULL || w.blocks_mem == NULL)
		fail("no memory");
	outq_init(&w.out, w.out_mem, 64);
	bitmap_init(&w.blocks, blocks, w.blocks_mem);
	client_config_defaults(&config);
	config.seed = 1;
	config.rejoin_interval_ms = 3600000; /* no block ever comes here */
	config.initiation = w.initiation;
	config.request.name_space = (struct msi_name){ 1, { 'n' } };
	config.request.content = (struct msi_name){ 1, { 'o' } };
	config.ip = ip4_of(10, 0, 0, 2);
	client_init(&w.client, &config, 0);
	reply.reply = (struct msi_reply){ .multicast = { ip4_of(239, 0, 0, 1), 64132 }, .server = w.server,
		                          .content_bytes = blocks * BLOCK_BYTES, .total_blocks = blocks,
		                          .block_bytes = BLOCK_BYTES, .session_id = 1 };
	step(&w, &(struct client_in){ .type = CLIENT_IN_MSI, .from = &w.initiation, .msi = &reply }, 0);
	step(&w, &(struct client_in){ .type = CLIENT_IN_ACCEPT, .blocks = &w.blocks }, 0);
	packet(&w, &joinack, 0);
	if (w.client.state != CLIENT_REGULAR)
		fail("the session does not begin");
	return &w;
}

static void world_free(struct world *w)
{
	host_free(w->blocks_mem, w->blocks_bytes);
	host_free(w->out_mem, w->out_bytes);
}

/* Microseconds to answer one POLL. */
static double poll_once(struct world *w, ns_t now)
{
	static const uint8_t srvcir[] = { 0, 3, 1 };
	struct mt_packet p = { .opcode = MT_POLL };
	uint64_t before = w->client.stats.pollacks;
	ns_t began = host_now();
	double us;

	p.poll = (struct mt_poll){ ++w->poll_seq_no, 1, sizeof(srvcir), srvcir };
	packet(w, &p, now);
	step(w, &(struct client_in){ .type = CLIENT_IN_TICK }, now + NS_PER_MS);
	us = (double)(host_now() - began) / 1000;
	if (w->client.stats.pollacks != before + 1)
		fail("a POLL was not answered");
	return us;
}

static void poll_all(struct world *w, struct stats *s, ns_t from)
{
	double sum = 0;

	for (unsigned i = 0; i < POLLS; i++)
		sum += poll_once(w, from + i * 2 * NS_PER_MS);
	stats_add(s, sum / POLLS);
}

/* Nanoseconds to mark a block, at random places above the half. */
static void mark_all(struct world *w, struct stats *s, struct rng *rng)
{
	uint64_t half = w->blocks.bits / 2;
	ns_t began = host_now();

	for (unsigned i = 0; i < MARKS; i++)
		bitmap_set(&w->blocks, half + rng_below(rng, half));
	stats_add(s, (double)(host_now() - began) / MARKS);
}

static void fill_half(struct world *w)
{
	for (uint64_t i = 0; i < w->blocks.bits / 2; i++)
		if (i % 4096 != 4095)
			bitmap_set(&w->blocks, i);
}

/* What remains is the last block: to find it from the beginning. */
static void fill_all(struct world *w)
{
	for (uint64_t i = 0; i + 1 < w->blocks.bits; i++)
		bitmap_set(&w->blocks, i);
}

static json_t *summary(struct stats *s)
{
	return json_pack("{s:i, s:f, s:f, s:f}", "n", (int)s->n, "min", stats_min(s), "median", stats_median(s), "max",
	                 stats_max(s));
}

static void run_size(uint64_t bytes, unsigned runs)
{
	static struct stats poll, mark, last;
	struct world *w = world_new((bytes + BLOCK_BYTES - 1) / BLOCK_BYTES);
	struct rng rng = { 1 };
	json_t *o;

	poll.n = mark.n = last.n = 0;
	fill_half(w);
	for (unsigned i = 0; i < runs; i++)
		poll_all(w, &poll, (1 + i) * 10 * NS_PER_MS * POLLS);
	for (unsigned i = 0; i < runs; i++)
		mark_all(w, &mark, &rng);
	fill_all(w);
	for (unsigned i = 0; i < runs; i++)
		poll_all(w, &last, (1 + runs + i) * 10 * NS_PER_MS * POLLS);
	o = json_pack("{s:I, s:I, s:I, s:o, s:o, s:o}", "bytes", (json_int_t)bytes, "blocks", (json_int_t)w->blocks.bits,
	              "bitmap_bytes", (json_int_t)w->blocks_bytes, "poll_us", summary(&poll), "poll_last_us",
	              summary(&last), "mark_ns", summary(&mark));
	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(5));
	putchar('\n');
	fflush(stdout);
	json_decref(o);
	world_free(w);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "runs", required_argument, NULL, 'r' },
		                                 { "largest", required_argument, NULL, 'l' }, { 0 } };
	unsigned runs = 5, largest = 40;

	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		if (o == 'r')
			runs = (unsigned)strtoul(optarg, NULL, 10);
		else if (o == 'l')
			largest = (unsigned)strtoul(optarg, NULL, 10);
		else
			return 2;
	}
	if (runs == 0 || runs > STATS_RUNS_MAX || largest < 20 || largest > 42 || optind < argc) {
		fputs("usage: grow [--runs N] [--largest LOG2]\nOne JSON object an object size, from 1 MiB (2^20) to "
		      "2^LOG2 bytes (default 40).\n", stderr);
		return 2;
	}
	for (unsigned bits = 20; bits <= largest; bits += 5)
		run_size(1ull << bits, runs);
	return 0;
}
