#include "engine/credit.h"

#include "base/rng.h"

void credit_init(struct credits *c, uint64_t seed)
{
	memset(c, 0, sizeof(*c));
	c->seed = seed;
}

static void fill(struct credit *c, int64_t bytes, int64_t most, int64_t a_second, ns_t now)
{
	ns_t passed = now - c->at < NS_PER_S ? now - c->at : NS_PER_S;
	int64_t more = (int64_t)(passed * (uint64_t)a_second / NS_PER_S);

	if (c->at == 0)
		c->bytes = most;
	if (c->at == 0 || more > 0 || passed == NS_PER_S)
		c->at = now;
	c->bytes += bytes + more;
	if (c->bytes > most)
		c->bytes = most;
}

/* Nobody outside knows the seed, so nobody can choose an address that shares its place with another. */
static struct credit *source_of(struct credits *c, const struct ip_addr *ip)
{
	struct rng r = { c->seed ^ ip->len };
	uint64_t words[2];

	memcpy(words, ip->b, sizeof(words));
	r.state = rng_next(&r) ^ words[0];
	r.state = rng_next(&r) ^ words[1];
	return &c->sources[rng_next(&r) & (CREDIT_SOURCES - 1)];
}

static struct credit *fill_both(struct credits *c, const struct ip_addr *ip, uint32_t bytes, ns_t now)
{
	struct credit *source = source_of(c, ip);

	fill(&c->all, bytes, CREDIT, CREDIT_A_SECOND, now);
	fill(source, bytes, CREDIT_SOURCE, CREDIT_SOURCE_A_SECOND, now);
	return source;
}

void credit_earn(struct credits *c, const struct ip_addr *from, uint32_t bytes, ns_t now)
{
	fill_both(c, from, bytes, now);
}

bool credit_spend(struct credits *c, const struct ip_addr *to, uint32_t bytes, ns_t now)
{
	struct credit *source = fill_both(c, to, 0, now);

	if (c->all.bytes < bytes || source->bytes < bytes)
		return false;
	c->all.bytes -= bytes;
	source->bytes -= bytes;
	return true;
}
