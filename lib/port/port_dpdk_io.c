/* Bursts of frames: the worker's side. */
#include <rte_prefetch.h>

#include "port/port_dpdk_inside.h"

enum {
	PREFETCH = 4,
	TAP_BURST = 16,
	TAP_TURNS = 16, /* with frames, between two looks */
	FRAME_LEAST = 60, /* of Ethernet, without its checksum */
	BODY_LEAST = 256, /* below it a copy costs less than a chain */
};

/* One writer: so a load and a store do, and readers see no half. */
static void count(_Atomic uint64_t *counter, uint64_t n)
{
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

static uint32_t flags_of(uint64_t offload)
{
	uint32_t flags = 0;

	/* The card's word for "the checksum is not there, the data is good" is NONE. */
	switch (offload & RTE_MBUF_F_RX_L4_CKSUM_MASK) {
	case RTE_MBUF_F_RX_L4_CKSUM_GOOD:
	case RTE_MBUF_F_RX_L4_CKSUM_NONE:
		flags = PORT_L4_GOOD;
		break;
	case RTE_MBUF_F_RX_L4_CKSUM_BAD:
		flags = PORT_L4_BAD;
		break;
	}
	if ((offload & RTE_MBUF_F_RX_IP_CKSUM_MASK) == RTE_MBUF_F_RX_IP_CKSUM_BAD)
		flags |= PORT_L3_BAD;
	return flags;
}

/* Frames in several pieces are rare, buffers being as large as the largest: made one where there is room. */
static bool make_one_piece(struct rte_mbuf *m)
{
	return likely(m->nb_segs == 1) || rte_pktmbuf_linearize(m) == 0;
}

static uint32_t take_frames(struct dpdk_queue *q, struct rte_mbuf **m, uint16_t n, struct frame *v)
{
	uint64_t bytes = 0;
	uint32_t taken = 0;

	for (uint16_t i = 0; i < n && i < PREFETCH; i++)
		rte_prefetch0(rte_pktmbuf_mtod(m[i], void *));
	for (uint16_t i = 0; i < n; i++) {
		if (i + PREFETCH < n)
			rte_prefetch0(rte_pktmbuf_mtod(m[i + PREFETCH], void *));
		if (unlikely(!make_one_piece(m[i]))) {
			rte_pktmbuf_free(m[i]);
			count(&q->rx_no_buffer, 1);
			continue;
		}
		struct frame *f = &v[taken++];

		f->data = rte_pktmbuf_mtod(m[i], const uint8_t *);
		f->len = m[i]->data_len;
		f->flags = flags_of(m[i]->ol_flags);
		f->owner = m[i];
		bytes += f->len;
	}
	count(&q->rx_frames, taken);
	count(&q->rx_bytes, bytes);
	return taken;
}

static bool enter(struct port_dpdk *p)
{
	dpdk_know_thread();
	return p->memif == NULL || memif_enter(p->memif);
}

static void leave(struct port_dpdk *p)
{
	if (p->memif != NULL)
		memif_leave(p->memif);
}

static uint16_t send_to_kernel(struct port_dpdk *p, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	uint16_t room = (uint16_t)packet_room(&p->sockets, queue, n), sent = 0;

	if (room > 0) {
		sent = rte_eth_tx_burst(p->id, queue, m, room);
		packet_sent(&p->sockets, queue, sent);
	}
	p->queues[queue].unsent = true;
	return sent;
}

/* The frame of the kernel's that found no room in the ring, ahead of all others; true: none is left. */
static bool send_kept(struct port_dpdk *p, uint16_t queue)
{
	struct dpdk_queue *q = &p->queues[queue];

	if (unlikely(q->kept != NULL) && rte_eth_tx_burst(p->id, queue, &q->kept, 1) == 1)
		q->kept = NULL;
	return likely(q->kept == NULL);
}

static uint16_t send_burst(struct port_dpdk *p, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	return p->kind == DPDK_AF_PACKET ? send_to_kernel(p, queue, m, n) : rte_eth_tx_burst(p->id, queue, m, n);
}

/* Frames that wait, to the ring; true: none is left. */
static bool send_waiting(struct port_dpdk *p, uint16_t queue)
{
	struct dpdk_queue *q = &p->queues[queue];
	uint16_t n;

	if (!send_kept(p, queue))
		return false;
	if (likely(q->count == 0))
		return true;
	n = send_burst(p, queue, q->waiting + q->first, q->count);
	q->first += n;
	q->count -= n;
	return q->count == 0;
}

/* From the device's queues that are this one's: the next one first. */
static uint16_t receive(struct port_dpdk *p, uint16_t queue, struct rte_mbuf **m, uint16_t n)
{
	struct dpdk_queue *q = &p->queues[queue];
	uint16_t step = p->port.info.queues, mine = (uint16_t)((p->device_queues - queue + step - 1) / step), got = 0;

	if (likely(mine == 1))
		return rte_eth_rx_burst(p->id, queue, m, n);
	for (uint16_t i = 0; i < mine && got < n; i++)
		got += rte_eth_rx_burst(p->id, (uint16_t)(queue + (q->turn + i) % mine * step), m + got, (uint16_t)(n - got));
	q->turn = (uint16_t)((q->turn + 1) % mine);
	return got;
}

/* ---- the exception tap ---- */

/* What is the kernel's alone goes to it. Frames that cannot be made one piece are dropped as all such. */
static uint16_t keep_ours(struct port_dpdk *p, struct rte_mbuf **m, uint16_t n)
{
	uint16_t kept = 0;

	for (uint16_t i = 0; i < n; i++) {
		if (make_one_piece(m[i]) && exception_take(p->exception, rte_pktmbuf_mtod(m[i], uint8_t *), m[i]->data_len))
			rte_pktmbuf_free(m[i]);
		else
			m[kept++] = m[i];
	}
	return kept;
}

static uint32_t pad(uint8_t *frame, uint32_t len)
{
	if (likely(len >= FRAME_LEAST))
		return len;
	memset(frame + len, 0, FRAME_LEAST - len); /* not all cards do */
	return FRAME_LEAST;
}

/*
 * Frames of the kernel's go out: a few, for it costs a system call to look. A ring that a stream keeps full has
 * seldom room at this moment: the frame stays and is the first at the next, or no connection would come about.
 */
static void send_for_kernel(struct port_dpdk *p, uint16_t queue)
{
	struct rte_mbuf *m;
	uint32_t len;

	for (int i = 0; i < TAP_BURST && send_kept(p, queue) && (m = rte_pktmbuf_alloc(p->pool)) != NULL; i++) {
		len = exception_read(p->exception, rte_pktmbuf_mtod(m, uint8_t *), p->frame_room);
		if (len == 0) {
			rte_pktmbuf_free(m);
			return;
		}
		m->data_len = (uint16_t)pad(rte_pktmbuf_mtod(m, uint8_t *), len);
		m->pkt_len = m->data_len;
		p->queues[queue].kept = m;
	}
}

/* A copy of one of the frames that went to the kernel: 1 or 0. */
static uint16_t receive_overheard(struct port_dpdk *p, struct rte_mbuf **m)
{
	uint8_t frame[OVERHEARD_BYTES];
	uint32_t len = overheard_take(&p->overheard, frame, sizeof(frame));

	if (likely(len == 0) || (*m = rte_pktmbuf_alloc(p->pool)) == NULL)
		return 0;
	memcpy(rte_pktmbuf_append(*m, (uint16_t)len), frame, len);
	return 1;
}

uint32_t dpdk_rx(struct port *port, uint16_t queue, struct frame *v, uint32_t n)
{
	struct port_dpdk *p = dpdk_of(port);
	struct dpdk_queue *q = &p->queues[queue];
	struct rte_mbuf *m[PORT_BURST];
	uint16_t got;

	if (!enter(p))
		return 0;
	n = RTE_MIN(n, (uint32_t)PORT_BURST);
	got = receive(p, queue, m, (uint16_t)n);
	if (p->kind == DPDK_AF_XDP && queue == 0 && got < n)
		got += receive_overheard(p, m + got);
	send_waiting(p, queue);
	if (p->exception != NULL) {
		if (queue == 0 && (got == 0 || q->tap_turn++ % TAP_TURNS == 0))
			send_for_kernel(p, queue);
		got = keep_ours(p, m, got);
	}
	leave(p);
	if (q->unsent)
		q->unsent = queue < p->sockets.count && !packet_kick(&p->sockets, queue);
	return take_frames(q, m, got, v);
}

void dpdk_free(struct port *port, uint16_t queue, struct frame *v, uint32_t n)
{
	struct rte_mbuf *m[PORT_BURST];
	uint32_t done = 0;

	(void)port, (void)queue;
	while (done < n) {
		unsigned k = 0;

		while (k < PORT_BURST && done < n)
			m[k++] = v[done++].owner;
		rte_pktmbuf_free_bulk(m, k);
	}
}

static void append(uint8_t **at, const uint8_t *piece, uint32_t len)
{
	if (len > 0)
		memcpy(*at, piece, len);
	*at += len;
}

static bool fill(const struct port_dpdk *p, struct rte_mbuf *m, const struct port_packet *k)
{
	uint64_t len = (uint64_t)k->head_len + k->body_len + k->tail_len;
	uint8_t *at = rte_pktmbuf_mtod(m, uint8_t *);

	if (len > p->frame_room)
		return false;
	append(&at, k->head, k->head_len);
	append(&at, k->body, k->body_len);
	append(&at, k->tail, k->tail_len);
	len = pad(rte_pktmbuf_mtod(m, uint8_t *), (uint32_t)len);
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	return true;
}

/* Into the queue's own array: what the ring does not take waits there. */
static void fill_burst(struct port_dpdk *p, struct dpdk_queue *q, struct rte_mbuf **m, const struct port_packet *v, uint32_t n)
{
	uint64_t bytes = 0;

	q->first = q->count = 0;
	for (uint32_t i = 0; i < n; i++) {
		if (unlikely(!fill(p, m[i], &v[i]))) {
			rte_pktmbuf_free(m[i]);
			count(&q->tx_dropped, 1);
			continue;
		}
		bytes += m[i]->pkt_len;
		q->waiting[q->count++] = m[i];
	}
	count(&q->tx_frames, q->count);
	count(&q->tx_bytes, bytes);
}

/* Bytes where they lie; returns what is to point to the next piece. */
static struct rte_mbuf **add_piece(struct rte_mbuf **at, struct rte_mbuf *m, const uint8_t *bytes, uint32_t len)
{
	m->buf_addr = (void *)(uintptr_t)bytes;
	m->data_off = 0;
	m->data_len = (uint16_t)len;
	m->buf_len = (uint16_t)len;
	rte_mbuf_refcnt_set(m, 2);
	*at = m;
	return &m->next;
}

/* The head is copied, being small; the body and what follows is not. */
static bool fill_pieces(const struct port_dpdk *p, struct rte_mbuf **m, const struct port_packet *k)
{
	struct port_packet head = { .head = k->head, .head_len = k->head_len };
	bool apart = k->body_len >= BODY_LEAST;
	struct rte_mbuf **end = &m[0]->next;

	if (unlikely((uint64_t)k->head_len + k->body_len + k->tail_len > p->frame_room || !fill(p, m[0], apart ? &head : k)))
		return false;
	m[0]->nb_segs = 1;
	if (apart) {
		m[0]->data_len = (uint16_t)k->head_len; /* no padding before the body */
		m[0]->pkt_len = k->head_len + k->body_len + k->tail_len;
		m[0]->nb_segs = k->tail_len > 0 ? 3 : 2;
		end = add_piece(end, m[1], k->body, k->body_len);
		if (k->tail_len > 0)
			end = add_piece(end, m[2], k->tail, k->tail_len);
	}
	*end = NULL;
	rte_mbuf_refcnt_set(m[0], 2);
	return true;
}

static uint32_t send_pieces(struct port_dpdk *p, uint16_t queue, const struct port_packet *v, uint32_t n)
{
	struct dpdk_queue *q = &p->queues[queue];
	struct rte_mbuf *m[PORT_BURST];
	uint16_t ready = 0, sent;
	uint64_t bytes = 0;

	while (ready < n && fill_pieces(p, q->pieces[ready], &v[ready])) {
		m[ready] = q->pieces[ready][0];
		ready++;
	}
	if (unlikely(ready == 0)) { /* too large for the wire */
		count(&q->tx_dropped, 1);
		return 1;
	}
	sent = send_burst(p, queue, m, ready);
	for (uint16_t i = 0; i < sent; i++)
		bytes += q->pieces[i][0]->pkt_len;
	count(&q->tx_frames, sent);
	count(&q->tx_bytes, bytes);
	return sent;
}

uint32_t dpdk_tx(struct port *port, uint16_t queue, const struct port_packet *v, uint32_t n)
{
	struct port_dpdk *p = dpdk_of(port);
	struct dpdk_queue *q = &p->queues[queue];
	struct rte_mbuf *m[PORT_BURST];
	uint32_t taken = RTE_MIN(n, (uint32_t)PORT_BURST);

	if (taken == 0 || !enter(p))
		return 0;
	if (!send_waiting(p, queue) || (!p->takes_pieces && rte_pktmbuf_alloc_bulk(p->pool, m, taken) != 0)) {
		taken = 0;
	} else if (p->takes_pieces) {
		taken = send_pieces(p, queue, v, taken);
	} else {
		fill_burst(p, q, m, v, taken);
		send_waiting(p, queue);
	}
	leave(p);
	return taken;
}

void dpdk_read_stats(struct port *port, struct port_stats *out)
{
	struct port_dpdk *p = dpdk_of(port);
	struct rte_eth_stats stats;

	memset(out, 0, sizeof(*out));
	for (uint16_t i = 0; i < port->info.queues; i++) {
		struct dpdk_queue *q = &p->queues[i];

		out->rx_frames += atomic_load_explicit(&q->rx_frames, memory_order_relaxed);
		out->rx_bytes += atomic_load_explicit(&q->rx_bytes, memory_order_relaxed);
		out->rx_no_buffer += atomic_load_explicit(&q->rx_no_buffer, memory_order_relaxed);
		out->tx_frames += atomic_load_explicit(&q->tx_frames, memory_order_relaxed);
		out->tx_bytes += atomic_load_explicit(&q->tx_bytes, memory_order_relaxed);
		out->tx_dropped += atomic_load_explicit(&q->tx_dropped, memory_order_relaxed);
	}
	if (p->kind == DPDK_AF_PACKET)
		out->rx_missed += packet_missed(&p->sockets);
	else if (p->kind == DPDK_AF_XDP)
		xdp_missed(p->xdp, &out->rx_missed, &out->rx_no_buffer);
	if (p->exception != NULL) {
		out->to_kernel = atomic_load_explicit(&p->exception->to_kernel, memory_order_relaxed);
		out->from_kernel = atomic_load_explicit(&p->exception->from_kernel, memory_order_relaxed);
		out->tap_dropped = atomic_load_explicit(&p->exception->dropped, memory_order_relaxed);
	}
	if (p->kind == DPDK_CARD && rte_eth_stats_get(p->id, &stats) == 0) {
		out->rx_missed += stats.imissed;
		out->rx_no_buffer += stats.rx_nombuf;
	}
	out->buffers_used = rte_mempool_in_use_count(p->pool);
}

void dpdk_free_waiting(struct port_dpdk *p)
{
	for (uint16_t i = 0; i < DPDK_QUEUES_MAX; i++) {
		struct dpdk_queue *q = &p->queues[i];

		if (q->count > 0)
			rte_pktmbuf_free_bulk(q->waiting + q->first, q->count);
		q->count = 0;
		rte_pktmbuf_free(q->kept);
		q->kept = NULL;
	}
}
