#include "port/port_kernel.h"

#include <errno.h>
#include <netinet/udp.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

#define RECEIVE_BUFFER (64 << 20) /* what a burst may pile up while the worker does not look */
#define SEND_BUFFER (4 << 20)     /* bounds what a slow link queues: then the burst waits with us */
#define BUSY_POLL_US 50
#define MULTICAST_HOPS 32

static struct port_kernel *kernel_of(struct port *p)
{
	return (struct port_kernel *)p;
}

socklen_t kernel_address(const struct endpoint *e, unsigned ifindex, struct sockaddr_storage *out)
{
	struct sockaddr_in *a4 = (struct sockaddr_in *)out;
	struct sockaddr_in6 *a6 = (struct sockaddr_in6 *)out;

	memset(out, 0, sizeof(*out));
	if (e->ip.len == 4) {
		a4->sin_family = AF_INET;
		a4->sin_port = htons(e->port);
		memcpy(&a4->sin_addr, e->ip.b, 4);
		return sizeof(*a4);
	}
	a6->sin6_family = AF_INET6;
	a6->sin6_port = htons(e->port);
	memcpy(&a6->sin6_addr, e->ip.b, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&a6->sin6_addr) || IN6_IS_ADDR_MULTICAST(&a6->sin6_addr))
		a6->sin6_scope_id = ifindex;
	return sizeof(*a6);
}

void kernel_endpoint(const struct sockaddr_storage *a, struct endpoint *out)
{
	const struct sockaddr_in *a4 = (const struct sockaddr_in *)a;
	const struct sockaddr_in6 *a6 = (const struct sockaddr_in6 *)a;

	memset(out, 0, sizeof(*out));
	if (a->ss_family == AF_INET) {
		out->ip = ip_of_bytes(&a4->sin_addr, 4);
		out->port = ntohs(a4->sin_port);
	} else if (a->ss_family == AF_INET6) {
		out->ip = ip_of_bytes(&a6->sin6_addr, 16);
		out->port = ntohs(a6->sin6_port);
	}
}

struct kernel_socket *kernel_find(struct port_kernel *k, const struct endpoint *local)
{
	for (unsigned i = 0; i < KERNEL_SOCKETS; i++) {
		struct kernel_socket *s = &k->sockets[i];

		/* K2: fd and local are what the control side wrote before KERNEL_LIVE */
		if (atomic_load_explicit(&s->state, memory_order_acquire) == KERNEL_LIVE &&
		    endpoint_equal(&s->local, local))
			return s;
	}
	return NULL;
}

static struct kernel_socket *find_free(struct port_kernel *k)
{
	for (unsigned i = 0; i < KERNEL_SOCKETS; i++) /* K4 */
		if (atomic_load_explicit(&k->sockets[i].state, memory_order_acquire) == KERNEL_FREE)
			return &k->sockets[i];
	return NULL;
}

/* Options that make it faster where they are allowed; none is needed. */
static void speed_up(int fd)
{
	int on = 1, receive = RECEIVE_BUFFER, send = SEND_BUFFER, busy = BUSY_POLL_US;

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &receive, sizeof(receive)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &receive, sizeof(receive));
	if (setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &send, sizeof(send)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &send, sizeof(send));
	setsockopt(fd, SOL_SOCKET, SO_BUSY_POLL, &busy, sizeof(busy));
	setsockopt(fd, SOL_SOCKET, SO_RXQ_OVFL, &on, sizeof(on));
	setsockopt(fd, SOL_UDP, UDP_GRO, &on, sizeof(on));
}

static bool set_multicast_out(struct port_kernel *k, int fd, uint8_t family_len)
{
	int hops = MULTICAST_HOPS, index = (int)k->ifindex;
	struct ip_mreqn out = { .imr_ifindex = index };

	if (family_len == 4)
		return setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) == 0 &&
		       setsockopt(fd, IPPROTO_IP, IP_MULTICAST_TTL, &hops, sizeof(hops)) == 0;
	return setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_IF, &index, sizeof(index)) == 0 &&
	       setsockopt(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS, &hops, sizeof(hops)) == 0;
}

/* Source-specific where the source is known: then the network keeps other senders away. */
static bool join_group(struct port_kernel *k, int fd, const struct endpoint *group, const struct ip_addr *source)
{
	int level = group->ip.len == 4 ? IPPROTO_IP : IPPROTO_IPV6, off = 0;
	struct endpoint any = { group->ip, 0 };

	if (group->ip.len == 4)
		setsockopt(fd, IPPROTO_IP, IP_MULTICAST_ALL, &off, sizeof(off));
	if (source != NULL && source->len == group->ip.len) {
		struct group_source_req r = { .gsr_interface = k->ifindex };
		struct endpoint from = { *source, 0 };

		kernel_address(&any, k->ifindex, &r.gsr_group);
		kernel_address(&from, k->ifindex, &r.gsr_source);
		if (setsockopt(fd, level, MCAST_JOIN_SOURCE_GROUP, &r, sizeof(r)) == 0)
			return true;
	}
	struct group_req r = { .gr_interface = k->ifindex };

	kernel_address(&any, k->ifindex, &r.gr_group);
	return setsockopt(fd, level, MCAST_JOIN_GROUP, &r, sizeof(r)) == 0;
}

/*
 * Who ends a source-specific membership reports BLOCK_OLD_SOURCES (RFC 3376 section 5.1). A switch that snoops for
 * IGMPv2, as Linux' bridges do by default, takes that for one more member, and goes on sending for minutes. So all
 * sources are let in before: what follows is a CHANGE_TO_INCLUDE without sources, which every switch reads as the end.
 */
static void leave_group(struct port_kernel *k, const struct kernel_socket *s)
{
	int level = s->local.ip.len == 4 ? IPPROTO_IP : IPPROTO_IPV6;
	struct endpoint any = { s->local.ip, 0 };
	struct group_filter all = { .gf_interface = k->ifindex, .gf_fmode = MCAST_EXCLUDE };
	struct group_req r = { .gr_interface = k->ifindex };

	kernel_address(&any, k->ifindex, &all.gf_group);
	r.gr_group = all.gf_group;
	if (s->source.len != 0)
		setsockopt(s->fd, level, MCAST_MSFILTER, &all, GROUP_FILTER_SIZE(0));
	setsockopt(s->fd, level, MCAST_LEAVE_GROUP, &r, sizeof(r));
}

static enum wdscast_err error_of(int error)
{
	switch (error) {
	case EADDRINUSE:
		return WDSCAST_EADDRINUSE;
	case EACCES:
	case EPERM:
		return WDSCAST_EPERM;
	case ENOMEM:
	case ENOBUFS:
		return WDSCAST_ENOMEM;
	case EADDRNOTAVAIL:
	case ENODEV:
		return WDSCAST_ENODEV;
	default:
		return WDSCAST_EIO;
	}
}

/* A socket bound to e, which gets its port when it has none. */
static int open_bound(struct port_kernel *k, struct endpoint *e, bool shared)
{
	struct sockaddr_storage a;
	socklen_t len = kernel_address(e, k->ifindex, &a);
	int on = 1, fd = socket(e->ip.len == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return -1;
	if (shared)
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (e->ip.len == 16)
		setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on));
	speed_up(fd);
	if (bind(fd, (struct sockaddr *)&a, len) != 0 || getsockname(fd, (struct sockaddr *)&a, &len) != 0 ||
	    !set_multicast_out(k, fd, e->ip.len)) {
		int error = errno;

		close(fd);
		errno = error;
		return -1;
	}
	struct endpoint bound;

	kernel_endpoint(&a, &bound);
	e->port = bound.port;
	return fd;
}

static enum wdscast_err publish(struct port_kernel *k, struct kernel_socket *s, int fd, const struct endpoint *local,
                                const struct ip_addr *source)
{
	struct epoll_event event = { .events = EPOLLIN, .data.ptr = s };

	s->fd = fd;
	s->local = *local;
	s->source = source != NULL ? *source : (struct ip_addr){ 0, { 0 } };
	s->users = 1;
	s->overflow = 0;
	atomic_store_explicit(&s->state, KERNEL_LIVE, memory_order_release); /* K1 */
	if (epoll_ctl(k->epoll, EPOLL_CTL_ADD, fd, &event) == 0)
		return WDSCAST_OK;
	enum wdscast_err err = error_of(errno);

	atomic_store_explicit(&s->state, KERNEL_FREE, memory_order_release);
	return err;
}

static enum wdscast_err add_socket(struct port_kernel *k, struct endpoint *local, bool group, const struct ip_addr *source)
{
	struct kernel_socket *s = find_free(k);
	enum wdscast_err err;
	int fd;

	if (s == NULL)
		return WDSCAST_ENOMEM;
	fd = open_bound(k, local, group);
	if (fd < 0)
		return error_of(errno);
	if (group && !join_group(k, fd, local, source))
		err = error_of(errno);
	else
		err = publish(k, s, fd, local, source);
	if (err != WDSCAST_OK)
		close(fd);
	return err;
}

static void drop_socket(struct port_kernel *k, const struct endpoint *local)
{
	struct kernel_socket *s = kernel_find(k, local);

	if (s == NULL || --s->users > 0)
		return;
	if (ip_is_multicast(&local->ip))
		leave_group(k, s);
	atomic_store_explicit(&s->state, KERNEL_ENDING, memory_order_release);
	atomic_fetch_add_explicit(&k->ending, 1, memory_order_release);
}

static enum wdscast_err kernel_join(struct port *p, const struct endpoint *group, const struct ip_addr *source)
{
	struct port_kernel *k = kernel_of(p);
	enum wdscast_err err = WDSCAST_OK;
	struct endpoint local = *group;
	struct kernel_socket *s;

	host_lock(k->lock);
	s = kernel_find(k, group);
	if (s != NULL)
		s->users++;
	else
		err = add_socket(k, &local, true, source);
	host_unlock(k->lock);
	return err;
}

static void kernel_leave(struct port *p, const struct endpoint *group, const struct ip_addr *source)
{
	struct port_kernel *k = kernel_of(p);

	(void)source;
	host_lock(k->lock);
	drop_socket(k, group);
	host_unlock(k->lock);
}

static enum wdscast_err kernel_reserve(struct port *p, struct endpoint *local)
{
	struct port_kernel *k = kernel_of(p);
	enum wdscast_err err;

	host_lock(k->lock);
	err = add_socket(k, local, false, NULL);
	host_unlock(k->lock);
	return err;
}

static void kernel_unreserve(struct port *p, const struct endpoint *local)
{
	kernel_leave(p, local, NULL);
}

static void kernel_read_stats(struct port *p, struct port_stats *out)
{
	struct port_kernel *k = kernel_of(p);

	*out = (struct port_stats){
		.rx_frames = atomic_load_explicit(&k->rx_frames, memory_order_relaxed),
		.rx_bytes = atomic_load_explicit(&k->rx_bytes, memory_order_relaxed),
		.rx_missed = atomic_load_explicit(&k->rx_missed, memory_order_relaxed),
		.buffers_used = k->message_count - k->message_next,
		.tx_frames = atomic_load_explicit(&k->tx_frames, memory_order_relaxed),
		.tx_bytes = atomic_load_explicit(&k->tx_bytes, memory_order_relaxed),
		.tx_dropped = atomic_load_explicit(&k->tx_dropped, memory_order_relaxed),
	};
}

static void kernel_close(struct port *p)
{
	struct port_kernel *k = kernel_of(p);

	for (unsigned i = 0; i < KERNEL_SOCKETS; i++)
		if (atomic_load_explicit(&k->sockets[i].state, memory_order_acquire) != KERNEL_FREE)
			close(k->sockets[i].fd);
	if (k->epoll >= 0)
		close(k->epoll);
	host_free(k->buffers, (size_t)KERNEL_MESSAGES * KERNEL_MESSAGE_BYTES);
	host_mutex_free(k->lock);
	free(k);
}

static int kernel_wait_fd(struct port *p, uint16_t queue)
{
	(void)queue;
	return kernel_of(p)->epoll;
}

static const struct port_ops kernel_ops = {
	.rx = kernel_rx,
	.free = kernel_free,
	.tx = kernel_tx,
	.read_stats = kernel_read_stats,
	.join = kernel_join,
	.leave = kernel_leave,
	.reserve = kernel_reserve,
	.unreserve = kernel_unreserve,
	.close = kernel_close,
	.wait_fd = kernel_wait_fd,
};

/* UDP_SEGMENT came with Linux 4.18. */
static bool knows_segments(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), size = 0;
	socklen_t len = sizeof(size);
	bool known = fd >= 0 && getsockopt(fd, SOL_UDP, UDP_SEGMENT, &size, &len) == 0;

	if (fd >= 0)
		close(fd);
	return known;
}

/* How much the kernel grants an unprivileged socket; for the note. */
static bool buffer_is_small(int *granted)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), want = RECEIVE_BUFFER;
	socklen_t len = sizeof(*granted);

	*granted = 0;
	if (fd < 0)
		return false;
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &want, sizeof(want)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &want, sizeof(want));
	getsockopt(fd, SOL_SOCKET, SO_RCVBUF, granted, &len);
	close(fd);
	return *granted < RECEIVE_BUFFER;
}

static bool find_interface(const struct port_config *c, const char *ifname, struct host_interface *out, char *why)
{
	char text[IP_ADDR_TEXT];
	static const struct ip_addr anywhere = { 4, { 192, 0, 2, 1 } }; /* a documentation address: asks for the default route */

	if (ifname != NULL) {
		if (!host_interface(ifname, out)) {
			snprintf(why, PORT_WHY_BYTES, "there is no interface %s", ifname);
			return false;
		}
		return true;
	}
	if (host_route(c->peer.len != 0 ? &c->peer : &anywhere, out))
		return true;
	snprintf(why, PORT_WHY_BYTES, "no interface leads to %s",
	         c->peer.len != 0 ? ip_text(&c->peer, text) : "the network: name one, as in kernel:eth0");
	return false;
}

static void fill_info(struct port_kernel *k, const struct port_config *c, const struct host_interface *i)
{
	struct port_info *info = &k->port.info;
	int granted;

	*info = (struct port_info){ .delivers = PORT_DATAGRAMS,
		                    .has_kernel = true,
		                    .mac = i->mac,
		                    .mtu = i->mtu > 65535 ? 65535 : i->mtu,
		                    .queues = 1,
		                    .node = i->node,
		                    .ip4 = i->ip4,
		                    .gateway4 = i->gateway4,
		                    .ip6 = i->ip6,
		                    .gateway6 = i->gateway6,
		                    .prefix4 = i->prefix4,
		                    .prefix6 = i->prefix6 };
	if (c->ip4.len != 0)
		info->ip4 = c->ip4;
	if (c->ip6.len != 0)
		info->ip6 = c->ip6;
	snprintf(info->spec, sizeof(info->spec), "kernel:%s", i->name);
	snprintf(info->driver, sizeof(info->driver), "%s", "udp sockets");
	if (buffer_is_small(&granted))
		snprintf(info->note, sizeof(info->note),
		         "receive buffers are limited to %d KiB: raise net.core.rmem_max or run as root for full speed",
		         granted / 1024);
}

enum wdscast_err port_kernel_open(const struct port_config *config, const char *ifname, struct port **out, char *why)
{
	struct host_interface interface;
	struct port_kernel *k;

	if (!find_interface(config, ifname, &interface, why))
		return ifname != NULL ? WDSCAST_ENODEV : WDSCAST_ENOROUTE;
	if (!interface.up) {
		snprintf(why, PORT_WHY_BYTES, "interface %s is down", interface.name);
		return WDSCAST_ENODEV;
	}
	k = calloc(1, sizeof(*k));
	if (k == NULL)
		goto no_memory;
	k->port.ops = &kernel_ops;
	k->ifindex = interface.index;
	k->batch_send = knows_segments();
	fill_info(k, config, &interface);
	k->epoll = epoll_create1(EPOLL_CLOEXEC);
	k->lock = host_mutex_new();
	k->buffers = host_alloc((size_t)KERNEL_MESSAGES * KERNEL_MESSAGE_BYTES, interface.node);
	if (k->epoll < 0 || k->lock == NULL || k->buffers == NULL) {
		kernel_close(&k->port);
		goto no_memory;
	}
	for (unsigned i = 0; i < KERNEL_MESSAGES; i++)
		k->messages[i].bytes = (uint8_t *)k->buffers + (size_t)i * KERNEL_MESSAGE_BYTES;
	*out = &k->port;
	return WDSCAST_OK;

no_memory:
	snprintf(why, PORT_WHY_BYTES, "not enough memory or file handles for the sockets of %s", interface.name);
	return WDSCAST_ENOMEM;
}
