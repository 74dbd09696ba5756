#include "port/membership.h"

#include <errno.h>
#include <linux/filter.h>
#include <netinet/in.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

void membership_init(struct membership *m, unsigned ifindex)
{
	memset(m, 0, sizeof(*m));
	m->ifindex = ifindex;
}

static struct membership_entry *find(struct membership *m, const struct endpoint *e)
{
	for (unsigned i = 0; i < MEMBERSHIP_MAX; i++)
		if (m->entries[i].users > 0 && endpoint_equal(&m->entries[i].endpoint, e))
			return &m->entries[i];
	return NULL;
}

static struct membership_entry *find_unused(struct membership *m)
{
	for (unsigned i = 0; i < MEMBERSHIP_MAX; i++)
		if (m->entries[i].users == 0)
			return &m->entries[i];
	return NULL;
}

static enum wdscast_err error_of(int error)
{
	switch (error) {
	case EADDRINUSE:
		return WDSCAST_EADDRINUSE;
	case EACCES:
	case EPERM:
		return WDSCAST_EPERM;
	case ENODEV:
		return WDSCAST_ENODEV;
	case ENOBUFS: /* net.ipv4.igmp_max_memberships too, but that counts per socket */
	case ENOMEM:
	case EMFILE:
		return WDSCAST_ENOMEM;
	default:
		return WDSCAST_EIO;
	}
}

/* A UDP socket that drops all it is given: no queue fills, and no thread is woken. */
static int open_deaf(uint8_t address_len)
{
	struct sock_filter drop_all = BPF_STMT(BPF_RET | BPF_K, 0);
	struct sock_fprog program = { 1, &drop_all };
	int fd = socket(address_len == 4 ? AF_INET : AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0), on = 1, error;

	if (fd < 0)
		return -1;
	if (setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof(program)) == 0 &&
	    (address_len == 4 || setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof(on)) == 0))
		return fd;
	error = errno;
	close(fd);
	errno = error;
	return -1;
}

static bool add_group(int fd, const struct ip_addr *group, unsigned ifindex)
{
	struct ip_mreqn v4 = { .imr_ifindex = (int)ifindex };
	struct ipv6_mreq v6 = { .ipv6mr_interface = ifindex };

	if (group->len == 4) {
		memcpy(&v4.imr_multiaddr, group->b, 4);
		return setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &v4, sizeof(v4)) == 0;
	}
	memcpy(&v6.ipv6mr_multiaddr, group->b, 16);
	return setsockopt(fd, IPPROTO_IPV6, IPV6_ADD_MEMBERSHIP, &v6, sizeof(v6)) == 0;
}

/* A socket a group: each may join only net.ipv4.igmp_max_memberships of them, 20 by default. */
enum wdscast_err membership_join(struct membership *m, const struct ip_addr *group)
{
	struct endpoint key = { .ip = *group };
	struct membership_entry *e = find(m, &key);
	enum wdscast_err err;

	if (e != NULL) {
		e->users++;
		return WDSCAST_OK;
	}
	if (!ip_is_multicast(group))
		return WDSCAST_EINVAL;
	e = find_unused(m);
	if (e == NULL)
		return WDSCAST_ENOMEM;
	e->fd = open_deaf(group->len);
	if (e->fd < 0)
		return error_of(errno);
	if (!add_group(e->fd, group, m->ifindex)) {
		err = error_of(errno);
		close(e->fd);
		return err;
	}
	e->endpoint = key;
	e->users = 1;
	return WDSCAST_OK;
}

static void drop(struct membership *m, const struct endpoint *key)
{
	struct membership_entry *e = find(m, key);

	if (e != NULL && --e->users == 0)
		close(e->fd);
}

void membership_leave(struct membership *m, const struct ip_addr *group)
{
	struct endpoint key = { .ip = *group };

	drop(m, &key);
}

static socklen_t socket_address(const struct endpoint *e, unsigned ifindex, struct sockaddr_storage *out)
{
	struct sockaddr_in v4 = { .sin_family = AF_INET, .sin_port = htons(e->port) };
	struct sockaddr_in6 v6 = { .sin6_family = AF_INET6, .sin6_port = htons(e->port) };

	if (e->ip.len == 4) {
		memcpy(&v4.sin_addr, e->ip.b, 4);
		memcpy(out, &v4, sizeof(v4));
		return sizeof(v4);
	}
	memcpy(&v6.sin6_addr, e->ip.b, 16);
	if (IN6_IS_ADDR_LINKLOCAL(&v6.sin6_addr))
		v6.sin6_scope_id = ifindex;
	memcpy(out, &v6, sizeof(v6));
	return sizeof(v6);
}

static bool bind_to(int fd, const struct endpoint *local, unsigned ifindex)
{
	struct sockaddr_storage a;
	socklen_t len = socket_address(local, ifindex, &a);

	return bind(fd, (struct sockaddr *)&a, len) == 0;
}

/* The port lies at the same place in both families' addresses. */
static uint16_t bound_port(int fd)
{
	struct sockaddr_in6 a;
	socklen_t len = sizeof(a);

	return getsockname(fd, (struct sockaddr *)&a, &len) == 0 ? ntohs(a.sin6_port) : 0;
}

enum wdscast_err membership_reserve(struct membership *m, struct endpoint *local)
{
	struct membership_entry *e = find_unused(m);
	enum wdscast_err err;

	if (e == NULL)
		return WDSCAST_ENOMEM;
	e->fd = open_deaf(local->ip.len);
	if (e->fd < 0)
		return error_of(errno);
	if (!bind_to(e->fd, local, m->ifindex)) {
		err = error_of(errno);
		close(e->fd);
		return err;
	}
	local->port = bound_port(e->fd);
	e->endpoint = *local;
	e->users = 1;
	return WDSCAST_OK;
}

void membership_unreserve(struct membership *m, const struct endpoint *local)
{
	drop(m, local);
}

bool membership_has_address(const struct ip_addr *ip)
{
	struct endpoint any_port = { .ip = *ip };
	int fd = open_deaf(ip->len);
	bool has = fd >= 0 && (bind_to(fd, &any_port, 0) || errno != EADDRNOTAVAIL);

	if (fd >= 0)
		close(fd);
	return has;
}

void membership_close(struct membership *m)
{
	for (unsigned i = 0; i < MEMBERSHIP_MAX; i++)
		if (m->entries[i].users > 0)
			close(m->entries[i].fd);
	memset(m, 0, sizeof(*m));
}
