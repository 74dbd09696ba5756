/*
 * A multicast router for tests, over IPv4: it forwards what SOURCE sends, from one interface to another, for the
 * groups that somebody there reports (IGMPv3, or v2).
 *
 *	router FROM TO SOURCE
 *
 * It prints "ready", then "join GROUP" and "leave GROUP" as they come, until it is killed.
 */
#include <arpa/inet.h>
#include <linux/igmp.h>
#include <linux/mroute.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

static struct in_addr source;

static bool add_interface(int fd, unsigned short vif, const char *name)
{
	struct vifctl v = { .vifc_vifi = vif, .vifc_flags = VIFF_USE_IFINDEX, .vifc_threshold = 1 };

	v.vifc_lcl_ifindex = (int)if_nametoindex(name);
	return v.vifc_lcl_ifindex != 0 && setsockopt(fd, IPPROTO_IP, MRT_ADD_VIF, &v, sizeof(v)) == 0;
}

static bool listen_on(int fd, const char *name, const char *group)
{
	struct ip_mreqn m = { .imr_ifindex = (int)if_nametoindex(name) };

	return inet_aton(group, &m.imr_multiaddr) && setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &m, sizeof(m)) == 0;
}

static void set_route(int fd, const void *group, bool joined)
{
	struct mfcctl route = { .mfcc_origin = source, .mfcc_parent = 0, .mfcc_ttls = { [1] = 1 } };

	memcpy(&route.mfcc_mcastgrp, group, sizeof(route.mfcc_mcastgrp));
	setsockopt(fd, IPPROTO_IP, joined ? MRT_ADD_MFC : MRT_DEL_MFC, &route, sizeof(route));
	printf("%s %s\n", joined ? "join" : "leave", inet_ntoa(route.mfcc_mcastgrp));
	fflush(stdout);
}

/* RFC 3376 section 4.2.12: of any source, or of some. */
static void take_records(int fd, const unsigned char *at, const unsigned char *end)
{
	const struct igmpv3_report *r = (const void *)at;
	unsigned left = ntohs(r->ngrec);

	for (at += sizeof(*r); left-- > 0 && end - at >= (long)sizeof(struct igmpv3_grec);) {
		const struct igmpv3_grec *g = (const void *)at;
		bool sources = g->grec_nsrcs != 0, leaves = g->grec_type == IGMPV3_BLOCK_OLD_SOURCES ||
		     (g->grec_type == IGMPV3_CHANGE_TO_INCLUDE && !sources);

		set_route(fd, &g->grec_mca, !leaves);
		at += sizeof(*g) + (size_t)ntohs(g->grec_nsrcs) * 4 + (size_t)g->grec_auxwords * 4;
	}
}

static void take(int fd, const unsigned char *bytes, size_t len)
{
	const struct iphdr *ip = (const void *)bytes;
	const unsigned char *igmp = bytes + ip->ihl * 4, *end = bytes + len;

	if (ip->protocol != IPPROTO_IGMP || end - igmp < (long)sizeof(struct igmphdr))
		return; /* a word of the kernel's */
	switch (igmp[0]) {
	case IGMPV3_HOST_MEMBERSHIP_REPORT:
		take_records(fd, igmp, end);
		break;
	case IGMPV2_HOST_MEMBERSHIP_REPORT:
		set_route(fd, igmp + 4, true);
		break;
	case IGMP_HOST_LEAVE_MESSAGE:
		set_route(fd, igmp + 4, false);
		break;
	}
}

int main(int argc, char **argv)
{
	int fd = socket(AF_INET, SOCK_RAW, IPPROTO_IGMP), on = 1;
	static unsigned char bytes[2048];

	if (argc != 4 || !inet_aton(argv[3], &source)) {
		fputs("usage: router FROM TO SOURCE\n", stderr);
		return 2;
	}
	if (setsockopt(fd, IPPROTO_IP, MRT_INIT, &on, sizeof(on)) != 0 || !add_interface(fd, 0, argv[1]) ||
	    !add_interface(fd, 1, argv[2]) || !listen_on(fd, argv[2], "224.0.0.22") ||
	    !listen_on(fd, argv[2], "224.0.0.2")) {
		perror("router");
		return 77;
	}
	puts("ready");
	fflush(stdout);
	for (;;) {
		ssize_t n = recv(fd, bytes, sizeof(bytes), 0);

		if (n >= (ssize_t)sizeof(struct iphdr))
			take(fd, bytes, (size_t)n);
	}
}
