#include "run/serve_internal.h"

#include <stdio.h>

#define MEMORY_ALIGN 64
#define DISK_LOOK_NS (200 * NS_PER_MS)

void serve_config_defaults(struct serve_config *c)
{
	memset(c, 0, sizeof(*c));
	security_init_checksum(&c->server_security); /* MS-WDSMSI 3.1.5.3 step 6 */
	security_init_checksum(&c->client_security);
	c->udp_port = MSI_UDP_PORT;
	c->first_port = 64001; /* Windows' default range */
	c->last_port = 65000;
	c->group4 = ip4_of(239, 192, 0, 0); /* RFC 2365: for one organization */
	c->group4_prefix = 14;
	c->group6 = (struct ip_addr){ 16, { 0xff, 0x18, [14] = 0, 0 } }; /* transient, for one organization */
	c->group6_prefix = 96;
	c->cache_bytes = 64ull << 20;
	c->linger_ms = 10000;
	c->join_wait_ms = 30000;
	c->address_clients_max = 64;
	c->streams = 2;
	c->slow_bytes_per_s[0] = 256000;
	c->slow_bytes_per_s[1] = 64000;
}

uint32_t serve_packet_overhead(const struct security *server)
{
	return MT_SECURITY_HEADER_BYTES + security_data_len(server) + MT_SESSION_HEADER_BYTES + MT_DATA_FIELDS_BYTES +
	       MA_DATA_FIELDS_BYTES + MT_OPTIONS_COUNT_BYTES + MT_OPTION_LEAD_BYTES;
}

uint32_t serve_block_bytes_limit(const struct security *server)
{
	return NET_DATAGRAM_MAX - serve_packet_overhead(server);
}

uint32_t serve_block_bytes_max(const struct port_info *port, uint8_t ip_len, const struct security *server)
{
	uint32_t headers = (ip_len == 4 ? 28 : 48) + serve_packet_overhead(server);
	uint32_t most = serve_block_bytes_limit(server);

	if (port->mtu <= headers)
		return SERVE_BLOCK_BYTES_MIN;
	return port->mtu - headers < most ? port->mtu - headers : most;
}

static bool is_valid(const struct serve_config *c, char *why)
{
	uint32_t most = serve_block_bytes_limit(&c->server_security);
	const char *wrong = NULL;

	if (c->ip4.len == 0 && c->ip6.len == 0)
		wrong = "the port has no IP address: give it one";
	else if (c->first_port == 0 || c->first_port > c->last_port)
		wrong = "the range of session ports is empty";
	else if (c->udp_port == 0 || (c->udp_port >= c->first_port && c->udp_port <= c->last_port))
		wrong = "the UDP port of requests is 0 or lies in the range of session ports";
	else if (!ip_is_multicast(&c->group4) || !ip_is_multicast(&c->group6))
		wrong = "the group is no multicast address";
	else if (c->block_bytes != 0 && (c->block_bytes < SERVE_BLOCK_BYTES_MIN || c->block_bytes > most))
		wrong = "the block size is out of range";
	else if (c->streams < 2 || c->streams > SERVE_STREAMS_MAX)
		wrong = "the number of streams is not 2 or 3";
	else if (!security_pair_is_allowed(c->server_security.mode, c->client_security.mode))
		wrong = "no session may have these two security modes";
	if (wrong != NULL)
		snprintf(why, PORT_WHY_BYTES, "%s", wrong);
	return wrong == NULL;
}

static size_t round_up(size_t n)
{
	return (n + MEMORY_ALIGN - 1) / MEMORY_ALIGN * MEMORY_ALIGN;
}

enum { RING_ORDERS = 512, RING_ANSWERS = 512 }; /* room for every name, and for every session twice */
static_assert(RING_ORDERS >= SERVE_NAMES_MAX + 2 * SERVE_SESSIONS_MAX &&
	              RING_ANSWERS >= SERVE_NAMES_MAX + SERVE_SESSIONS_MAX,
              "no push of an order or an answer can fail");

static size_t memory_bytes(void)
{
	return round_up(sizeof(struct serve)) + round_up(sizeof(struct link)) + round_up(link_bytes()) +
	       round_up(outq_bytes(SERVE_OUT_PACKETS)) +
	       round_up(SERVE_OUT_PACKETS * sizeof(struct serve_session *)) +
	       round_up(RING_ORDERS * sizeof(struct serve_order)) +
	       round_up(RING_ANSWERS * sizeof(struct serve_answer)) +
	       round_up(SERVE_EVENTS_MAX * sizeof(struct serve_event));
}

static void *carve(uint8_t **at, size_t bytes)
{
	void *p = *at;

	*at += round_up(bytes);
	return p;
}

static void lay_out(struct serve *w, ns_t now)
{
	const struct serve_config *c = &w->config;
	uint8_t *at = (uint8_t *)w;
	void *net;

	carve(&at, sizeof(*w));
	w->link = carve(&at, sizeof(*w->link));
	net = carve(&at, link_bytes());
	link_init(w->link, c->port, c->queue, &c->ip4, &c->ip6, c->seed, net, now);
	outq_init(&w->out, carve(&at, outq_bytes(SERVE_OUT_PACKETS)), SERVE_OUT_PACKETS);
	w->owner = carve(&at, SERVE_OUT_PACKETS * sizeof(*w->owner));
	spsc_init(&w->orders, carve(&at, RING_ORDERS * sizeof(struct serve_order)), RING_ORDERS,
	          sizeof(struct serve_order));
	spsc_init(&w->answers, carve(&at, RING_ANSWERS * sizeof(struct serve_answer)), RING_ANSWERS,
	          sizeof(struct serve_answer));
	spsc_init(&w->events, carve(&at, SERVE_EVENTS_MAX * sizeof(struct serve_event)), SERVE_EVENTS_MAX,
	          sizeof(struct serve_event));
}

static struct endpoint initiation_endpoint(const struct serve_config *c, const struct ip_addr *ip)
{
	return (struct endpoint){ *ip, c->udp_port };
}

static enum wdscast_err reserve_initiation(const struct serve_config *c, char *why)
{
	struct endpoint e4 = initiation_endpoint(c, &c->ip4), e6 = initiation_endpoint(c, &c->ip6);
	enum wdscast_err err = WDSCAST_OK;

	if (c->ip4.len != 0)
		err = port_reserve(c->port, &e4);
	if (err == WDSCAST_OK && c->ip6.len != 0) {
		err = port_reserve(c->port, &e6);
		if (err != WDSCAST_OK && c->ip4.len != 0)
			port_unreserve(c->port, &e4);
	}
	if (err != WDSCAST_OK)
		snprintf(why, PORT_WHY_BYTES, "UDP port %u: %s", c->udp_port, wdscast_strerror(err));
	return err;
}

static void unreserve_initiation(const struct serve_config *c)
{
	struct endpoint e4 = initiation_endpoint(c, &c->ip4), e6 = initiation_endpoint(c, &c->ip6);

	if (c->ip4.len != 0)
		port_unreserve(c->port, &e4);
	if (c->ip6.len != 0)
		port_unreserve(c->port, &e6);
}

enum wdscast_err serve_new(const struct serve_config *c, ns_t now, struct serve **out, char *why)
{
	enum wdscast_err err;
	struct serve *w;

	if (!is_valid(c, why))
		return WDSCAST_EINVAL;
	err = reserve_initiation(c, why);
	if (err != WDSCAST_OK)
		return err;
	w = host_alloc(memory_bytes(), c->port->info.node);
	if (w == NULL) {
		unreserve_initiation(c);
		snprintf(why, PORT_WHY_BYTES, "no memory for the server");
		return WDSCAST_ENOMEM;
	}
	w->config = *c;
	w->hash = serve_hash_new(&c->server_security);
	w->memory_bytes = memory_bytes();
	w->rng.state = c->seed;
	credit_init(&w->credits, rng_next(&w->rng));
	host_bell_init(&w->bell);
	lay_out(w, now);
	*out = w;
	return WDSCAST_OK;
}

/* What came to us that is no session's goes to initiation or is counted. */
static void on_datagram(struct serve *w, const struct net_datagram *d, ns_t now)
{
	uint8_t at = w->session_at_port[d->to.port];

	if (d->to_multicast)
		w->stats.no_session++;
	else if (d->to.port == w->config.udp_port)
		serve_on_request(w, d, now);
	else if (at != 0)
		serve_on_packet(w, w->sessions[at - 1], d, now);
	else
		w->stats.no_session++;
}

static unsigned receive(struct serve *w, ns_t now)
{
	uint32_t n = link_poll(w->link);
	struct net_datagram d;

	for (uint32_t i = 0; i < n; i++)
		if (link_datagram(w->link, i, now, &d))
			on_datagram(w, &d, now);
	link_done(w->link);
	return n;
}

static unsigned take_answers(struct serve *w, ns_t now)
{
	struct serve_answer a;
	unsigned n = 0;

	while (spsc_pop(&w->answers, &a, sizeof(a))) {
		if (a.lower)
			serve_on_lower(w, &a, now);
		else
			serve_on_answer(w, &a, now);
		n++;
	}
	return n;
}

static void run_stop(struct serve *w, ns_t now)
{
	if (!atomic_load_explicit(&w->stop, memory_order_relaxed))
		return;
	w->stopping = true;
	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++)
		if (w->sessions[i] != NULL)
			serve_close_session(w, w->sessions[i], now);
}

/* To the content thread: there is room for every name and every session. */
void serve_order(struct serve *w, const struct serve_order *order)
{
	bool pushed = spsc_push(&w->orders, order, sizeof(*order));

	assert(pushed);
	(void)pushed;
	w->ring = true;
}

/* The first position whose packet was not sent yet. */
static uint64_t unsent_position(const struct serve_session *s)
{
	const struct server *e = &s->server;

	return e->next_seq_no == e->lead_seq_no + 1 ? s->prefetch.used : e->lead_seq_no + 1 + s->position_shift;
}

/* Give back what nothing of the burst points to any more; half of the slots in use are kept for repairs. */
static void settle_session(struct serve *w, struct serve_session *s)
{
	uint64_t unsent = unsent_position(s), history;

	for (uint64_t left = s->repairs_sent; left != 0; left &= left - 1)
		prefetch_free_repair(&s->prefetch, __builtin_ctzll(left));
	s->repairs_sent = 0;
	history = prefetch_history(&s->prefetch, unsent);
	if (unsent > s->prefetch.used) /* a new pass: what is left of the old one is skipped */
		unsent = s->prefetch.used, history = UINT64_MAX;
	prefetch_release(&s->prefetch, unsent > history ? unsent - history : 0, unsent);
	w->ring = w->ring || prefetch_is_hungry(&s->prefetch);
}

static void add_up(struct serve_stats *sum, const struct server_stats *session)
{
	sum->never_joined += session->never_joined + session->pending_dropped;
	sum->clients_full += session->refused_full;
	sum->clients_of_address += session->refused_address;
	sum->unpaid_joinacks += session->unpaid_joinacks;
}

static void give_back(struct serve *w, struct serve_session *s, ns_t now)
{
	struct serve_order order = { .type = SERVE_ORDER_CLOSE, .session = s };

	serve_tell_session(w, s, SERVE_CLOSED, now);
	add_up(&w->stats, &s->server.stats);
	w->session_at_port[s->config.unicast.port] = 0;
	w->sessions[s->index] = NULL;
	w->session_count--;
	serve_order(w, &order);
	serve_on_place(w);
}

/* All that was said is on the wire: its memory is free again. */
static void settle(struct serve *w, ns_t now)
{
	outq_clear(&w->out);
	w->claimed = w->out_next = 0;
	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++) {
		struct serve_session *s = w->sessions[i];

		if (s == NULL)
			continue;
		settle_session(w, s);
		if (s->closing && s->farewells == 0)
			give_back(w, s, now);
	}
	if (w->stopping && w->session_count == 0)
		atomic_store_explicit(&w->stopped, true, memory_order_release);
}

/* A disk that hangs holds up all sessions, and no packet says so. */
static void watch_disk(struct serve *w, ns_t now)
{
	struct serve_disk_watch *d = &w->disk_watch;
	uint32_t calls = atomic_load_explicit(&w->disk_calls, memory_order_acquire); /* D1 */

	d->look_at = now + DISK_LOOK_NS;
	if (calls % 2 == 0 || calls != d->calls) {
		*d = (struct serve_disk_watch){ .calls = calls, .since = now, .look_at = d->look_at };
		return;
	}
	if (d->told || now - d->since < SERVE_DISK_HANGS_NS)
		return;
	d->told = true;
	serve_tell_disk(w, atomic_load_explicit(&w->disk_at, memory_order_relaxed), now);
}

unsigned serve_turn(struct serve *w, ns_t now)
{
	unsigned work = take_answers(w, now);

	run_stop(w, now);
	work += receive(w, now);
	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++)
		if (w->sessions[i] != NULL)
			work += serve_run_session(w, w->sessions[i], now);
	serve_run_names(w, now);
	serve_send_held(w, now);
	work += serve_send_packets(w, now);
	if (now >= w->disk_watch.look_at)
		watch_disk(w, now);
	link_tick(w->link, now);
	if (link_flush(w->link, now) && w->out_next == w->out.packet_count)
		settle(w, now);
	if (w->ring)
		host_bell_ring(&w->bell);
	w->ring = false;
	w->stats.turns++;
	w->stats.idle_turns += work == 0;
	return work;
}

ns_t serve_deadline(const struct serve *w)
{
	ns_t at = link_deadline(w->link);

	if (w->held.len > 0)
		at = ns_min(at, w->held.at);
	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++)
		if (w->sessions[i] != NULL)
			at = ns_min(at, server_deadline(&w->sessions[i]->server));
	return at;
}

int serve_wait_fd(const struct serve *w)
{
	bool waits = link_is_full(w->link) || w->out_next < w->out.packet_count;

	return waits ? -1 : port_wait_fd(w->config.port, w->config.queue);
}

bool serve_take_event(struct serve *w, struct serve_event *out)
{
	return spsc_pop(&w->events, out, sizeof(*out));
}

void serve_stop(struct serve *w)
{
	atomic_store_explicit(&w->stop, true, memory_order_relaxed);
}

bool serve_has_stopped(const struct serve *w)
{
	return atomic_load_explicit(&w->stopped, memory_order_acquire);
}

const struct serve_stats *serve_read_stats(const struct serve *w)
{
	return &w->stats;
}

void serve_free(struct serve *w)
{
	if (w == NULL)
		return;
	serve_disk_close_all(w);
	unreserve_initiation(&w->config);
	serve_hash_free(w->hash);
	host_free(w, w->memory_bytes);
}
