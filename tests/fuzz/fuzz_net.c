/*
 * Any frames, in any order, at any time, to any machine. Two bytes choose the machine (fuzz_net.h); then come
 * frames (frames.h), whose flags are what the card says. What is a datagram is verified as the workers do it,
 * and its sender is answered.
 */
#include "fuzz_net.h"

#include <assert.h>
#include <stdlib.h>

#include "frames.h"
#include "net/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define STEP (40 * NS_PER_MS)
#define HEADS 48u

static struct net_config config_of(unsigned choice)
{
	static const uint32_t mtus[] = { 1500, 9000, 1280, 576 };
	struct net_config c = choice & FUZZ_NET_IP6 ? rig_config6() : rig_config();

	c.mtu = mtus[choice & FUZZ_NET_MTU];
	c.vlan = choice & FUZZ_NET_TAGGED ? FUZZ_NET_VLAN : 0;
	c.has_kernel = choice & FUZZ_NET_KERNEL;
	if (choice & FUZZ_NET_NO_IP4)
		c.ip4 = c.gateway4 = (struct ip_addr){ 0 };
	if (choice & FUZZ_NET_NO_GATEWAY)
		c.gateway4 = c.gateway6 = (struct ip_addr){ 0 };
	return c;
}

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

/* So many bytes to a machine or a group: the headers' shares are all of it, and none is longer than the wire takes. */
static void send(struct net *n, const struct net_config *c, const struct endpoint *to, uint32_t len, ns_t now,
                 struct net_out *tx)
{
	static struct net_head heads[HEADS];
	struct endpoint from = { to->ip.len == 4 ? c->ip4 : c->ip6, 5000 };
	struct net_send s = { &from, to, len, true, 0x1234 };
	uint32_t count = net_heads(n, &s, heads, HEADS, now, tx), at = 0;

	assert(count <= HEADS);
	for (uint32_t i = 0; i < count; i++) {
		assert(heads[i].len <= NET_HEAD_MAX && heads[i].payload_at == at);
		assert(heads[i].len + heads[i].payload_len <= 14u + (c->vlan != 0 ? 4 : 0) + c->mtu);
		at += heads[i].payload_len;
	}
	assert(count == 0 || at == len);
	assert(count <= 1 || len > net_payload_max(n, &to->ip));
}

struct machine {
	struct net *net;
	struct net_config config;
	bool later; /* NET_CHECK_LATER */
};

static void input(struct machine *m, const uint8_t *frame, uint32_t len, unsigned flags, ns_t now, struct net_out *tx)
{
	static volatile uint16_t sink;
	struct net_datagram d;

	if (m->later)
		flags |= NET_CHECK_LATER;
	if (net_input(m->net, frame, len, flags, now, &d, tx) == NET_UDP) {
		bool right = net_verify(m->net, &d);

		assert(m->later || (d.checked && right)); /* else it would not have come out */
		assert(net_verify(m->net, &d) == right);
		sink = net_sum(d.data, d.len);
		send(m->net, &m->config, &d.from, d.len, now, tx);
	}
	(void)sink;
	assert(tx->count <= NET_OUT_FRAMES);
}

static void tick(struct machine *m, ns_t now, struct net_out *tx)
{
	tx->count = 0;
	net_tick(m->net, now, tx);
	assert(net_deadline(m->net) > now);
	assert(tx->count <= NET_OUT_FRAMES);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct net_out tx;
	struct reader r = reader_of(data, size);
	struct ip_addr group4 = RIG_GROUP4, group6 = RIG_GROUP6;
	const uint8_t *choice = reader_take(&r, FUZZ_NET_CHOICE_BYTES);
	struct machine m;
	uint8_t control, *frame;
	uint32_t len;
	ns_t now = 0;

	if (choice == NULL)
		return 0;
	m.config = config_of(choice[0]);
	m.later = choice[1] & FUZZ_NET_LATER;
	m.net = fresh(&m.config);
	tick(&m, now, &tx);
	assert(net_join(m.net, &group4, now, &tx) && net_join(m.net, &group6, now, &tx));
	if (choice[1] & FUZZ_NET_ALL_GROUPS)
		net_take_all_groups(m.net);
	while ((frame = frames_next(&r, &control, &len)) != NULL) {
		if (control & FRAME_REPAIR)
			frame_repair(frame, len);
		input(&m, frame, len, FRAME_FLAGS(control), now, &tx);
		free(frame);
		now += FRAME_STEPS(control) * STEP;
		tick(&m, now, &tx);
		send(m.net, &m.config, &(struct endpoint){ group4, 5000 }, len * 4, now, &tx);
	}
	net_leave(m.net, &group4, now, &tx);
	return 0;
}
