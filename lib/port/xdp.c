#include "port/xdp.h"

#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <fcntl.h>
#include <libgen.h>
#include <limits.h>
#include <linux/ethtool.h>
#include <linux/if_link.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "port/xdp_maps.h"
#include "port/spec.h"
#include "port/xdp_descriptors.h"

#define OBJECT "wdscast_xdp.bpf.o"
struct xdp {
	unsigned ifindex;
	bool native;       /* the program runs in the interface's driver */
	int link;          /* holds the program on the interface, or -1: the driver's netlink does */
	int claim;         /* a socket whose name says that the interface's program is ours */
	int ports, groups; /* the program's maps */
	struct xdp_sockets others, sockets; /* in this process before; the driver's */
	struct xdp_numbers numbers;         /* of the program */
	struct xdp_use {
		struct endpoint to;
		unsigned users; /* 0: unused */
	} uses[XDP_DESTINATIONS_MAX];
};

static void close_if_open(int fd)
{
	if (fd >= 0)
		close(fd);
}

/* ---- the object file ---- */

/* Beside the installed programs; or beside those of a build directory, from app/ or tests/ROOM/. */
static const char *const places[] = { "../share/wdscast", "../drivers-config", "../../drivers-config" };

static int open_below_program(const char *place)
{
	char self[PATH_MAX], path[PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", self, sizeof(self) - 1);

	if (n <= 0)
		return -1;
	self[n] = '\0';
	snprintf(path, sizeof(path), "%s/%s/" OBJECT, dirname(self), place);
	return open(path, O_RDONLY | O_CLOEXEC);
}

int xdp_open_object(void)
{
	int fd = -1;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]) && fd < 0; i++)
		fd = open_below_program(places[i]);
	return fd >= 0 ? fd : open(WDSCAST_DATADIR "/" OBJECT, O_RDONLY | O_CLOEXEC);
}

/* ---- the driver ---- */

/* Those of Linux 6.1; the kernel has no question for it before 6.3, and a driver may still refuse. */
bool xdp_driver_has_zero_copy(const char *driver)
{
	static const char *const known[] = { "i40e", "ice", "igc", "ixgbe", "mlx5_core", "stmmac" };

	for (size_t i = 0; i < sizeof(known) / sizeof(known[0]); i++)
		if (strcmp(known[i], driver) == 0)
			return true;
	return false;
}

static bool read_channels(const char *name, struct ethtool_channels *out)
{
	struct ifreq request = { .ifr_data = (char *)out };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool ok;

	*out = (struct ethtool_channels){ .cmd = ETHTOOL_GCHANNELS };
	snprintf(request.ifr_name, sizeof(request.ifr_name), "%s", name);
	ok = fd >= 0 && ioctl(fd, SIOCETHTOOL, &request) == 0;
	close_if_open(fd);
	return ok;
}

/* The driver serves combined channels only: without any, one queue. */
void xdp_count_queues(const char *name, unsigned *served, unsigned *all)
{
	struct ethtool_channels channels;

	*served = *all = 1;
	if (!read_channels(name, &channels))
		return;
	if (channels.rx_count + channels.combined_count > 1)
		*all = channels.rx_count + channels.combined_count;
	if (channels.max_combined > 0 && channels.combined_count > 1)
		*served = channels.combined_count < XDP_QUEUES_MAX ? channels.combined_count : XDP_QUEUES_MAX;
}

/* ---- what the libraries print ---- */

static int no_print(enum libbpf_print_level level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

typedef int (*xdp_print)(int level, const char *format, va_list args);

static int no_xdp_print(int level, const char *format, va_list args)
{
	(void)level, (void)format, (void)args;
	return 0;
}

/*
 * Both write to standard error what they try and what fails of it; a failure is told in our own line. The
 * driver brings libxdp along when EAL loads it: where it has not, there is nothing to silence.
 */
static void silence_libraries(void)
{
	void *libxdp = dlopen("libxdp.so.1", RTLD_NOW | RTLD_NOLOAD);
	xdp_print (*set_print)(xdp_print);

	libbpf_set_print(no_print);
	if (libxdp == NULL)
		return;
	*(void **)&set_print = dlsym(libxdp, "libxdp_set_print");
	if (set_print != NULL)
		set_print(no_xdp_print);
	dlclose(libxdp);
}

/* ---- the interface's program ---- */

/* An abstract name lives as long as the socket, and within the network namespace: as does the interface. */
static int claim_interface(unsigned ifindex)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int len = snprintf(a.sun_path + 1, sizeof(a.sun_path) - 1, "wdscast/xdp/%u", ifindex);

	if (fd >= 0 && bind(fd, (struct sockaddr *)&a, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)len)) == 0)
		return fd;
	close_if_open(fd);
	return -1;
}

struct program {
	struct xdp_numbers numbers;
	bool ours, native;
};

/* The program on the interface. */
static void look_at_program(unsigned ifindex, struct program *out)
{
	LIBBPF_OPTS(bpf_xdp_query_opts, query);
	struct bpf_prog_info info = { 0 };
	__u32 len = sizeof(info);
	int fd;

	memset(out, 0, sizeof(*out));
	if (bpf_xdp_query((int)ifindex, 0, &query) != 0 || query.prog_id == 0)
		return;
	out->numbers.program = query.prog_id;
	out->native = query.drv_prog_id != 0 || query.hw_prog_id != 0;
	info.nr_map_ids = XDP_MAPS_MAX;
	info.map_ids = (__u64)(uintptr_t)out->numbers.maps;
	fd = bpf_prog_get_fd_by_id(query.prog_id);
	if (fd < 0)
		return;
	if (bpf_obj_get_info_by_fd(fd, &info, &len) == 0) {
		out->ours = strcmp(info.name, XDP_PROGRAM_NAME) == 0;
		out->numbers.types = info.btf_id;
		out->numbers.map_count = info.nr_map_ids < XDP_MAPS_MAX ? info.nr_map_ids : XDP_MAPS_MAX;
	}
	close(fd);
}

bool xdp_is_taken(unsigned ifindex)
{
	struct program there;

	look_at_program(ifindex, &there);
	return there.numbers.program != 0 && !there.ours;
}

struct xdp *xdp_new(unsigned ifindex)
{
	struct xdp *x = calloc(1, sizeof(*x));

	if (x == NULL)
		return NULL;
	x->ifindex = ifindex;
	x->link = x->claim = x->ports = x->groups = -1;
	return x;
}

enum wdscast_err xdp_claim(struct xdp *x, const char *name, const char *spec, char *why)
{
	struct program there;

	x->claim = claim_interface(x->ifindex);
	if (x->claim < 0)
		return port_fail(WDSCAST_EBUSY, why, "%s: another af_xdp port has %s", spec, name);
	look_at_program(x->ifindex, &there);
	if (there.numbers.program != 0 && !there.ours)
		return port_fail(WDSCAST_EBUSY, why, "%s: %s has an XDP program of somebody else (ip link set %s xdp off)",
		                 spec, name, name);
	if (there.numbers.program != 0)
		bpf_xdp_detach((int)x->ifindex, 0, NULL);
	return WDSCAST_OK;
}

static int map_by_name(const struct xdp_numbers *program, const char *name)
{
	for (uint32_t i = 0; i < program->map_count; i++) {
		struct bpf_map_info info = { 0 };
		__u32 len = sizeof(info);
		int fd = bpf_map_get_fd_by_id(program->maps[i]);

		if (fd >= 0 && bpf_obj_get_info_by_fd(fd, &info, &len) == 0 && strcmp(info.name, name) == 0)
			return fd;
		close_if_open(fd);
	}
	return -1;
}

void xdp_before_driver(struct xdp *x)
{
	if (x == NULL)
		return;
	silence_libraries();
	xdp_sockets_list(&x->others);
}

void xdp_after_driver(struct xdp *x)
{
	struct program program;

	if (x == NULL)
		return;
	xdp_sockets_list(&x->sockets);
	xdp_sockets_keep_new(&x->sockets, &x->others);
	look_at_program(x->ifindex, &program);
	if (program.ours)
		x->numbers = program.numbers;
	x->native = program.native;
}

int xdp_wait_fd(const struct xdp *x, int beside)
{
	return xdp_sockets_wait_fd(&x->sockets, beside);
}

void xdp_missed(const struct xdp *x, uint64_t *ring, uint64_t *buffer)
{
	xdp_sockets_missed(&x->sockets, ring, buffer);
}

/*
 * The driver has put the program there by netlink, and there it would stay when this process is killed. A link goes
 * with its descriptor; a kernel before 5.9 has none. The one cannot take the other's place: there is a moment
 * between them. Not where a card lends its rings, for many go down for as long as it takes to set them up anew.
 */
static void hold_by_link(struct xdp *x)
{
	__u32 mode = x->native ? XDP_FLAGS_DRV_MODE : XDP_FLAGS_SKB_MODE;
	int program = bpf_prog_get_fd_by_id(x->numbers.program);
	LIBBPF_OPTS(bpf_link_create_opts, opts, .flags = mode);

	if (program >= 0 && bpf_xdp_detach((int)x->ifindex, mode, NULL) == 0) {
		x->link = bpf_link_create(program, (int)x->ifindex, BPF_XDP, &opts);
		if (x->link < 0)
			bpf_xdp_attach((int)x->ifindex, program, mode, NULL);
	}
	close_if_open(program);
}

const char *xdp_find_maps(struct xdp *x, bool *zero_copy)
{
	x->ports = map_by_name(&x->numbers, "ports");
	x->groups = map_by_name(&x->numbers, "groups");
	if (x->ports < 0 || x->groups < 0)
		return NULL;
	*zero_copy = x->native && xdp_sockets_zero_copy(&x->sockets);
	if (!*zero_copy)
		hold_by_link(x);
	if (!x->native)
		return "XDP outside the driver (generic), which is slower";
	return *zero_copy ? "XDP in the driver, without copies" : "XDP in the driver (native)";
}

/* ---- destinations ---- */

static struct xdp_destination key_of(const struct ip_addr *ip, uint16_t port)
{
	struct xdp_destination key = { .port = htons(port), .family = ip->len == 4 ? 4 : 6 };

	memcpy(key.ip, ip->b, ip->len);
	return key;
}

static bool is_group_used(const struct xdp *x, const struct ip_addr *group)
{
	for (unsigned i = 0; i < XDP_DESTINATIONS_MAX; i++)
		if (x->uses[i].users > 0 && ip_equal(&x->uses[i].to.ip, group))
			return true;
	return false;
}

static bool put(int map, const struct ip_addr *ip, uint16_t port)
{
	struct xdp_destination key = key_of(ip, port);
	__u8 value = 1;

	return bpf_map_update_elem(map, &key, &value, BPF_ANY) == 0;
}

static void take(int map, const struct ip_addr *ip, uint16_t port)
{
	struct xdp_destination key = key_of(ip, port);

	bpf_map_delete_elem(map, &key);
}

static struct xdp_use *find_use(struct xdp *x, const struct endpoint *to)
{
	for (unsigned i = 0; i < XDP_DESTINATIONS_MAX; i++)
		if (x->uses[i].users > 0 && endpoint_equal(&x->uses[i].to, to))
			return &x->uses[i];
	return NULL;
}

static struct xdp_use *find_unused(struct xdp *x)
{
	for (unsigned i = 0; i < XDP_DESTINATIONS_MAX; i++)
		if (x->uses[i].users == 0)
			return &x->uses[i];
	return NULL;
}

enum wdscast_err xdp_let_in(struct xdp *x, const struct endpoint *to)
{
	struct xdp_use *use = find_use(x, to);

	if (use != NULL) {
		use->users++;
		return WDSCAST_OK;
	}
	use = find_unused(x);
	if (use == NULL)
		return WDSCAST_ENOMEM;
	if (!put(x->ports, &to->ip, to->port))
		return WDSCAST_EIO;
	if (ip_is_multicast(&to->ip) && !put(x->groups, &to->ip, 0)) {
		take(x->ports, &to->ip, to->port);
		return WDSCAST_EIO;
	}
	use->to = *to;
	use->users = 1;
	return WDSCAST_OK;
}

void xdp_shut_out(struct xdp *x, const struct endpoint *to)
{
	struct xdp_use *use = find_use(x, to);

	if (use == NULL || --use->users > 0)
		return;
	take(x->ports, &to->ip, to->port);
	if (ip_is_multicast(&to->ip) && !is_group_used(x, &to->ip))
		take(x->groups, &to->ip, 0);
}

void xdp_free(struct xdp *x)
{
	if (x == NULL)
		return;
	xdp_sockets_close(&x->sockets);
	close_if_open(x->ports);
	close_if_open(x->groups);
	xdp_numbers_close(&x->numbers);
	close_if_open(x->link);
	close_if_open(x->claim);
	free(x);
}
