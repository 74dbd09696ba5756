/*
 * Any frames, in any order, at any time. The input is a row of: a control byte, a length (be16), and so
 * many bytes of a frame. Control: bit 0, repair the checksums, which chance would never get right; bits
 * 1 to 3, what the card says; the high half, time that goes by.
 */
#include "net/rig.h"

#include <assert.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define CONTROL_REPAIR 0x01u
#define STEP (40 * NS_PER_MS)

/* Everything but the bytes of fragments is as after net_init(); they are not looked at before they are written. */
static struct net *fresh(const struct net_config *c)
{
	static struct net *n;

	if (n == NULL)
		n = aligned_alloc(64, (net_bytes() + 63) / 64 * 64);
	if (n == NULL)
		abort();
	memset(n, 0, offsetof(struct net, reassembly) + offsetof(struct reassembly, bytes));
	return net_init(n, c, 0);
}

static void set_checksum(const struct packet *p, uint32_t at, uint16_t pseudo)
{
	uint8_t *field = (uint8_t *)p->data + at;
	uint16_t sum;

	if (p->len < at + 2)
		return;
	field[0] = field[1] = 0;
	sum = (uint16_t)~net_sum_add(pseudo, net_sum(p->data, p->len), 0);
	field[0] = (uint8_t)(sum >> 8);
	field[1] = (uint8_t)sum;
}

static void repair(uint8_t *frame, uint32_t len)
{
	struct packet p = { 0 };

	if (len < 34)
		return;
	if (frame[12] == 0x08) {
		uint32_t head = (frame[14] & 15u) * 4;
		struct packet header = { .data = frame + 14, .len = head };

		if (head <= len - 14)
			set_checksum(&header, 10, 0);
		if (ip4_read(frame + 14, len - 14, &p) == NET_UDP && p.protocol != PROTOCOL_UDP)
			set_checksum(&p, 2, 0);
	} else if (ip6_read(frame + 14, len - 14, &p) == NET_UDP && p.protocol == PROTOCOL_ICMP6) {
		set_checksum(&p, 2, pseudo_sum(&p.from, &p.to, p.protocol, p.len));
	}
}

static void input(struct net *n, uint8_t *frame, uint32_t len, unsigned control, ns_t now, struct net_out *tx)
{
	static volatile uint16_t sink;
	struct net_datagram d;

	if (control & CONTROL_REPAIR)
		repair(frame, len);
	if (net_input(n, frame, len, control >> 1 & 7, now, &d, tx) == NET_UDP)
		sink = net_sum(d.data, d.len);
	(void)sink;
	assert(tx->count <= NET_OUT_FRAMES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct net_out tx;
	struct net_config c = rig_config6();
	struct reader r = reader_of(data, size);
	struct ip_addr group4 = RIG_GROUP4, group6 = RIG_GROUP6;
	struct net *n = fresh(&c);
	const uint8_t *head;
	ns_t now = 0;

	tx.count = 0;
	net_tick(n, now, &tx);
	assert(net_join(n, &group4, now, &tx) && net_join(n, &group6, now, &tx));
	while ((head = reader_take(&r, 3)) != NULL) {
		uint32_t len = (uint32_t)head[1] << 8 | head[2];
		const void *bytes = reader_take(&r, len < reader_left(&r) ? len : reader_left(&r));
		uint8_t *frame;

		len = (uint32_t)(r.at - (const uint8_t *)bytes);
		frame = malloc(len > 0 ? len : 1); /* of just its size: reads beyond are seen */
		if (frame == NULL)
			abort();
		memcpy(frame, bytes, len);
		input(n, frame, len, head[0], now, &tx);
		free(frame);
		now += (head[0] >> 4) * STEP;
		tx.count = 0;
		net_tick(n, now, &tx);
		assert(net_deadline(n) > now);
	}
	net_leave(n, &group4, now, &tx);
	return 0;
}
