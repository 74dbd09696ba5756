#include "port/xdp_descriptors.h"

#include <bpf/bpf.h>
#include <dirent.h>
#include <linux/if_xdp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

static bool read_socket(int fd, struct xdp_socket *out)
{
	struct stat st;
	int domain = 0;
	socklen_t len = sizeof(domain);

	if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len) != 0 || domain != AF_XDP || fstat(fd, &st) != 0)
		return false;
	*out = (struct xdp_socket){ fd, st.st_ino };
	return true;
}

void xdp_sockets_list(struct xdp_sockets *out)
{
	DIR *d = opendir("/proc/self/fd");
	struct dirent *e;

	out->count = 0;
	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && out->count < XDP_SOCKETS_MAX && read_socket(atoi(e->d_name), &out->v[out->count]))
			out->count++;
	if (d != NULL)
		closedir(d);
}

static bool has(const struct xdp_sockets *s, const struct xdp_socket *x)
{
	for (unsigned i = 0; i < s->count; i++)
		if (s->v[i].fd == x->fd && s->v[i].inode == x->inode)
			return true;
	return false;
}

void xdp_sockets_keep_new(struct xdp_sockets *s, const struct xdp_sockets *before)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < s->count; i++)
		if (!has(before, &s->v[i]))
			s->v[kept++] = s->v[i];
	s->count = kept;
}

/*
 * A frame that is copied and finds no buffer counts twice, as dropped and as a fill ring that was empty;
 * without copies only the latter moves.
 */
void xdp_sockets_missed(const struct xdp_sockets *s, uint64_t *ring, uint64_t *buffer)
{
	struct xdp_statistics stats;

	for (unsigned i = 0; i < s->count; i++) {
		socklen_t len = sizeof(stats);

		memset(&stats, 0, sizeof(stats)); /* older kernels fill in less of it */
		if (getsockopt(s->v[i].fd, SOL_XDP, XDP_STATISTICS, &stats, &len) != 0)
			continue;
		*ring += stats.rx_ring_full;
		*buffer += stats.rx_dropped > 0 ? stats.rx_dropped : stats.rx_fill_ring_empty_descs;
	}
}

bool xdp_sockets_zero_copy(const struct xdp_sockets *s)
{
	for (unsigned i = 0; i < s->count; i++) {
		struct xdp_options options = { 0 };
		socklen_t len = sizeof(options);

		if (getsockopt(s->v[i].fd, SOL_XDP, XDP_OPTIONS, &options, &len) != 0 ||
		    (options.flags & XDP_OPTIONS_ZEROCOPY) == 0)
			return false;
	}
	return s->count > 0;
}

static bool watch(int epoll, int fd)
{
	struct epoll_event e = { .events = EPOLLIN };

	return epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &e) == 0;
}

int xdp_sockets_wait_fd(const struct xdp_sockets *s, int beside)
{
	int fd = epoll_create1(EPOLL_CLOEXEC);
	bool all = fd >= 0 && watch(fd, beside);

	for (unsigned i = 0; i < s->count; i++)
		all = all && watch(fd, s->v[i].fd);
	if (all)
		return fd;
	if (fd >= 0)
		close(fd);
	return -1;
}

void xdp_sockets_close(struct xdp_sockets *s)
{
	struct xdp_socket now;

	for (unsigned i = 0; i < s->count; i++)
		if (read_socket(s->v[i].fd, &now) && now.inode == s->v[i].inode)
			close(s->v[i].fd);
	s->count = 0;
}

static bool is_kind(int fd, const char *kind)
{
	char path[64], target[64];
	ssize_t n;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	return strcmp(target, kind) == 0;
}

static bool is_map_of(const struct xdp_numbers *n, uint32_t map)
{
	for (uint32_t i = 0; i < n->map_count; i++)
		if (n->maps[i] == map)
			return true;
	return false;
}

static bool read_info(int fd, void *info, uint32_t bytes)
{
	return bpf_obj_get_info_by_fd(fd, info, &bytes) == 0;
}

static bool belongs_to(const struct xdp_numbers *n, int fd)
{
	struct bpf_prog_info program = { 0 };
	struct bpf_map_info map = { 0 };
	struct bpf_btf_info types = { 0 };

	if (is_kind(fd, "anon_inode:bpf-prog"))
		return read_info(fd, &program, sizeof(program)) && program.id == n->program;
	if (is_kind(fd, "anon_inode:bpf-map"))
		return read_info(fd, &map, sizeof(map)) && is_map_of(n, map.id);
	if (is_kind(fd, "anon_inode:btf"))
		return read_info(fd, &types, sizeof(types)) && types.id == n->types;
	return false;
}

void xdp_numbers_close(const struct xdp_numbers *n)
{
	DIR *d = n->program != 0 ? opendir("/proc/self/fd") : NULL;
	struct dirent *e;

	while (d != NULL && (e = readdir(d)) != NULL)
		if (e->d_name[0] != '.' && belongs_to(n, atoi(e->d_name)))
			close(atoi(e->d_name));
	if (d != NULL)
		closedir(d);
}
