/* RFC 826, RFC 5227 for announcements and conflicts. */
#include "net/internal.h"

#define DEFEND_INTERVAL (10 * NS_PER_S) /* RFC 5227 section 1.1 */

static void send(struct net *n, uint16_t operation, const struct mac_addr *to, const struct mac_addr *target_mac,
                 const struct ip_addr *target, struct net_out *tx)
{
	static const uint8_t ethernet_ip4[] = { 0, 1, ETHER_IP4 >> 8, ETHER_IP4 & 0xff, 6, 4 };
	struct writer w;

	if (!frame_begin(n, tx, to, ETHER_ARP, &w))
		return;
	writer_bytes(&w, ethernet_ip4, sizeof(ethernet_ip4));
	writer_be16(&w, operation);
	writer_bytes(&w, &n->config.mac, sizeof(n->config.mac));
	writer_bytes(&w, n->config.ip4.b, 4);
	writer_bytes(&w, target_mac, sizeof(*target_mac));
	writer_bytes(&w, target->b, 4);
	if (frame_end(tx, &w))
		n->stats.arp_sent++;
}

void arp_request(struct net *n, const struct ip_addr *ip, const struct mac_addr *mac, struct net_out *tx)
{
	static const struct mac_addr unknown;

	send(n, ARP_REQUEST, mac != NULL ? mac : &mac_broadcast, &unknown, ip, tx);
}

void arp_announce(struct net *n, struct net_out *tx)
{
	arp_request(n, &n->config.ip4, NULL, tx);
}

/* Another machine has our address: say whose it is, but do not quarrel (RFC 5227 section 2.4, b). */
static void defend(struct net *n, ns_t now, struct net_out *tx)
{
	n->stats.conflicts++;
	if (n->config.has_kernel || now < n->defend_from)
		return;
	n->defend_from = now + DEFEND_INTERVAL;
	arp_announce(n, tx);
}

static bool is_ethernet_ip4(const struct arp_packet *p)
{
	return be16_get(p->hardware) == 1 && be16_get(p->protocol) == ETHER_IP4 && p->hardware_len == 6 &&
	       p->protocol_len == 4 && (p->sender_mac.b[0] & 1) == 0;
}

/*
 * What it tells of its sender is learnt when we know the sender already, or when it asks for us (the
 * kernel may be the one that answers: who asks is about to speak to us, and waits for our answer).
 * Everything else, the storms included, leaves no trace.
 */
enum net_verdict arp_input(struct net *n, const uint8_t *data, uint32_t len, ns_t now, struct net_out *tx)
{
	const struct arp_packet *p = (const struct arp_packet *)data;
	struct ip_addr sender, target;
	bool asks_us, learnt;

	if (len < sizeof(*p))
		return NET_RUNT;
	if (!is_ethernet_ip4(p))
		return NET_OTHER_PROTOCOL;
	sender = ip_of_bytes(p->sender_ip, 4);
	target = ip_of_bytes(p->target_ip, 4);
	if (ip_is_ours(n, &sender)) {
		defend(n, now, tx);
		return NET_HANDLED;
	}
	asks_us = be16_get(p->operation) == ARP_REQUEST && ip_is_ours(n, &target);
	learnt = neighbour_learn(n, &sender, &p->sender_mac, asks_us ? LEARN_CREATE : 0, now);
	if (asks_us && !n->config.has_kernel)
		send(n, ARP_REPLY, &p->sender_mac, &p->sender_mac, &sender, tx);
	return asks_us || learnt ? NET_HANDLED : NET_OTHER_HOST;
}
