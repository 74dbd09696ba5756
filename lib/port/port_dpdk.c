/* Devices: how they open and close, and the control side's calls. */
#include "port/port_dpdk.h"

#include <net/if.h>
#include <rte_alarm.h>
#include <rte_dev.h>
#include <stdio.h>
#include <unistd.h>

#include "port/port_dpdk_inside.h"
#include "port/veth.h"

enum {
	CARD_RX_RING = 4096,
	CARD_TX_RING = 1024,
	XDP_RING = 2048, /* the driver's number, for each way */
	/* Beside what a card's rings hold: bursts, frames in the worker's hands, and the caches of its thread. */
	BUFFERS = 1024,
	BUFFER_CACHE = 128,
	LINK_WAIT_MS = 5000,
};

/* ---- groups and UDP ports ---- */

/* The card's list of MACs; when it has no room, all multicast. */
static bool apply_filter(struct port_dpdk *p)
{
	_Alignas(RTE_CACHE_LINE_SIZE) struct mac_addr macs[FILTER_GROUPS_MAX];
	unsigned n = filter_macs(&p->filter, macs);

	if (p->kind != DPDK_CARD || p->takes_all)
		return true; /* the wire of two ends has no filter */
	return rte_eth_dev_set_mc_addr_list(p->id, (struct rte_ether_addr *)macs, n) == 0 ||
	       rte_eth_allmulticast_enable(p->id) == 0;
}

static enum wdscast_err filter_in(struct port_dpdk *p, const struct ip_addr *group)
{
	enum wdscast_err err;
	bool changed;

	err = filter_join(&p->filter, group, &changed);
	if (err != WDSCAST_OK || !changed || apply_filter(p))
		return err;
	filter_leave(&p->filter, group, &changed);
	return WDSCAST_EIO;
}

/* From what the kernel would else get. */
static enum wdscast_err let_in(struct port_dpdk *p, const struct endpoint *to)
{
	if (p->xdp != NULL)
		return xdp_let_in(p->xdp, to);
	return p->exception == NULL || exception_let_in(p->exception, to) ? WDSCAST_OK : WDSCAST_ENOMEM;
}

static void shut_out(struct port_dpdk *p, const struct endpoint *to)
{
	if (p->xdp != NULL)
		xdp_shut_out(p->xdp, to);
	if (p->exception != NULL)
		exception_shut_out(p->exception, to);
}

static enum wdscast_err dpdk_join(struct port *port, const struct endpoint *group, const struct ip_addr *source)
{
	struct port_dpdk *p = dpdk_of(port);
	enum wdscast_err err;

	(void)source;
	if (p->membership == NULL)
		return filter_in(p, &group->ip);
	err = membership_join(p->membership, &group->ip);
	if (err != WDSCAST_OK)
		return err;
	err = let_in(p, group);
	if (err != WDSCAST_OK)
		membership_leave(p->membership, &group->ip);
	return err;
}

static void dpdk_leave(struct port *port, const struct endpoint *group, const struct ip_addr *source)
{
	struct port_dpdk *p = dpdk_of(port);
	bool changed;

	(void)source;
	shut_out(p, group);
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
	enum wdscast_err err;

	if (p->membership == NULL)
		return filter_reserve(&p->filter, local);
	err = membership_reserve(p->membership, local);
	if (err != WDSCAST_OK)
		return err;
	err = let_in(p, local);
	if (err != WDSCAST_OK)
		membership_unreserve(p->membership, local);
	return err;
}

static void dpdk_unreserve(struct port *port, const struct endpoint *local)
{
	struct port_dpdk *p = dpdk_of(port);

	shut_out(p, local);
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

static unsigned opened; /* devices ever, for their names; under the lock */

static void release(struct membership *membership, struct memif *memif, struct xdp *xdp)
{
	if (memif != NULL)
		memif_close(memif);
	if (membership != NULL)
		membership_close(membership);
	xdp_free(xdp);
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
	dpdk_lock();
	dpdk_free_waiting(p);
	if (p->started)
		rte_eth_dev_stop(p->id);
	if (p->name[0] != '\0')
		rte_eal_hotplug_remove(p->bus, p->name);
	rte_mempool_free(p->pool);
	dpdk_unlock();
	if (p->wakes >= 0)
		close(p->wakes);
	overheard_close(&p->overheard);
	exception_close(p->exception);
	release(p->membership, p->memif, p->xdp);
	if (p->parted >= 0)
		close(p->parted);
	free(p);
}

/* The rings of af_packet and af_xdp belong to descriptors that can be waited for. */
static int dpdk_wait_fd(struct port *port, uint16_t queue)
{
	struct port_dpdk *p = dpdk_of(port);

	if (p->kind == DPDK_AF_XDP)
		return p->wakes;
	return p->kind == DPDK_AF_PACKET && queue < p->sockets.count ? p->sockets.fd[queue] : -1;
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
	.wait_fd = dpdk_wait_fd,
};

static uint32_t frames_in_rings(const struct dpdk_device *d)
{
	if (d->kind == DPDK_CARD) /* twice, for vmxnet3 fills two receive rings a queue */
		return d->info.queues * (2 * CARD_RX_RING + CARD_TX_RING);
	return d->kind == DPDK_AF_XDP ? d->device_queues * 2 * XDP_RING : 0;
}

/* Buffers with room for the largest frame, on the port's node if they can be had there. */
static bool make_pool(struct port_dpdk *p, const struct dpdk_device *d)
{
	uint32_t room = RTE_MAX(d->frame_bytes, (uint32_t)RTE_MBUF_DEFAULT_DATAROOM) + RTE_PKTMBUF_HEADROOM;
	uint32_t n = frames_in_rings(d) + (BUFFERS + PORT_BURST * DPDK_PIECES) * d->info.queues;
	int node = dpdk_arguments()->huge ? d->info.node : SOCKET_ID_ANY;
	char name[RTE_MEMPOOL_NAMESIZE];

	if (d->memory_bytes / (room + sizeof(struct rte_mbuf)) > n)
		n = (uint32_t)RTE_MIN(d->memory_bytes / (room + sizeof(struct rte_mbuf)), 1u << 20);
	/* Of buffers that fit its slots, memif's driver sends each piece in a slot of its own. */
	room = RTE_MIN(room + (d->kind == DPDK_MEMIF ? RTE_CACHE_LINE_SIZE : 0), (uint32_t)UINT16_MAX);
	snprintf(name, sizeof(name), "wdscast%u", opened);
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
		snprintf(name, sizeof(name), "%s%u", d->driver, opened);
	else
		snprintf(name, sizeof(name), "%s", d->address);
	if (rte_eal_hotplug_add(p->bus, name, d->arguments) != 0)
		return false;
	memcpy(p->name, name, sizeof(name));
	return rte_eth_dev_get_port_by_name(name, &p->id) == 0;
}

/* Which drivers copy a frame while they take it is known of these; cards read it later. */
static bool may_take_pieces(const struct dpdk_device *d, const struct rte_eth_dev_info *can)
{
	return (d->kind == DPDK_MEMIF || d->kind == DPDK_AF_PACKET) &&
	       (can->tx_offload_capa & RTE_ETH_TX_OFFLOAD_MULTI_SEGS) != 0;
}

static bool prepare_pieces(struct port_dpdk *p, uint16_t queues)
{
	for (uint16_t i = 0; i < queues; i++)
		if (rte_pktmbuf_alloc_bulk(p->pool, p->queues[i].pieces[0], PORT_BURST * DPDK_PIECES) != 0)
			return false;
	return true;
}

static void choose_offloads(const struct port_dpdk *p, struct rte_eth_conf *conf, const struct rte_eth_dev_info *can)
{
	uint64_t wanted = p->takes_pieces ? RTE_ETH_TX_OFFLOAD_MULTI_SEGS : RTE_ETH_TX_OFFLOAD_MBUF_FAST_FREE;

	conf->rxmode.offloads = can->rx_offload_capa & (RTE_ETH_RX_OFFLOAD_IPV4_CKSUM | RTE_ETH_RX_OFFLOAD_UDP_CKSUM);
	conf->txmode.offloads = can->tx_offload_capa & wanted;
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
	uint16_t queues = p->device_queues;

	if (rte_eth_dev_info_get(p->id, &can) != 0)
		return false;
	if (d->kind == DPDK_CARD)
		p->device_queues = queues = RTE_MIN(queues, RTE_MIN(can.max_rx_queues, can.max_tx_queues));
	p->takes_pieces = may_take_pieces(d, &can);
	if (p->takes_pieces && !prepare_pieces(p, d->info.queues))
		return false;
	choose_offloads(p, &conf, &can);
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
	if (d->kind == DPDK_CARD) {
		info->node = rte_eth_dev_socket_id(p->id);
		info->queues = p->device_queues; /* it may have fewer than were asked for */
	}
	add_note(info, dpdk_arguments()->note);
}

static enum wdscast_err open_device(struct port_dpdk *p, const struct dpdk_device *d, char *why)
{
	enum wdscast_err err;
	bool started;

	dpdk_load_driver(d->driver);
	err = dpdk_start(d->spec, why);
	if (err != WDSCAST_OK)
		return err;
	opened++;
	dpdk_clear_error();
	if (!make_pool(p, d))
		return port_fail(WDSCAST_ENOMEM, why, "%s: not enough memory for frames%s", d->spec,
		                 dpdk_arguments()->huge ? " in the free huge pages" : "");
	xdp_before_driver(p->xdp);
	started = attach(p, d) && start(p, d);
	xdp_after_driver(p->xdp);
	if (!started)
		return port_fail(WDSCAST_EIO, why, "%s: the driver refuses: %s", d->spec, dpdk_error());
	fill_info(p, d);
	return WDSCAST_OK;
}

/* Where it may not be done, link_datagram() counts what comes in trains, and wdsget says what helps. */
static void part_trains(struct port_dpdk *p, const struct dpdk_device *d)
{
	char interface[IF_NAMESIZE];

	if (if_indextoname(d->ifindex, interface) != NULL && veth_is(interface))
		p->parted = veth_part_trains(d->ifindex);
}

static void finish_af_packet(struct port_dpdk *p, const struct dpdk_device *d)
{
	packet_find(&p->sockets, d->ifindex, &d->ring);
	p->frame_room = RTE_MIN(p->frame_room, packet_largest(&d->ring));
	if (!packet_replace(&p->sockets, d->ifindex))
		add_note(&p->port.info, "the kernel reassembles IPv4 fragments, as net.ipv4.ipfrag_high_thresh allows");
	part_trains(p, d);
	if (!d->info.has_kernel)
		packet_take_all(&p->sockets, d->ifindex);
}

static enum wdscast_err finish_xdp(struct port_dpdk *p, const struct dpdk_device *d, char *why)
{
	const char *mode = xdp_find_maps(p->xdp, &p->port.info.zero_copy);

	if (mode == NULL)
		return port_fail(WDSCAST_EPERM, why, "%s: the XDP program's maps are out of reach", d->spec);
	if (!overheard_open(&p->overheard, d->ifindex))
		return port_fail(WDSCAST_EIO, why, "%s: no packet socket beside it", d->spec);
	if (p->port.info.queues == 1)
		p->wakes = xdp_wait_fd(p->xdp, p->overheard.fd);
	add_note(&p->port.info, mode);
	return WDSCAST_OK;
}

/* A card that has no list of groups is let everything in from the first: so that it can be said. */
static enum wdscast_err open_filter(struct port_dpdk *p, const struct dpdk_device *d, char *why)
{
	struct rte_ether_addr none;

	if (!d->tap && rte_eth_dev_set_mc_addr_list(p->id, &none, 0) == 0)
		return WDSCAST_OK;
	p->takes_all = true;
	if (rte_eth_allmulticast_enable(p->id) == 0) {
		if (!d->tap) /* which is for the kernel's groups too */
			add_note(&p->port.info, "all multicast is let in: the card has no list of groups");
		return WDSCAST_OK;
	}
	if (rte_eth_promiscuous_enable(p->id) != 0)
		return port_fail(WDSCAST_EIO, why, "%s: the card lets no multicast in", d->spec);
	add_note(&p->port.info, "the card is promiscuous: it has no filter for multicast");
	return WDSCAST_OK;
}

static enum wdscast_err open_tap(struct port_dpdk *p, const struct dpdk_device *d, char *why)
{
	char note[64];
	enum wdscast_err err;

	p->membership = malloc(sizeof(*p->membership));
	if (p->membership == NULL)
		return port_fail(WDSCAST_ENOMEM, why, "%s: no memory", d->spec);
	membership_init(p->membership, 0);
	p->exception = exception_open(&p->port.info, d->spec, &err, why);
	if (p->exception == NULL)
		return err;
	membership_init(p->membership, p->exception->ifindex);
	p->port.info.has_kernel = true;
	snprintf(note, sizeof(note), "the kernel's network goes on by the tap %s", p->exception->name);
	add_note(&p->port.info, note);
	return WDSCAST_OK;
}

static enum wdscast_err finish(struct port_dpdk *p, const struct dpdk_device *d, char *why)
{
	struct memif_driver driver = { p, settle };
	enum wdscast_err err = WDSCAST_OK;

	if (d->kind == DPDK_AF_PACKET)
		finish_af_packet(p, d);
	if (d->kind == DPDK_AF_XDP)
		return finish_xdp(p, d, why);
	if (d->kind == DPDK_CARD)
		err = open_filter(p, d, why);
	if (err == WDSCAST_OK && d->tap)
		err = open_tap(p, d, why);
	if (err != WDSCAST_OK)
		return err;
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
		release(d->membership, d->memif, d->xdp);
		return port_fail(WDSCAST_ENOMEM, why, "%s: no memory", d->spec);
	}
	memset(p, 0, sizeof(*p));
	p->port.ops = &dpdk_ops;
	p->port.info.queues = d->info.queues;
	p->kind = d->kind;
	p->membership = d->membership;
	p->memif = d->memif;
	p->xdp = d->xdp;
	p->overheard.fd = p->wakes = -1;
	p->device_queues = d->device_queues > 0 ? d->device_queues : d->info.queues;
	p->parted = -1;
	filter_init(&p->filter, host_random());
	dpdk_lock();
	err = open_device(p, d, why);
	dpdk_unlock();
	if (err == WDSCAST_OK)
		err = finish(p, d, why);
	if (err != WDSCAST_OK) {
		dpdk_close(&p->port);
		return err;
	}
	*out = &p->port;
	return WDSCAST_OK;
}
