#include "port/exception.h"

#include <fcntl.h>
#include <linux/if_tun.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/bytes.h"
#include "host/host.h"
#include "port/spec.h"

#define DEVICE "/dev/net/tun"

/* ---- the interface ---- */

static bool make_tap(struct exception *e)
{
	struct ifreq r = { .ifr_flags = IFF_TAP | IFF_NO_PI };

	e->fd = open(DEVICE, O_RDWR | O_NONBLOCK | O_CLOEXEC);
	snprintf(r.ifr_name, sizeof(r.ifr_name), "wds%%d"); /* the kernel finds the number */
	if (e->fd < 0 || ioctl(e->fd, TUNSETIFF, &r) != 0)
		return false;
	memcpy(e->name, r.ifr_name, sizeof(e->name));
	e->ifindex = if_nametoindex(e->name);
	return e->ifindex != 0;
}

static struct ifreq request_for(const struct exception *e)
{
	struct ifreq r = { 0 };

	snprintf(r.ifr_name, sizeof(r.ifr_name), "%s", e->name);
	return r;
}

static bool set_link(const struct exception *e, const struct port_info *info)
{
	struct ifreq mac = request_for(e), mtu = request_for(e), flags = request_for(e);
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	mac.ifr_hwaddr.sa_family = ARPHRD_ETHER;
	memcpy(mac.ifr_hwaddr.sa_data, info->mac.b, sizeof(info->mac.b));
	mtu.ifr_mtu = (int)info->mtu;
	flags.ifr_flags = IFF_UP | IFF_RUNNING | IFF_BROADCAST | IFF_MULTICAST;
	ok = fd >= 0 && ioctl(fd, SIOCSIFHWADDR, &mac) == 0 && ioctl(fd, SIOCSIFMTU, &mtu) == 0 &&
	     ioctl(fd, SIOCSIFFLAGS, &flags) == 0;
	if (fd >= 0)
		close(fd);
	return ok;
}

static bool add_addresses(const struct exception *e, const struct port_info *info)
{
	return (info->ip4.len == 0 || host_add_address(e->ifindex, &info->ip4, info->prefix4)) &&
	       (info->ip6.len == 0 || host_add_address(e->ifindex, &info->ip6, info->prefix6));
}

struct exception *exception_open(const struct port_info *info, const char *spec, enum wdscast_err *err, char *why)
{
	struct exception *e = calloc(1, sizeof(*e));

	if (e == NULL)
		*err = port_fail(WDSCAST_ENOMEM, why, "%s: no memory", spec);
	else if (!make_tap(e))
		*err = port_fail(WDSCAST_EPERM, why, "%s: no tap: needs " DEVICE " (modprobe tun), and root or CAP_NET_ADMIN",
		                 spec);
	else if (!set_link(e, info) || !add_addresses(e, info))
		*err = port_fail(WDSCAST_EIO, why, "%s: the tap %s does not take the card's MAC or our address", spec, e->name);
	else
		return e;
	exception_close(e);
	return NULL;
}

void exception_close(struct exception *e)
{
	if (e == NULL)
		return;
	if (e->fd >= 0)
		close(e->fd); /* and with it the interface goes */
	free(e);
}

/* ---- what is ours ---- */

/* All of an IPv4 endpoint; of an IPv6 one a hash, whose accidents are rarer than those of the wire. Never 0. */
static uint64_t key_of(const uint8_t *ip, unsigned ip_len, uint16_t port)
{
	uint64_t high, low;

	if (ip_len == 4)
		return 1ull << 63 | (uint64_t)be32_get(*(const be32 *)ip) << 16 | port;
	high = be64_get(*(const be64 *)ip);
	low = be64_get(*(const be64 *)(ip + 8));
	return ((high * 0x9e3779b97f4a7c15 ^ low) * 0xbf58476d1ce4e5b9 + port * 0x94d049bb133111ebull) | 1;
}

static struct exception_use *find_use(struct exception *e, const struct endpoint *to)
{
	for (unsigned i = 0; i < EXCEPTION_DESTINATIONS_MAX; i++)
		if (e->uses[i].users > 0 && endpoint_equal(&e->uses[i].to, to))
			return &e->uses[i];
	return NULL;
}

static bool add_use(struct exception *e, const struct endpoint *to)
{
	struct exception_use *use = find_use(e, to);
	uint32_t i = 0;

	if (use != NULL) {
		use->users++;
		return true;
	}
	while (i < EXCEPTION_DESTINATIONS_MAX && e->uses[i].users > 0)
		i++;
	if (i == EXCEPTION_DESTINATIONS_MAX)
		return false;
	e->uses[i] = (struct exception_use){ *to, 1 };
	atomic_store_explicit(&e->keys[i], key_of(to->ip.b, to->ip.len, to->port), memory_order_relaxed);
	if (i >= atomic_load_explicit(&e->key_count, memory_order_relaxed))
		atomic_store_explicit(&e->key_count, i + 1, memory_order_relaxed);
	return true;
}

static void remove_use(struct exception *e, const struct endpoint *to)
{
	struct exception_use *use = find_use(e, to);

	if (use != NULL && --use->users == 0)
		atomic_store_explicit(&e->keys[use - e->uses], 0, memory_order_relaxed);
}

bool exception_let_in(struct exception *e, const struct endpoint *to)
{
	struct endpoint fragments = { .ip = to->ip };

	if (!add_use(e, to))
		return false;
	if (!ip_is_multicast(&to->ip) || to->port == 0 || add_use(e, &fragments))
		return true;
	remove_use(e, to);
	return false;
}

void exception_shut_out(struct exception *e, const struct endpoint *to)
{
	remove_use(e, to);
	if (ip_is_multicast(&to->ip) && to->port != 0)
		remove_use(e, &(struct endpoint){ .ip = to->ip });
}

static bool has_key(const struct exception *e, uint64_t key)
{
	uint32_t n = atomic_load_explicit(&e->key_count, memory_order_relaxed);

	for (uint32_t i = 0; i < n; i++)
		if (atomic_load_explicit(&e->keys[i], memory_order_relaxed) == key)
			return true;
	return false;
}

/* ---- frames ---- */

enum whose { OURS, KERNELS, BOTH };

enum {
	ETHERNET_BYTES = 14,
	ETHERNET_TYPE = 12,
	TYPE_IP4 = 0x0800,
	TYPE_ARP = 0x0806,
	TYPE_IP6 = 0x86dd,
	IP4_BYTES = 20,
	IP4_PART = 0x3fff, /* of the fragment field: more follow, or some went before */
	IP6_BYTES = 40,
	IP6_PART = 0xfff9,
	EXTENSION_BYTES = 8, /* the least, and what their lengths count in */
	EXTENSIONS_MAX = 8,
	UDP_BYTES = 8,
	NEXT_HOP_BY_HOP = 0,
	NEXT_UDP = 17,
	NEXT_ROUTING = 43,
	NEXT_FRAGMENT = 44,
	NEXT_ICMPV6 = 58,
	NEXT_DESTINATION = 60,
};

/*
 * The destination's port; part: of a datagram in fragments, of which the first alone has it. Port 0, which stands for
 * these, is nobody's.
 */
static enum whose whose_udp(const struct exception *e, struct reader *r, const uint8_t *ip, unsigned ip_len, bool part)
{
	const uint8_t *udp = part ? NULL : reader_take(r, UDP_BYTES);
	uint16_t port = udp == NULL ? 0 : be16_get(*(const be16 *)(udp + 2));

	if (!part && port == 0)
		return KERNELS;
	return has_key(e, key_of(ip, ip_len, port)) ? OURS : KERNELS;
}

static enum whose whose_ip4(const struct exception *e, struct reader *r)
{
	const uint8_t *ip = reader_take(r, IP4_BYTES);
	unsigned options;

	if (ip == NULL || ip[0] >> 4 != 4 || (ip[0] & 15) < 5 || ip[9] != NEXT_UDP)
		return KERNELS;
	options = ((ip[0] & 15u) - 5) * 4;
	if (options > 0 && reader_take(r, options) == NULL)
		return KERNELS;
	return whose_udp(e, r, ip + 16, 4, (be16_get(*(const be16 *)(ip + 6)) & IP4_PART) != 0);
}

/* The extension header that is named by next; false: it is cut off, or none to be skipped. */
static bool skip_extension(struct reader *r, uint8_t *next, bool *part)
{
	uint8_t type = *next;
	const uint8_t *h;

	if (type != NEXT_HOP_BY_HOP && type != NEXT_ROUTING && type != NEXT_DESTINATION && type != NEXT_FRAGMENT)
		return false;
	h = reader_take(r, EXTENSION_BYTES);
	if (h == NULL)
		return false;
	*next = h[0];
	if (type == NEXT_FRAGMENT)
		*part = (be16_get(*(const be16 *)(h + 2)) & IP6_PART) != 0;
	else if (h[1] > 0)
		return reader_take(r, (size_t)h[1] * EXTENSION_BYTES) != NULL;
	return true;
}

static enum whose whose_ip6(const struct exception *e, struct reader *r)
{
	const uint8_t *ip = reader_take(r, IP6_BYTES);
	bool part = false;
	uint8_t next;

	if (ip == NULL || ip[0] >> 4 != 6)
		return KERNELS;
	next = ip[6];
	if (next == NEXT_ICMPV6)
		return BOTH;
	for (unsigned i = 0; i < EXTENSIONS_MAX && next != NEXT_UDP && !part; i++)
		if (!skip_extension(r, &next, &part))
			return KERNELS;
	return next == NEXT_UDP ? whose_udp(e, r, ip + 24, 16, part) : KERNELS;
}

static enum whose whose(const struct exception *e, const uint8_t *frame, uint32_t len)
{
	struct reader r = { frame, frame + len };

	if (reader_take(&r, ETHERNET_BYTES) == NULL)
		return KERNELS;
	switch (be16_get(*(const be16 *)(frame + ETHERNET_TYPE))) {
	case TYPE_ARP:
		return BOTH;
	case TYPE_IP4:
		return whose_ip4(e, &r);
	case TYPE_IP6:
		return whose_ip6(e, &r);
	}
	return KERNELS;
}

static void count(_Atomic uint64_t *counter)
{
	atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

bool exception_take(struct exception *e, const uint8_t *frame, uint32_t len)
{
	enum whose to = whose(e, frame, len);

	if (to == OURS)
		return false;
	count(write(e->fd, frame, len) == (ssize_t)len ? &e->to_kernel : &e->dropped);
	return to == KERNELS;
}

uint32_t exception_read(struct exception *e, uint8_t *frame, uint32_t room)
{
	ssize_t n = read(e->fd, frame, room);

	if (n <= 0)
		return 0;
	count(&e->from_kernel);
	return (uint32_t)n;
}
