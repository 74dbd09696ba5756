/* Interfaces, their addresses and routes, as the kernel tells them. */
#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "host/host.h"
#include "host/netlink.h"

enum { IS_LOWER_UP = 1 << 16 }; /* IFF_LOWER_UP, which only linux/if.h has, and that clashes with net/if.h */

struct list {
	struct host_interface *v;
	unsigned n, max;
	const char *only; /* a name, or NULL for all */
};

static struct host_interface *find_index(struct list *list, unsigned index)
{
	for (unsigned i = 0; i < list->n; i++)
		if (list->v[i].index == index)
			return &list->v[i];
	return NULL;
}

/* IFLA_LINKINFO { IFLA_INFO_KIND "vlan", IFLA_INFO_DATA { IFLA_VLAN_ID } } */
static void take_vlan(struct host_interface *h, const struct nlmsghdr *m)
{
	const unsigned fixed = sizeof(struct ifinfomsg);
	const void *info = netlink_attribute(m, fixed, IFLA_LINKINFO, 4);
	const uint32_t *parent = netlink_attribute(m, fixed, IFLA_LINK, 4);
	const char *kind = info != NULL ? netlink_nested(info, IFLA_INFO_KIND, 5) : NULL;
	const void *data = info != NULL ? netlink_nested(info, IFLA_INFO_DATA, 4) : NULL;
	const uint16_t *id = data != NULL ? netlink_nested(data, IFLA_VLAN_ID, 2) : NULL;

	if (kind == NULL || memcmp(kind, "vlan", 5) != 0 || parent == NULL || id == NULL)
		return;
	h->parent = *parent;
	h->vlan = *id;
}

static void take_link(void *arg, const struct nlmsghdr *m)
{
	const struct ifinfomsg *link = NLMSG_DATA(m);
	const char *name = netlink_attribute(m, sizeof(*link), IFLA_IFNAME, 1);
	const void *mac = netlink_attribute(m, sizeof(*link), IFLA_ADDRESS, 6);
	const void *mtu = netlink_attribute(m, sizeof(*link), IFLA_MTU, 4);
	struct host_interface *h;
	struct list *list = arg;

	if (name == NULL || list->n == list->max || (list->only != NULL && strcmp(name, list->only) != 0))
		return;
	h = &list->v[list->n++];
	memset(h, 0, sizeof(*h));
	snprintf(h->name, sizeof(h->name), "%s", name);
	h->index = (unsigned)link->ifi_index;
	h->up = (link->ifi_flags & IFF_UP) != 0;
	h->loopback = (link->ifi_flags & IFF_LOOPBACK) != 0;
	h->multicast = (link->ifi_flags & IFF_MULTICAST) != 0;
	h->has_carrier = (link->ifi_flags & IS_LOWER_UP) != 0;
	if (mac != NULL)
		memcpy(h->mac.b, mac, sizeof(h->mac.b));
	if (mtu != NULL)
		memcpy(&h->mtu, mtu, sizeof(h->mtu));
	h->node = -1;
	take_vlan(h, m);
}

static bool is_link_local(const struct ip_addr *ip)
{
	return ip->len == 16 && ip->b[0] == 0xfe && (ip->b[1] & 0xc0) == 0x80;
}

static void take_address(void *arg, const struct nlmsghdr *m)
{
	const struct ifaddrmsg *a = NLMSG_DATA(m);
	struct host_interface *h = find_index(arg, a->ifa_index);
	uint8_t len = a->ifa_family == AF_INET ? 4 : 16;
	const void *b = netlink_attribute(m, sizeof(*a), a->ifa_family == AF_INET ? IFA_LOCAL : IFA_ADDRESS, len);
	struct ip_addr ip;

	if (h == NULL || b == NULL || (a->ifa_family != AF_INET && a->ifa_family != AF_INET6))
		return;
	ip = ip_of_bytes(b, len);
	if (len == 4 && h->ip4.len == 0) {
		h->ip4 = ip;
		h->prefix4 = a->ifa_prefixlen;
	}
	/* Neither one that may turn out to be another's, nor one that is going away. */
	if (len == 16 && (a->ifa_flags & (IFA_F_TENTATIVE | IFA_F_DADFAILED | IFA_F_DEPRECATED)) == 0 &&
	    (h->ip6.len == 0 || (is_link_local(&h->ip6) && !is_link_local(&ip)))) {
		h->ip6 = ip;
		h->prefix6 = a->ifa_prefixlen;
	}
}

/* Default routes come in the order of their metric, so the first of an interface is the one in use. */
static void take_default_route(void *arg, const struct nlmsghdr *m)
{
	const struct rtmsg *r = NLMSG_DATA(m);
	const uint32_t *oif = netlink_attribute(m, sizeof(*r), RTA_OIF, 4);
	uint8_t len = r->rtm_family == AF_INET ? 4 : 16;
	const void *gateway = netlink_attribute(m, sizeof(*r), RTA_GATEWAY, len);
	struct host_interface *h = oif != NULL ? find_index(arg, *oif) : NULL;
	struct ip_addr *to;

	if (h == NULL || gateway == NULL || r->rtm_dst_len != 0 || r->rtm_table != RT_TABLE_MAIN)
		return;
	to = len == 4 ? &h->gateway4 : &h->gateway6;
	if (to->len == 0)
		*to = ip_of_bytes(gateway, len);
}

static void dump(unsigned short type, unsigned fixed, unsigned char family, netlink_each *each, void *arg)
{
	struct {
		struct nlmsghdr header;
		struct ifinfomsg body; /* the largest of them; all begin with the family */
	} q = { .header = { .nlmsg_type = type, .nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP },
		.body = { .ifi_family = family } };

	q.header.nlmsg_len = NLMSG_LENGTH(fixed);
	netlink_ask(&q.header, each, arg);
}

/* "0000:01:00.0" */
static bool is_pci_address(const char *text)
{
	unsigned domain, bus, device, function;
	int end = 0;

	return sscanf(text, "%4x:%2x:%2x.%1x%n", &domain, &bus, &device, &function, &end) == 4 && text[end] == '\0';
}

static void read_node(struct host_interface *h)
{
	char path[64];
	FILE *f;

	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/numa_node", h->pci);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fscanf(f, "%d", &h->node) != 1)
		h->node = -1;
	fclose(f);
}

/* By ioctl and not from /sys/class/net: that shows the interfaces of the namespace it was mounted in. */
static void take_driver(struct host_interface *h, int fd)
{
	struct ethtool_drvinfo info = { .cmd = ETHTOOL_GDRVINFO };
	struct ifreq request;

	memset(&request, 0, sizeof(request));
	memcpy(request.ifr_name, h->name, sizeof(request.ifr_name));
	request.ifr_data = (char *)&info;
	if (fd < 0 || ioctl(fd, SIOCETHTOOL, &request) != 0)
		return;
	snprintf(h->driver, sizeof(h->driver), "%.31s", info.driver);
	if (!is_pci_address(info.bus_info))
		return;
	snprintf(h->pci, sizeof(h->pci), "%.15s", info.bus_info);
	read_node(h);
}

static unsigned fill(struct list *list)
{
	int fd;

	dump(RTM_GETLINK, sizeof(struct ifinfomsg), AF_UNSPEC, take_link, list);
	dump(RTM_GETADDR, sizeof(struct ifaddrmsg), AF_UNSPEC, take_address, list);
	dump(RTM_GETROUTE, sizeof(struct rtmsg), AF_INET, take_default_route, list);
	dump(RTM_GETROUTE, sizeof(struct rtmsg), AF_INET6, take_default_route, list);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	for (unsigned i = 0; i < list->n; i++)
		take_driver(&list->v[i], fd);
	if (fd >= 0)
		close(fd);
	return list->n;
}

bool host_interface(const char *name, struct host_interface *out)
{
	struct list list = { .v = out, .max = 1, .only = name };

	return fill(&list) == 1;
}

unsigned host_interfaces(struct host_interface *out, unsigned max)
{
	struct list list = { .v = out, .max = max };

	return fill(&list);
}

struct route {
	uint8_t len; /* of the address asked for */
	uint32_t index;
	struct ip_addr source, gateway;
};

static void take_route(void *arg, const struct nlmsghdr *m)
{
	struct route *route = arg;
	const unsigned fixed = sizeof(struct rtmsg);
	const uint32_t *oif = netlink_attribute(m, fixed, RTA_OIF, 4);
	const void *source = netlink_attribute(m, fixed, RTA_PREFSRC, route->len);
	const void *gateway = netlink_attribute(m, fixed, RTA_GATEWAY, route->len);

	if (oif != NULL)
		route->index = *oif;
	if (source != NULL)
		route->source = ip_of_bytes(source, route->len);
	if (gateway != NULL)
		route->gateway = ip_of_bytes(gateway, route->len);
}

static bool ask_route(const struct ip_addr *to, struct route *route)
{
	struct {
		struct nlmsghdr header;
		struct rtmsg body;
		char attributes[64];
	} q = { .header = { .nlmsg_len = NLMSG_LENGTH(sizeof(struct rtmsg)),
		            .nlmsg_type = RTM_GETROUTE,
		            .nlmsg_flags = NLM_F_REQUEST },
		.body = { .rtm_family = to->len == 4 ? AF_INET : AF_INET6, .rtm_dst_len = (unsigned char)(to->len * 8) } };

	netlink_add(&q.header, RTA_DST, to->b, to->len);
	return netlink_ask(&q.header, take_route, route) && route->index != 0;
}

bool host_route(const struct ip_addr *to, struct host_interface *out)
{
	struct route route = { .len = to->len };
	char name[IF_NAMESIZE];

	if (to->len == 0 || !ask_route(to, &route) || if_indextoname(route.index, name) == NULL ||
	    !host_interface(name, out))
		return false;
	if (route.source.len == 4)
		out->ip4 = route.source;
	if (route.source.len == 16)
		out->ip6 = route.source;
	if (route.gateway.len == 4)
		out->gateway4 = route.gateway;
	if (route.gateway.len == 16)
		out->gateway6 = route.gateway;
	return true;
}

struct neighbour {
	struct ip_addr ip;
	uint32_t index; /* of the interface */
	bool fails;
};

static void take_neighbour(void *arg, const struct nlmsghdr *m)
{
	const struct ndmsg *entry = NLMSG_DATA(m);
	struct neighbour *n = arg;
	const void *ip = netlink_attribute(m, sizeof(*entry), NDA_DST, n->ip.len);

	if (ip != NULL && memcmp(ip, n->ip.b, n->ip.len) == 0 && (uint32_t)entry->ndm_ifindex == n->index)
		n->fails = (entry->ndm_state & (NUD_INCOMPLETE | NUD_FAILED)) != 0;
}

bool host_neighbour_fails(const struct ip_addr *to)
{
	struct route route = { .len = to->len };
	struct neighbour n = { .fails = false };

	if (to->len == 0 || !ask_route(to, &route))
		return false;
	n.ip = route.gateway.len > 0 ? route.gateway : *to;
	n.index = route.index;
	dump(RTM_GETNEIGH, sizeof(struct ndmsg), n.ip.len == 4 ? AF_INET : AF_INET6, take_neighbour, &n);
	return n.fails;
}

static void no_answer(void *arg, const struct nlmsghdr *m)
{
	(void)arg, (void)m;
}

bool host_add_address(unsigned index, const struct ip_addr *ip, uint8_t prefix)
{
	struct {
		struct nlmsghdr head;
		struct ifaddrmsg address;
		uint8_t room[64];
	} r = { .head = { .nlmsg_len = NLMSG_LENGTH(sizeof(r.address)),
		          .nlmsg_type = RTM_NEWADDR,
		          .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE | NLM_F_REPLACE },
		.address = { .ifa_family = ip->len == 4 ? AF_INET : AF_INET6,
		             .ifa_prefixlen = prefix,
		             .ifa_flags = IFA_F_NODAD, /* else an IPv6 address can't be bound for a second */
		             .ifa_index = index } };

	netlink_add(&r.head, IFA_LOCAL, ip->b, ip->len);
	netlink_add(&r.head, IFA_ADDRESS, ip->b, ip->len);
	return netlink_ask(&r.head, no_answer, NULL);
}
