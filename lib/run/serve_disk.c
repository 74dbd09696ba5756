/* The content thread's turn: opening, closing, reading ahead. All that may wait for the disk is here. */
#include "run/serve_internal.h"

#include "net/net.h"
#include "wdserror.h"

#define LIST_MIN 8192 /* entries of the Data Packet List: at least twice the largest window */
#define ALIGN 64
#define AHEAD_BYTES (8u << 20) /* that are read ahead: what a processor's cache holds, and a disk's hiccup is worth */
#define FEW_BYTES (6u << 20)   /* of slots, until repairs need more: twice the largest window of 1385-byte blocks */
#define WAIT_NS NS_PER_S

/* The worker sees when it takes long. */
static void begin_call(struct serve *w, uint32_t at)
{
	atomic_store_explicit(&w->disk_at, at, memory_order_relaxed);
	atomic_fetch_add_explicit(&w->disk_calls, 1, memory_order_release); /* D1 */
}

static void end_call(struct serve *w)
{
	atomic_fetch_add_explicit(&w->disk_calls, 1, memory_order_release);
}

static bool is_abandoned(const struct serve *w)
{
	return atomic_load_explicit(&w->disk_abandoned, memory_order_acquire);
}

static size_t round_up(size_t n)
{
	return (n + ALIGN - 1) / ALIGN * ALIGN;
}

/* An open session of the same file, family and stream. */
static struct serve_session *find_same(const struct serve *w, const struct content_object *o, uint8_t ip_len,
                                       uint8_t stream)
{
	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++) {
		struct serve_session *s = w->made[i];

		if (s != NULL && s->ip_len == ip_len && s->stream == stream && !prefetch_failed(&s->prefetch) &&
		    content_same(s->object, o))
			return s;
	}
	return NULL;
}

static bool find_place(const struct serve *w, uint32_t *index)
{
	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++)
		if (w->made[i] == NULL) {
			*index = i;
			return true;
		}
	return false;
}

/*
 * The next group after the prefix. Its bits are, from the top, what tells this server's address from its
 * neighbours', then a running number: so two servers of one network do not meet.
 */
static struct ip_addr next_group(struct serve *w, uint8_t ip_len)
{
	const struct serve_config *c = &w->config;
	struct ip_addr group = ip_len == 4 ? c->group4 : c->group6;
	const struct ip_addr *own = ip_len == 4 ? &c->ip4 : &c->ip6;
	uint32_t bits = (uint32_t)ip_len * 8 - (ip_len == 4 ? c->group4_prefix : c->group6_prefix);
	uint32_t low = (uint32_t)group.b[ip_len - 4] << 24 | (uint32_t)group.b[ip_len - 3] << 16 |
	               (uint32_t)group.b[ip_len - 2] << 8 | group.b[ip_len - 1];
	uint32_t mask = bits >= 32 ? UINT32_MAX : (1u << bits) - 1;
	uint32_t host = (uint32_t)own->b[ip_len - 2] << 8 | own->b[ip_len - 1];
	uint32_t number = w->next_group++ % SERVE_SESSIONS_MAX;

	low = (low & ~mask) | ((low + host * SERVE_SESSIONS_MAX + number) & mask);
	for (unsigned i = 0; i < 4; i++)
		group.b[ip_len - 4u + i] = (uint8_t)(low >> (24 - 8 * i));
	return group;
}

/* A UDP port of the range that nobody has. */
static bool reserve_port(struct serve *w, const struct ip_addr *ip, struct endpoint *out)
{
	uint32_t count = (uint32_t)w->config.last_port - w->config.first_port + 1;

	for (uint32_t i = 0; i < count; i++) {
		*out = (struct endpoint){ *ip, (uint16_t)(w->config.first_port + w->next_port++ % count) };
		if (port_reserve(w->config.port, out) == WDSCAST_OK)
			return true;
	}
	return false;
}

static bool id_is_taken(const struct serve *w, uint32_t id)
{
	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++)
		if (w->made[i] != NULL && w->made[i]->config.session_id == id)
			return true;
	return false;
}

static uint32_t new_id(struct serve *w)
{
	uint32_t id;

	do
		id = (uint32_t)security_random(&w->rng);
	while (id == 0 || id_is_taken(w, id));
	return id;
}

/* The rate below which a client of that stream is slow; 0: it stays whatever its rate. */
static uint32_t slow_below(const struct serve *w, uint8_t stream)
{
	if (w->config.slow == SERVE_SLOW_KEEP || (w->config.slow == SERVE_SLOW_DEMOTE && stream + 1u >= w->config.streams))
		return 0;
	return w->config.slow_bytes_per_s[stream];
}

static void configure(struct serve *w, const struct content_object *o, uint8_t ip_len, uint8_t stream,
                      struct server_config *c)
{
	uint32_t block_bytes = w->config.block_bytes;
	uint64_t bytes = content_size(o);

	server_config_defaults(c);
	if (block_bytes == 0)
		block_bytes = serve_block_bytes_max(&w->config.port->info, ip_len, &w->config.server_security);
	c->seed = rng_next(&w->rng);
	c->session_id = new_id(w);
	c->credits = &w->credits;
	c->address_clients_max = w->config.address_clients_max;
	c->server_security = w->config.server_security;
	c->client_security = w->config.client_security;
	c->content_bytes = bytes;
	c->stamp.is_set = content_stamp(o, c->stamp.bytes);
	c->block_bytes = block_bytes;
	c->total_blocks = ma_total_blocks(bytes, block_bytes);
	c->slow_bytes_per_s = slow_below(w, stream);
	if (w->config.max_window != 0) {
		c->max_window = w->config.max_window;
		c->exp_max_window = c->exp_max_window < c->max_window ? c->exp_max_window : c->max_window;
	}
	while (c->list_max / 2 >= c->total_blocks && c->list_max / 2 >= LIST_MIN)
		c->list_max /= 2;
}

static void configure_prefetch(const struct serve *w, struct content_object *o, const struct server_config *c,
                             uint8_t ip_len, struct prefetch_config *out)
{
	*out = (struct prefetch_config){ .object = o,
		                       .content_bytes = c->content_bytes,
		                       .total_blocks = c->total_blocks,
		                       .block_bytes = c->block_bytes,
		                       .slots = prefetch_slots(w->config.cache_bytes, c->block_bytes, c->total_blocks),
		                       .few = prefetch_slots(FEW_BYTES, c->block_bytes, c->total_blocks),
		                       .ahead = AHEAD_BYTES / c->block_bytes,
		                       .ranges_max = SERVER_PASS_RANGES_MAX };
	if (c->server_security.mode == SECURITY_CHECKSUM)
		out->byte_sum = security_sum;
	/* IPv4 packets that have a checksum of their own leave UDP's out: serve_send.c. */
	if (ip_len == 16 || c->server_security.mode == SECURITY_NONE)
		out->net_sum = net_sum;
}

/* The session and all its memory in one piece; the engine's part is touched here, not on the worker. */
static struct serve_session *allocate(struct serve *w, struct content_object *o, const struct server_config *c,
                                      uint8_t ip_len)
{
	struct prefetch_config prefetch;
	struct serve_session *s;
	size_t own = round_up(sizeof(*s)), engine = round_up(server_mem_bytes(c)), bytes;

	configure_prefetch(w, o, c, ip_len, &prefetch);
	bytes = own + engine + prefetch_bytes(&prefetch);
	s = host_alloc(bytes, w->config.port->info.node);
	if (s == NULL)
		return NULL;
	memset(s, 0, own + engine);
	s->memory_bytes = bytes;
	s->config = *c;
	s->ip_len = ip_len;
	s->object = o;
	s->server_mem = (uint8_t *)s + own;
	prefetch_init(&s->prefetch, &prefetch, (uint8_t *)s + own + engine);
	return s;
}

static void close_session(struct serve *w, struct serve_session *s)
{
	w->made[s->index] = NULL;
	port_unreserve(w->config.port, &s->config.unicast);
	content_close(s->object);
	host_free(s, s->memory_bytes);
}

/* The object is the session's on success, else still the caller's. */
static struct serve_session *make_session(struct serve *w, uint8_t ip_len, uint8_t stream, struct content_object *o,
                                          uint32_t index)
{
	const struct ip_addr *ip = ip_len == 4 ? &w->config.ip4 : &w->config.ip6;
	struct server_config c;
	struct serve_session *s;

	configure(w, o, ip_len, stream, &c);
	if (!reserve_port(w, ip, &c.unicast))
		return NULL;
	c.multicast = (struct endpoint){ next_group(w, ip_len), c.unicast.port };
	s = allocate(w, o, &c, ip_len);
	if (s == NULL) {
		port_unreserve(w->config.port, &c.unicast);
		return NULL;
	}
	s->index = index;
	s->stream = stream;
	w->made[index] = s;
	return s;
}

static uint32_t open_object(struct serve *w, const struct serve_name *n, char *name_space, char *object,
                            struct content_object **out)
{
	if (wdscast_utf8((const char16_t *)n->name_space.units, name_space, NAME_TEXT_BYTES) == 0)
		return WDSMCS_E_NAMESPACE_NOT_FOUND;
	if (wdscast_utf8((const char16_t *)n->content.units, object, NAME_TEXT_BYTES) == 0)
		return WDSMCS_E_CONTENT_NOT_FOUND;
	return content_open(w->config.root, name_space, object, out);
}

/* The session of that object, which is taken over; a new one if there is none. */
static struct serve_session *session_of(struct serve *w, struct content_object *o, uint8_t ip_len, uint8_t stream,
                                        struct serve_answer *a)
{
	struct serve_session *s = find_same(w, o, ip_len, stream);
	uint32_t index;

	if (s == NULL) {
		a->is_full = !find_place(w, &index);
		if (!a->is_full)
			s = a->made = make_session(w, ip_len, stream, o, index);
	}
	if (a->made == NULL)
		content_close(o);
	if (s == NULL) {
		a->win32 = ERROR_NO_SYSTEM_RESOURCES;
		return NULL;
	}
	a->session = s->index;
	a->session_id = s->config.session_id;
	return s;
}

static void find(struct serve *w, uint32_t name)
{
	struct serve_answer a = { .name = name };
	char name_space[NAME_TEXT_BYTES], object[NAME_TEXT_BYTES];
	struct content_object *o = NULL;

	begin_call(w, SERVE_DISK_NAME + name);
	a.win32 = open_object(w, &w->names[name], name_space, object, &o);
	end_call(w);
	if (is_abandoned(w))
		return;
	if (a.win32 == 0)
		session_of(w, o, w->names[name].ip_len, 0, &a);
	if (a.made != NULL) {
		memcpy(a.made->name_space, name_space, sizeof(name_space));
		memcpy(a.made->name, object, sizeof(object));
	}
	spsc_push(&w->answers, &a, sizeof(a)); /* room for every name */
}

/* The next lower stream of a session. A file that was replaced since is another object. */
static void find_lower(struct serve *w, const struct serve_session *upper)
{
	struct serve_answer a = { .lower = true, .upper = upper->index, .upper_id = upper->config.session_id };
	struct content_object *o = NULL;

	begin_call(w, upper->index);
	a.win32 = content_open(w->config.root, upper->name_space, upper->name, &o);
	end_call(w);
	if (is_abandoned(w))
		return;
	if (a.win32 == 0 && !content_same(upper->object, o)) {
		content_close(o);
		a.win32 = WDSMCS_E_CONTENT_NOT_FOUND;
	}
	if (a.win32 == 0)
		session_of(w, o, upper->ip_len, upper->stream + 1, &a);
	if (a.made != NULL) {
		memcpy(a.made->name_space, upper->name_space, sizeof(upper->name_space));
		memcpy(a.made->name, upper->name, sizeof(upper->name));
	}
	spsc_push(&w->answers, &a, sizeof(a)); /* and for every session */
}

static unsigned run_order(struct serve *w)
{
	struct serve_order order;

	if (is_abandoned(w) || !spsc_pop(&w->orders, &order, sizeof(order)))
		return 0;
	if (order.type == SERVE_ORDER_FIND)
		find(w, order.name);
	else if (order.type == SERVE_ORDER_LOWER)
		find_lower(w, order.session);
	else
		close_session(w, order.session);
	return 1;
}

static bool read_ahead(struct serve *w, struct serve_session *s)
{
	uint32_t n;

	begin_call(w, s->index);
	n = prefetch_turn(&s->prefetch);
	end_call(w);
	return n > 0;
}

/*
 * One order, then one for each session that was read for: a flood of names does not keep the sessions from
 * their blocks, nor do many sessions keep those who ask from an answer.
 */
unsigned serve_disk_turn(struct serve *w)
{
	unsigned work = run_order(w);

	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX && !is_abandoned(w); i++)
		if (w->made[i] != NULL && read_ahead(w, w->made[i]))
			work += 1 + run_order(w);
	return work;
}

/* The worker rings when there is room for a good part of what is to be read ahead, and for all else. */
void serve_disk_wait(struct serve *w)
{
	host_bell_arm(&w->bell);
	if (serve_disk_turn(w) > 0)
		host_bell_disarm(&w->bell);
	else
		host_bell_wait(&w->bell, host_now() + WAIT_NS);
}

void serve_disk_wake(struct serve *w)
{
	host_bell_ring(&w->bell);
}

void serve_disk_abandon(struct serve *w)
{
	atomic_store_explicit(&w->disk_abandoned, true, memory_order_release);
}

void serve_disk_close_all(struct serve *w)
{
	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++)
		if (w->made[i] != NULL)
			close_session(w, w->made[i]);
}
