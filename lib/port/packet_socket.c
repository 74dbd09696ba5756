#include "port/packet_socket.h"

#include <arpa/inet.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
	FRAME_OVERHEAD = TPACKET2_HDRLEN + 2 * ETH_HLEN, /* the ring's header; Ethernet, a tag, and alignment */
	FRAME_UNIT = 1024,
	FRAME_MAX = 63 * FRAME_UNIT, /* a frame buffer's length is 16 bits */
	BLOCK_BYTES = 256 * 1024,
	SENDING_MAX = 1024, /* 1 ms at 10 Gb/s */
};

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

/* Where the rings of a socket are mapped: "55d0-55e0 rw-s 00000000 00:08 1234    socket:[1234]". */
static void *find_rings(int fd, size_t bytes)
{
	FILE *f = fopen("/proc/self/maps", "re");
	unsigned long start, end, inode;
	void *found = NULL;
	struct stat s;
	char line[512];

	if (f == NULL)
		return NULL;
	while (fstat(fd, &s) == 0 && found == NULL && fgets(line, sizeof(line), f) != NULL)
		if (strstr(line, "socket:[") != NULL &&
		    sscanf(line, "%lx-%lx %*s %*s %*s %lu", &start, &end, &inode) == 3 && inode == s.st_ino &&
		    end - start == bytes)
			found = (void *)start;
	fclose(f);
	return found;
}

/* Both rings of a socket: those of received frames come first. */
static size_t ring_bytes(const struct packet_ring *ring)
{
	return (size_t)ring->frame_count * ring->frame_bytes;
}

static void find_sending(struct packet_sockets *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		uint8_t *rings = find_rings(s->fd[i], 2 * ring_bytes(&s->ring));

		s->sending[i] = rings != NULL ? rings + ring_bytes(&s->ring) : NULL;
	}
}

void packet_find(struct packet_sockets *s, unsigned ifindex, const struct packet_ring *ring)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	memset(s, 0, sizeof(*s));
	s->ring = *ring;
	while (d != NULL && (e = readdir(d)) != NULL) {
		int fd = atoi(e->d_name);

		if (e->d_name[0] != '.' && s->count < PACKET_QUEUES_MAX && is_bound_to(fd, ifindex))
			s->fd[s->count++] = fd;
	}
	if (d != NULL)
		closedir(d);
	qsort(s->fd, s->count, sizeof(s->fd[0]), compare_fd); /* the driver opens them in the order of its queues */
	find_sending(s);
}

static bool set(int fd, int option, const void *value, socklen_t len)
{
	return setsockopt(fd, SOL_PACKET, option, value, len) == 0;
}

/* As the driver makes them, but that it receives nothing before it is bound. */
static bool make_rings(int fd, const struct packet_ring *ring)
{
	struct tpacket_req req = { .tp_block_size = ring->block_bytes,
		                   .tp_block_nr = ring->frame_count / (ring->block_bytes / ring->frame_bytes),
		                   .tp_frame_size = ring->frame_bytes,
		                   .tp_frame_nr = ring->frame_count };
	int version = TPACKET_V2, on = 1;

	return set(fd, PACKET_VERSION, &version, sizeof(version)) && set(fd, PACKET_LOSS, &on, sizeof(on)) &&
	       set(fd, PACKET_RX_RING, &req, sizeof(req)) && set(fd, PACKET_TX_RING, &req, sizeof(req));
}

/* Several sockets share the frames by flow, each group under an id of its own. */
static bool join_fanout(int fd, unsigned *id)
{
	unsigned mode = PACKET_FANOUT_HASH | PACKET_FANOUT_FLAG_ROLLOVER;
	unsigned fanout = *id | (*id == 0 ? mode | PACKET_FANOUT_FLAG_UNIQUEID : mode) << 16;
	socklen_t len = sizeof(fanout);

	if (!set(fd, PACKET_FANOUT, &fanout, len) || getsockopt(fd, SOL_PACKET, PACKET_FANOUT, &fanout, &len) != 0)
		return false;
	*id = fanout & 0xffff;
	return true;
}

static bool bind_to(int fd, unsigned ifindex)
{
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)ifindex };

	return bind(fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

static bool replace(const struct packet_sockets *s, unsigned i, unsigned ifindex, unsigned *fanout)
{
	size_t bytes = ring_bytes(&s->ring);
	uint8_t *rings = s->sending[i] != NULL ? s->sending[i] - bytes : NULL;
	int fd = rings != NULL ? socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0) : -1;
	bool ok;

	if (fd < 0)
		return false;
	ok = make_rings(fd, &s->ring) && bind_to(fd, ifindex) && (fanout == NULL || join_fanout(fd, fanout)) &&
	     mmap(rings, 2 * bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_FIXED, fd, 0) == rings &&
	     dup3(fd, s->fd[i], O_CLOEXEC) == s->fd[i];
	close(fd);
	return ok;
}

bool packet_replace(const struct packet_sockets *s, unsigned ifindex)
{
	unsigned fanout = 0;
	bool ok = s->count > 0;

	for (unsigned i = 0; i < s->count; i++)
		ok = replace(s, i, ifindex, s->count > 1 ? &fanout : NULL) && ok;
	return ok;
}

/* The driver's own question, of the slot that is `ahead` of its next. */
static bool is_free(const struct packet_sockets *s, unsigned queue, uint32_t ahead)
{
	const uint8_t *slot = s->sending[queue] + (size_t)((s->next[queue] + ahead) % s->ring.frame_count) *
	                                                  s->ring.frame_bytes;
	const struct tpacket2_hdr *h = (const void *)slot;
	uint32_t status = __atomic_load_n(&h->tp_status, __ATOMIC_ACQUIRE);

	return (status & ~(uint32_t)(TP_STATUS_TS_SOFTWARE | TP_STATUS_TS_RAW_HARDWARE)) == TP_STATUS_AVAILABLE;
}

/* No more than SENDING_MAX are to wait for the interface: what is new would come too late behind them. */
uint32_t packet_room(const struct packet_sockets *s, unsigned queue, uint32_t n)
{
	uint32_t most = s->ring.frame_count > SENDING_MAX ? SENDING_MAX : s->ring.frame_count, i = 0;

	if (queue >= s->count || s->sending[queue] == NULL)
		return n;
	while (i < n && is_free(s, queue, i) && is_free(s, queue, s->ring.frame_count - most + i))
		i++;
	return i;
}

void packet_sent(struct packet_sockets *s, unsigned queue, uint32_t n)
{
	if (queue < s->count)
		s->next[queue] = (s->next[queue] + n) % s->ring.frame_count;
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
	unsigned need = mtu + FRAME_OVERHEAD, least, per_block;
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

/* The driver's reckoning, of what is left of a slot beside its header. */
uint32_t packet_largest(const struct packet_ring *ring)
{
	return ring->frame_bytes - (TPACKET2_HDRLEN - sizeof(struct sockaddr_ll));
}
