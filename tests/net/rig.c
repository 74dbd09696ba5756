#include "net/rig.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#define ETH 14u

struct net_config rig_config(void)
{
	return (struct net_config){
		.mac = rig_mac,
		.mtu = 1500,
		.ip4 = RIG_IP4,
		.gateway4 = ip4_of(10, 0, 0, 1),
		.prefix4 = 24,
		.seed = 1,
	};
}

struct net_config rig_config6(void)
{
	struct net_config c = rig_config();

	c.ip6 = RIG_IP6;
	c.gateway6 = rig_ip("2001:db8::1");
	c.prefix6 = 64;
	return c;
}

struct rig *rig_new(const struct net_config *c)
{
	struct rig *r = calloc(1, sizeof(*r));
	size_t bytes = (net_bytes() + 63) / 64 * 64;
	void *mem = aligned_alloc(64, bytes);

	if (r == NULL || mem == NULL)
		abort();
	memset(mem, 0, bytes);
	r->now = 1000 * NS_PER_S;
	r->net = net_init(mem, c, r->now);
	return r;
}

struct rig *rig_started(const struct net_config *c)
{
	struct rig *r = rig_new(c);

	for (int i = 0; i < 4; i++)
		rig_tick(r, r->now + 2 * NS_PER_S);
	r->tx.count = 0;
	return r;
}

void rig_free(struct rig *r)
{
	free(r->net);
	free(r);
}

/* From memory of its own, so that a read beyond the frame is seen. */
enum net_verdict rig_input_flags(struct rig *r, const struct rig_frame *f, unsigned flags)
{
	static uint8_t *copy;
	enum net_verdict v;

	free(copy);
	copy = malloc(f->len > 0 ? f->len : 1);
	if (copy == NULL)
		abort();
	memcpy(copy, f->bytes, f->len);
	v = net_input(r->net, copy, f->len, flags, r->now, &r->datagram, &r->tx);
	return v;
}

enum net_verdict rig_input(struct rig *r, const struct rig_frame *f)
{
	return rig_input_flags(r, f, 0);
}

void rig_tick(struct rig *r, ns_t now)
{
	r->now = now;
	r->tx.count = 0;
	net_tick(r->net, now, &r->tx);
}

void rig_tick_due(struct rig *r)
{
	ns_t due = net_deadline(r->net);

	rig_tick(r, due > r->now ? due : r->now);
}

uint64_t rig_count(const struct rig *r, enum net_verdict v)
{
	return net_read_stats(r->net)->verdicts[v];
}

struct ip_addr rig_ip(const char *text)
{
	struct ip_addr ip;

	if (!ip_parse(text, &ip))
		abort();
	return ip;
}

struct rig_frame rig_hex(const char *text)
{
	struct rig_frame f = { 0 };
	unsigned byte;

	for (; *text != '\0'; text++) {
		if (isspace((unsigned char)*text))
			continue;
		if (sscanf(text++, "%2x", &byte) != 1)
			abort();
		f.bytes[f.len++] = (uint8_t)byte;
	}
	return f;
}

void rig_assert_sent(const struct rig *r, uint32_t i, const char *hex)
{
	struct rig_frame want = rig_hex(hex);
	const struct net_out_frame *got = &r->tx.frames[i];

	if (want.len < ETH_FRAME_MIN)
		want.len = ETH_FRAME_MIN;
	CU_ASSERT_FATAL(i < r->tx.count);
	CU_ASSERT_EQUAL(got->len, want.len);
	CU_ASSERT_EQUAL(memcmp(got->bytes, want.bytes, want.len), 0);
	if (got->len == want.len && memcmp(got->bytes, want.bytes, want.len) == 0)
		return;
	for (uint32_t at = 0; at < got->len; at++)
		printf("%02x%s", got->bytes[at], at + 1 == got->len ? "\n" : "");
}

static struct writer begin(struct rig_frame *f, const struct ip_addr *to)
{
	struct mac_addr mac = ip_is_multicast(to) ? mac_of_group(to) : rig_mac;
	struct writer w = writer_of(f->bytes, sizeof(f->bytes));

	writer_bytes(&w, &mac, 6);
	writer_bytes(&w, &rig_peer_mac, 6);
	writer_be16(&w, to->len == 4 ? ETHER_IP4 : ETHER_IP6);
	return w;
}

void rig_fix_ip4(struct rig_frame *f)
{
	uint8_t *h = f->bytes + ETH;
	uint16_t sum;

	h[10] = h[11] = 0;
	sum = (uint16_t)~net_sum(h, (h[0] & 15u) * 4);
	h[10] = (uint8_t)(sum >> 8);
	h[11] = (uint8_t)sum;
}

struct rig_frame rig_ip4_frame(const struct ip_addr *to, uint8_t protocol, const void *data, uint32_t len)
{
	struct rig_frame f = { 0 };
	struct writer w = begin(&f, to);

	writer_be16(&w, 0x4500);
	writer_be16(&w, (uint16_t)(20 + len));
	writer_be32(&w, 0x00010000);
	writer_be16(&w, (uint16_t)(64 << 8 | protocol));
	writer_be16(&w, 0);
	writer_bytes(&w, RIG_PEER4.b, 4);
	writer_bytes(&w, to->b, 4);
	writer_bytes(&w, data, len);
	f.len = (uint32_t)writer_len(&w);
	rig_fix_ip4(&f);
	return f;
}

struct rig_frame rig_ip6_frame(const struct ip_addr *to, uint8_t next, uint8_t hop_limit, const void *data, uint32_t len)
{
	struct rig_frame f = { 0 };
	struct writer w = begin(&f, to);

	writer_be32(&w, 0x60000000);
	writer_be16(&w, (uint16_t)len);
	writer_u8(&w, next);
	writer_u8(&w, hop_limit);
	writer_bytes(&w, RIG_PEER6.b, 16);
	writer_bytes(&w, to->b, 16);
	writer_bytes(&w, data, len);
	f.len = (uint32_t)writer_len(&w);
	return f;
}

struct rig_frame rig_icmp6_frame(struct ip_addr from, struct ip_addr to, uint8_t hop_limit, const char *hex)
{
	struct rig_frame body = rig_hex(hex), f;
	uint16_t sum = pseudo_sum(&from, &to, PROTOCOL_ICMP6, body.len);

	sum = (uint16_t)~net_sum_add(sum, net_sum(body.bytes, body.len), 0);
	body.bytes[2] = (uint8_t)(sum >> 8);
	body.bytes[3] = (uint8_t)sum;
	f = rig_ip6_frame(&to, PROTOCOL_ICMP6, hop_limit, body.bytes, body.len);
	memcpy(f.bytes + ETH + 8, from.b, 16);
	return f;
}

struct rig_frame rig_igmp_frame(struct ip_addr to, const char *hex)
{
	struct rig_frame body = rig_hex(hex);
	uint16_t sum = (uint16_t)~net_sum(body.bytes, body.len);

	body.bytes[2] = (uint8_t)(sum >> 8);
	body.bytes[3] = (uint8_t)sum;
	return rig_ip4_frame(&to, PROTOCOL_IGMP, body.bytes, body.len);
}

struct rig_frame rig_udp_frame(const struct ip_addr *to, uint32_t payload_len)
{
	static uint8_t data[10000];
	struct ip_addr from = to->len == 4 ? RIG_PEER4 : RIG_PEER6;
	struct writer w = writer_of(data, sizeof(data));
	uint16_t sum;

	writer_be16(&w, 1000);
	writer_be16(&w, 2000);
	writer_be16(&w, (uint16_t)(payload_len + 8));
	writer_be16(&w, 0);
	for (uint32_t i = 0; i < payload_len; i++)
		writer_u8(&w, (uint8_t)(i * 7 + i / 256));
	sum = pseudo_sum(&from, to, PROTOCOL_UDP, payload_len + 8);
	sum = (uint16_t)~net_sum_add(sum, net_sum(data, payload_len + 8), 0);
	data[6] = (uint8_t)(sum >> 8);
	data[7] = (uint8_t)sum;
	if (to->len == 4)
		return rig_ip4_frame(to, PROTOCOL_UDP, data, payload_len + 8);
	return rig_ip6_frame(to, PROTOCOL_UDP, 64, data, payload_len + 8);
}

bool rig_payload_is_right(const struct net_datagram *d, uint32_t payload_len)
{
	if (d->len != payload_len || d->from.port != 1000 || d->to.port != 2000)
		return false;
	for (uint32_t i = 0; i < payload_len; i++)
		if (d->data[i] != (uint8_t)(i * 7 + i / 256))
			return false;
	return true;
}

static struct rig_frame fragment_6(const struct rig_frame *whole, uint32_t id, uint32_t at, uint32_t len, bool more)
{
	struct ip_addr to = ip_of_bytes(whole->bytes + ETH + 24, 16);
	uint8_t data[10000];
	struct writer w = writer_of(data, sizeof(data));

	writer_be16(&w, PROTOCOL_UDP << 8);
	writer_be16(&w, (uint16_t)(at | more));
	writer_be32(&w, id);
	writer_bytes(&w, whole->bytes + ETH + 40 + at, len);
	return rig_ip6_frame(&to, PROTOCOL_FRAGMENT, 64, data, (uint32_t)writer_len(&w));
}

struct rig_frame rig_fragment(const struct rig_frame *whole, uint32_t id, uint32_t at, uint32_t len, bool more)
{
	struct ip_addr to = ip_of_bytes(whole->bytes + ETH + 16, 4);
	struct rig_frame f;

	if (whole->bytes[12] == 0x86)
		return fragment_6(whole, id, at, len, more);
	f = rig_ip4_frame(&to, PROTOCOL_UDP, whole->bytes + ETH + 20 + at, len);
	f.bytes[ETH + 4] = (uint8_t)(id >> 8);
	f.bytes[ETH + 5] = (uint8_t)id;
	f.bytes[ETH + 6] = (uint8_t)(at / 8 >> 8 | (more ? 0x20 : 0));
	f.bytes[ETH + 7] = (uint8_t)(at / 8);
	rig_fix_ip4(&f);
	return f;
}
