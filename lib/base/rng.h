/* Seeded random numbers (splitmix64): the same seed gives the same run. Not for secrets. */
#ifndef WDSCAST_BASE_RNG_H
#define WDSCAST_BASE_RNG_H

#include <stdint.h>

struct rng {
	uint64_t state;
};

static inline uint64_t rng_next(struct rng *r)
{
	uint64_t z = (r->state += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	return z ^ z >> 31;
}

/* 0 .. n-1; 0 when n is 0. The bias of the modulus is below 2^-32 for the n used here. */
static inline uint64_t rng_below(struct rng *r, uint64_t n)
{
	return n == 0 ? 0 : rng_next(r) % n;
}

/* lo .. hi, both included; lo when hi is below it. */
static inline uint64_t rng_between(struct rng *r, uint64_t lo, uint64_t hi)
{
	return hi <= lo ? lo : lo + rng_below(r, hi - lo + 1);
}

#endif
