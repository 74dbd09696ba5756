/*
 * The receiving worker's turn: commands, datagrams, timers, what the engines have to say.
 * A datagram finds its lanes by its destination: a session's group and port, or the UDP port that is
 * the session's own. Two sessions of one object share a group, so a place may have several lanes.
 */
#include "run/rx.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#include "run/rx_lane.h"
#include "wdserror.h"

#define OUT_PACKETS 64
#define FULL_TURNS_MAX 8 /* as long as bursts are full more is waiting: who sleeps is woken for more at a time */
#define COUNT_EVERY_NS (50 * NS_PER_MS)

struct rx *rx_new(struct port *port, uint16_t queue, uint64_t seed, ns_t now)
{
	struct rx *rx = host_alloc(sizeof(*rx), port->info.node);

	if (rx == NULL)
		return NULL;
	rx->link_mem_bytes = link_bytes();
	rx->out_mem_bytes = outq_bytes(OUT_PACKETS);
	rx->link_mem = host_alloc(rx->link_mem_bytes, port->info.node);
	rx->out_mem = host_alloc(rx->out_mem_bytes, port->info.node);
	if (rx->link_mem == NULL || rx->out_mem == NULL) {
		rx_free(rx);
		return NULL;
	}
	link_init(&rx->link, port, queue, &port->info.ip4, &port->info.ip6, seed, rx->link_mem, now);
	outq_init(&rx->out, rx->out_mem, OUT_PACKETS);
	spsc_init(&rx->commands, rx->command_mem, RX_COMMANDS, sizeof(struct rx_command));
	rx->deadline = NS_NEVER;
	rx->worker = queue;
	return rx;
}

void rx_share(struct rx *rx, struct share *share)
{
	rx->share = share;
	if (share != NULL && rx->link.net != NULL)
		net_take_all_groups(rx->link.net);
}

void rx_free(struct rx *rx)
{
	if (rx == NULL)
		return;
	if (rx->link_mem != NULL)
		host_free(rx->link_mem, rx->link_mem_bytes);
	if (rx->out_mem != NULL)
		host_free(rx->out_mem, rx->out_mem_bytes);
	host_free(rx, sizeof(*rx));
}

bool rx_command(struct rx *rx, const struct rx_command *c)
{
	return spsc_push(&rx->commands, c, sizeof(*c));
}

/* A group's place is its address and port; a session's own is its port, whichever of our addresses was meant. */
static struct lane_place **bucket_of(struct rx *rx, const struct endpoint *at)
{
	return &rx->buckets[XXH3_64bits_withSeed(at->ip.b, at->ip.len, at->port) & (RX_BUCKETS - 1)];
}

void rx_place(struct rx *rx, struct lane_place *place, struct lane *lane, const struct endpoint *at)
{
	struct lane_place **bucket = bucket_of(rx, at);

	*place = (struct lane_place){ .at = *at, .lane = lane, .next = *bucket, .used = true };
	*bucket = place;
	rx->last_place = NULL;
	if (rx->share != NULL)
		share_want(rx->share, rx->worker, at->port, true);
}

static bool has_place_at(const struct rx *rx, uint16_t port)
{
	for (uint32_t i = 0; i < rx->lane_count; i++) {
		const struct lane *lane = rx->lanes[i];

		if ((lane->unicast.used && lane->unicast.at.port == port) ||
		    (lane->multicast.used && lane->multicast.at.port == port))
			return true;
	}
	return false;
}

void rx_unplace(struct rx *rx, struct lane_place *place)
{
	if (!place->used)
		return;
	for (struct lane_place **at = bucket_of(rx, &place->at); *at != NULL; at = &(*at)->next) {
		if (*at == place) {
			*at = place->next;
			break;
		}
	}
	place->used = false;
	rx->last_place = NULL;
	if (rx->share != NULL && !has_place_at(rx, place->at.port))
		share_want(rx->share, rx->worker, place->at.port, false);
}

/* The place for this, at p or further down its bucket. */
static struct lane_place *place_from(struct lane_place *p, const struct endpoint *at)
{
	while (p != NULL && !endpoint_equal(&p->at, at))
		p = p->next;
	return p;
}

static struct lane_place *find_place(struct rx *rx, const struct net_datagram *d)
{
	struct endpoint at = d->to;

	if (!d->to_multicast)
		at.ip = (struct ip_addr){ 0 };
	rx->last_place = place_from(*bucket_of(rx, &at), &at);
	rx->last_to = d->to;
	return rx->last_place;
}

/* shared: other workers have it, or have given it. */
static void take_datagram(struct rx *rx, const struct net_datagram *d, bool shared, ns_t now)
{
	struct lane_place *p = rx->last_place;

	if (p == NULL || !endpoint_equal(&d->to, &rx->last_to))
		p = find_place(rx, d);
	if (p == NULL && !shared)
		rx->no_session++;
	for (struct lane_place *next; p != NULL; p = next) {
		next = place_from(p->next, &p->at); /* the lane may leave its place */
		rx_lane_datagram(rx, p->lane, d, now);
	}
}

/* Of what lanes have put off, before its bytes go. */
static void settle_lanes(struct rx *rx, ns_t now)
{
	for (uint32_t i = 0; i < rx->lane_count; i++)
		if (rx->lanes[i]->hash != NULL)
			rx_lane_settle(rx, rx->lanes[i], now);
	link_release(&rx->link);
}

/* What the port's other workers have read of ours: of each as much as a burst. */
static unsigned take_shared(struct rx *rx, ns_t now)
{
	struct share_item item;
	unsigned n = 0;

	for (uint32_t from = 0; from < share_workers(rx->share); from++) {
		for (unsigned i = 0; i < PORT_BURST && share_peek(rx->share, rx->worker, from, &item); i++) {
			if (item.frame)
				link_overhear(&rx->link, item.d.data, item.d.len, now);
			else
				take_datagram(rx, &item.d, true, now);
			settle_lanes(rx, now);
			share_next(rx->share, rx->worker, from);
			n++;
		}
	}
	return n;
}

static unsigned receive(struct rx *rx, ns_t now)
{
	uint32_t n = link_poll(&rx->link);
	struct net_datagram d;

	for (uint32_t i = 0; i < n; i++) {
		if (link_datagram(&rx->link, i, now, &d)) {
			take_datagram(rx, &d, rx->share != NULL && share_datagram(rx->share, rx->worker, &d), now);
			if (!d.whole && link_is_keeping_most(&rx->link))
				settle_lanes(rx, now);
		} else if (rx->share != NULL && rx->link.heard)
			share_frame(rx->share, rx->worker, rx->link.rx[i].data, rx->link.rx[i].len);
	}
	settle_lanes(rx, now);
	link_done(&rx->link);
	return rx->share != NULL ? n + take_shared(rx, now) : n;
}

static void add_lane(struct rx *rx, struct lane *lane, ns_t now)
{
	struct endpoint own = { .port = lane->local.port };

	if (rx->lane_count == RX_LANES_MAX) {
		lane->result = ERROR_NO_SYSTEM_RESOURCES;
		atomic_store_explicit(&lane->phase, LANE_CLOSED, memory_order_release); /* L1 */
		host_bell_ring(lane->bell);
		atomic_store_explicit(&lane->detached, true, memory_order_release); /* L3 */
		return;
	}
	rx->lanes[rx->lane_count++] = lane;
	rx_place(rx, &lane->unicast, lane, &own);
	client_init(&lane->client, &lane->config, now);
	rx_lane_step(rx, lane, &(struct client_in){ .type = CLIENT_IN_TICK }, now);
}

static struct lane *find_lane(struct rx *rx, uint32_t id)
{
	for (uint32_t i = 0; i < rx->lane_count; i++)
		if (rx->lanes[i]->id == id)
			return rx->lanes[i];
	return NULL;
}

static void run_command(struct rx *rx, const struct rx_command *c, ns_t now)
{
	struct lane *lane = c->type == RX_ADD ? c->lane : find_lane(rx, c->id);

	if (lane == NULL || lane->closed)
		return; /* it ended meanwhile */
	switch (c->type) {
	case RX_ADD:
		add_lane(rx, lane, now);
		break;
	case RX_ACCEPT:
		rx_lane_accept(rx, lane, now);
		break;
	case RX_CANCEL:
		rx_lane_step(rx, lane, &(struct client_in){ .type = CLIENT_IN_CANCEL, .win32 = c->win32 }, now);
		break;
	}
}

static unsigned run_commands(struct rx *rx, ns_t now)
{
	struct rx_command c;
	unsigned n = 0;

	while (n < RX_COMMANDS && spsc_pop(&rx->commands, &c, sizeof(c))) {
		run_command(rx, &c, now);
		n++;
	}
	return n;
}

/* Only when a lane's deadline has come: then every lane is looked at, and the next deadline found. */
static void run_timers(struct rx *rx, ns_t now)
{
	if (now < rx->deadline)
		return;
	rx->deadline = NS_NEVER;
	for (uint32_t i = 0; i < rx->lane_count; i++)
		rx_lane_tick(rx, rx->lanes[i], now);
}

/* Slots may have come back to lanes that wait for some. */
static void feed_room(struct rx *rx, ns_t now)
{
	if (rx->awaiting_room == 0)
		return;
	for (uint32_t i = 0; i < rx->lane_count; i++)
		if (rx->lanes[i]->awaits_room)
			rx_lane_room(rx, rx->lanes[i], now);
}

static void detach_closed(struct rx *rx, ns_t now)
{
	for (uint32_t i = 0; i < rx->lane_count;) {
		if (!rx->lanes[i]->closed) {
			i++;
			continue;
		}
		struct lane *lane = rx->lanes[i];

		rx->lanes[i] = rx->lanes[--rx->lane_count];
		rx_lane_detach(rx, lane, now);
	}
	rx->closed_count = 0;
}

static void ring_bells(struct rx *rx)
{
	for (uint32_t i = 0; i < rx->lane_count; i++) {
		struct lane *lane = rx->lanes[i];

		if (lane->rang) {
			lane->rang = false;
			host_bell_ring(lane->bell);
		}
	}
}

static void set(struct rx *rx, enum rx_counter c, uint64_t v)
{
	atomic_store_explicit(&rx->counters[c], v, memory_order_relaxed);
}

/* Ports of datagrams have no net: the kernel looks at the frames. */
static void copy_net_counters(struct rx *rx, const struct net_stats *net)
{
	set(rx, RX_COUNT_fragments, net->verdicts[NET_FRAGMENT]);
	set(rx, RX_COUNT_reassembled, net->reassembled);
	set(rx, RX_COUNT_reassembly_timeouts, net->reassembly_timeouts);
	set(rx, RX_COUNT_reassembly_evicted, net->reassembly_evicted);
	set(rx, RX_COUNT_own, net->verdicts[NET_OWN]);
	set(rx, RX_COUNT_runt, net->verdicts[NET_RUNT]);
	set(rx, RX_COUNT_bad_ip, net->verdicts[NET_BAD_IP]);
	set(rx, RX_COUNT_bad_udp, net->verdicts[NET_BAD_UDP]);
	set(rx, RX_COUNT_bad_fragment, net->verdicts[NET_BAD_FRAGMENT]);
	set(rx, RX_COUNT_other_vlan, net->verdicts[NET_OTHER_VLAN]);
	set(rx, RX_COUNT_other_host, net->verdicts[NET_OTHER_HOST]);
	set(rx, RX_COUNT_other_protocol, net->verdicts[NET_OTHER_PROTOCOL]);
	set(rx, RX_COUNT_oversize, net->verdicts[NET_OVERSIZE]);
	set(rx, RX_COUNT_handled, net->verdicts[NET_HANDLED]);
	set(rx, RX_COUNT_conflicts, net->conflicts);
}

/* Of several workers the first has the port's, and their sum is what counts. */
void rx_copy_counters(struct rx *rx, ns_t now)
{
	struct port_stats port = { 0 };
	const struct link_stats *link = &rx->link.stats;

	rx->counted_at = now;
	if (rx->worker == 0)
		port_read_stats(rx->link.port, &port);
	set(rx, RX_COUNT_rx_frames, port.rx_frames);
	set(rx, RX_COUNT_rx_bytes, port.rx_bytes);
	set(rx, RX_COUNT_rx_missed, port.rx_missed);
	set(rx, RX_COUNT_rx_no_buffer, port.rx_no_buffer);
	set(rx, RX_COUNT_buffers_used, port.buffers_used);
	set(rx, RX_COUNT_tx_frames, port.tx_frames);
	set(rx, RX_COUNT_tx_bytes, port.tx_bytes);
	set(rx, RX_COUNT_tx_dropped, port.tx_dropped + link->tx_stuck);
	set(rx, RX_COUNT_to_kernel, port.to_kernel);
	set(rx, RX_COUNT_from_kernel, port.from_kernel);
	set(rx, RX_COUNT_tap_dropped, port.tap_dropped);
	set(rx, RX_COUNT_datagrams, link->datagrams);
	set(rx, RX_COUNT_no_session, rx->no_session);
	set(rx, RX_COUNT_turns, rx->turns);
	set(rx, RX_COUNT_idle_turns, rx->idle_turns);
	set(rx, RX_COUNT_tx_full, link->tx_full);
	set(rx, RX_COUNT_no_path, link->no_path);
	if (rx->share != NULL) {
		set(rx, RX_COUNT_handed, share_handed(rx->share, rx->worker));
		set(rx, RX_COUNT_handed_dropped, share_dropped(rx->share, rx->worker));
	}
	if (rx->link.net != NULL)
		copy_net_counters(rx, net_read_stats(rx->link.net));
}

unsigned rx_turn(struct rx *rx, ns_t now)
{
	unsigned work = run_commands(rx, now), n = receive(rx, now);

	work += n;
	feed_room(rx, now);
	run_timers(rx, now);
	link_tick(&rx->link, now);
	work += rx->out_sent;
	if (link_flush(&rx->link, now)) {
		outq_clear(&rx->out);
		rx->out_sent = 0;
	}
	if (work > 0 && (n < PORT_BURST || rx->turns % FULL_TURNS_MAX == 0))
		ring_bells(rx);
	if (rx->closed_count > 0)
		detach_closed(rx, now);
	rx->turns++;
	rx->idle_turns += work == 0;
	if (now - rx->counted_at >= COUNT_EVERY_NS)
		rx_copy_counters(rx, now);
	return work;
}

ns_t rx_deadline(const struct rx *rx)
{
	return ns_min(rx->deadline, link_deadline(&rx->link));
}
