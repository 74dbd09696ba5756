#include "port/filter.h"

enum { EPHEMERAL_FIRST = 49152, EPHEMERAL_LAST = 65535 };

void filter_init(struct filter *f, uint64_t seed)
{
	memset(f, 0, sizeof(*f));
	f->rng.state = seed;
}

static struct filter_group *find_group(struct filter *f, const struct ip_addr *ip)
{
	for (unsigned i = 0; i < FILTER_GROUPS_MAX; i++)
		if (f->groups[i].users > 0 && ip_equal(&f->groups[i].ip, ip))
			return &f->groups[i];
	return NULL;
}

static struct filter_group *find_unused(struct filter *f)
{
	for (unsigned i = 0; i < FILTER_GROUPS_MAX; i++)
		if (f->groups[i].users == 0)
			return &f->groups[i];
	return NULL;
}

/* RFC 1112 6.4 and RFC 2464 7. */
static struct mac_addr mac_of(const struct ip_addr *ip)
{
	const uint8_t *b = ip->b;

	if (ip->len == 4)
		return (struct mac_addr){ { 0x01, 0x00, 0x5e, b[1] & 0x7f, b[2], b[3] } };
	return (struct mac_addr){ { 0x33, 0x33, b[12], b[13], b[14], b[15] } };
}

enum wdscast_err filter_join(struct filter *f, const struct ip_addr *group, bool *changed)
{
	struct filter_group *g = find_group(f, group);

	*changed = false;
	if (!ip_is_multicast(group))
		return WDSCAST_EINVAL;
	if (g == NULL) {
		g = find_unused(f);
		if (g == NULL)
			return WDSCAST_ENOMEM;
		g->ip = *group;
		*changed = true;
	}
	g->users++;
	return WDSCAST_OK;
}

void filter_leave(struct filter *f, const struct ip_addr *group, bool *changed)
{
	struct filter_group *g = find_group(f, group);

	*changed = g != NULL && --g->users == 0;
}

/* Thirty-two IPv4 groups share a MAC. */
static bool has_mac(const struct mac_addr *macs, unsigned n, const struct mac_addr *mac)
{
	for (unsigned i = 0; i < n; i++)
		if (memcmp(&macs[i], mac, sizeof(*mac)) == 0)
			return true;
	return false;
}

unsigned filter_macs(const struct filter *f, struct mac_addr macs[FILTER_GROUPS_MAX])
{
	unsigned n = 0;

	for (unsigned i = 0; i < FILTER_GROUPS_MAX; i++) {
		struct mac_addr mac;

		if (f->groups[i].users == 0)
			continue;
		mac = mac_of(&f->groups[i].ip);
		if (!has_mac(macs, n, &mac))
			macs[n++] = mac;
	}
	return n;
}

static struct endpoint *find_reserved(struct filter *f, const struct endpoint *local)
{
	for (unsigned i = 0; i < f->reserved_count; i++)
		if (endpoint_equal(&f->reserved[i], local))
			return &f->reserved[i];
	return NULL;
}

enum wdscast_err filter_reserve(struct filter *f, struct endpoint *local)
{
	struct endpoint wanted = *local;

	if (f->reserved_count == FILTER_PORTS_MAX)
		return WDSCAST_ENOMEM;
	/* Far more ports than can be reserved: this ends. */
	while (local->port == 0 && (wanted.port == 0 || find_reserved(f, &wanted) != NULL))
		wanted.port = (uint16_t)rng_between(&f->rng, EPHEMERAL_FIRST, EPHEMERAL_LAST);
	if (find_reserved(f, &wanted) != NULL)
		return WDSCAST_EADDRINUSE;
	f->reserved[f->reserved_count++] = *local = wanted;
	return WDSCAST_OK;
}

void filter_unreserve(struct filter *f, const struct endpoint *local)
{
	struct endpoint *e = find_reserved(f, local);

	if (e != NULL)
		*e = f->reserved[--f->reserved_count];
}
