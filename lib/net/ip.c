#include "net/internal.h"

#define IP6_EXTENSIONS_MAX 8 /* headers we are willing to skip */

/* Options are skipped: none of them concerns a host that is the destination. */
enum net_verdict ip4_read(const uint8_t *data, uint32_t len, struct packet *out)
{
	const struct ip4_header *h = (const struct ip4_header *)data;
	uint32_t head, total, fragment;

	if (len < sizeof(*h))
		return NET_RUNT;
	head = (h->version_words & 0x0fu) * 4;
	total = be16_get(h->total_len);
	if (h->version_words >> 4 != 4 || head < sizeof(*h) || total < head)
		return NET_BAD_IP;
	if (total > len)
		return NET_RUNT;
	/* The source is a single machine (RFC 1122 section 3.2.1.3). */
	if (!(head == sizeof(*h) ? ip4_header_sums_up(h) : net_sum(h, head) == 0xffff) || h->from[0] >= 0xe0)
		return NET_BAD_IP;
	fragment = be16_get(h->fragment);
	out->from = ip_of_bytes(h->from, 4);
	out->to = ip_of_bytes(h->to, 4);
	out->data = data + head;
	out->len = total - head;
	out->protocol = h->protocol;
	out->hop_limit = h->ttl;
	out->is_fragment = (fragment & (IP4_MORE | IP4_OFFSET)) != 0;
	out->more = (fragment & IP4_MORE) != 0;
	out->id = be16_get(h->id);
	out->offset = (fragment & IP4_OFFSET) * 8;
	return NET_UDP;
}

static enum net_verdict read_fragment(const struct ip6_fragment *f, struct packet *out)
{
	uint32_t offset = be16_get(f->offset);

	out->offset = offset & ~7u;
	out->more = (offset & IP6_MORE) != 0;
	/* RFC 6946: a fragment that is all of the packet stands alone, whatever its ID. */
	out->is_fragment = out->offset != 0 || out->more;
	out->id = be32_get(f->id);
	out->protocol = f->next;
	return NET_UDP;
}

/* The extension header at r, which out->protocol names. */
static enum net_verdict skip_extension(struct reader *r, struct packet *out)
{
	const struct ip6_extension *e = (const struct ip6_extension *)r->at;
	const uint8_t *body;

	if (out->protocol == PROTOCOL_FRAGMENT) {
		const struct ip6_fragment *f = reader_take(r, sizeof(*f));

		return f == NULL ? NET_RUNT : read_fragment(f, out);
	}
	if (reader_left(r) < sizeof(*e) || (body = reader_take(r, (e->len + 1u) * 8)) == NULL)
		return NET_RUNT;
	/* Segments left: we would have to forward it. */
	if (out->protocol == PROTOCOL_ROUTING && body[3] != 0)
		return NET_OTHER_HOST;
	out->protocol = e->next;
	return NET_UDP;
}

static bool is_extension(uint8_t protocol)
{
	return protocol == PROTOCOL_HOP_BY_HOP || protocol == PROTOCOL_ROUTING || protocol == PROTOCOL_FRAGMENT ||
	       protocol == PROTOCOL_DESTINATION;
}

enum net_verdict ip6_read(const uint8_t *data, uint32_t len, struct packet *out)
{
	struct reader r = reader_of(data, len);
	const struct ip6_header *h = reader_take(&r, sizeof(*h));

	if (h == NULL)
		return NET_RUNT;
	if (h->version_class_flow.b[0] >> 4 != 6 || h->from[0] == 0xff)
		return NET_BAD_IP;
	if (be16_get(h->payload_len) > reader_left(&r))
		return NET_RUNT;
	r.end = r.at + be16_get(h->payload_len); /* what follows is padding */
	out->from = ip_of_bytes(h->from, 16);
	out->to = ip_of_bytes(h->to, 16);
	out->protocol = h->next;
	out->hop_limit = h->hop_limit;
	out->is_fragment = false;
	for (unsigned i = 0; is_extension(out->protocol) && !out->is_fragment; i++) {
		enum net_verdict v = i == IP6_EXTENSIONS_MAX ? NET_BAD_IP : skip_extension(&r, out);

		if (v != NET_UDP)
			return v;
	}
	out->data = r.at;
	out->len = (uint32_t)reader_left(&r);
	return NET_UDP;
}
