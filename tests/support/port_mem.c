#include "support/port_mem.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

enum { PORTS_MAX = 256, GROUPS_MAX = 64, RESERVED_MAX = 512, DEPTH = 4096, FIRST_EPHEMERAL = 49152 };

/* A frame or datagram on its way; port_rx() hands it out as frame.owner. */
struct node {
	struct node *next;
	uint32_t len;
	struct endpoint from, to;
	uint8_t data[];
};

struct group {
	struct ip_addr ip;
	unsigned count;
};

struct port_mem {
	struct port port;
	struct port_mem_hub *hub;
	unsigned number;
	bool waits;
	uint32_t depth, waiting;
	unsigned starved;
	struct node *first, **last;
	struct port_stats stats;
	struct group groups[GROUPS_MAX];
	struct endpoint reserved[RESERVED_MAX];
	unsigned reserved_count;
	uint16_t next_port;
};

struct port_mem_hub {
	pthread_mutex_t lock;
	struct port_mem *ports[PORTS_MAX];
	port_mem_lose *lose;
	void *lose_arg;
};

static struct port_mem *mem_of(const struct port *port)
{
	return (struct port_mem *)(uintptr_t)port;
}

static struct port_mem *lock(const struct port *port)
{
	struct port_mem *p = mem_of(port);

	pthread_mutex_lock(&p->hub->lock);
	return p;
}

static void unlock(struct port_mem *p)
{
	pthread_mutex_unlock(&p->hub->lock);
}

static void *zeroed(size_t bytes)
{
	void *mem = calloc(1, bytes);

	if (mem == NULL)
		abort();
	return mem;
}

static uint32_t mem_rx(struct port *port, uint16_t queue, struct frame *v, uint32_t n)
{
	struct port_mem *p = lock(port);
	uint32_t i = 0;

	assert(queue == 0);
	for (; i < n && p->first != NULL; i++) {
		struct node *x = p->first;

		p->first = x->next;
		if (p->first == NULL)
			p->last = &p->first;
		p->waiting--;
		p->stats.rx_frames++;
		p->stats.rx_bytes += x->len;
		v[i] = (struct frame){ .data = x->data, .len = x->len, .owner = x, .from = x->from, .to = x->to };
	}
	unlock(p);
	return i;
}

static void mem_free(struct port *port, uint16_t queue, struct frame *v, uint32_t n)
{
	(void)port, (void)queue;
	for (uint32_t i = 0; i < n; i++)
		free(v[i].owner);
}

static struct node *node_of(const struct port_packet *k, bool datagram)
{
	struct node *x = zeroed(sizeof(*x) + k->head_len + k->body_len + k->tail_len);
	uint8_t *at = x->data;

	x->len = k->head_len + k->body_len + k->tail_len;
	if (k->head_len > 0)
		memcpy(at, k->head, k->head_len);
	if (k->body_len > 0)
		memcpy(at + k->head_len, k->body, k->body_len);
	if (k->tail_len > 0)
		memcpy(at + k->head_len + k->body_len, k->tail, k->tail_len);
	if (datagram) {
		x->from = *k->from;
		x->to = *k->to;
	}
	return x;
}

static struct group *group_of(struct port_mem *p, const struct ip_addr *ip)
{
	for (unsigned i = 0; i < GROUPS_MAX; i++)
		if (p->groups[i].count > 0 && ip_equal(&p->groups[i].ip, ip))
			return &p->groups[i];
	return NULL;
}

static bool hears(struct port_mem *p, const struct node *x)
{
	if (p->port.info.delivers == PORT_FRAMES)
		return true;
	if (ip_is_multicast(&x->to.ip))
		return group_of(p, &x->to.ip) != NULL;
	return ip_equal(&x->to.ip, &p->port.info.ip4) || ip_equal(&x->to.ip, &p->port.info.ip6);
}

static bool is_lost(struct port_mem *from, struct port_mem *to, const struct node *x)
{
	struct port_mem_hub *hub = from->hub;
	struct port_mem_passage passage = { x->data, x->len, &x->from, &x->to, from->number, to->number };

	return hub->lose != NULL && hub->lose(hub->lose_arg, &passage);
}

static void deliver(struct port_mem *from, struct port_mem *to, const struct node *x)
{
	struct node *copy;

	if (to->port.info.delivers != from->port.info.delivers || !hears(to, x) || is_lost(from, to, x))
		return;
	if (to->starved > 0) {
		to->starved--;
		to->stats.rx_no_buffer++;
		return;
	}
	if (to->waiting >= to->depth) {
		to->stats.rx_missed++;
		return;
	}
	copy = zeroed(sizeof(*copy) + x->len);
	memcpy(copy, x, sizeof(*x) + x->len);
	copy->next = NULL;
	*to->last = copy;
	to->last = &copy->next;
	to->waiting++;
}

static bool must_wait(const struct port_mem *p)
{
	for (unsigned i = 0; i < PORTS_MAX; i++) {
		const struct port_mem *to = p->hub->ports[i];

		if (to != NULL && to != p && to->waits && to->waiting >= to->depth)
			return true;
	}
	return false;
}

static uint32_t mem_tx(struct port *port, uint16_t queue, const struct port_packet *v, uint32_t n)
{
	struct port_mem *p = lock(port);
	uint32_t i = 0;

	assert(queue == 0);
	for (; i < n && !must_wait(p); i++) {
		struct node *x = node_of(&v[i], port->info.delivers == PORT_DATAGRAMS);

		for (unsigned t = 0; t < PORTS_MAX; t++)
			if (p->hub->ports[t] != NULL && p->hub->ports[t] != p)
				deliver(p, p->hub->ports[t], x);
		p->stats.tx_frames++;
		p->stats.tx_bytes += x->len;
		free(x);
	}
	unlock(p);
	return i;
}

static void mem_read_stats(struct port *port, struct port_stats *out)
{
	struct port_mem *p = lock(port);

	*out = p->stats;
	unlock(p);
}

static enum wdscast_err mem_join(struct port *port, const struct endpoint *group, const struct ip_addr *source)
{
	struct port_mem *p = lock(port);
	struct group *g = group_of(p, &group->ip);

	(void)source;
	for (unsigned i = 0; g == NULL && i < GROUPS_MAX; i++)
		if (p->groups[i].count == 0)
			g = &p->groups[i];
	if (g != NULL) {
		g->ip = group->ip;
		g->count++;
	}
	unlock(p);
	return g != NULL ? WDSCAST_OK : WDSCAST_ENOMEM;
}

static void mem_leave(struct port *port, const struct endpoint *group, const struct ip_addr *source)
{
	struct port_mem *p = lock(port);
	struct group *g = group_of(p, &group->ip);

	(void)source;
	assert(g != NULL);
	g->count--;
	unlock(p);
}

static bool is_reserved(const struct port_mem *p, const struct endpoint *local)
{
	for (unsigned i = 0; i < p->reserved_count; i++)
		if (endpoint_equal(&p->reserved[i], local))
			return true;
	return false;
}

static enum wdscast_err mem_reserve(struct port *port, struct endpoint *local)
{
	struct port_mem *p = lock(port);
	struct endpoint want = *local;
	enum wdscast_err err = WDSCAST_OK;

	while (local->port == 0 && (want.port == 0 || is_reserved(p, &want)))
		want.port = (uint16_t)(FIRST_EPHEMERAL + p->next_port++ % (65536 - FIRST_EPHEMERAL));
	if (is_reserved(p, &want))
		err = WDSCAST_EADDRINUSE;
	else if (p->reserved_count == RESERVED_MAX)
		err = WDSCAST_ENOMEM;
	else
		p->reserved[p->reserved_count++] = *local = want;
	unlock(p);
	return err;
}

static void mem_unreserve(struct port *port, const struct endpoint *local)
{
	struct port_mem *p = lock(port);

	assert(is_reserved(p, local));
	for (unsigned i = 0; i < p->reserved_count; i++) {
		if (endpoint_equal(&p->reserved[i], local)) {
			p->reserved[i] = p->reserved[--p->reserved_count];
			break;
		}
	}
	unlock(p);
}

static void mem_close(struct port *port)
{
	struct port_mem *p = lock(port);

	p->hub->ports[p->number - 1] = NULL;
	unlock(p);
	while (p->first != NULL) {
		struct node *x = p->first;

		p->first = x->next;
		free(x);
	}
	free(p);
}

static const struct port_ops mem_ops = {
	mem_rx, mem_free, mem_tx, mem_read_stats, mem_join, mem_leave, mem_reserve, mem_unreserve, mem_close, NULL,
};

struct port_mem_hub *port_mem_hub_new(void)
{
	struct port_mem_hub *hub = zeroed(sizeof(*hub));

	pthread_mutex_init(&hub->lock, NULL);
	return hub;
}

void port_mem_hub_free(struct port_mem_hub *hub)
{
	for (unsigned i = 0; i < PORTS_MAX; i++)
		assert(hub->ports[i] == NULL);
	pthread_mutex_destroy(&hub->lock);
	free(hub);
}

void port_mem_set_lose(struct port_mem_hub *hub, port_mem_lose *lose, void *arg)
{
	pthread_mutex_lock(&hub->lock);
	hub->lose = lose;
	hub->lose_arg = arg;
	pthread_mutex_unlock(&hub->lock);
}

static void fill_addresses(struct port_info *info, const struct port_mem_config *c, unsigned number)
{
	uint8_t low = (uint8_t)number, high = (uint8_t)(number >> 8);
	struct ip_addr ip6 = { 16, { 0xfd, 0x77, [14] = high, [15] = low } };

	info->mac = c->mac;
	if (memcmp(c->mac.b, (uint8_t[6]){ 0 }, 6) == 0)
		info->mac = (struct mac_addr){ { 2, 0, 0, 0, high, low } };
	info->ip4 = c->ip4.len != 0 ? c->ip4 : ip4_of(10, 77, high, low);
	info->prefix4 = c->prefix4 != 0 ? c->prefix4 : 16;
	info->gateway4 = c->gateway4;
	info->ip6 = c->ip6.len != 0 ? c->ip6 : ip6;
	info->prefix6 = c->prefix6 != 0 ? c->prefix6 : 64;
	info->gateway6 = c->gateway6;
}

struct port *port_mem_new(struct port_mem_hub *hub, const struct port_mem_config *config)
{
	const struct port_mem_config c = config != NULL ? *config : (struct port_mem_config){ 0 };
	struct port_mem *p = zeroed(sizeof(*p));
	struct port_info *info = &p->port.info;

	p->port.ops = &mem_ops;
	p->hub = hub;
	p->last = &p->first;
	p->depth = c.depth != 0 ? c.depth : DEPTH;
	p->waits = c.waits;
	*info = (struct port_info){ .delivers = c.delivers, .has_kernel = c.has_kernel, .queues = 1, .node = -1,
		                    .vlan = c.vlan, .mtu = c.mtu != 0 ? c.mtu : 1500, .spec = "mem", .driver = "mem" };
	pthread_mutex_lock(&hub->lock);
	while (hub->ports[p->number] != NULL)
		if (++p->number == PORTS_MAX)
			abort();
	hub->ports[p->number++] = p;
	fill_addresses(info, &c, p->number);
	pthread_mutex_unlock(&hub->lock);
	return &p->port;
}

void port_mem_starve(struct port *port, unsigned n)
{
	struct port_mem *p = lock(port);

	p->starved = n;
	unlock(p);
}

unsigned port_mem_number(const struct port *port)
{
	return mem_of(port)->number;
}

unsigned port_mem_joined(const struct port *port, const struct ip_addr *group)
{
	struct port_mem *p = lock(port);
	const struct group *g = group_of(p, group);
	unsigned count = g != NULL ? g->count : 0;

	unlock(p);
	return count;
}

bool port_mem_reserved(const struct port *port, const struct endpoint *local)
{
	struct port_mem *p = lock(port);
	bool reserved = is_reserved(p, local);

	unlock(p);
	return reserved;
}
