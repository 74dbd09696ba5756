#include "sim.h"

#include <stdlib.h>

#define FRAME_BYTES                                                                                          \
	66 /* Ethernet with its gap and preamble, IPv4, UDP: what a datagram takes of a link beside itself   \
	    */

struct sim_datagram *sim_datagram_new(const struct endpoint *from, const struct endpoint *to, uint32_t len)
{
	struct sim_datagram *d = malloc(sizeof(*d) + len);

	if (d == NULL)
		abort();
	*d = (struct sim_datagram){ .refs = 1, .len = len, .from = *from, .to = *to };
	return d;
}

void sim_datagram_drop(struct sim_datagram *d)
{
	if (--d->refs == 0)
		free(d);
}

static bool chance(struct sim *s, double p)
{
	return sim_chance(&s->rng, p);
}

/* Does the link lose this packet? Its state moves on with each packet. */
static bool loses(struct sim *s, struct sim_link *l)
{
	if (chance(s, l->config.burst))
		l->burst_until = s->now + rng_below(&s->rng, l->config.burst_ns + 1);
	if (l->cut)
		sim_count(s, SIM_COUNT_cut);
	else if (s->now < l->burst_until)
		sim_count(s, SIM_COUNT_burst);
	else if (chance(s, l->config.loss) && s->now >= s->config.lossless_ns)
		sim_count(s, SIM_COUNT_lost);
	else
		return false;
	return true;
}

/*
 * The end of the transmission, on a link of finite rate, of what is at its beginning at `at`; NS_NEVER
 * when the queue before it is full.
 */
static ns_t transmitted_at(struct sim *s, struct sim_link *l, uint32_t len, ns_t at)
{
	const struct sim_link_config *c = &l->config;
	ns_t begin = l->free_at > at ? l->free_at : at;

	if (c->bytes_per_s == 0)
		return at;
	if ((begin - at) * c->bytes_per_s / NS_PER_S > c->queue_bytes) {
		sim_count(s, SIM_COUNT_overflowed);
		return NS_NEVER;
	}
	l->free_at = begin + (len + FRAME_BYTES) * NS_PER_S / c->bytes_per_s;
	return l->free_at;
}

/* When a packet that left then arrives. Without `reorder` none overtakes another. */
static ns_t arrives_at(struct sim *s, struct sim_link *l, ns_t sent)
{
	const struct sim_link_config *c = &l->config;
	ns_t at = sent + c->delay_ns + rng_below(&s->rng, c->jitter_ns + 1);

	if (chance(s, c->reorder)) {
		at += rng_below(&s->rng, c->reorder_ns + 1);
		l->held_until = at > l->held_until ? at : l->held_until;
		return at;
	}
	if (at < l->last_at)
		at = l->last_at;
	l->last_at = at;
	if (at < l->held_until)
		sim_count(s, SIM_COUNT_overtaken);
	return at;
}

/* One bit is another; a keyed hash stands more than that. */
static struct sim_datagram *corrupted(struct sim *s, const struct sim_datagram *d)
{
	struct sim_datagram *copy = sim_datagram_new(&d->from, &d->to, d->len);
	uint64_t flips = s->config.mode == SECURITY_HASH ? 1 + rng_below(&s->rng, 8) : 1;

	memcpy(copy->bytes, d->bytes, d->len);
	for (; d->len > 0 && flips > 0; flips--)
		copy->bytes[rng_below(&s->rng, d->len)] ^= (uint8_t)(1u << rng_below(&s->rng, 8));
	copy->corrupt = memcmp(copy->bytes, d->bytes, d->len) != 0; /* two flips of a bit are none */
	return copy;
}

/* Where nothing else is there to protect it, UDP's checksum is looked at: such a packet is lost. */
static bool udp_protects(const struct sim *s, const struct sim_datagram *d)
{
	return s->config.mode == SECURITY_NONE || d->from.port == MSI_UDP_PORT || d->to.port == MSI_UDP_PORT;
}

/* Put what is ready at that time on a link; d stays the caller's. */
static void carry(struct sim *s, struct sim_link *l, struct sim_datagram *d, struct sim_event e, ns_t ready)
{
	ns_t sent;
	int copies;

	if (loses(s, l))
		return;
	sent = transmitted_at(s, l, d->len, ready);
	if (sent == NS_NEVER)
		return;
	for (copies = 1 + chance(s, l->config.duplicate); copies > 0; copies--) {
		e.at = arrives_at(s, l, sent);
		if (copies == 2)
			sim_count(s, SIM_COUNT_repeated);
		e.datagram = d;
		if (!chance(s, l->config.corrupt))
			d->refs++;
		else if (udp_protects(s, d))
			continue;
		else
			e.datagram = corrupted(s, d);
		sim_queue_push(s, &e);
	}
}

/* Opcodes are counted where they are sent. */
static void count(struct sim *s, const struct sim_datagram *d)
{
	uint32_t at;

	if (s->config.trace)
		sim_trace(s, d);
	if (d->from.port == MSI_UDP_PORT || d->to.port == MSI_UDP_PORT) {
		s->stats.requests += d->to.port == MSI_UDP_PORT;
		return;
	}
	if (d->len < MT_SECURITY_HEADER_BYTES)
		return;
	at = MT_SECURITY_HEADER_BYTES + (uint32_t)(d->bytes[3] << 8 | d->bytes[4]) + 4;
	if (at < d->len)
		s->stats.sent[d->bytes[at] % SIM_OPCODES]++;
}

void sim_net_up(struct sim *s, uint32_t client, struct sim_datagram *d)
{
	count(s, d);
	carry(s, &s->clients[client].up, d, (struct sim_event){ .type = SIM_TO_SERVER }, s->now);
	sim_datagram_drop(d);
}

static bool goes_to(const struct sim_client *c, const struct sim_datagram *d)
{
	if (ip_is_multicast(&d->to.ip))
		return c->in_group && endpoint_equal(&c->group, &d->to);
	return endpoint_equal(&c->at, &d->to);
}

static void deliver(struct sim *s, struct sim_datagram *d, ns_t ready)
{
	bool taken = ip_is_multicast(&d->to.ip);

	for (uint32_t i = 0; i < s->config.clients; i++) {
		if (!goes_to(&s->clients[i], d))
			continue;
		taken = true;
		carry(s, &s->clients[i].down, d, (struct sim_event){ .type = SIM_TO_CLIENT, .host = i },
		      ready);
	}
	for (uint32_t i = 0; i < s->config.liar_count; i++) {
		struct sim_event e = { .at = ready + s->config.link.delay_ns,
			               .type = SIM_TO_LIAR,
			               .host = i };

		if (!ip_is_multicast(&d->to.ip) && !endpoint_equal(&s->liars[i].at, &d->to))
			continue;
		taken = true;
		d->refs++;
		e.datagram = d;
		sim_queue_push(s, &e);
	}
	s->stats.to_nobody += !taken;
	s->stats.nobody_bytes += taken ? 0 : d->len;
}

void sim_net_down(struct sim *s, struct sim_datagram *d)
{
	ns_t ready;

	count(s, d);
	ready = transmitted_at(s, &s->egress, d->len, s->now);
	if (ready != NS_NEVER)
		deliver(s, d, ready);
	sim_datagram_drop(d);
}

void sim_net_lie(struct sim *s, struct sim_datagram *d)
{
	struct sim_event e = { .at = s->now + s->config.link.delay_ns, .type = SIM_TO_SERVER };

	if (s->config.trace)
		sim_trace(s, d);
	s->stats.lies++;
	s->stats.lie_bytes += d->len;
	if (d->to.port != s->initiation.port && !ip_equal(&d->to.ip, &s->initiation.ip)) {
		deliver(s, d, s->now);
		sim_datagram_drop(d);
		return;
	}
	e.datagram = d;
	sim_queue_push(s, &e);
}
