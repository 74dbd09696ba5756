#include "support/hostile.h"

#include <stddef.h>

#include "net/internal.h"
#include "security/security.h"

#define FRAME_BYTES 1514
#define INITIATION_PORT 5041

static const struct mac_addr evil_mac = { { 0x02, 0x66, 0x66, 0x66, 0x66, 0x66 } };
static const uint8_t junk[1400] = "not a packet of anybody's", zeros[8];

/* ---- what it sees ---- */

static void look_at_packet(struct hostile *h, const struct eth_header *eth, const struct net_datagram *d)
{
	struct mt_packet p;

	if (mt_read(d->data, d->len, &p) != MT_READ_OK)
		return;
	if (p.opcode == MT_JOINACK && !d->to_multicast) {
		h->victim_mac = eth->to;
		h->server_mac = eth->from;
		h->victim = d->to;
		h->server = d->from;
		h->session_id = p.session_id;
		h->client_id = p.joinack.client_id;
	}
	if (d->to_multicast) {
		h->group_mac = eth->to;
		h->group = d->to;
	}
	h->ready = h->victim.port != 0 && h->group.port != 0;
}

void hostile_look(struct hostile *h, const uint8_t *frame, uint32_t len)
{
	const struct eth_header *eth = (const struct eth_header *)frame;
	struct net_datagram d;
	struct packet p;

	if (len < sizeof(*eth) || be16_get(eth->type) != ETHER_IP4)
		return;
	if (ip4_read(frame + sizeof(*eth), len - (uint32_t)sizeof(*eth), &p) != NET_UDP || p.is_fragment)
		return;
	if (p.protocol == PROTOCOL_UDP && udp_read(&p, true, NET_CHECK_LATER, &d) == NET_UDP)
		look_at_packet(h, eth, &d);
}

struct hostile hostile_to_server(const struct hostile *h)
{
	struct hostile s = *h;

	s.server = h->victim;
	s.victim = s.group = h->server;
	s.victim_mac = s.group_mac = h->server_mac;
	return s;
}

/* ---- pieces of frames ---- */

static void ethernet(struct writer *w, const struct mac_addr *to, uint16_t type)
{
	writer_bytes(w, to, sizeof(*to));
	writer_bytes(w, &evil_mac, sizeof(evil_mac));
	writer_be16(w, type);
}

static struct ip_addr stranger(struct hostile *h)
{
	struct ip_addr ip = h->server.ip;

	ip.b[3] = (uint8_t)(200 + rng_below(&h->rng, 50));
	return ip;
}

/* An IPv4 packet; fragment: as in the header. */
static void packet(struct writer *w, const struct mac_addr *mac, const struct ip_addr *from, const struct ip_addr *to,
                   uint8_t protocol, uint16_t id, uint16_t fragment, const void *data, uint32_t len)
{
	struct ip4_fields f = { from, to, protocol, 64, id, fragment, len };

	ethernet(w, mac, ETHER_IP4);
	ip4_write(&f, w);
	writer_bytes(w, data, len);
}

/* checksum: 0 for none. */
static void datagram(struct writer *w, const struct mac_addr *mac, const struct endpoint *from, const struct endpoint *to,
                     uint16_t checksum, const void *data, uint32_t len)
{
	uint8_t udp[FRAME_BYTES];
	struct writer u = writer_of(udp, sizeof(udp));

	writer_be16(&u, from->port);
	writer_be16(&u, to->port);
	writer_be16(&u, (uint16_t)(sizeof(struct udp_header) + len));
	writer_be16(&u, checksum);
	writer_bytes(&u, data, len);
	packet(w, mac, &from->ip, &to->ip, PROTOCOL_UDP, 1, 0, udp, (uint32_t)writer_len(&u));
}

/* ---- below UDP ---- */

static struct ip4_header *ip_of(struct writer *w)
{
	return (struct ip4_header *)(w->at - writer_len(w) + sizeof(struct eth_header));
}

static void sum_again(struct ip4_header *ip)
{
	ip->checksum = be16_of(0);
	ip->checksum = checksum_of(net_sum(ip, sizeof(*ip)));
}

static void plain(struct hostile *h, struct writer *w)
{
	datagram(w, &h->group_mac, &h->server, &h->group, 0, junk, 100);
}

static void says_it_is_longer(struct hostile *h, struct writer *w)
{
	plain(h, w);
	ip_of(w)->total_len = be16_of(1400);
	sum_again(ip_of(w));
}

static void says_it_is_shorter_than_its_header(struct hostile *h, struct writer *w)
{
	plain(h, w);
	ip_of(w)->total_len = be16_of(10);
	sum_again(ip_of(w));
}

static void has_a_header_of_12_bytes(struct hostile *h, struct writer *w)
{
	plain(h, w);
	ip_of(w)->version_words = 0x43;
}

static void has_a_wrong_header_sum(struct hostile *h, struct writer *w)
{
	plain(h, w);
	ip_of(w)->checksum.b[0] ^= 1;
}

/* 12 bytes of options that do nothing, and a packet that is none. */
static void has_ip_options(struct hostile *h, struct writer *w)
{
	static const uint8_t options[12] = { 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 0 };
	uint8_t udp[8 + 40] = { 0 };
	struct writer u = writer_of(udp, sizeof(udp));
	struct ip4_header *ip;

	writer_be16(&u, h->server.port);
	writer_be16(&u, h->group.port);
	writer_be16(&u, sizeof(udp));
	packet(w, &h->group_mac, &h->server.ip, &h->group.ip, PROTOCOL_UDP, 1, 0, options, sizeof(options));
	writer_bytes(w, udp, sizeof(udp));
	ip = ip_of(w);
	ip->version_words = 0x48;
	ip->total_len = be16_of(32 + sizeof(udp));
	ip->checksum = be16_of(0);
	ip->checksum = checksum_of(net_sum(ip, 32));
}

static void has_a_wrong_udp_length(struct hostile *h, struct writer *w)
{
	plain(h, w);
	((struct udp_header *)(ip_of(w) + 1))->len = be16_of(2000);
}

static void has_a_wrong_udp_sum(struct hostile *h, struct writer *w)
{
	struct endpoint initiation = { h->server.ip, INITIATION_PORT };

	datagram(w, &h->victim_mac, &initiation, &h->victim, 0x1234, junk, 100);
}

/* 32 groups share a MAC. */
static void is_for_a_group_of_the_same_mac(struct hostile *h, struct writer *w)
{
	struct endpoint to = h->group;

	to.ip.b[1] ^= 0x80;
	datagram(w, &h->group_mac, &h->server, &to, 0, junk, 100);
}

static void is_for_a_port_where_nobody_listens(struct hostile *h, struct writer *w)
{
	struct endpoint to = { h->victim.ip, (uint16_t)(h->victim.port ^ 1) }, from = { stranger(h), 9 };

	datagram(w, &h->victim_mac, &from, &to, 0, junk, 100);
}

static void is_a_fragment_of_nothing(struct hostile *h, struct writer *w)
{
	packet(w, &h->group_mac, &h->server.ip, &h->group.ip, PROTOCOL_UDP, (uint16_t)rng_next(&h->rng),
	       IP4_MORE | (uint16_t)rng_between(&h->rng, 1, 8000), junk, 800);
}

/* Three of one ID: bytes 0 to 799, 400 to 1199, and an end before them. */
static void fragments_overlap(struct hostile *h, struct writer *w)
{
	static const uint16_t fragments[3] = { IP4_MORE | 0, IP4_MORE | 50, 10 };
	unsigned turn = h->fragments++;

	packet(w, &h->group_mac, &h->server.ip, &h->group.ip, PROTOCOL_UDP, (uint16_t)(turn / 3), fragments[turn % 3],
	       junk, 800);
}

static void arp(struct writer *w, const struct mac_addr *to, const struct ip_addr *sender, const struct ip_addr *target)
{
	static const uint8_t request[] = { 0, 1, ETHER_IP4 >> 8, ETHER_IP4 & 0xff, 6, 4, 0, ARP_REQUEST };

	ethernet(w, to, ETHER_ARP);
	writer_bytes(w, request, sizeof(request));
	writer_bytes(w, &evil_mac, sizeof(evil_mac));
	writer_bytes(w, sender->b, 4);
	writer_bytes(w, zeros, sizeof(struct mac_addr));
	writer_bytes(w, target->b, 4);
}

static void arp_asks_for_us(struct hostile *h, struct writer *w)
{
	struct ip_addr sender = stranger(h);

	arp(w, &mac_broadcast, &sender, &h->victim.ip);
}

static void arp_asks_for_others(struct hostile *h, struct writer *w)
{
	struct ip_addr sender = stranger(h), target = stranger(h);

	arp(w, &mac_broadcast, &sender, &target);
}

static void arp_claims_our_address(struct hostile *h, struct writer *w)
{
	arp(w, &h->victim_mac, &h->victim.ip, &h->victim.ip);
}

static void igmp_is_damaged(struct hostile *h, struct writer *w)
{
	static const uint8_t query[8] = { IGMP_QUERY, 1, 0xab, 0xcd };
	static const struct mac_addr all_systems = { { 0x01, 0, 0x5e, 0, 0, 1 } };

	packet(w, &all_systems, &h->server.ip, &group_all_systems, PROTOCOL_IGMP, 1, 0, query, sizeof(query));
}

static void is_tcp(struct hostile *h, struct writer *w)
{
	packet(w, &h->group_mac, &h->server.ip, &h->group.ip, 6, 1, 0, junk, 20);
}

static void is_of_another_vlan(struct hostile *h, struct writer *w)
{
	ethernet(w, &h->group_mac, ETHER_VLAN);
	writer_be16(w, 77);
	writer_be16(w, ETHER_IP4);
	writer_bytes(w, junk, 60);
}

static void has_endless_ip6_extensions(struct hostile *h, struct writer *w)
{
	uint8_t ip[16] = { 0xfe, 0x80, [15] = 1 };

	ethernet(w, &h->victim_mac, ETHER_IP6);
	ip6_write(ip, ip, PROTOCOL_DESTINATION, 64, 800, w);
	for (unsigned i = 0; i < 100; i++) {
		writer_be16(w, PROTOCOL_DESTINATION << 8);
		writer_bytes(w, zeros, 6);
	}
}

/* ---- packets of the session ---- */

enum from { FROM_SERVER, FROM_STRANGER };

struct forgery {
	uint8_t bytes[600];
	struct writer w;
	struct mt_head head;
};

static void forgery_begin(const struct hostile *h, struct forgery *f)
{
	f->head = (struct mt_head){ .security_type = MT_SECHDR_CHECKSUM, .security_len = 4, .session_id = h->session_id };
	f->w = writer_of(f->bytes, sizeof(f->bytes));
}

/* Its checksum is right, unless it is damaged. To the group, or to the victim alone. */
static void forgery_send(struct hostile *h, struct forgery *f, enum from sender, bool to_group, bool damaged,
                         struct writer *w)
{
	struct endpoint from = { sender == FROM_SERVER ? h->server.ip : stranger(h), h->server.port };
	uint32_t len = (uint32_t)writer_len(&f->w);
	struct security s;

	security_init_checksum(&s);
	security_seal_packet(&s, f->bytes, len);
	f->bytes[MT_SECURITY_HEADER_BYTES] ^= damaged;
	datagram(w, to_group ? &h->group_mac : &h->victim_mac, &from, to_group ? &h->group : &h->victim, 0, f->bytes, len);
}

static void write_kick(struct hostile *h, struct forgery *f)
{
	struct mt_wire_kick victim = { be32_of(h->client_id), MT_KICK_FAIL };
	struct mt_kick kick = { 1, &victim };

	forgery_begin(h, f);
	mt_write_kick(&f->w, &f->head, &kick);
}

static void a_stranger_kicks(struct hostile *h, struct writer *w)
{
	struct forgery f;

	write_kick(h, &f);
	forgery_send(h, &f, FROM_STRANGER, true, false, w);
}

static void a_stranger_kicks_alone(struct hostile *h, struct writer *w)
{
	struct forgery f;

	write_kick(h, &f);
	forgery_send(h, &f, FROM_STRANGER, false, false, w);
}

static void a_kick_is_damaged(struct hostile *h, struct writer *w)
{
	struct forgery f;

	write_kick(h, &f);
	forgery_send(h, &f, FROM_SERVER, true, true, w);
}

static void a_stranger_demotes(struct hostile *h, struct writer *w)
{
	be32 victim = be32_of(h->client_id);
	struct mt_demote demote = { .lower_session_id = 1, .multicast = h->group, .unicast = h->server, .count = 1,
		                    .client_ids = &victim };
	struct forgery f;

	demote.multicast.ip.b[3] ^= 1;
	forgery_begin(h, &f);
	mt_write_demote(&f.w, &f.head, &demote);
	forgery_send(h, &f, FROM_STRANGER, h->next % 2, false, w);
}

static void a_stranger_acknowledges_a_join(struct hostile *h, struct writer *w)
{
	struct mt_joinack joinack = { .client_id = h->client_id + 1 };
	struct forgery f;

	forgery_begin(h, &f);
	mt_write_joinack(&f.w, &f.head, &joinack);
	forgery_send(h, &f, FROM_STRANGER, false, false, w);
}

static void is_of_another_session(struct hostile *h, struct writer *w)
{
	struct forgery f;

	forgery_begin(h, &f);
	f.head.session_id ^= 1;
	mt_write_spm(&f.w, &f.head, &(struct mt_spm){ .spm_seq_no = UINT32_MAX });
	forgery_send(h, &f, FROM_SERVER, true, false, w);
}

static void only_clients_send_that(struct hostile *h, struct writer *w)
{
	struct forgery f;

	forgery_begin(h, &f);
	mt_write_leave(&f.w, &f.head, &(struct mt_leave){ h->client_id + 1, MT_LEAVE_COMPLETE });
	forgery_send(h, &f, FROM_SERVER, true, false, w);
}

/* Who left, it says, is the client itself: but from another address. */
static void a_stranger_leaves(struct hostile *h, struct writer *w)
{
	struct forgery f;

	forgery_begin(h, &f);
	mt_write_leave(&f.w, &f.head, &(struct mt_leave){ h->client_id, MT_LEAVE_COMPLETE });
	forgery_send(h, &f, FROM_STRANGER, false, false, w);
}

static void has_no_security_header(struct hostile *h, struct writer *w)
{
	struct forgery f;

	forgery_begin(h, &f);
	f.head.security_type = MT_SECHDR_NONE;
	f.head.security_len = 0;
	mt_write_spm(&f.w, &f.head, &(struct mt_spm){ .spm_seq_no = UINT32_MAX });
	datagram(w, &h->group_mac, &h->server, &h->group, 0, f.bytes, (uint32_t)writer_len(&f.w));
}

uint32_t hostile_frame(struct hostile *h, uint8_t *out)
{
	static void (*const kinds[])(struct hostile *, struct writer *) = {
		plain,
		says_it_is_longer,
		says_it_is_shorter_than_its_header,
		has_a_header_of_12_bytes,
		has_a_wrong_header_sum,
		has_ip_options,
		has_a_wrong_udp_length,
		has_a_wrong_udp_sum,
		is_for_a_group_of_the_same_mac,
		is_for_a_port_where_nobody_listens,
		is_a_fragment_of_nothing,
		fragments_overlap,
		arp_asks_for_us,
		arp_asks_for_others,
		arp_claims_our_address,
		igmp_is_damaged,
		is_tcp,
		is_of_another_vlan,
		has_endless_ip6_extensions,
		a_stranger_kicks,
		a_stranger_kicks_alone,
		a_kick_is_damaged,
		a_stranger_demotes,
		a_stranger_acknowledges_a_join,
		is_of_another_session,
		only_clients_send_that,
		a_stranger_leaves,
		has_no_security_header,
	};
	struct writer w = writer_of(out, FRAME_BYTES);

	kinds[h->next++ % (sizeof(kinds) / sizeof(kinds[0]))](h, &w);
	return (uint32_t)writer_len(&w);
}
