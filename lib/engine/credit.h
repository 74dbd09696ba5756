/*
 * What may be said to addresses that nobody has proven to be where they say: a request or a JOIN costs its sender
 * nothing, its address may be made up, and an answer, or three JOINACKs, can be larger. So whatever comes from an
 * address adds its own size to what may be said to it and to all together, and beyond that there is only so much a
 * second: enough for any room that is switched on, and no lever for a flood.
 *
 *   said to an address  <=  heard from it + CREDIT_SOURCE + CREDIT_SOURCE_A_SECOND * seconds
 *   said to all         <=  heard from all + CREDIT + CREDIT_A_SECOND * seconds
 *
 * One for a server and all its sessions. Addresses whose hash is the same share a place, and so its credit.
 */
#ifndef WDSCAST_ENGINE_CREDIT_H
#define WDSCAST_ENGINE_CREDIT_H

#include "base/address.h"
#include "base/time.h"

#define CREDIT_SOURCE 4096
#define CREDIT_SOURCE_A_SECOND 256
#define CREDIT 65536
#define CREDIT_A_SECOND 16384
#define CREDIT_SOURCES 1024 /* a power of two */

struct credit {
	int64_t bytes;
	ns_t at; /* 0: never asked yet, so it is full */
};

struct credits {
	uint64_t seed;
	struct credit all, sources[CREDIT_SOURCES];
};

void credit_init(struct credits *c, uint64_t seed);
void credit_earn(struct credits *c, const struct ip_addr *from, uint32_t bytes, ns_t now);
/* False, and nothing is spent, when there is not enough. */
bool credit_spend(struct credits *c, const struct ip_addr *to, uint32_t bytes, ns_t now);

#endif
