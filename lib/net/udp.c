#include "net/internal.h"

bool udp_sums_up(const struct net_datagram *d)
{
	uint32_t len = d->len + (uint32_t)sizeof(struct udp_header);
	uint16_t sum = pseudo_sum(&d->from.ip, &d->to.ip, PROTOCOL_UDP, len);

	/*
	 * A kernel that leaves the checksum to the card writes the pseudo header's sum alone, not
	 * inverted; over a virtual interface there is no card to finish it, nor a wire to damage it.
	 * Before it cuts a datagram into fragments a kernel always finishes the sum itself.
	 */
	if (d->whole && d->checksum == sum)
		return true;
	return sum_fold((uint32_t)sum + d->from.port + d->to.port + len + d->checksum + net_sum(d->data, d->len)) == 0xffff;
}

enum net_verdict udp_read(const struct packet *p, bool whole, unsigned flags, struct net_datagram *out)
{
	const struct udp_header *h = (const struct udp_header *)p->data;

	if (p->len < sizeof(*h))
		return NET_RUNT;
	out->from = (struct endpoint){ p->from, be16_get(h->from) };
	out->to = (struct endpoint){ p->to, be16_get(h->to) };
	out->to_multicast = ip_is_multicast(&p->to);
	out->whole = whole;
	return udp_read_data(p->data, p->len, flags, out);
}

bool net_verify(struct net *n, const struct net_datagram *d)
{
	if (d->checked || udp_sums_up(d))
		return true;
	n->stats.verdicts[NET_BAD_UDP]++;
	return false;
}
