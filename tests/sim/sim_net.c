#include "sim.h"

#include <stdlib.h>

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
	return p > 0 && (double)(rng_next(&s->rng) >> 11) < p * 0x1p53;
}

/* Does the link lose this packet? Its state moves on with each packet. */
static bool loses(struct sim *s, struct sim_link *l)
{
	const struct sim_link_config *c = &l->config;

	if (l->in_burst)
		l->in_burst = !chance(s, c->burst_end);
	else
		l->in_burst = chance(s, c->burst_begin);
	return l->down || l->in_burst || chance(s, c->loss);
}

/* The end of its transmission on a link of finite rate; NS_NEVER when the queue before it is full. */
static ns_t transmitted_at(struct sim *s, struct sim_link *l, uint32_t len)
{
	const struct sim_link_config *c = &l->config;
	ns_t begin = l->free_at > s->now ? l->free_at : s->now;

	if (c->bytes_per_s == 0)
		return s->now;
	if ((begin - s->now) * c->bytes_per_s / NS_PER_S > c->queue_bytes)
		return NS_NEVER;
	l->free_at = begin + len * NS_PER_S / c->bytes_per_s;
	return l->free_at;
}

/* When a packet sent now arrives. Without `reorder` none overtakes another. */
static ns_t arrives_at(struct sim *s, struct sim_link *l, ns_t sent)
{
	const struct sim_link_config *c = &l->config;
	ns_t at = sent + c->delay_ns + rng_below(&s->rng, c->jitter_ns + 1);

	if (chance(s, c->reorder))
		return at + rng_below(&s->rng, c->reorder_ns + 1);
	if (at < l->last_at)
		at = l->last_at;
	l->last_at = at;
	return at;
}

static bool is_initiation(const struct sim_datagram *d)
{
	return d->from.port == MSI_UDP_PORT || d->to.port == MSI_UDP_PORT;
}

static struct sim_datagram *corrupted(struct sim *s, const struct sim_datagram *d)
{
	struct sim_datagram *copy = sim_datagram_new(&d->from, &d->to, d->len);

	memcpy(copy->bytes, d->bytes, d->len);
	if (d->len > 0)
		copy->bytes[rng_below(&s->rng, d->len)] ^= (uint8_t)(1u << rng_below(&s->rng, 8));
	return copy;
}

/* Put a packet on a link; d stays the caller's. */
static void carry(struct sim *s, struct sim_link *l, struct sim_datagram *d, enum sim_event_type type,
                  uint32_t client)
{
	struct sim_event e = { .type = type, .client = client };
	ns_t sent;
	int copies;

	l->packets++;
	if (loses(s, l)) {
		l->lost++;
		return;
	}
	sent = transmitted_at(s, l, d->len);
	if (sent == NS_NEVER) {
		l->overflowed++;
		return;
	}
	for (copies = 1 + chance(s, l->config.duplicate); copies > 0; copies--) {
		e.at = arrives_at(s, l, sent);
		e.datagram = d;
		if (!chance(s, l->config.corrupt))
			d->refs++;
		else if (is_initiation(d)) /* has nothing but UDP's checksum, and that drops it */
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
	if (is_initiation(d)) {
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
	carry(s, &s->clients[client].up, d, SIM_TO_SERVER, client);
	sim_datagram_drop(d);
}

void sim_net_down(struct sim *s, struct sim_datagram *d)
{
	bool multicast = ip_is_multicast(&d->to.ip);

	count(s, d);
	for (uint32_t i = 0; i < s->config.clients; i++) {
		struct sim_client *c = &s->clients[i];

		if (multicast ? c->in_group && endpoint_equal(&c->group, &d->to)
		              : endpoint_equal(&c->at, &d->to))
			carry(s, &c->down, d, SIM_TO_CLIENT, i);
	}
	sim_datagram_drop(d);
}
