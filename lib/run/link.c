#include "run/link.h"

#include <assert.h>

#define AHEAD_BYTES_MAX 2048 /* of larger frames the processor itself sees that they are read on */
#define NET_FRAMES_KEPT 8    /* while nothing is taken */

size_t link_bytes(void)
{
	return net_bytes();
}

/* What ARP, ND and membership are heard on. A card that cannot let them in says so when a session joins. */
static void join_own_groups(struct link *l)
{
	struct ip_addr groups[NET_OWN_GROUPS];
	uint32_t n = net_own_groups(l->net, groups);

	for (uint32_t i = 0; i < n; i++)
		port_join(l->port, &(struct endpoint){ .ip = groups[i] }, NULL);
}

void link_init(struct link *l, struct port *port, uint16_t queue, const struct ip_addr *ip4, const struct ip_addr *ip6,
               uint64_t seed, void *mem, ns_t now)
{
	const struct port_info *info = &port->info;
	struct net_config config = {
		.mac = info->mac,
		.mtu = info->mtu,
		.vlan = info->vlan,
		.ip4 = *ip4,
		.ip6 = *ip6,
		.gateway4 = info->gateway4,
		.gateway6 = info->gateway6,
		.prefix4 = info->prefix4,
		.prefix6 = info->prefix6,
		.has_kernel = info->has_kernel,
		.seed = seed,
	};

	memset(l, 0, sizeof(*l));
	l->port = port;
	l->queue = queue;
	l->tx_moved_at = now;
	if (info->delivers != PORT_FRAMES)
		return;
	l->net = net_init(mem, &config, now);
	join_own_groups(l);
}

uint32_t link_poll(struct link *l)
{
	l->rx_count = port_rx(l->port, l->queue, l->rx, PORT_BURST);
	return l->rx_count;
}

/*
 * All of a frame while another is worked on: so what that costs hides behind the memory that it waits for. Of a
 * large one its headers, and its end, where the options are.
 */
static inline void begin_ahead(struct link *l, const struct frame *f)
{
	uint32_t len = f->len;

	if (len == 0)
		return;
	__builtin_prefetch(f->data + len - 1);
	if (len > AHEAD_BYTES_MAX)
		len = LINK_AHEAD_LINES * LINK_LINE;
	l->ahead = f->data;
	l->ahead_end = f->data + len;
	link_ahead(l);
}

/* Nobody else works on this frame. */
static inline void ahead_rest(struct link *l)
{
	while (l->ahead < l->ahead_end)
		link_ahead(l);
}

bool link_datagram(struct link *l, uint32_t i, ns_t now, struct net_datagram *out)
{
	const struct frame *f = &l->rx[i];

	if (i + 1 < l->rx_count)
		begin_ahead(l, &l->rx[i + 1]);
	if (l->net == NULL) {
		*out = (struct net_datagram){ .from = f->from,
			                      .to = f->to,
			                      .data = f->data,
			                      .len = f->len,
			                      .to_multicast = ip_is_multicast(&f->to.ip),
			                      .whole = true,
			                      .checked = true };
	} else {
		enum net_verdict v = net_input(l->net, f->data, f->len, f->flags | NET_CHECK_LATER, now, out, &l->net_out);

		l->heard = v == NET_HANDLED;
		if (v != NET_UDP) {
			ahead_rest(l);
			return false; /* net has dealt with it, or counted it */
		}
	}
	l->stats.datagrams++;
	link_ahead(l);
	return true;
}

void link_overhear(struct link *l, const uint8_t *frame, uint32_t len, ns_t now)
{
	struct net_datagram none;

	if (l->net != NULL)
		net_input(l->net, frame, len, NET_CHECK_LATER, now, &none, &l->net_out);
}

bool link_verify(struct link *l, const struct net_datagram *d)
{
	if (l->net == NULL || net_verify(l->net, d))
		return true;
	l->stats.bad_checksum++;
	return false;
}

void link_keep(struct link *l, const struct net_datagram *d)
{
	if (!d->whole)
		net_keep(l->net, d);
}

bool link_is_keeping_most(const struct link *l)
{
	return net_is_keeping_most(l->net);
}

void link_release(struct link *l)
{
	if (l->net != NULL)
		net_release(l->net);
}

void link_done(struct link *l)
{
	port_free(l->port, l->queue, l->rx, l->rx_count);
	l->rx_count = 0;
	l->ahead = l->ahead_end = NULL;
}

/* Room for n more frames in the burst, after a flush if need be. */
static bool make_room(struct link *l, uint32_t n, ns_t now)
{
	if (PORT_BURST - l->tx_count >= n)
		return true;
	return link_flush(l, now);
}

static enum link_sent send_datagram(struct link *l, const struct link_packet *p, ns_t now)
{
	uint32_t i;

	if (!make_room(l, 1, now))
		return LINK_FULL;
	i = l->tx_count++;
	l->from[i] = *p->from;
	l->to[i] = *p->to;
	l->tx[i] = (struct port_packet){ p->head,     p->body,     p->tail,     p->head_len,
		                         p->body_len, p->tail_len, &l->from[i], &l->to[i] };
	l->stats.sent++;
	return LINK_SENT;
}

/* The part of a piece, which begins at *at of the payload, that lies in first..end-1. */
static uint32_t cut(const uint8_t **piece, uint32_t piece_len, uint32_t *at, uint32_t first, uint32_t end)
{
	uint32_t from = first > *at ? first - *at : 0, to;

	if (from > piece_len)
		from = piece_len;
	to = end > *at ? end - *at : 0;
	if (to > piece_len)
		to = piece_len;
	*at += piece_len;
	if (to <= from)
		return 0;
	*piece += from;
	return to - from;
}

/* Frame i of the burst: its headers, and its share of the packet's pieces. */
static void fill_frame(struct link *l, uint32_t i, const struct link_packet *p)
{
	const struct net_head *h = &l->heads[i];
	const uint8_t *head = p->head, *body = p->body, *tail = p->tail;
	uint32_t at = 0, end = h->payload_at + h->payload_len;
	uint32_t head_len = cut(&head, p->head_len, &at, h->payload_at, end);
	uint32_t body_len = cut(&body, p->body_len, &at, h->payload_at, end);
	uint32_t tail_len = cut(&tail, p->tail_len, &at, h->payload_at, end);

	if (body_len == 0) {
		l->tx[i] = (struct port_packet){ h->bytes, head, tail, h->len, head_len, tail_len, NULL, NULL };
		return;
	}
	if (head_len == 0) {
		l->tx[i] = (struct port_packet){ h->bytes, body, tail, h->len, body_len, tail_len, NULL, NULL };
		return;
	}
	assert(h->len + head_len <= LINK_PIECE_BYTES);
	memcpy(l->pieces[i], h->bytes, h->len);
	memcpy(l->pieces[i] + h->len, head, head_len);
	l->tx[i] = (struct port_packet){ l->pieces[i], body, tail, h->len + head_len, body_len, tail_len, NULL, NULL };
}

static uint16_t payload_sum(const struct link_packet *p)
{
	uint16_t sum = net_sum(p->head, p->head_len);

	if (p->body_len > 0)
		sum = net_sum_add(sum, p->has_body_sum ? p->body_sum : net_sum(p->body, p->body_len), p->head_len);
	return net_sum_add(sum, net_sum(p->tail, p->tail_len), p->head_len + p->body_len);
}

static enum link_sent send_frames(struct link *l, const struct link_packet *p, ns_t now)
{
	struct net_send s = { .from = p->from,
		              .to = p->to,
		              .payload_len = p->head_len + p->body_len + p->tail_len };
	bool whole = s.payload_len <= net_payload_max(l->net, &p->to->ip);
	uint32_t n;

	if (!make_room(l, whole ? 1 : LINK_HEADS, now))
		return LINK_FULL;
	s.has_checksum = !(p->plain && p->to->ip.len == 4);
	if (s.has_checksum)
		s.payload_sum = payload_sum(p);
	n = net_heads(l->net, &s, &l->heads[l->tx_count], PORT_BURST - l->tx_count, now, &l->net_out);
	if (n == 0) {
		l->stats.no_path++;
		return LINK_NO_PATH;
	}
	for (uint32_t i = 0; i < n; i++)
		fill_frame(l, l->tx_count + i, p);
	l->tx_count += n;
	l->stats.sent++;
	return LINK_SENT;
}

enum link_sent link_send(struct link *l, const struct link_packet *p, ns_t now)
{
	return l->net == NULL ? send_datagram(l, p, now) : send_frames(l, p, now);
}

/*
 * What net has to say for itself: few frames, so a full wire just drops them and net asks again. Only where
 * nothing is taken, as by a memif port before it is connected, the first few wait: to ask again takes a second.
 */
static void flush_net(struct link *l)
{
	struct port_packet v[NET_OUT_FRAMES];
	struct net_out *o = &l->net_out;
	uint32_t taken;

	for (uint32_t i = 0; i < o->count; i++)
		v[i] = (struct port_packet){ .head = o->frames[i].bytes, .head_len = o->frames[i].len };
	taken = port_tx(l->port, l->queue, v, o->count);
	if (taken == 0 && o->count <= NET_FRAMES_KEPT)
		return;
	l->stats.tx_stuck += o->count - taken;
	o->count = 0;
}

bool link_flush(struct link *l, ns_t now)
{
	if (l->net_out.count > 0)
		flush_net(l);
	if (l->tx_first < l->tx_count) {
		uint32_t left = l->tx_count - l->tx_first;
		uint32_t taken = port_tx(l->port, l->queue, l->tx + l->tx_first, left);

		l->tx_first += taken;
		if (taken > 0)
			l->tx_moved_at = now;
		if (taken < left) {
			l->stats.tx_full++;
			if (now - l->tx_moved_at < LINK_STUCK_NS)
				return false;
			l->stats.tx_stuck += left - taken;
		}
	}
	l->tx_first = l->tx_count = 0;
	l->tx_moved_at = now;
	return true;
}

bool link_join(struct link *l, const struct ip_addr *group, ns_t now)
{
	return l->net == NULL || net_join(l->net, group, now, &l->net_out);
}

void link_leave(struct link *l, const struct ip_addr *group, ns_t now)
{
	if (l->net != NULL)
		net_leave(l->net, group, now, &l->net_out);
}

void link_tick(struct link *l, ns_t now)
{
	if (l->net != NULL && now >= net_deadline(l->net))
		net_tick(l->net, now, &l->net_out);
}

ns_t link_deadline(const struct link *l)
{
	return l->net == NULL ? NS_NEVER : net_deadline(l->net);
}

uint32_t link_payload_max(const struct link *l, const struct ip_addr *to)
{
	uint32_t headers = to->len == 4 ? 28 : 48; /* IP and UDP */

	return l->net == NULL ? l->port->info.mtu - headers : net_payload_max(l->net, to);
}
