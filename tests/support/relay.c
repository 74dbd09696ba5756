/*
 * A wire with faults, between a server and a receiver:
 *
 *	relay SERVER_PORT RECEIVER_PORT FAULT
 *
 * What comes from either side goes on to the other, but for FAULT, on the way to the receiver (shuffle: both ways):
 *	none
 *	reverse	   the fragments of a datagram come in reverse
 *	interleave the fragments of two datagrams take turns
 *	duplicate  each fragment comes twice
 *	lose       one fragment in a hundred never comes
 *	overlap    in one datagram of 20 a fragment comes again, at another place and with other bytes
 *	shuffle	   of all frames, whole datagrams too, 5 in 100 come twice, 25 come after some of those behind them
 *	hostile    see hostile.c: between frames there are such as nobody ought to send
 *
 * It says "ready" when both ports are open, and goes on until SIGTERM.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/rng.h"
#include "host/host.h"
#include "net/internal.h"
#include "port/port.h"
#include "support/hostile.h"

enum { SHUFFLE_HELD = 16, SHUFFLE_TWICE = 5, SHUFFLE_LATE = 25, SHUFFLE_BY = 8 }; /* frames, in 100, in 100, frames */
enum { HELD_MAX = 48, LOSE_EVERY = 101, OVERLAP_EVERY = 20, IDLE_NS = 5 * NS_PER_MS, HOSTILE_A_TURN = 40 };

enum fault { NONE, REVERSE, INTERLEAVE, DUPLICATE, LOSE, OVERLAP, SHUFFLE, HOSTILE, FAULTS };
static const char *const fault_names[FAULTS] = { "none",    "reverse", "interleave", "duplicate", "lose",
	                                         "overlap", "shuffle", "hostile" };

static volatile sig_atomic_t stopped;

static void stop(int signal_no)
{
	(void)signal_no;
	stopped = 1;
}

struct bytes {
	uint32_t len;
	uint8_t b[1600];
};

/* The fragments of a datagram, in the order in which they came. */
struct held {
	struct bytes v[HELD_MAX];
	uint32_t count;
};

/* Frames that are late, and after how many others each comes. */
struct shuffle {
	struct bytes v[SHUFFLE_HELD];
	unsigned left[SHUFFLE_HELD]; /* 0: the place is free */
	ns_t at;                     /* a frame came last */
};

struct relay {
	struct port *server, *receiver;
	enum fault fault;
	struct held held[2];
	unsigned whole; /* of `held`: datagrams of which all fragments are there */
	ns_t held_at;
	uint64_t fragments, datagrams;
	struct hostile hostile;
	struct shuffle to_receiver, to_server;
	struct rng rng;
	uint64_t twice, late;
};

static void send_bytes(struct port *to, const uint8_t *b, uint32_t len)
{
	struct port_packet k = { .head = b, .head_len = len };
	struct frame none;

	while (port_tx(to, 0, &k, 1) == 0 && !stopped)
		port_free(to, 0, &none, port_rx(to, 0, &none, 1)); /* a turn: what waits is sent */
}

/* ---- fragments ---- */

static struct packet *read_ip(const uint8_t *frame, uint32_t len, struct packet *p)
{
	const struct eth_header *eth = (const struct eth_header *)frame;
	const uint8_t *ip = frame + sizeof(*eth);
	enum net_verdict v = NET_OTHER_PROTOCOL;

	if (len > sizeof(*eth) && be16_get(eth->type) == ETHER_IP4)
		v = ip4_read(ip, len - (uint32_t)sizeof(*eth), p);
	else if (len > sizeof(*eth) && be16_get(eth->type) == ETHER_IP6)
		v = ip6_read(ip, len - (uint32_t)sizeof(*eth), p);
	return v == NET_UDP && p->is_fragment ? p : NULL;
}

static void flush(struct relay *r)
{
	struct held *a = &r->held[0], *b = &r->held[1];

	for (uint32_t i = 0; r->fault == REVERSE && i < a->count; i++)
		send_bytes(r->receiver, a->v[a->count - 1 - i].b, a->v[a->count - 1 - i].len);
	for (uint32_t i = 0; r->fault == INTERLEAVE && (i < a->count || i < b->count); i++) {
		if (i < a->count)
			send_bytes(r->receiver, a->v[i].b, a->v[i].len);
		if (i < b->count)
			send_bytes(r->receiver, b->v[i].b, b->v[i].len);
	}
	a->count = b->count = r->whole = 0;
}

static void hold(struct relay *r, const uint8_t *frame, uint32_t len, const struct packet *p)
{
	struct held *h = &r->held[r->whole];

	if (h->count == HELD_MAX || len > sizeof(h->v[0].b))
		flush(r);
	h = &r->held[r->whole];
	h->v[h->count].len = len;
	memcpy(h->v[h->count++].b, frame, len);
	r->held_at = host_now();
	if (!p->more && ++r->whole == (r->fault == REVERSE ? 1u : 2u))
		flush(r);
}

/* A fragment in the middle again, 8 bytes further to the front, and not the same. */
static void contradict(struct relay *r, const uint8_t *frame, uint32_t len, const struct packet *p)
{
	struct bytes copy = { .len = len };
	struct ip4_header *ip4 = (struct ip4_header *)(copy.b + sizeof(struct eth_header));
	struct ip6_fragment *ip6 = (struct ip6_fragment *)(copy.b + (p->data - frame) - sizeof(*ip6));

	memcpy(copy.b, frame, len);
	copy.b[len - 1] ^= 0xff;
	if (p->from.len == 4) {
		ip4->fragment = be16_of((uint16_t)(be16_get(ip4->fragment) - 1));
		ip4->checksum = be16_of(0);
		ip4->checksum = checksum_of(net_sum(ip4, sizeof(*ip4)));
	} else {
		ip6->offset = be16_of((uint16_t)(be16_get(ip6->offset) - 8));
	}
	send_bytes(r->receiver, copy.b, copy.len);
}

static void pass_fragment(struct relay *r, const uint8_t *frame, uint32_t len, const struct packet *p)
{
	r->fragments++;
	r->datagrams += !p->more;
	if (r->fault == REVERSE || r->fault == INTERLEAVE) {
		hold(r, frame, len, p);
		return;
	}
	if (r->fault == LOSE && r->fragments % LOSE_EVERY == 0)
		return;
	send_bytes(r->receiver, frame, len);
	if (r->fault == DUPLICATE)
		send_bytes(r->receiver, frame, len);
	if (r->fault == OVERLAP && r->datagrams % OVERLAP_EVERY == 0 && p->more && p->offset > 0)
		contradict(r, frame, len, p);
}

/* ---- whole frames ---- */

/* One frame has passed, or all others have: those whose turn it is follow. */
static void release(struct shuffle *s, struct port *to, bool all)
{
	for (unsigned i = 0; i < SHUFFLE_HELD; i++)
		if (s->left[i] > 0 && (--s->left[i] == 0 || all)) {
			s->left[i] = 0;
			send_bytes(to, s->v[i].b, s->v[i].len);
		}
}

/* False: all places are taken, or the frame is too long for one. */
static bool keep_back(struct relay *r, struct shuffle *s, const uint8_t *frame, uint32_t len)
{
	unsigned i = 0;

	while (i < SHUFFLE_HELD && s->left[i] > 0)
		i++;
	if (i == SHUFFLE_HELD || len > sizeof(s->v[i].b))
		return false;
	s->v[i].len = len;
	memcpy(s->v[i].b, frame, len);
	s->left[i] = 1 + (unsigned)rng_below(&r->rng, SHUFFLE_BY);
	return true;
}

static void shuffle(struct relay *r, struct shuffle *s, struct port *to, const uint8_t *frame, uint32_t len)
{
	s->at = host_now();
	if (rng_below(&r->rng, 100) < SHUFFLE_TWICE && keep_back(r, s, frame, len))
		r->twice++;
	if (rng_below(&r->rng, 100) < SHUFFLE_LATE && keep_back(r, s, frame, len)) {
		r->late++;
		return;
	}
	send_bytes(to, frame, len);
	release(s, to, false);
}

static void release_idle(struct shuffle *s, struct port *to)
{
	if (s->at == 0 || host_now() - s->at < IDLE_NS)
		return;
	s->at = 0;
	release(s, to, true);
}

/* ---- both ways ---- */

static void pass(struct relay *r, const struct frame *f)
{
	struct packet p;

	if (r->fault == SHUFFLE) {
		shuffle(r, &r->to_receiver, r->receiver, f->data, f->len);
		return;
	}
	if (read_ip(f->data, f->len, &p) != NULL) {
		pass_fragment(r, f->data, f->len, &p);
		return;
	}
	send_bytes(r->receiver, f->data, f->len);
	if (r->fault == HOSTILE)
		hostile_look(&r->hostile, f->data, f->len);
}

static void disturb(struct relay *r)
{
	struct hostile mirror;
	uint8_t frame[1514];

	for (unsigned i = 0; r->hostile.ready && i < HOSTILE_A_TURN; i++) {
		uint32_t len = hostile_frame(&r->hostile, frame);

		send_bytes(r->receiver, frame, len);
		mirror = hostile_to_server(&r->hostile);
		len = hostile_frame(&mirror, frame);
		send_bytes(r->server, frame, len);
	}
}

static uint32_t turn(struct relay *r)
{
	struct frame v[PORT_BURST];
	uint32_t n = port_rx(r->server, 0, v, PORT_BURST), back;

	for (uint32_t i = 0; i < n; i++)
		pass(r, &v[i]);
	port_free(r->server, 0, v, n);
	if (n > 0)
		disturb(r);
	if (n == 0 && r->held_at != 0 && host_now() - r->held_at > IDLE_NS) {
		flush(r);
		r->held_at = 0;
	}
	back = port_rx(r->receiver, 0, v, PORT_BURST);
	for (uint32_t i = 0; i < back; i++)
		if (r->fault == SHUFFLE)
			shuffle(r, &r->to_server, r->server, v[i].data, v[i].len);
		else
			send_bytes(r->server, v[i].data, v[i].len);
	port_free(r->receiver, 0, v, back);
	release_idle(&r->to_receiver, r->receiver);
	release_idle(&r->to_server, r->server);
	return n + back;
}

static struct port *open_or_exit(const char *spec)
{
	struct port_config config = { .spec = spec };
	char why[PORT_WHY_BYTES];
	struct port *p;

	if (port_open(&config, &p, why) == WDSCAST_OK)
		return p;
	fprintf(stderr, "relay: %s\n", why);
	exit(3);
}

int main(int argc, char **argv)
{
	static struct relay r;

	while (argc == 4 && r.fault < FAULTS && strcmp(argv[3], fault_names[r.fault]) != 0)
		r.fault++;
	if (argc != 4 || r.fault == FAULTS) {
		fputs("usage: relay SERVER_PORT RECEIVER_PORT FAULT\n", stderr);
		return 2;
	}
	r.server = open_or_exit(argv[1]);
	r.receiver = open_or_exit(argv[2]);
	signal(SIGTERM, stop);
	puts("ready");
	fflush(stdout);
	while (!stopped)
		if (turn(&r) == 0)
			host_nap(50 * NS_PER_US);
	if (r.fault == SHUFFLE)
		printf("%llu twice, %llu late\n", (unsigned long long)r.twice, (unsigned long long)r.late);
	port_close(r.server);
	port_close(r.receiver);
	return 0;
}
