/*
 * make_transfers DIR: seeds of fuzz_rx and fuzz_serve. A server and a receiver (parties.h) on a network that loses
 * frames: what came to each is written down, from the first request to the LEAVE.
 */
#include "parties.h"

#include "base/rng.h"
#include "corpus.h"
#include "frames.h"

#include <stdio.h>
#include <stdlib.h>

enum { BYTES_MAX = 256 * 1024, SECONDS = 60, LOSS_PERCENT = 5, SETTLING_S = 2 };

/* What one of them heard, as an input of its target. */
struct record {
	uint8_t bytes[BYTES_MAX];
	struct writer to;
	ns_t at;            /* as far as the record's own time has come */
	uint8_t *control;   /* of the last frame: to have the time after it */
};

static struct transfer {
	struct record heard[2]; /* by port: server, receiver */
	struct rng rng;
	ns_t now;
	bool lossy;
} t;

/* The time after a frame is 0, or PARTY_STEP doubled so often: what does not fit goes by after empty frames. */
static void pass_time(struct record *r, ns_t now)
{
	while (now - r->at >= PARTY_STEP) {
		unsigned n = 1;

		while (n < 15 && PARTY_STEP << n <= now - r->at)
			n++;
		if (*r->control >> 4 != 0) {
			r->control = r->to.at;
			frames_write(&r->to, 0, NULL, 0);
		}
		*r->control |= (uint8_t)(n << 4);
		r->at += PARTY_STEP << (n - 1);
	}
}

static bool hear(void *arg, const struct port_mem_passage *p)
{
	struct record *r = &t.heard[p->to - 1];

	(void)arg;
	if (t.lossy && rng_below(&t.rng, 100) < LOSS_PERCENT)
		return true;
	pass_time(r, t.now);
	r->control = r->to.at;
	frames_write(&r->to, FRAME_REPAIR, p->data, p->len);
	return false;
}

static void begin_record(struct record *r, unsigned choice)
{
	r->to = writer_of(r->bytes, sizeof(r->bytes));
	writer_u8(&r->to, (uint8_t)choice);
	r->control = r->to.at;
	frames_write(&r->to, 0, NULL, 0);
	r->at = PARTY_START;
}

static void save(const char *target, const char *name, const struct record *r)
{
	if (r->to.full) {
		fprintf(stderr, "make_transfers: %s is too long\n", name);
		exit(EXIT_FAILURE);
	}
	corpus_save(target, name, r->bytes, writer_len(&r->to));
}

/* Until the receiver has all and has left; then what the server does when nobody is there. */
static bool run(struct serving *serving, struct receiver *receiver)
{
	ns_t end = PARTY_START + SECONDS * NS_PER_S;

	while (!receiver_is_over(receiver) && t.now < end) {
		t.now += PARTY_STEP;
		serving_turn(serving, t.now, false);
		receiver_turn(receiver, t.now);
	}
	for (end = t.now + SETTLING_S * NS_PER_S; t.now < end; t.now += 100 * NS_PER_MS)
		serving_turn(serving, t.now, false);
	return receiver_is_over(receiver) && receiver->sessions[0].result == 0;
}

static void transfer(const char *name, unsigned choice, bool lossy)
{
	struct port_mem_hub *hub = port_mem_hub_new();
	struct serving serving;
	struct receiver receiver;
	struct endpoint initiation;

	t.rng.state = choice;
	t.lossy = lossy;
	t.now = PARTY_START;
	begin_record(&t.heard[0], choice);
	begin_record(&t.heard[1], choice);
	port_mem_set_lose(hub, hear, NULL);
	serving_init(&serving, party_port(hub, choice), choice, PARTY_START);
	initiation = party_initiation(serving.port, choice);
	receiver_init(&receiver, party_port(hub, choice), &initiation, choice, PARTY_START);
	if (!run(&serving, &receiver)) {
		fprintf(stderr, "make_transfers: %s did not end\n", name);
		exit(EXIT_FAILURE);
	}
	save("serve", name, &t.heard[0]);
	save("rx", name, &t.heard[1]);
	port_mem_set_lose(hub, NULL, NULL);
	receiver_end(&receiver);
	serving_end(&serving);
	port_mem_hub_free(hub);
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_transfers DIR\n");
		return 2;
	}
	corpus_init(argv[1]);
	corpus_target("serve");
	corpus_target("rx");
	transfer("checksum", 0, false);
	transfer("checksum_lossy", 0, true);
	transfer("hash_lossy", 1, true);
	transfer("none_lossy", 2, true);
	transfer("other_reading", 3, false);
	transfer("large_lossy", PARTY_LARGE, true);
	transfer("large_hash_lossy", PARTY_LARGE | 1, true);
	transfer("large_ip6_lossy", PARTY_LARGE | PARTY_IP6 | 2, true);
	transfer("two_tight_lossy", PARTY_TWO | PARTY_TIGHT, true);
	transfer("ip6_hash", PARTY_IP6 | 1, false);
	return 0;
}
