#include "net/internal.h"

const struct mac_addr mac_broadcast = { { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff } };

void eth_write(const struct net *n, const struct mac_addr *to, uint16_t type, struct writer *w)
{
	writer_bytes(w, to, sizeof(*to));
	writer_bytes(w, &n->config.mac, sizeof(n->config.mac));
	if (n->config.vlan != 0) {
		writer_be16(w, ETHER_VLAN);
		writer_be16(w, n->config.vlan);
	}
	writer_be16(w, type);
}

bool frame_begin(struct net *n, struct net_out *tx, const struct mac_addr *to, uint16_t type, struct writer *w)
{
	if (tx->count == NET_OUT_FRAMES) {
		tx->dropped++;
		return false;
	}
	*w = writer_of(tx->frames[tx->count].bytes, NET_OUT_BYTES);
	eth_write(n, to, type, w);
	return true;
}

bool frame_end(struct net_out *tx, struct writer *w)
{
	size_t len = writer_len(w);

	if (w->full) {
		tx->dropped++;
		return false;
	}
	if (len < ETH_FRAME_MIN)
		memset(writer_take(w, ETH_FRAME_MIN - len), 0, ETH_FRAME_MIN - len);
	tx->frames[tx->count++].len = (uint32_t)writer_len(w);
	return true;
}

/*
 * The checksum is taken of the fields, not of the bytes: to read these back at once, wider than they
 * were written, would cost more than all the rest.
 */
static uint16_t ip4_sum(const struct ip4_fields *f, uint16_t total_len)
{
	return sum_fold(0x4500u + total_len + f->id + f->fragment + ((uint32_t)f->ttl << 8 | f->protocol) +
	                pseudo_sum(f->from, f->to, 0, 0));
}

void ip4_write(const struct ip4_fields *f, struct writer *w)
{
	uint16_t total_len = (uint16_t)(sizeof(struct ip4_header) + f->data_len);
	struct ip4_header *h = writer_take(w, sizeof(*h));

	if (h == NULL)
		return;
	*h = (struct ip4_header){
		.version_words = 0x45,
		.total_len = be16_of(total_len),
		.id = be16_of(f->id),
		.fragment = be16_of(f->fragment),
		.ttl = f->ttl,
		.protocol = f->protocol,
		.checksum = checksum_of(ip4_sum(f, total_len)),
	};
	memcpy(h->from, f->from->b, sizeof(h->from));
	memcpy(h->to, f->to->b, sizeof(h->to));
}

void ip6_write(const uint8_t *from, const uint8_t *to, uint8_t next, uint8_t hop_limit, uint32_t payload_len,
               struct writer *w)
{
	struct ip6_header h = {
		.version_class_flow = be32_of(6u << 28),
		.payload_len = be16_of((uint16_t)payload_len),
		.next = next,
		.hop_limit = hop_limit,
	};

	memcpy(h.from, from, sizeof(h.from));
	memcpy(h.to, to, sizeof(h.to));
	writer_bytes(w, &h, sizeof(h));
}

/* RFC 1112 section 6.4: 23 bits of the group; RFC 2464 section 7: 32 bits. */
struct mac_addr mac_of_group(const struct ip_addr *g)
{
	if (g->len == 4)
		return (struct mac_addr){ { 0x01, 0x00, 0x5e, g->b[1] & 0x7f, g->b[2], g->b[3] } };
	return (struct mac_addr){ { 0x33, 0x33, g->b[12], g->b[13], g->b[14], g->b[15] } };
}
