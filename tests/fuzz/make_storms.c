/*
 * make_storms DIR: seeds of fuzz_client and fuzz_server. Chance makes storms over the engines (tests/engine), and
 * those that went through everything are written down, choice by choice, as choices.h reads them.
 */
#include "base/bytes.h"
#include "base/rng.h"
#include "client_storm.h"
#include "corpus.h"
#include "server_storm.h"

#include <stdio.h>

enum { KEPT = 8, TRIES = 4000, STEPS = 1500, CHOICE_BYTES_MAX = 256 * 1024 };

struct recorder {
	struct storm_choices choices;
	struct rng rng;
	struct writer to;
};

static uint8_t bytes[CHOICE_BYTES_MAX];

/* So many bytes as choose_below() takes for it. */
static uint64_t below(struct storm_choices *c, uint64_t n)
{
	struct recorder *r = (struct recorder *)c;
	uint64_t v = rng_below(&r->rng, n);
	unsigned len = 0;

	for (uint64_t rest = n - 1; rest > 0; rest >>= 8)
		len++;
	while (len-- > 0)
		writer_u8(&r->to, (uint8_t)(v >> 8 * len));
	return v;
}

static struct recorder recorder_of(uint64_t seed)
{
	return (struct recorder){ { below, false }, { seed }, writer_of(bytes, sizeof(bytes)) };
}

static void save(const char *target, unsigned n, const struct recorder *r)
{
	char name[32];

	snprintf(name, sizeof(name), "storm%u", n);
	corpus_save(target, name, bytes, writer_len(&r->to));
}

/* It had most of the blocks, and was told so, or the end came in another way. */
static unsigned keep_clients(void)
{
	unsigned kept = 0;

	corpus_target("client");
	for (uint64_t seed = 1; seed <= TRIES && kept < KEPT; seed++) {
		struct recorder r = recorder_of(seed);
		struct storm_result result = storm_run(&r.choices, 4 * STEPS);

		if (!r.to.full && result.closed && result.blocks >= 150)
			save("client", kept++, &r);
	}
	return kept;
}

/* Some joined, one became the master, data went out and was repaired. */
static unsigned keep_servers(void)
{
	unsigned kept = 0;

	corpus_target("server");
	for (uint64_t seed = 1; seed <= TRIES && kept < KEPT; seed++) {
		struct recorder r = recorder_of(seed);
		struct server_storm_result result = server_storm_run(&r.choices, STEPS);

		if (!r.to.full && result.joined >= 3 && result.masters > 0 && result.odata > 50 && result.rdata > 10)
			save("server", kept++, &r);
	}
	return kept;
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_storms DIR\n");
		return 2;
	}
	corpus_init(argv[1]);
	if (keep_clients() == KEPT && keep_servers() == KEPT)
		return 0;
	fprintf(stderr, "make_storms: chance makes too few storms that go through everything\n");
	return 1;
}
