#include "run.h"

#include <stdio.h>
#include <stdlib.h>

#define CALIBRATE_BYTES (64u << 20)
#define LAG_BITS_NS 1e6 /* a sender that was held up makes good at most a millisecond */
#define PREAMBLE_FCS_GAP 24
#define ETHER_IP4_BYTES 34
#define ETHER_IP6_BYTES 54
#define UDP_BYTES 8

/* ---- the machine's own speed ---- */

static void calibrate(struct run *r)
{
	uint8_t *mem = host_alloc(CALIBRATE_BYTES, -1);
	uint64_t cycles;
	ns_t began;

	if (mem == NULL)
		return;
	memset(mem, 1, CALIBRATE_BYTES);
	began = host_now();
	cycles = cycles_now();
	for (unsigned i = 0; i < 2; i++)
		(void)security_sum(mem, CALIBRATE_BYTES);
	r->cycles_a_ns = (double)(cycles_now() - cycles) / (double)(host_now() - began);
	r->memory_ns = (double)(host_now() - began) / (2.0 * CALIBRATE_BYTES);
	host_free(mem, CALIBRATE_BYTES);
}

/* ---- set-up ---- */

static bool join(struct run *r, const struct ip_addr *ip, uint16_t udp_port, char *why)
{
	struct endpoint group = { *ip, udp_port };
	enum wdscast_err err = port_join(r->port, &group, NULL);

	if (err == WDSCAST_OK && link_join(&r->link, ip, host_now()))
		return true;
	snprintf(why, PORT_WHY_BYTES, "cannot join the group: %s", wdscast_strerror(err));
	return false;
}

static bool init_receive(struct run *r, char *why)
{
	const struct options *o = r->options;
	bool any = r->capture != NULL && !o->has_group;

	stream_rx_init(&r->receive, any ? NULL : &o->group, o->verify);
	if (!any)
		return join(r, &o->group.ip, o->group.port != 0 ? o->group.port : 64001, why);
	for (uint32_t i = 0; i < r->capture->group_count; i++)
		if (!join(r, &r->capture->groups[i], 0, why))
			return false;
	return true;
}

/* How a packet looks on the wire. */
static void measure_packet(struct run *r)
{
	struct link_packet p;
	uint32_t payload, head = r->options->group.ip.len == 4 ? ETHER_IP4_BYTES : ETHER_IP6_BYTES;
	uint32_t room = (r->port->info.mtu - (head - 14)) & ~7u, len;

	stream_tx_packet(&r->send, 0, 0, &p);
	r->send.seq_no = 0;
	payload = p.head_len + p.body_len + p.tail_len;
	len = payload + UDP_BYTES;
	r->frame_count = len <= r->port->info.mtu - (head - 14) ? 1 : (len + room - 1) / room;
	r->frame_bytes = len + r->frame_count * head;
	r->wire_bytes = r->frame_bytes + r->frame_count * PREAMBLE_FCS_GAP;
}

static bool init_send(struct run *r, char *why)
{
	const struct options *o = r->options;
	const struct port_info *info = &r->port->info;
	struct endpoint from = { o->group.ip.len == 4 ? (o->ip4.len != 0 ? o->ip4 : info->ip4)
	                                              : (o->ip6.len != 0 ? o->ip6 : info->ip6), 0 };
	enum wdscast_err err;

	if (from.ip.len == 0) {
		snprintf(why, PORT_WHY_BYTES, "no address of ours: give --ip");
		return false;
	}
	err = port_reserve(r->port, &from);
	if (err != WDSCAST_OK) {
		snprintf(why, PORT_WHY_BYTES, "no UDP port to send from: %s", wdscast_strerror(err));
		return false;
	}
	if (!stream_tx_init(&r->send, &from, &o->group, o->block_bytes)) {
		snprintf(why, PORT_WHY_BYTES, "not enough memory");
		return false;
	}
	measure_packet(r);
	return true;
}

static bool is_sending(const struct run *r)
{
	return r->options->command == COMMAND_TX || (r->capture != NULL && r->options->spec != NULL);
}

bool run_init(struct run *r, const struct options *o, struct port *port, struct capture *capture, char *why)
{
	const struct port_info *info = &port->info;

	memset(r, 0, sizeof(*r));
	r->options = o;
	r->port = port;
	r->capture = capture;
	r->cycles_a_ns = 1;
	spsc_init(&r->snapshots, r->snapshot_mem, RUN_SNAPSHOTS, sizeof(struct figures));
	r->link_mem = host_alloc(link_bytes(), info->node);
	if (r->link_mem == NULL) {
		snprintf(why, PORT_WHY_BYTES, "not enough memory");
		return false;
	}
	calibrate(r);
	link_init(&r->link, port, 0, o->ip4.len != 0 ? &o->ip4 : &info->ip4, o->ip6.len != 0 ? &o->ip6 : &info->ip6,
	          host_random(), r->link_mem, host_now());
	if (o->command == COMMAND_TX)
		return init_send(r, why);
	if (!is_sending(r))
		return init_receive(r, why);
	if (info->delivers != PORT_FRAMES) {
		snprintf(why, PORT_WHY_BYTES, "%s takes no frames, only datagrams: use af_packet or another", info->spec);
		return false;
	}
	return true;
}

void run_fini(struct run *r)
{
	stream_tx_fini(&r->send);
	if (r->link_mem != NULL)
		host_free(r->link_mem, link_bytes());
}

/* ---- receiving ---- */

/* Returns the frames it took. */
static uint32_t take_burst(struct run *r, ns_t now, bool count)
{
	uint32_t n = link_poll(&r->link);
	struct figures *f = &r->figures;
	int64_t stamp = n > 0 ? stamp_now() : 0;
	struct net_datagram d;

	for (uint32_t i = 0; i < n; i++) {
		if (count)
			f->bytes += r->link.rx[i].len;
		if (link_datagram(&r->link, i, now, &d) && count)
			stream_rx_datagram(&r->receive, &r->link, &d, stamp, f);
	}
	link_done(&r->link);
	link_tick(&r->link, now);
	link_flush(&r->link, now);
	return n;
}

static void receive_turn(struct run *r, ns_t now)
{
	struct figures *f = &r->figures;
	uint64_t from = cycles_now();
	uint32_t n = take_burst(r, now, true);

	f->polls++;
	f->frames += n;
	if (n == 0) {
		f->empty_polls++;
		r->idle_cycles += cycles_now() - from;
		return;
	}
	figures_burst(f, n);
	f->busy_cycles += cycles_now() - from;
	f->idle_cycles += r->first == 0 ? 0 : r->idle_cycles; /* only between packets, not before and after the stream */
	r->idle_cycles = 0;
	r->last = now;
	if (r->first == 0 && f->packets > 0)
		r->first = now;
}

/* ---- sending ---- */

/* How many packets of so many bytes on the wire are due. */
static uint32_t due(struct run *r, ns_t now, uint32_t wire_bytes)
{
	double bits = 8.0 * wire_bytes, allowed, lag;

	if (r->options->rate == 0)
		return STREAM_BURST;
	allowed = ((double)(now - r->began) - r->pace_from_ns) * r->options->rate / 1e9;
	lag = allowed - r->paced_bits;
	if (lag > LAG_BITS_NS * r->options->rate / 1e9 + STREAM_BURST * bits) { /* what could not be sent is not made good */
		r->paced_bits = allowed - LAG_BITS_NS * r->options->rate / 1e9;
		lag = allowed - r->paced_bits;
	}
	return lag < bits ? 0 : lag / bits > STREAM_BURST ? STREAM_BURST : (uint32_t)(lag / bits);
}

static uint32_t within_limit(const struct run *r, uint32_t n)
{
	uint64_t left = r->options->packets == 0 ? n : r->options->packets - r->figures.packets;

	return left < n ? (uint32_t)left : n;
}

static void count_sent(struct run *r, uint64_t packets, uint64_t frames, uint64_t bytes, uint64_t content)
{
	struct figures *f = &r->figures;

	f->packets += packets;
	f->frames += frames;
	f->bytes += bytes;
	f->content += content;
	r->paced_bits += 8.0 * (double)(bytes + frames * PREAMBLE_FCS_GAP);
	if (packets > 0)
		figures_burst(f, (uint32_t)packets);
}

/* A burst of the stream; false when the wire did not take all of it. */
static bool send_packets(struct run *r, ns_t now, uint32_t n)
{
	int64_t stamp = stamp_now();
	struct link_packet p;
	uint32_t sent = 0;

	for (; sent < n; sent++) {
		stream_tx_packet(&r->send, sent, stamp, &p);
		if (link_send(&r->link, &p, now) == LINK_FULL) {
			r->send.seq_no--;
			break;
		}
	}
	count_sent(r, sent, (uint64_t)sent * r->frame_count, (uint64_t)sent * r->frame_bytes,
	           (uint64_t)sent * r->options->block_bytes);
	return link_flush(&r->link, now) && sent == n;
}

/* The same of a capture's frames. */
static bool send_frames(struct run *r, uint32_t n)
{
	struct capture *c = r->capture;
	struct port_packet v[STREAM_BURST];
	uint64_t bytes = 0;
	uint32_t count = 0, sent;

	for (; count < n && c->next + count < c->count; count++) {
		const struct capture_frame *frame = &c->frames[c->next + count];

		v[count] = (struct port_packet){ .head = c->bytes + frame->at, .head_len = frame->len };
	}
	sent = port_tx(r->port, 0, v, count);
	for (uint32_t i = 0; i < sent; i++)
		bytes += v[i].head_len;
	c->next += sent;
	if (c->next == c->count && c->loops_left > 1) {
		c->loops_left--;
		c->next = 0;
	}
	count_sent(r, sent, sent, bytes, bytes);
	return sent == count;
}

static void send_turn(struct run *r, ns_t now)
{
	struct figures *f = &r->figures;
	uint64_t from = cycles_now();
	uint32_t average = r->capture != NULL ? (uint32_t)(r->capture->bytes_len / r->capture->count) + PREAMBLE_FCS_GAP
	                                      : r->wire_bytes;
	uint32_t n = within_limit(r, due(r, now, average));
	bool took = true;

	f->polls++;
	if (n > 0) {
		f->turns_sending++;
		if (r->capture != NULL)
			took = send_frames(r, n);
		else /* pieces of a burst that did not leave must stay as they are */
			took = link_flush(&r->link, now) && send_packets(r, now, n);
		f->turns_refused += !took;
	}
	take_burst(r, now, false);
	if (n > 0 && took)
		f->busy_cycles += cycles_now() - from;
	else
		f->idle_cycles += cycles_now() - from;
	f->empty_polls += n == 0;
}

/* ---- the thread ---- */

static bool is_over(const struct run *r, ns_t now)
{
	const struct options *o = r->options;

	return (o->packets != 0 && r->figures.packets >= o->packets) || (o->duration != 0 && now - r->began >= o->duration) ||
	       (r->capture != NULL && capture_is_over(r->capture)) ||
	       atomic_load_explicit(&r->stop, memory_order_relaxed);
}

static void snapshot(struct run *r, ns_t now)
{
	r->figures.ns = now - r->began;
	figures_read_link(&r->figures, &r->link);
	spsc_push(&r->snapshots, &r->figures, sizeof(r->figures)); /* full: nobody reads them in time */
}

/* What was sent last leaves before the port is closed. */
static void drain(struct run *r)
{
	ns_t now = host_now(), end = now + NS_PER_S;

	while (!link_flush(&r->link, now) && now < end)
		now = host_now();
}

static void work(void *arg)
{
	struct run *r = arg;
	bool sending = is_sending(r);
	ns_t now = r->began = host_now(), next = r->options->interval == 0 ? NS_NEVER : now + r->options->interval;

	while (!is_over(r, now)) {
		if (sending)
			send_turn(r, now);
		else
			receive_turn(r, now);
		now = host_now();
		if (now >= next) {
			snapshot(r, now);
			next += r->options->interval;
		}
	}
	drain(r);
	r->figures.ns = sending || r->first == r->last ? host_now() - r->began : r->last - r->first;
	figures_read_link(&r->figures, &r->link);
	atomic_store_explicit(&r->ended, true, memory_order_release);
}

bool run_start(struct run *r)
{
	r->thread = host_thread_start("wds-worker", r->options->core, work, r);
	return r->thread != NULL;
}

void run_stop(struct run *r)
{
	atomic_store_explicit(&r->stop, true, memory_order_relaxed);
	host_thread_join(r->thread);
	r->thread = NULL;
}

bool run_take(struct run *r, struct figures *out)
{
	return spsc_pop(&r->snapshots, out, sizeof(*out));
}

enum limit run_limit(const struct run *r, char *why, size_t why_bytes)
{
	const struct options *o = r->options;
	const struct figures *f = &r->figures;
	double bits = 8.0 * (double)(f->bytes + f->frames * PREAMBLE_FCS_GAP);
	struct limit_in in = { .sending = is_sending(r),
		               .paced = o->rate > 0,
		               .peer_takes = strncmp(r->port->info.spec, "memif", 5) == 0,
		               .memory_ns = r->memory_ns,
		               .cycles_a_ns = r->cycles_a_ns };

	if (o->rate > 0 && f->ns > 0)
		in.rate_reached = bits / ((double)f->ns / 1e9) / o->rate;
	return limit_of(f, &in, why, why_bytes);
}
