#include "run_room/serve_rig.h"

#include <stdlib.h>

#include "host/host.h"
#include "support/suite.h"

enum { TURN_NS = 50 * NS_PER_US, GUEST_PACKETS = 64, GUEST_PORT = 50000 };

static void *zeroed(size_t bytes)
{
	void *p = aligned_alloc(64, (bytes + 63) / 64 * 64);

	memset(p, 0, bytes);
	return p;
}

static bool lose(void *arg, const struct port_mem_passage *p)
{
	struct rig *r = arg;
	double loss = r->loss;

	if (p->to == 1) /* the server */
		return false;
	if (p->to >= 2 && p->to - 2u < r->guest_count && r->guests[p->to - 2].loss > loss)
		loss = r->guests[p->to - 2].loss;
	return (double)rng_below(&r->rng, 1000000) < loss * 1e6;
}

void rig_start(struct rig *r, const struct port_mem_config *port, void (*change)(struct serve_config *c))
{
	struct serve_config c;
	char why[PORT_WHY_BYTES];

	memset(r, 0, sizeof(*r));
	r->rng.state = 1;
	r->now = NS_PER_S;
	r->hub = port_mem_hub_new();
	r->port = port_mem_new(r->hub, port);
	port_mem_set_lose(r->hub, lose, r);
	r->root = content_root_open("root");
	CU_ASSERT_PTR_NOT_NULL_FATAL(r->root);
	serve_config_defaults(&c);
	c.port = r->port;
	c.root = r->root;
	c.ip4 = r->port->info.ip4;
	c.ip6 = r->port->info.ip6;
	c.cache_bytes = 1 << 20;
	c.seed = 5;
	if (change != NULL)
		change(&c);
	CU_ASSERT_EQUAL_FATAL(serve_new(&c, r->now, &r->serve, why), WDSCAST_OK);
}

static void end_guest(struct guest *g)
{
	port_close(g->port);
	free(g->link);
	free(g->link_mem);
	free(g->out_mem);
	free(g->blocks_mem);
	free(g->content);
}

void rig_forget_guests(struct rig *r)
{
	for (unsigned i = 0; i < r->guest_count; i++)
		end_guest(&r->guests[i]);
	memset(r->guests, 0, sizeof(r->guests));
	r->guest_count = 0;
}

void rig_stop(struct rig *r)
{
	rig_forget_guests(r);
	serve_free(r->serve);
	port_close(r->port);
	port_mem_hub_free(r->hub);
	content_root_close(r->root);
}

static void set_name(struct msi_name *n, const char *text)
{
	n->len = (uint16_t)(wdscast_utf16(text, (char16_t *)n->units, MSI_NAME_CHARS_MAX) - 1);
}

struct guest *rig_guest(struct rig *r, const char *name_space, const char *object)
{
	struct guest *g = &r->guests[r->guest_count++];
	struct client_config c;

	g->port = port_mem_new(r->hub, &(struct port_mem_config){ .depth = 65536, .mtu = r->port->info.mtu,
	                                                         .delivers = r->port->info.delivers });
	g->own = (struct endpoint){ r->ip6 ? g->port->info.ip6 : g->port->info.ip4, GUEST_PORT };
	g->link = zeroed(sizeof(*g->link));
	g->link_mem = zeroed(link_bytes());
	link_init(g->link, g->port, 0, &g->port->info.ip4, &g->port->info.ip6, r->guest_count, g->link_mem, r->now);
	g->out_mem = zeroed(outq_bytes(GUEST_PACKETS));
	outq_init(&g->out, g->out_mem, GUEST_PACKETS);
	client_config_defaults(&c);
	c.seed = r->guest_count;
	c.initiation = (struct endpoint){ r->ip6 ? r->port->info.ip6 : r->port->info.ip4, MSI_UDP_PORT };
	c.request.ipv6_capable = r->ip6;
	set_name(&c.request.name_space, name_space);
	set_name(&c.request.content, object);
	c.request.mac_len = c.mac_len = 6;
	c.name[0] = (uint16_t)('A' + r->guest_count - 1);
	c.ip = g->own.ip;
	if (r->change_guest != NULL)
		r->change_guest(&c);
	client_init(&g->engine, &c, r->now);
	return g;
}

static void guest_step(struct rig *r, struct guest *g, const struct client_in *in);

static void enter_group(struct rig *r, struct guest *g)
{
	g->group = g->engine.offer.multicast;
	port_join(g->port, &g->group, &g->engine.offer.server.ip);
	link_join(g->link, &g->group.ip, r->now);
}

/* The offer: room for all of it, and the group joined. */
static void accept_offer(struct rig *r, struct guest *g)
{
	const struct client_offer *o = &g->engine.offer;
	struct client_in in = { .type = CLIENT_IN_ACCEPT, .blocks = &g->blocks };

	g->offered = true;
	g->blocks_mem = zeroed(bitmap_bytes(o->total_blocks) + 64);
	bitmap_init(&g->blocks, o->total_blocks, g->blocks_mem);
	g->content = zeroed(o->content_bytes + 1);
	enter_group(r, g);
	guest_step(r, g, &in);
}

/* DEMOTE: another group, and what there is stays. */
static void move(struct rig *r, struct guest *g)
{
	struct client_in in = { .type = CLIENT_IN_ACCEPT };

	link_leave(g->link, &g->group.ip, r->now);
	port_leave(g->port, &g->group, &g->engine.offer.server.ip);
	enter_group(r, g);
	guest_step(r, g, &in);
}

static void send_all(struct rig *r, struct guest *g)
{
	for (uint32_t i = 0; i < g->out.packet_count; i++) {
		const struct out_packet *p = &g->out.packets[i];
		struct link_packet k = { .from = &g->own,
			                 .to = &p->to,
			                 .head = g->out.bytes + p->head_at,
			                 .head_len = p->head_len };

		/* As from a host's kernel: the first packet waits for ARP, not for its repetition. */
		if (link_send(g->link, &k, r->now) == LINK_NO_PATH && !g->joined)
			return;
	}
	if (!link_flush(g->link, r->now))
		return;
	g->out.packet_count = g->out.bytes_used = 0;
}

void rig_say(struct rig *r, struct guest *g, const struct endpoint *to, const void *bytes, uint32_t len)
{
	struct link_packet k = { .from = &g->own, .to = to, .head = bytes, .head_len = len };

	while (link_send(g->link, &k, r->now) == LINK_NO_PATH)
		rig_turn(r);
	link_flush(g->link, r->now);
}

static void guest_step(struct rig *r, struct guest *g, const struct client_in *in)
{
	struct out_event events[8];
	uint32_t n;

	client_step(&g->engine, in, r->now, &g->out);
	n = g->out.event_count;
	CU_ASSERT_FATAL(n <= 8);
	memcpy(events, g->out.events, n * sizeof(events[0]));
	g->out.event_count = 0;
	send_all(r, g);
	for (uint32_t i = 0; i < n; i++) {
		g->joined |= events[i].type == OUT_JOINED;
		g->closed |= events[i].type == OUT_CLOSED;
		if (events[i].type == OUT_FINISHED) {
			g->finished = true;
			g->result = events[i].win32;
			g->finished_at = r->now;
		} else if (events[i].type == OUT_OFFER) {
			accept_offer(r, g);
		} else if (events[i].type == OUT_MOVED) {
			move(r, g);
		}
	}
}

static void hear_packet(struct rig *r, struct guest *g, const struct net_datagram *d)
{
	struct client_in in = { .type = CLIENT_IN_PACKET, .from = &d->from, .free_slots = 1000 };
	const struct security *security = &g->engine.config.server_security;
	struct mt_packet p;
	struct ma_data block;
	enum client_want want;

	CU_ASSERT_EQUAL_FATAL(mt_read(d->data, d->len, &p), MT_READ_OK);
	want = client_wants(&g->engine, &p, &d->from, &block);
	if (want == CLIENT_WANT_NOT || security_check_header(security, &p.security) != SECURITY_OK)
		return;
	if (security_verify(security, &p) != SECURITY_OK) {
		g->unverified++;
		return;
	}
	in.packet = &p;
	if (want == CLIENT_WANT_BLOCK) {
		in.block = &block;
		in.stored = true;
		memcpy(g->content + ma_block_offset(block.block_no, g->engine.offer.block_bytes), block.data,
		       block.data_len);
	}
	guest_step(r, g, &in);
}

static void hear(struct rig *r, struct guest *g, const struct net_datagram *d)
{
	struct msi_packet m;
	struct client_in in = { .type = CLIENT_IN_MSI, .from = &d->from, .msi = &m };

	if (d->from.port == MSI_UDP_PORT) {
		CU_ASSERT_FATAL(msi_read(d->data, d->len, &m));
		guest_step(r, g, &in);
	} else if (g->offered && !g->closed && d->to.port == (d->to_multicast ? g->engine.offer.multicast.port : g->own.port)) {
		hear_packet(r, g, d);
	}
}

static void guest_turn(struct rig *r, struct guest *g)
{
	struct client_in tick = { .type = CLIENT_IN_TICK };
	struct net_datagram d;
	uint32_t n;

	while ((n = link_poll(g->link)) > 0) {
		for (uint32_t i = 0; i < n; i++)
			if (!g->dead && link_datagram(g->link, i, r->now, &d))
				hear(r, g, &d);
		link_done(g->link);
	}
	if (g->dead)
		return;
	if (r->now >= client_deadline(&g->engine))
		guest_step(r, g, &tick);
	if (g->out.packet_count > 0)
		send_all(r, g);
	link_tick(g->link, r->now);
	link_flush(g->link, r->now);
}

static void server_turn(struct rig *r)
{
	if (!r->slow_disk || r->turns % 10 == 0)
		serve_disk_turn(r->serve);
	serve_turn(r->serve, r->now);
}

void rig_turn(struct rig *r)
{
	r->now = r->threads ? host_now() : r->now + TURN_NS;
	r->turns++;
	if (!r->threads)
		server_turn(r);
	for (unsigned i = 0; i < r->guest_count; i++)
		guest_turn(r, &r->guests[i]);
	while (r->event_count < RIG_EVENTS_MAX && serve_take_event(r->serve, &r->events[r->event_count]))
		r->event_count++;
}

void rig_run(struct rig *r, ns_t time)
{
	for (ns_t end = r->now + time; r->now < end;)
		rig_turn(r);
}

bool rig_finish(struct rig *r, unsigned seconds)
{
	for (ns_t end = r->now + seconds * NS_PER_S; r->now < end;) {
		bool all = true;

		rig_turn(r);
		for (unsigned i = 0; i < r->guest_count; i++)
			all = all && (r->guests[i].finished || r->guests[i].dead);
		if (all)
			return true;
	}
	return false;
}

unsigned rig_events(const struct rig *r, enum serve_event_type type)
{
	unsigned n = 0;

	for (unsigned i = 0; i < r->event_count; i++)
		n += r->events[i].type == type;
	return n;
}
