/*
 * Ports without a kernel: the groups whose MACs the card is to let in, and the UDP ports that are taken.
 * Pure bookkeeping, of the control side.
 */
#ifndef WDSCAST_PORT_FILTER_H
#define WDSCAST_PORT_FILTER_H

#include "base/rng.h"
#include "port/port.h"

#define FILTER_GROUPS_MAX 64
#define FILTER_PORTS_MAX 256

struct filter {
	struct filter_group {
		struct ip_addr ip;
		unsigned users; /* 0: unused */
	} groups[FILTER_GROUPS_MAX];
	struct endpoint reserved[FILTER_PORTS_MAX];
	unsigned reserved_count;
	struct rng rng;
};

/* seed: for the ports that are given by chance, as RFC 6056 wants it. */
void filter_init(struct filter *f, uint64_t seed);
/* changed: the set of MACs is another now. */
enum wdscast_err filter_join(struct filter *f, const struct ip_addr *group, bool *changed);
void filter_leave(struct filter *f, const struct ip_addr *group, bool *changed);
/* The MACs of all groups, each once; returns how many. */
unsigned filter_macs(const struct filter *f, struct mac_addr macs[FILTER_GROUPS_MAX]);
enum wdscast_err filter_reserve(struct filter *f, struct endpoint *local);
void filter_unreserve(struct filter *f, const struct endpoint *local);

#endif
