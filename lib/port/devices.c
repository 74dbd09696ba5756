#include "port/devices.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "port/port_dpdk.h"

enum {
	MTU = 1500,
	LINK_BYTES = 14 + 4,  /* Ethernet and a tag */
	XDP_HEADROOM = 256,   /* the kernel's, before each frame */
	XDP_PATIENCE_NS = 1000 * NS_PER_MS,
	RING_FRAMES = 4096,   /* of af_packet: 5 ms at 10 Gb/s */
	RING_FRAMES_LEAST = 256,
	INTERFACES_MAX = 256,
};

static void init_device(struct dpdk_device *d, const struct port_config *config, enum dpdk_kind kind)
{
	memset(d, 0, sizeof(*d));
	d->kind = kind;
	d->spec = config->spec;
	d->memory_bytes = config->memory_bytes;
	d->tap = config->tap && (kind == DPDK_CARD || kind == DPDK_MEMIF);
	d->info.delivers = PORT_FRAMES;
	d->info.node = -1;
	d->info.mtu = MTU;
	d->info.queues = config->queues != 0 ? config->queues : 1;
	snprintf(d->info.spec, sizeof(d->info.spec), "%s", config->spec);
}

static void take_config(struct port_info *info, const struct port_config *config)
{
	if (config->ip4.len != 0) {
		info->ip4 = config->ip4;
		info->prefix4 = config->prefix4 != 0 ? config->prefix4 : 24;
	}
	if (config->ip6.len != 0) {
		info->ip6 = config->ip6;
		info->prefix6 = config->prefix6 != 0 ? config->prefix6 : 64;
	}
	if (config->gateway4.len != 0)
		info->gateway4 = config->gateway4;
	if (config->gateway6.len != 0)
		info->gateway6 = config->gateway6;
}

static void take_interface(struct port_info *info, const struct host_interface *h)
{
	info->mac = h->mac;
	info->mtu = h->mtu;
	info->node = h->node;
	info->ip4 = h->ip4;
	info->ip6 = h->ip6;
	info->gateway4 = h->gateway4;
	info->gateway6 = h->gateway6;
	info->prefix4 = h->prefix4;
	info->prefix6 = h->prefix6;
}

/* ---- af_packet ---- */

/* The interface that the kernel itself has for a VLAN. */
static bool find_vlan(const struct host_interface *parent, uint16_t vlan, struct host_interface *out)
{
	struct host_interface *all = calloc(INTERFACES_MAX, sizeof(*all));
	unsigned n = all != NULL ? host_interfaces(all, INTERFACES_MAX) : 0;
	bool found = false;

	for (unsigned i = 0; i < n && !found; i++) {
		found = all[i].vlan == vlan && all[i].parent == parent->index && all[i].up;
		if (found)
			*out = all[i];
	}
	free(all);
	return found;
}

static enum wdscast_err check_interface(const char *spec, const char *name, struct host_interface *h, char *why)
{
	const struct packet_ring any = { 0 };
	struct packet_sockets ours;

	if (!host_interface(name, h))
		return port_fail(WDSCAST_ENODEV, why, "%s: there is no interface \"%s\"", spec, name);
	if (!h->up)
		return port_fail(WDSCAST_ENODEV, why, "%s: %s is down (ip link set %s up)", spec, name, name);
	if (!packet_allowed())
		return port_fail(WDSCAST_EPERM, why, "%s: needs root, or CAP_NET_RAW and CAP_NET_ADMIN", spec);
	packet_find(&ours, h->index, &any);
	if (ours.count > 0) /* the driver's sockets would share the frames between them */
		return port_fail(WDSCAST_EBUSY, why, "%s: %s is open in this program already", spec, name);
	return WDSCAST_OK;
}

static enum wdscast_err check_address(const char *spec, const struct ip_addr *ip, const char *name, char *why)
{
	char text[IP_ADDR_TEXT];

	if (ip->len == 0 || membership_has_address(ip))
		return WDSCAST_OK;
	return port_fail(WDSCAST_EINVAL, why, "%s: %s is no address of this machine (ip address add %s dev %s)", spec,
	                 ip_text(ip, text), text, name);
}

/* Who has the addresses and joins the groups: the interface, its VLAN's, or, for want of that, we. */
static enum wdscast_err choose_owner(struct dpdk_device *d, const struct spec *spec, const struct port_config *config,
                                     const struct host_interface *h, struct host_interface *owner, char *why)
{
	enum wdscast_err err;

	*owner = *h;
	d->info.has_kernel = spec->vlan == 0 || find_vlan(h, spec->vlan, owner);
	take_interface(&d->info, owner);
	d->info.vlan = spec->vlan;
	if (!d->info.has_kernel) {
		memset(&d->info.ip4, 0, sizeof(d->info.ip4));
		memset(&d->info.ip6, 0, sizeof(d->info.ip6));
		memset(&d->info.gateway4, 0, sizeof(d->info.gateway4));
		memset(&d->info.gateway6, 0, sizeof(d->info.gateway6));
		if (config->ip4.len == 0 && config->ip6.len == 0)
			return port_fail(WDSCAST_EINVAL, why, "%s: %s has no interface for VLAN %u, so an address must be "
			                 "given", d->spec, spec->name, (unsigned)spec->vlan);
		snprintf(d->info.note, sizeof(d->info.note), "%s is promiscuous: it has no interface for VLAN %u",
		         spec->name, (unsigned)spec->vlan);
	} else {
		err = check_address(d->spec, &config->ip4, owner->name, why);
		if (err == WDSCAST_OK)
			err = check_address(d->spec, &config->ip6, owner->name, why);
		if (err != WDSCAST_OK)
			return err;
	}
	take_config(&d->info, config);
	return WDSCAST_OK;
}

static enum wdscast_err open_ring(struct dpdk_device *d, const struct spec *spec, const struct host_interface *owner,
                                  unsigned frames, struct port **out, char *why)
{
	struct packet_ring *ring = &d->ring;

	*ring = packet_ring_for(d->info.mtu, frames);
	d->membership = NULL;
	if (d->info.has_kernel) {
		d->membership = malloc(sizeof(*d->membership));
		if (d->membership == NULL)
			return port_fail(WDSCAST_ENOMEM, why, "%s: no memory", d->spec);
		membership_init(d->membership, owner->index);
	}
	d->frame_bytes = ring->frame_bytes;
	/* The queueing discipline is not bypassed: a shaper on the interface is there for a reason. */
	snprintf(d->arguments, sizeof(d->arguments), "iface=%s,qpairs=%u,blocksz=%u,framesz=%u,framecnt=%u,qdisc_bypass=0",
	         spec->name, (unsigned)d->info.queues, ring->block_bytes, ring->frame_bytes, ring->frame_count);
	return port_dpdk_open(d, out, why);
}

enum wdscast_err device_open_af_packet(const struct spec *spec, const struct port_config *config, const char *note,
                                       struct port **out, char *why)
{
	struct host_interface h, owner;
	struct dpdk_device d;
	enum wdscast_err err;

	init_device(&d, config, DPDK_AF_PACKET);
	d.driver = "net_af_packet";
	snprintf(d.info.note, sizeof(d.info.note), "%s", note);
	if (d.info.queues > PACKET_QUEUES_MAX)
		return port_fail(WDSCAST_EINVAL, why, "%s: at most %d queues", d.spec, PACKET_QUEUES_MAX);
	err = check_interface(d.spec, spec->name, &h, why);
	if (err == WDSCAST_OK)
		err = choose_owner(&d, spec, config, &h, &owner, why);
	if (err != WDSCAST_OK)
		return err;
	d.ifindex = h.index;
	/* The rings are memory that the kernel cannot swap: with little of it, smaller ones are better than none. */
	err = WDSCAST_EIO;
	for (unsigned frames = RING_FRAMES; err == WDSCAST_EIO && frames >= RING_FRAMES_LEAST; frames /= 4)
		err = open_ring(&d, spec, &owner, frames, out, why);
	return err;
}

/* ---- af_xdp ---- */

/* What must hold before the driver is asked. */
static enum wdscast_err check_xdp(const struct dpdk_device *d, const struct spec *spec, char *why)
{
	if (!d->info.has_kernel)
		return port_fail(WDSCAST_EINVAL, why, "%s: needs the kernel's own interface for VLAN %u (ip link add link %s "
		                 "type vlan id %u)", d->spec, (unsigned)spec->vlan, spec->name, (unsigned)spec->vlan);
	if (d->info.mtu > XDP_MTU_MAX)
		return port_fail(WDSCAST_EINVAL, why, "%s: XDP takes packets of at most %d bytes, the MTU is %u (ip link set "
		                 "%s mtu %d, or use af_packet)", d->spec, XDP_MTU_MAX, d->info.mtu, spec->name, XDP_MTU_MAX);
	return WDSCAST_OK;
}

/* One queue as told, or all: where the card spreads a session's frames over several, a worker reads them all. */
static enum wdscast_err choose_queues(struct dpdk_device *d, const struct spec *spec, unsigned *first, char *why)
{
	unsigned served, all;

	xdp_count_queues(spec->name, &served, &all);
	*first = spec->queue;
	if (spec->one_queue && spec->queue >= all)
		return port_fail(WDSCAST_EINVAL, why, "%s: %s has %u queues, from 0", d->spec, spec->name, all);
	d->device_queues = spec->one_queue ? 1 : (uint16_t)served;
	if (d->info.queues > d->device_queues)
		d->info.queues = d->device_queues;
	if (!spec->one_queue && served < all)
		snprintf(d->info.note, sizeof(d->info.note), "%u of %.15s's %u receive queues are served (ethtool -L %.15s rx "
		         "%u leaves no other)", served, spec->name, all, spec->name, served);
	return WDSCAST_OK;
}

/* Everything that becomes the port's, once more at each try. */
static enum wdscast_err open_xdp(struct dpdk_device *d, const struct spec *spec, const struct host_interface *owner,
                                 struct port **out, char *why)
{
	enum wdscast_err err = WDSCAST_ENOMEM;

	d->membership = malloc(sizeof(*d->membership));
	d->xdp = xdp_new(d->ifindex);
	if (d->membership == NULL || d->xdp == NULL)
		port_fail(err, why, "%s: no memory", d->spec);
	else
		err = xdp_claim(d->xdp, spec->name, d->spec, why);
	if (err != WDSCAST_OK) {
		xdp_free(d->xdp);
		free(d->membership);
		return err;
	}
	membership_init(d->membership, owner->index);
	return port_dpdk_open(d, out, why);
}

/* The kernel frees a queue a while after the socket that had it was closed. */
static enum wdscast_err open_xdp_patiently(struct dpdk_device *d, const struct spec *spec,
                                           const struct host_interface *owner, struct port **out, char *why)
{
	ns_t end = host_now() + XDP_PATIENCE_NS;
	enum wdscast_err err;

	while ((err = open_xdp(d, spec, owner, out, why)) == WDSCAST_EIO && host_now() < end)
		host_nap(20 * NS_PER_MS);
	return err;
}

enum wdscast_err device_open_af_xdp(const struct spec *spec, const struct port_config *config, struct port **out,
                                    char *why)
{
	struct host_interface h, owner;
	unsigned first_queue;
	struct dpdk_device d;
	enum wdscast_err err;
	int object;

	init_device(&d, config, DPDK_AF_XDP);
	d.driver = "net_af_xdp";
	err = check_interface(d.spec, spec->name, &h, why);
	if (err == WDSCAST_OK)
		err = choose_owner(&d, spec, config, &h, &owner, why);
	if (err == WDSCAST_OK)
		err = check_xdp(&d, spec, why);
	if (err == WDSCAST_OK)
		err = choose_queues(&d, spec, &first_queue, why);
	if (err != WDSCAST_OK)
		return err;
	object = xdp_open_object();
	if (object < 0)
		return port_fail(WDSCAST_ENODEV, why, "%s: the XDP program wdscast_xdp.bpf.o is not installed (it is built "
		                 "where there is clang)", d.spec);
	d.ifindex = h.index;
	d.frame_bytes = d.info.mtu + LINK_BYTES + XDP_HEADROOM;
	snprintf(d.arguments, sizeof(d.arguments), "iface=%s,start_queue=%u,queue_count=%u,xdp_prog=/proc/self/fd/%d",
	         spec->name, first_queue, (unsigned)d.device_queues, object);
	err = open_xdp_patiently(&d, spec, &owner, out, why);
	close(object);
	return err;
}

/* ---- memif ---- */

enum wdscast_err device_open_memif(const struct spec *spec, const struct port_config *config, struct port **out,
                                   char *why)
{
	uint8_t last = spec->server ? 1 : 2;
	struct dpdk_device d;
	enum wdscast_err err;

	init_device(&d, config, DPDK_MEMIF);
	d.driver = "net_memif";
	d.info.queues = 1; /* its control channel keeps one worker off the rings, not several */
	d.info.mtu = spec->mtu != 0 ? spec->mtu : MTU;
	d.info.ip4 = ip4_of(169, 254, 77, last);
	d.info.prefix4 = 16;
	d.info.ip6 = (struct ip_addr){ 16, { 0xfd, 0x57, 0x44, 0x53, [15] = last } };
	d.info.prefix6 = 64;
	take_config(&d.info, config);
	d.frame_bytes = d.info.mtu + LINK_BYTES;
	d.memif = aligned_alloc(64, sizeof(*d.memif));
	if (d.memif == NULL)
		return port_fail(WDSCAST_ENOMEM, why, "%s: no memory", d.spec);
	err = memif_open(d.memif, spec->name, spec->server, why);
	if (err != WDSCAST_OK) {
		free(d.memif);
		return err;
	}
	memif_arguments(d.memif, d.info.mtu, d.arguments, sizeof(d.arguments));
	return port_dpdk_open(&d, out, why);
}

/* ---- pcap ---- */

enum wdscast_err device_open_pcap(const struct spec *spec, const struct port_config *config, struct port **out,
                                  char *why)
{
	struct dpdk_device d;

	init_device(&d, config, DPDK_VIRTUAL);
	d.driver = "net_pcap";
	d.info.queues = 1;
	take_config(&d.info, config);
	d.frame_bytes = 65535 / 4;
	d.info.mtu = d.frame_bytes - LINK_BYTES; /* whatever was captured */
	if (access(spec->name, R_OK) != 0)
		return port_fail(errno == EACCES ? WDSCAST_EPERM : WDSCAST_ENODEV, why, "%s: cannot be read: %s", d.spec,
		                 strerror(errno));
	snprintf(d.arguments, sizeof(d.arguments), "rx_pcap=%s", spec->name);
	return port_dpdk_open(&d, out, why);
}

/* ---- pci ---- */

/* The kernel driver that has the card; "" when none has. */
static void pci_kernel_driver(const char *address, char *out, size_t bytes)
{
	char path[96], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/driver", address);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	snprintf(out, bytes, "%s", strrchr(target, '/') != NULL ? strrchr(target, '/') + 1 : "");
}

static enum wdscast_err check_card(const struct dpdk_device *d, char *why)
{
	/* The last three share the card with the kernel. */
	static const char *const usable[] = { "vfio-pci", "uio_pci_generic", "igb_uio", "mlx5_core", "mlx4_core", "mana" };
	char path[96], driver[64];

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", d->address);
	if (access(path, F_OK) != 0)
		return port_fail(WDSCAST_ENODEV, why, "%s: there is no card %s", d->spec, d->address);
	pci_kernel_driver(d->address, driver, sizeof(driver));
	for (size_t i = 0; i < sizeof(usable) / sizeof(usable[0]); i++)
		if (strcmp(driver, usable[i]) == 0)
			return WDSCAST_OK;
	return port_fail(WDSCAST_EBUSY, why, "%s: is bound to %s, not to vfio-pci (drivers-config/nic bind %s)", d->spec,
	                 driver[0] != '\0' ? driver : "no driver", d->address);
}

enum wdscast_err device_open_pci(const struct spec *spec, const struct port_config *config, struct port **out,
                                 char *why)
{
	struct dpdk_device d;
	enum wdscast_err err;

	init_device(&d, config, DPDK_CARD);
	if (!spec_pci_address(spec->name, d.address))
		return port_fail(WDSCAST_EINVAL, why, "%s: \"%s\" is no PCI address such as 0000:01:00.0", d.spec,
		                 spec->name);
	err = check_card(&d, why);
	if (err != WDSCAST_OK)
		return err;
	if (config->ip4.len == 0 && config->ip6.len == 0)
		return port_fail(WDSCAST_EINVAL, why, "%s: a card without the kernel has no address: give it one", d.spec);
	if (!config->tap) /* which is for several workers to have one address */
		d.info.queues = 1;
	if (config->tap && spec->vlan != 0)
		return port_fail(WDSCAST_EINVAL, why, "%s: an exception tap goes with no vlan", d.spec);
	d.info.vlan = spec->vlan;
	d.info.mtu = spec->mtu != 0 ? spec->mtu : MTU;
	take_config(&d.info, config);
	d.frame_bytes = d.info.mtu + LINK_BYTES;
	return port_dpdk_open(&d, out, why);
}
