/*
 * Fragments are put into one of REASSEMBLY_MAX places until their datagram is whole. No byte is written
 * twice: a fragment that repeats another exactly is ignored, and one that overlaps or contradicts the
 * others spoils the datagram, as RFC 5722 asks for IPv6 and good sense for IPv4.
 */
#include "net/internal.h"

#include <assert.h>

#define UNIT 8

/* The bits of word w that stand for units first .. end - 1. */
static uint64_t mask_of(uint32_t w, uint32_t first, uint32_t end)
{
	uint64_t mask = ~0ull;

	if (first > w * 64)
		mask &= ~0ull << (first - w * 64);
	if (end < (w + 1) * 64)
		mask &= ~0ull >> ((w + 1) * 64 - end);
	return mask;
}

static bool any_in(const uint64_t *bits, uint32_t first, uint32_t end)
{
	for (uint32_t w = first / 64; first < end && w <= (end - 1) / 64; w++)
		if (bits[w] & mask_of(w, first, end))
			return true;
	return false;
}

static bool all_in(const uint64_t *bits, uint32_t first, uint32_t end)
{
	for (uint32_t w = first / 64; w <= (end - 1) / 64; w++)
		if (~bits[w] & mask_of(w, first, end))
			return false;
	return true;
}

static bool test(const uint64_t *bits, uint32_t i)
{
	return i < REASSEMBLY_WORDS * 64 && (bits[i / 64] >> (i % 64) & 1);
}

static uint32_t units_of(uint32_t bytes)
{
	return (bytes + UNIT - 1) / UNIT;
}

/* The very extent of a fragment that is here: it began one, no other begins inside, and one ends where it ends. */
static bool is_duplicate(const struct assembly *a, const struct packet *p, uint32_t first, uint32_t end)
{
	uint32_t end_bytes = p->offset + p->len;

	if (!all_in(a->covered, first, end) || !test(a->starts, first) || any_in(a->starts, first + 1, end))
		return false;
	if (p->more ? end_bytes == a->total : end_bytes != a->total)
		return false;
	return !test(a->covered, end) || test(a->starts, end);
}

/* Could there be a datagram with the fragments so far and this one? */
static bool is_consistent(const struct assembly *a, const struct packet *p)
{
	uint32_t end = p->offset + p->len;

	if (p->more)
		return end < a->total;
	return a->total == UINT32_MAX ? a->top <= end : a->total == end;
}

static bool is_well_formed(const struct packet *p)
{
	return p->len > 0 && (!p->more || p->len % UNIT == 0) && p->offset + p->len < REASSEMBLY_BYTES;
}

static int find(const struct reassembly *r, const struct packet *p)
{
	for (uint32_t left = r->busy; left != 0; left &= left - 1) {
		int i = __builtin_ctz(left);

		if (r->ids[i] == p->id && ip_equal(&r->v[i].from, &p->from) && ip_equal(&r->v[i].to, &p->to))
			return i;
	}
	return -1;
}

static int evict_oldest(struct net *n)
{
	struct reassembly *r = &n->reassembly;
	int oldest = __builtin_ctz(r->busy);

	for (uint32_t left = r->busy; left != 0; left &= left - 1) {
		int i = __builtin_ctz(left);

		if (r->expires[i] < r->expires[oldest])
			oldest = i;
	}
	n->stats.reassembly_evicted += !r->v[oldest].spoilt;
	return oldest;
}

static int begin(struct net *n, const struct packet *p, ns_t now)
{
	struct reassembly *r = &n->reassembly;
	uint32_t idle = ~(r->busy | r->kept);
	int i = idle != 0 ? __builtin_ctz(idle) : evict_oldest(n);
	struct assembly *a = &r->v[i];
	size_t words = (units_of(a->top) + 63) / 64 * sizeof(uint64_t);

	memset(a->covered, 0, words); /* what the last user of this place left */
	memset(a->starts, 0, words);
	a->from = p->from;
	a->to = p->to;
	a->total = UINT32_MAX;
	a->have = a->top = 0;
	a->spoilt = false;
	r->busy |= 1u << i;
	r->ids[i] = p->id;
	r->expires[i] = now + REASSEMBLY_LIFE;
	net_arm(n, r->expires[i]);
	return i;
}

static void put(struct assembly *a, uint8_t *bytes, const struct packet *p, uint32_t first, uint32_t end)
{
	for (uint32_t w = first / 64; w <= (end - 1) / 64; w++)
		a->covered[w] |= mask_of(w, first, end);
	a->starts[first / 64] |= 1ull << (first % 64);
	memcpy(bytes + p->offset, p->data, p->len);
	a->have += p->len;
	if (p->offset + p->len > a->top)
		a->top = p->offset + p->len;
	if (!p->more)
		a->total = a->top;
}

/* False: it contradicts what is here. Most follow all others: then there is nothing to compare them with. */
static bool add(struct assembly *a, uint8_t *bytes, const struct packet *p)
{
	uint32_t first = p->offset / UNIT, end = units_of(p->offset + p->len);

	if (!is_consistent(a, p))
		return false;
	if (p->offset < a->top && any_in(a->covered, first, end))
		return is_duplicate(a, p, first, end);
	put(a, bytes, p, first, end);
	return true;
}

enum net_verdict reassembly_add(struct net *n, struct packet *p, ns_t now)
{
	struct reassembly *r = &n->reassembly;
	int i = find(r, p);
	struct assembly *a;

	if (i < 0 && !is_well_formed(p))
		return NET_BAD_FRAGMENT;
	if (i < 0)
		i = begin(n, p, now);
	a = &r->v[i];
	if (a->spoilt || !is_well_formed(p) || !add(a, r->bytes[i], p)) {
		a->spoilt = true;
		return NET_BAD_FRAGMENT;
	}
	if (a->have != a->total)
		return NET_FRAGMENT;
	r->busy &= ~(1u << i);
	n->stats.reassembled++;
	p->data = r->bytes[i];
	p->len = a->total;
	return NET_UDP;
}

static_assert(NET_KEPT_MAX < REASSEMBLY_MAX, "there is always a place for new ones");

void net_keep(struct net *n, const struct net_datagram *d)
{
	struct reassembly *r = &n->reassembly;
	uintptr_t at = (uintptr_t)d->data - (uintptr_t)r->bytes;

	if (at < sizeof(r->bytes))
		r->kept |= 1u << (at / REASSEMBLY_BYTES);
	assert(__builtin_popcount(r->kept) <= NET_KEPT_MAX);
}

bool net_is_keeping_most(const struct net *n)
{
	return __builtin_popcount(n->reassembly.kept) == NET_KEPT_MAX;
}

void net_release(struct net *n)
{
	n->reassembly.kept = 0;
}

void reassembly_tick(struct net *n, ns_t now)
{
	struct reassembly *r = &n->reassembly;

	for (uint32_t left = r->busy; left != 0; left &= left - 1) {
		int i = __builtin_ctz(left);

		if (now < r->expires[i]) {
			net_arm(n, r->expires[i]);
			continue;
		}
		r->busy &= ~(1u << i);
		n->stats.reassembly_timeouts += !r->v[i].spoilt;
	}
}
