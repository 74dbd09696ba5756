/*
 * Who has which MAC.   FREE -use-> RESOLVING -reply-> KNOWN -age, still used-> REFRESHING -reply-> KNOWN
 *
 * A request each second, TRIES of them; then the entry is free and the next use begins anew. While it
 * is refreshed the old MAC stays in use, so that a running transfer notices nothing.
 * An entry is made because we send to it, or because it asked for us; only the former can push out
 * entries that are in use, so no storm of requests empties the cache.
 */
#include "net/internal.h"

#define LIFE (60 * NS_PER_S) /* RFC 1122 section 2.3.2.1: of the order of a minute */
#define RETRY NS_PER_S
#define TRIES 3

static int16_t *chain_of(struct net *n, const struct ip_addr *ip)
{
	uint32_t hash = 0;

	for (unsigned i = 0; i < ip->len; i++)
		hash = hash * 31 + ip->b[i];
	return &n->neighbours.chains[hash % NET_NEIGHBOURS_MAX];
}

static struct neighbour *find(struct net *n, const struct ip_addr *ip)
{
	for (int16_t i = *chain_of(n, ip); i >= 0; i = n->neighbours.v[i].chain)
		if (ip_equal(&n->neighbours.v[i].ip, ip))
			return &n->neighbours.v[i];
	return NULL;
}

static void forget(struct net *n, struct neighbour *e)
{
	int16_t index = (int16_t)(e - n->neighbours.v), *at = chain_of(n, &e->ip);

	while (*at != index)
		at = &n->neighbours.v[*at].chain;
	*at = e->chain;
	e->state = NEIGHBOUR_FREE;
}

/* Which of two had better go: a free one, then one that we never sent to, then the one idle for longest. */
static bool goes_before(const struct neighbour *x, const struct neighbour *y)
{
	if ((x->state == NEIGHBOUR_FREE) != (y->state == NEIGHBOUR_FREE))
		return x->state == NEIGHBOUR_FREE;
	if (x->wanted != y->wanted)
		return !x->wanted;
	return x->used < y->used;
}

static struct neighbour *create(struct net *n, const struct ip_addr *ip, bool wanted, ns_t now)
{
	struct neighbour *e = &n->neighbours.v[0];
	int16_t *chain = chain_of(n, ip);

	for (unsigned i = 1; i < NET_NEIGHBOURS_MAX; i++)
		if (goes_before(&n->neighbours.v[i], e))
			e = &n->neighbours.v[i];
	if (e->state != NEIGHBOUR_FREE) {
		if (e->wanted && !wanted)
			return NULL;
		forget(n, e);
	}
	*e = (struct neighbour){ .ip = *ip, .wanted = wanted, .used = now, .chain = *chain };
	*chain = (int16_t)(e - n->neighbours.v);
	return e;
}

/* The first try of a refresh asks only the machine that we know; all others ask everybody. */
static void ask(struct net *n, struct neighbour *e, ns_t now, struct net_out *tx)
{
	bool direct = e->state == NEIGHBOUR_REFRESHING && e->tries == 0;

	e->tries++;
	e->due = now + RETRY;
	net_arm(n, e->due);
	if (e->ip.len == 4)
		arp_request(n, &e->ip, direct ? &e->mac : NULL, tx);
	else
		nd_solicit(n, &e->ip, direct ? &e->mac : NULL, tx);
}

void neighbour_init(struct net *n)
{
	for (unsigned i = 0; i < NET_NEIGHBOURS_MAX; i++)
		n->neighbours.chains[i] = -1;
}

const struct mac_addr *neighbour_use(struct net *n, const struct ip_addr *ip, ns_t now, struct net_out *tx)
{
	struct neighbour *e = find(n, ip);

	if (e == NULL) {
		e = create(n, ip, true, now);
		e->state = NEIGHBOUR_RESOLVING;
		ask(n, e, now, tx);
	}
	e->wanted = true;
	e->used = now;
	return e->state == NEIGHBOUR_RESOLVING ? NULL : &e->mac;
}

bool neighbour_learn(struct net *n, const struct ip_addr *ip, const struct mac_addr *mac, unsigned how, ns_t now)
{
	struct neighbour *e = find(n, ip);

	if ((mac->b[0] & 1) || ip_is_multicast(ip) || ip_is_zero(ip))
		return false;
	if (e == NULL && ((how & LEARN_CREATE) == 0 || (e = create(n, ip, false, now)) == NULL))
		return false;
	if ((how & LEARN_KEEP) && (e->state == NEIGHBOUR_KNOWN || e->state == NEIGHBOUR_REFRESHING) &&
	    !mac_equal(&e->mac, mac))
		return true;
	e->mac = *mac;
	e->state = NEIGHBOUR_KNOWN;
	e->due = now + LIFE;
	net_arm(n, e->due);
	return true;
}

/* Its time has come: to be freshened up, to be asked again, or to go. */
static void neighbour_due(struct net *n, struct neighbour *e, ns_t now, struct net_out *tx)
{
	if (e->state == NEIGHBOUR_KNOWN && e->wanted && now - e->used < LIFE) {
		e->state = NEIGHBOUR_REFRESHING;
		e->tries = 0;
	}
	if (e->state != NEIGHBOUR_KNOWN && e->tries < TRIES)
		ask(n, e, now, tx);
	else
		forget(n, e);
}

void neighbour_tick(struct net *n, ns_t now, struct net_out *tx)
{
	for (unsigned i = 0; i < NET_NEIGHBOURS_MAX; i++) {
		struct neighbour *e = &n->neighbours.v[i];

		if (e->state == NEIGHBOUR_FREE)
			continue;
		if (now >= e->due)
			neighbour_due(n, e, now, tx);
		else
			net_arm(n, e->due);
	}
}
