/* The only file that sees DPDK. */
#include "port/port_dpdk.h"

#include <rte_alarm.h>
#include <rte_dev.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <rte_ethdev.h>
#include <rte_lcore.h>
#include <rte_log.h>
#include <rte_malloc.h>
#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <stdio.h>

#undef NS_PER_S /* of rte_cycles.h; the same number */
#include "host/host.h"
#include "port/eal_arguments.h"
#include "port/filter.h"
#include "port/spec.h"

enum {
	QUEUES_MAX = PACKET_QUEUES_MAX,
	CARD_RX_RING = 4096,
	CARD_TX_RING = 1024,
	/* Beside what a card's rings hold: bursts, frames in the worker's hands, and the caches of its thread. */
	BUFFERS = 1024,
	BUFFER_CACHE = 128,
	PREFETCH = 4,
	FRAME_LEAST = 60, /* of Ethernet, without its checksum */
	LINK_WAIT_MS = 5000,
};

/* A worker's. Frames that the ring would not take wait here: they count as taken, and go first. */
struct queue {
	_Alignas(RTE_CACHE_LINE_SIZE) struct rte_mbuf *waiting[PORT_BURST];
	uint16_t first, count;
	bool unsent; /* the kernel has not sent all of the driver's ring: see packet_socket.h */
	_Atomic uint64_t rx_frames, rx_bytes, rx_dropped, tx_frames, tx_bytes, tx_dropped;
};

struct port_dpdk {
	struct port port;
	enum dpdk_kind kind;
	uint16_t id;
	bool started;
	char bus[8], name[32];
	struct rte_mempool *pool;
	uint32_t frame_room;
	struct membership *membership;
	struct memif *memif;
	struct packet_sockets sockets;
	struct filter filter;
	_Atomic bool settled; /* of settle() */
	struct queue queues[QUEUES_MAX];
};

/*
 * Memory pools keep a cache for each thread that EAL knows. Ours are no lcores of EAL, so each that comes
 * by registers and, as there are only RTE_MAX_LCORE places, leaves at its end. Refused, it works without.
 */
static _Thread_local bool thread_known;

static void know_thread(void)
{
	thread_known = true;
	if (rte_lcore_id() == LCORE_ID_ANY && rte_thread_register() == 0)
		host_thread_at_end(rte_thread_unregister);
}

/* ---- EAL: once a process ---- */

static struct {
	atomic_flag busy;         /* held by whoever opens or closes a device: EAL's device lists have no lock */
	bool tried, running;
	struct eal_arguments arguments;
	char first_line[160];     /* of its log of errors, for the one line of a failure */
	unsigned opened;          /* devices ever, for their names */
} eal = { .busy = ATOMIC_FLAG_INIT };

static void eal_lock(void)
{
	while (atomic_flag_test_and_set_explicit(&eal.busy, memory_order_acquire))
		host_nap(NS_PER_MS);
}

static void eal_unlock(void)
{
	atomic_flag_clear_explicit(&eal.busy, memory_order_release);
}

/* EAL's log: nothing is printed; the first error of an opening is kept. stdio holds the stream's lock. */
static ssize_t take_log(void *cookie, const char *text, size_t len)
{
	size_t n = len;

	(void)cookie;
	while (n > 0 && (text[n - 1] == '\n' || text[n - 1] == ' '))
		n--;
	if (n > 0 && eal.first_line[0] == '\0')
		snprintf(eal.first_line, sizeof(eal.first_line), "%.*s", (int)n, text);
	return (ssize_t)len;
}

/*
 * In a thread of its own: EAL pins the one that starts it to a core. Its interrupt thread inherits the
 * blocked signals.
 */
static void start_eal(void *arg)
{
	struct eal_arguments *a = arg;
	int lock = eal_directory_enter();

	eal.running = rte_eal_init(a->count, a->v) >= 0;
	eal_directory_leave(lock, rte_eal_get_runtime_dir());
}

static enum wdscast_err need_eal(const char *spec, char *why)
{
	static const cookie_io_functions_t log_functions = { .write = take_log };
	struct host_thread *t;
	FILE *log;

	if (eal.running)
		return WDSCAST_OK;
	if (!eal.tried) {
		eal.tried = true;
		log = fopencookie(NULL, "w", log_functions);
		if (log == NULL || setvbuf(log, NULL, _IOLBF, 0) != 0 || rte_openlog_stream(log) != 0)
			return port_fail(WDSCAST_ENOMEM, why, "%s: no memory", spec);
		rte_log_set_global_level(RTE_LOG_ERR);
		eal_choose_arguments(&eal.arguments);
		t = host_thread_start("wds-eal", -1, start_eal, &eal.arguments);
		if (t != NULL)
			host_thread_join(t);
	}
	if (eal.running)
		return WDSCAST_OK;
	return port_fail(WDSCAST_EIO, why, "%s: DPDK does not start: %s", spec, eal.first_line);
}

/* ---- the worker's ---- */

static struct port_dpdk *dpdk_of(const struct port *port)
{
	return (struct port_dpdk *)(uintptr_t)port;
}

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

static uint32_t take_frames(struct queue *q, struct rte_mbuf **m, uint16_t n, struct frame *v)
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
			count(&q->rx_dropped, 1);
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
	if (unlikely(!thread_known))
		know_thread();
	return p->memif == NULL || memif_enter(p->memif);
}

static void leave(struct port_dpdk *p)
{
	if (p->memif != NULL)
		memif_leave(p->memif);
}

/* Frames that wait, to the ring; true: none is left. */
static bool send_waiting(struct port_dpdk *p, uint16_t queue)
{
	struct queue *q = &p->queues[queue];
	uint16_t n;

	if (likely(q->count == 0))
		return true;
	n = rte_eth_tx_burst(p->id, queue, q->waiting + q->first, q->count);
	q->first += n;
	q->count -= n;
	q->unsent = p->kind == DPDK_AF_PACKET;
	return q->count == 0;
}

static uint32_t dpdk_rx(struct port *port, uint16_t queue, struct frame *v, uint32_t n)
{
	struct port_dpdk *p = dpdk_of(port);
	struct queue *q = &p->queues[queue];
	struct rte_mbuf *m[PORT_BURST];
	uint16_t got;

	if (!enter(p))
		return 0;
	got = rte_eth_rx_burst(p->id, queue, m, (uint16_t)RTE_MIN(n, (uint32_t)PORT_BURST));
	send_waiting(p, queue);
	leave(p);
	if (q->unsent)
		q->unsent = queue < p->sockets.count && !packet_kick(&p->sockets, queue);
	return take_frames(q, m, got, v);
}

static void dpdk_free(struct port *port, uint16_t queue, struct frame *v, uint32_t n)
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
	if (unlikely(len < FRAME_LEAST)) { /* not all cards pad */
		memset(at, 0, FRAME_LEAST - len);
		len = FRAME_LEAST;
	}
	m->data_len = (uint16_t)len;
	m->pkt_len = (uint32_t)len;
	return true;
}

/* Into the queue's own array: what the ring does not take waits there. */
static void fill_burst(struct port_dpdk *p, struct queue *q, struct rte_mbuf **m, const struct port_packet *v, uint32_t n)
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

static uint32_t dpdk_tx(struct port *port, uint16_t queue, const struct port_packet *v, uint32_t n)
{
	struct port_dpdk *p = dpdk_of(port);
	struct queue *q = &p->queues[queue];
	struct rte_mbuf *m[PORT_BURST];
	uint32_t taken = RTE_MIN(n, (uint32_t)PORT_BURST);

	if (taken == 0 || !enter(p))
		return 0;
	if (!send_waiting(p, queue) || rte_pktmbuf_alloc_bulk(p->pool, m, taken) != 0) {
		taken = 0;
	} else {
		fill_burst(p, q, m, v, taken);
		send_waiting(p, queue);
	}
	leave(p);
	return taken;
}

static void dpdk_read_stats(struct port *port, struct port_stats *out)
{
	struct port_dpdk *p = dpdk_of(port);
	struct rte_eth_stats stats;

	memset(out, 0, sizeof(*out));
	for (uint16_t i = 0; i < port->info.queues; i++) {
		struct queue *q = &p->queues[i];

		out->rx_frames += atomic_load_explicit(&q->rx_frames, memory_order_relaxed);
		out->rx_bytes += atomic_load_explicit(&q->rx_bytes, memory_order_relaxed);
		out->rx_missed += atomic_load_explicit(&q->rx_dropped, memory_order_relaxed);
		out->tx_frames += atomic_load_explicit(&q->tx_frames, memory_order_relaxed);
		out->tx_bytes += atomic_load_explicit(&q->tx_bytes, memory_order_relaxed);
		out->tx_dropped += atomic_load_explicit(&q->tx_dropped, memory_order_relaxed);
	}
	if (p->kind == DPDK_AF_PACKET)
		out->rx_missed += packet_missed(&p->sockets);
	else if (p->kind == DPDK_CARD && rte_eth_stats_get(p->id, &stats) == 0)
		out->rx_missed += stats.imissed + stats.rx_nombuf;
}

/* ---- groups and UDP ports ---- */

/* The card's list of MACs; if it has none, all multicast; if not that either, everything. */
static bool apply_filter(struct port_dpdk *p)
{
	_Alignas(RTE_CACHE_LINE_SIZE) struct mac_addr macs[FILTER_GROUPS_MAX];
	unsigned n = filter_macs(&p->filter, macs);

	if (p->kind != DPDK_CARD)
		return true; /* the wire of two ends has no filter */
	if (rte_eth_dev_set_mc_addr_list(p->id, (struct rte_ether_addr *)macs, n) == 0 ||
	    rte_eth_allmulticast_enable(p->id) == 0)
		return true;
	return rte_eth_promiscuous_enable(p->id) == 0;
}

static enum wdscast_err dpdk_join(struct port *port, const struct endpoint *group, const struct ip_addr *source)
{
	struct port_dpdk *p = dpdk_of(port);
	enum wdscast_err err;
	bool changed;

	(void)source;
	if (p->membership != NULL)
		return membership_join(p->membership, &group->ip);
	err = filter_join(&p->filter, &group->ip, &changed);
	if (err != WDSCAST_OK || !changed || apply_filter(p))
		return err;
	filter_leave(&p->filter, &group->ip, &changed);
	return WDSCAST_EIO;
}

static void dpdk_leave(struct port *port, const struct endpoint *group, const struct ip_addr *source)
{
	struct port_dpdk *p = dpdk_of(port);
	bool changed;

	(void)source;
	if (p->membership != NULL) {
		membership_leave(p->membership, &group->ip);
		return;
	}
	filter_leave(&p->filter, &group->ip, &changed);
	if (changed)
		apply_filter(p);
}

static enum wdscast_err dpdk_reserve(struct port *port, struct endpoint *local)
{
	struct port_dpdk *p = dpdk_of(port);

	return p->membership != NULL ? membership_reserve(p->membership, local) : filter_reserve(&p->filter, local);
}

static void dpdk_unreserve(struct port *port, const struct endpoint *local)
{
	struct port_dpdk *p = dpdk_of(port);

	if (p->membership != NULL)
		membership_unreserve(p->membership, local);
	else
		filter_unreserve(&p->filter, local);
}

/* ---- memif: its peer comes and goes ---- */

/*
 * The driver is stopped and started in EAL's interrupt thread, where its own handlers run: so never beside
 * one. And in two steps: what that thread has fetched together with the first, perhaps an event of the
 * descriptor that the stop closes, must be over before the start can open another of the same number.
 */
static void stop_in_turn(void *arg)
{
	struct port_dpdk *p = arg;

	rte_eth_dev_stop(p->id);
	p->started = false;
	atomic_store_explicit(&p->settled, true, memory_order_release);
}

static void start_in_turn(void *arg)
{
	struct port_dpdk *p = arg;

	p->started = rte_eth_dev_start(p->id) == 0;
	atomic_store_explicit(&p->settled, true, memory_order_release);
}

static void run_in_turn(struct port_dpdk *p, rte_eal_alarm_callback step)
{
	atomic_store_explicit(&p->settled, false, memory_order_relaxed);
	while (rte_eal_alarm_set(1, step, p) != 0) /* out of memory */
		host_nap(NS_PER_MS);
	while (!atomic_load_explicit(&p->settled, memory_order_acquire))
		host_nap(100 * NS_PER_US);
}

static bool settle(void *arg)
{
	struct port_dpdk *p = arg;

	run_in_turn(p, stop_in_turn);
	run_in_turn(p, start_in_turn);
	return p->started;
}

/* ---- opening and closing ---- */

static void free_waiting(struct port_dpdk *p)
{
	for (uint16_t i = 0; i < QUEUES_MAX; i++) {
		struct queue *q = &p->queues[i];

		if (q->count > 0)
			rte_pktmbuf_free_bulk(q->waiting + q->first, q->count);
		q->count = 0;
	}
}

static void release(struct membership *membership, struct memif *memif)
{
	if (memif != NULL)
		memif_close(memif);
	if (membership != NULL)
		membership_close(membership);
	free(memif);
	free(membership);
}

static void dpdk_close(struct port *port)
{
	struct port_dpdk *p = dpdk_of(port);

	if (p->memif != NULL) {
		memif_stop(p->memif);
		if (p->started)
			run_in_turn(p, stop_in_turn);
	}
	eal_lock();
	free_waiting(p);
	if (p->started)
		rte_eth_dev_stop(p->id);
	if (p->name[0] != '\0')
		rte_eal_hotplug_remove(p->bus, p->name);
	rte_mempool_free(p->pool);
	eal_unlock();
	release(p->membership, p->memif);
	free(p);
}

static const struct port_ops dpdk_ops = {
	.rx = dpdk_rx,
	.free = dpdk_free,
	.tx = dpdk_tx,
	.read_stats = dpdk_read_stats,
	.join = dpdk_join,
	.leave = dpdk_leave,
	.reserve = dpdk_reserve,
	.unreserve = dpdk_unreserve,
	.close = dpdk_close,
};

/* Buffers with room for the largest frame, on the port's node if they can be had there. */
static bool make_pool(struct port_dpdk *p, const struct dpdk_device *d)
{
	uint32_t room = RTE_MAX(d->frame_bytes, (uint32_t)RTE_MBUF_DEFAULT_DATAROOM) + RTE_PKTMBUF_HEADROOM;
	uint32_t rings = d->kind == DPDK_CARD ? d->info.queues * (CARD_RX_RING + CARD_TX_RING) : 0;
	uint32_t n = rings + BUFFERS * d->info.queues;
	int node = eal.arguments.huge ? d->info.node : SOCKET_ID_ANY;
	char name[RTE_MEMPOOL_NAMESIZE];

	if (d->memory_bytes / (room + sizeof(struct rte_mbuf)) > n)
		n = (uint32_t)RTE_MIN(d->memory_bytes / (room + sizeof(struct rte_mbuf)), 1u << 20);
	room = RTE_MIN(room, (uint32_t)UINT16_MAX);
	snprintf(name, sizeof(name), "wdscast%u", eal.opened);
	p->frame_room = room - RTE_PKTMBUF_HEADROOM;
	p->pool = rte_pktmbuf_pool_create(name, n, BUFFER_CACHE, 0, (uint16_t)room, node);
	if (p->pool == NULL && node >= 0)
		p->pool = rte_pktmbuf_pool_create(name, n, BUFFER_CACHE, 0, (uint16_t)room, SOCKET_ID_ANY);
	return p->pool != NULL;
}

static bool attach(struct port_dpdk *p, const struct dpdk_device *d)
{
	char name[sizeof(p->name)];

	snprintf(p->bus, sizeof(p->bus), "%s", d->driver != NULL ? "vdev" : "pci");
	if (d->driver != NULL)
		snprintf(name, sizeof(name), "%s%u", d->driver, eal.opened);
	else
		snprintf(name, sizeof(name), "%s", d->address);
	if (rte_eal_hotplug_add(p->bus, name, d->arguments) != 0)
		return false;
	memcpy(p->name, name, sizeof(name));
	return rte_eth_dev_get_port_by_name(name, &p->id) == 0;
}

static void choose_offloads(struct rte_eth_conf *conf, const struct rte_eth_dev_info *can)
{
	conf->rxmode.offloads = can->rx_offload_capa & (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
	conf->txmode.offloads = can->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;
}

/* The drivers of virtual devices claim 1518 bytes and take more: so they are told no larger MTU. */
static uint32_t mtu_for(const struct dpdk_device *d, const struct rte_eth_dev_info *can)
{
	if (d->kind != DPDK_CARD)
		return RTE_MIN(d->info.mtu, (uint32_t)RTE_ETHER_MTU);
	return RTE_MIN(d->info.mtu, (uint32_t)can->max_mtu);
}

static bool setup_queues(struct port_dpdk *p, uint16_t queues)
{
	uint16_t rx = CARD_RX_RING, tx = CARD_TX_RING;
	int node = rte_eth_dev_socket_id(p->id);

	if (rte_eth_dev_adjust_nb_rx_tx_desc(p->id, &rx, &tx) != 0)
		return false;
	for (uint16_t i = 0; i < queues; i++)
		if (rte_eth_rx_queue_setup(p->id, i, rx, (unsigned)node, NULL, p->pool) != 0 ||
		    rte_eth_tx_queue_setup(p->id, i, tx, (unsigned)node, NULL) != 0)
			return false;
	return true;
}

static bool start(struct port_dpdk *p, const struct dpdk_device *d)
{
	struct rte_eth_conf conf = { 0 };
	struct rte_eth_dev_info can;
	uint16_t queues = d->info.queues;

	if (rte_eth_dev_info_get(p->id, &can) != 0)
		return false;
	choose_offloads(&conf, &can);
	conf.rxmode.mtu = mtu_for(d, &can);
	if (queues > 1 && (can.flow_type_rss_offloads & RTE_ETH_RSS_UDP) != 0) {
		conf.rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
		conf.rx_adv_conf.rss_conf.rss_hf = can.flow_type_rss_offloads & (RTE_ETH_RSS_UDP | RTE_ETH_RSS_IP);
	}
	if (rte_eth_dev_configure(p->id, queues, queues, &conf) != 0 || !setup_queues(p, queues) ||
	    rte_eth_dev_start(p->id) != 0)
		return false;
	p->started = true;
	return true;
}

static void wait_for_link(struct port_dpdk *p)
{
	struct rte_eth_link link = { 0 };

	for (int i = 0; i < LINK_WAIT_MS / 10; i++) {
		if (rte_eth_link_get_nowait(p->id, &link) != 0 || link.link_status)
			return;
		host_nap(10 * NS_PER_MS);
	}
}

static void add_note(struct port_info *info, const char *note)
{
	size_t len = strlen(info->note);

	if (note[0] != '\0')
		snprintf(info->note + len, sizeof(info->note) - len, "%s%s", len > 0 ? "; " : "", note);
}

static void fill_info(struct port_dpdk *p, const struct dpdk_device *d)
{
	struct port_info *info = &p->port.info;
	struct rte_eth_dev_info can;
	struct rte_ether_addr mac;

	*info = d->info;
	if (rte_eth_macaddr_get(p->id, &mac) == 0)
		memcpy(info->mac.b, mac.addr_bytes, sizeof(info->mac.b));
	if (rte_eth_dev_info_get(p->id, &can) == 0)
		snprintf(info->driver, sizeof(info->driver), "%s", can.driver_name);
	if (d->kind == DPDK_CARD)
		info->node = rte_eth_dev_socket_id(p->id);
	add_note(info, eal.arguments.note);
}

static enum wdscast_err open_device(struct port_dpdk *p, const struct dpdk_device *d, char *why)
{
	enum wdscast_err err = need_eal(d->spec, why);

	if (err != WDSCAST_OK)
		return err;
	eal.opened++;
	eal.first_line[0] = '\0';
	if (!make_pool(p, d))
		return port_fail(WDSCAST_ENOMEM, why, "%s: not enough memory for frames%s", d->spec,
		                 eal.arguments.huge ? " in the free huge pages" : "");
	if (!attach(p, d) || !start(p, d))
		return port_fail(WDSCAST_EIO, why, "%s: the driver refuses: %s", d->spec, eal.first_line);
	fill_info(p, d);
	return WDSCAST_OK;
}

static void finish_af_packet(struct port_dpdk *p, const struct dpdk_device *d)
{
	packet_find(&p->sockets, d->ifindex);
	if (!packet_replace(&p->sockets, d->ifindex, &d->ring))
		add_note(&p->port.info, "the kernel reassembles IPv4 fragments, as net.ipv4.ipfrag_high_thresh allows");
	if (!d->info.has_kernel)
		packet_take_all(&p->sockets, d->ifindex);
}

static enum wdscast_err finish(struct port_dpdk *p, const struct dpdk_device *d, char *why)
{
	struct memif_driver driver = { p, settle };

	if (d->kind == DPDK_AF_PACKET)
		finish_af_packet(p, d);
	if (d->kind == DPDK_CARD)
		wait_for_link(p);
	if (d->kind == DPDK_MEMIF && !memif_start(p->memif, &driver))
		return port_fail(WDSCAST_ENOMEM, why, "%s: no thread", d->spec);
	return WDSCAST_OK;
}

enum wdscast_err port_dpdk_open(const struct dpdk_device *d, struct port **out, char *why)
{
	struct port_dpdk *p = aligned_alloc(RTE_CACHE_LINE_SIZE, sizeof(*p));
	enum wdscast_err err;

	if (p == NULL) {
		release(d->membership, d->memif);
		return port_fail(WDSCAST_ENOMEM, why, "%s: no memory", d->spec);
	}
	memset(p, 0, sizeof(*p));
	p->port.ops = &dpdk_ops;
	p->port.info.queues = d->info.queues;
	p->kind = d->kind;
	p->membership = d->membership;
	p->memif = d->memif;
	filter_init(&p->filter, host_random());
	eal_lock();
	err = open_device(p, d, why);
	eal_unlock();
	if (err == WDSCAST_OK)
		err = finish(p, d, why);
	if (err != WDSCAST_OK) {
		dpdk_close(&p->port);
		return err;
	}
	*out = &p->port;
	return WDSCAST_OK;
}
