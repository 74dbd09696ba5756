#include "port/packet_socket.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_bound_to(int fd, unsigned ifindex)
{
	struct sockaddr_ll a;
	int domain = 0;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 || domain != AF_PACKET)
		return false;
	len = sizeof(a);
	return getsockname(fd, (struct sockaddr *)&a, &len) == 0 && (unsigned)a.sll_ifindex == ifindex &&
	       a.sll_protocol == htons(ETH_P_ALL);
}

static int compare_fd(const void *x, const void *y)
{
	return *(const int *)x - *(const int *)y;
}

void packet_find(struct packet_sockets *s, unsigned ifindex)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	memset(s, 0, sizeof(*s));
	while (d != NULL && (e = readdir(d)) != NULL) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] != '.' && s->count < PACKET_QUEUES_MAX && is_bound_to(fd, ifindex))
			s->fd[s->count++] = fd;
	}
	if (d != NULL)
		closedir(d);
	qsort(s->fd, s->count, sizeof(s->fd[0]), compare_fd); /* the driver opens them in the order of its queues */
}

bool packet_kick(const struct packet_sockets *s, unsigned queue)
{
	ssize_t sent = sendto(s->fd[queue], NULL, 0, MSG_DONTWAIT, NULL, 0);

	return sent == 0 || (sent < 0 && errno != EAGAIN && errno != ENOBUFS);
}

uint64_t packet_missed(struct packet_sockets *s)
{
	struct tpacket_stats stats; /* reading it sets it to zero */

	for (unsigned i = 0; i < s->count; i++) {
		socklen_t len = sizeof(stats);

		if (getsockopt(s->fd[i], SOL_PACKET, PACKET_STATISTICS, &stats, &len) == 0)
			s->missed += stats.tp_drops;
	}
	return s->missed;
}

void packet_take_all(const struct packet_sockets *s, unsigned ifindex)
{
	struct packet_mreq all = { .mr_ifindex = (int)ifindex, .mr_type = PACKET_MR_PROMISC };

	if (s->count > 0)
		setsockopt(s->fd[0], SOL_PACKET, PACKET_ADD_MEMBERSHIP, &all, sizeof(all));
}

bool packet_allowed(void)
{
	int fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);

	if (fd < 0)
		return false;
	close(fd);
	return true;
}

enum {
	/*
	 * The driver's sockets reassemble IPv4 fragments (PACKET_FANOUT_FLAG_DEFRAG): a datagram of Windows's
	 * 8785-byte blocks comes as one frame, whatever the MTU.
	 */
	WINDOWS_DATAGRAM = 8785 + 28,
	FRAME_OVERHEAD = TPACKET2_HDRLEN + 2 * ETH_HLEN, /* the ring's header; Ethernet, a tag, and alignment */
	FRAME_UNIT = 1024,
	FRAME_MAX = 63 * FRAME_UNIT, /* a frame buffer's length is 16 bits */
	BLOCK_BYTES = 256 * 1024,
};

static unsigned common_multiple(unsigned a, unsigned b)
{
	unsigned x = a, y = b, rest;

	while (y != 0) {
		rest = x % y;
		x = y;
		y = rest;
	}
	return a / x * b;
}

/* The driver lays frames side by side across blocks: so blocks are whole frames and whole pages. */
struct packet_ring packet_ring_for(uint32_t mtu, unsigned frames)
{
	unsigned need = (mtu > WINDOWS_DATAGRAM ? mtu : WINDOWS_DATAGRAM) + FRAME_OVERHEAD, least, per_block;
	struct packet_ring r;

	r.frame_bytes = (need + FRAME_UNIT - 1) / FRAME_UNIT * FRAME_UNIT;
	if (r.frame_bytes > FRAME_MAX)
		r.frame_bytes = FRAME_MAX;
	least = common_multiple(r.frame_bytes, (unsigned)sysconf(_SC_PAGESIZE));
	r.block_bytes = least < BLOCK_BYTES ? BLOCK_BYTES / least * least : least;
	per_block = r.block_bytes / r.frame_bytes;
	r.frame_count = (frames + per_block - 1) / per_block * per_block;
	return r;
}
