/*
 * af_xdp: the XDP program alone, given frames by the kernel's test run, and the port on a veth pair whose
 * far end is another machine with plain sockets.
 */
#include <arpa/inet.h>
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <dirent.h>
#include <linux/bpf.h>
#include <netinet/in.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crossing.h"
#include "port/xdp_maps.h"
#include "port/xdp.h"
#include "support/netns.h"
#include "support/suite.h"

/* The driver forgets its first socket and the program that it loaded (see xdp_descriptors.h). */
const char *__lsan_default_suppressions(void);

__attribute__((visibility("default"))) const char *__lsan_default_suppressions(void)
{
	return "leak:libbpf.so\nleak:libxdp.so";
}

enum { OUR_PORT = 5000, OTHER_PORT = 22000, FLOOD = 20000 };

static pid_t other; /* holds the namespace of the far end */

/* ---- the program ---- */

static struct bpf_object *object;
static int program, xsk;
static uint8_t frame[256];
static uint32_t frame_len;

static const struct ip_addr group4 = { 4, { 239, 1, 2, 3 } }, host4 = { 4, { 10, 77, 0, 1 } };
static const struct ip_addr group6 = { 16, { 0xff, 0x15, [15] = 7 } }, host6 = { 16, { 0xfd, 0x77, [15] = 1 } };

static void add(const void *bytes, uint32_t len)
{
	memcpy(frame + frame_len, bytes, len);
	frame_len += len;
}

static void add16(uint16_t v)
{
	v = htons(v);
	add(&v, 2);
}

static void begin(uint16_t type)
{
	frame_len = 0;
	add("\x01\x00\x5e\x01\x02\x03\x02\x00\x00\x00\x00\x0b", 12);
	add16(type);
}

/* options: in words of 4 bytes; offset: as in the header, with its flags. */
static void add_ip4(const struct ip_addr *to, uint8_t protocol, unsigned options, uint16_t offset)
{
	uint8_t h[60] = { (uint8_t)(0x45 + options), [6] = (uint8_t)(offset >> 8), (uint8_t)offset, 8, protocol };

	memcpy(h + 16, to->b, 4);
	add(h, 20 + 4 * options);
}

static void add_ip6(const struct ip_addr *to, uint8_t next)
{
	uint8_t h[40] = { 0x60, [6] = next, 8 };

	memcpy(h + 24, to->b, 16);
	add(h, 40);
}

static void add_fragment6(uint8_t next, uint16_t offset)
{
	uint8_t h[8] = { next, 0, (uint8_t)(offset >> 8), (uint8_t)offset };

	add(h, 8);
}

static void add_udp(uint16_t port)
{
	add16(1234);
	add16(port);
	add16(20);
	add16(0);
	add("payload bytes", 12);
}

static int map_of(const char *name)
{
	return bpf_object__find_map_fd_by_name(object, name);
}

static void let_in(const char *map, const struct ip_addr *ip, uint16_t port)
{
	struct xdp_destination key = { .port = htons(port), .family = ip->len == 4 ? 4 : 6 };
	__u8 value = 1;

	memcpy(key.ip, ip->b, ip->len);
	CU_ASSERT_EQUAL(bpf_map_update_elem(map_of(map), &key, &value, 0), 0);
}

/* Frames are redirected only where there is a socket for their queue: any will do, the test run sends none. */
static void load_program(void)
{
	char path[32];
	int file = xdp_open_object();
	__u32 queue = 0;

	xsk = socket(AF_XDP, SOCK_RAW, 0);
	CU_ASSERT_FATAL(file >= 0 && xsk >= 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", file);
	object = bpf_object__open_file(path, NULL);
	CU_ASSERT_PTR_NOT_NULL_FATAL(object);
	CU_ASSERT_EQUAL_FATAL(bpf_object__load(object), 0);
	program = bpf_program__fd(bpf_object__find_program_by_name(object, XDP_PROGRAM_NAME));
	CU_ASSERT_EQUAL(bpf_map_update_elem(map_of("xsks_map"), &queue, &xsk, 0), 0);
	let_in("ports", &group4, OUR_PORT);
	let_in("groups", &group4, 0);
	let_in("ports", &host4, OUR_PORT);
	let_in("ports", &group6, OUR_PORT);
	let_in("groups", &group6, 0);
	close(file);
}

static void unload_program(void)
{
	bpf_object__close(object);
	close(xsk);
}

static bool is_taken(void)
{
	uint8_t out[512];
	LIBBPF_OPTS(bpf_test_run_opts, run, .data_in = frame, .data_size_in = frame_len, .data_out = out,
	            .data_size_out = sizeof(out), .repeat = 1);

	CU_ASSERT_EQUAL(bpf_prog_test_run_opts(program, &run), 0);
	CU_ASSERT(run.retval == XDP_REDIRECT || run.retval == XDP_PASS);
	return run.retval == XDP_REDIRECT;
}

static bool takes_udp4(const struct ip_addr *to, uint16_t port, unsigned options, uint16_t offset)
{
	begin(0x0800);
	add_ip4(to, IPPROTO_UDP, options, offset);
	add_udp(port);
	return is_taken();
}

static bool takes_udp6(const struct ip_addr *to, uint16_t port)
{
	begin(0x86dd);
	add_ip6(to, IPPROTO_UDP);
	add_udp(port);
	return is_taken();
}

static bool takes_fragment6(const struct ip_addr *to, uint8_t protocol, uint16_t offset)
{
	begin(0x86dd);
	add_ip6(to, IPPROTO_FRAGMENT);
	add_fragment6(protocol, offset);
	add_udp(OUR_PORT);
	return is_taken();
}

static void the_program_takes_our_datagrams_and_no_others(void)
{
	load_program();
	CU_ASSERT(takes_udp4(&group4, OUR_PORT, 0, 0));
	CU_ASSERT(takes_udp4(&host4, OUR_PORT, 0, 0));
	CU_ASSERT(takes_udp4(&group4, OUR_PORT, 3, 0));
	CU_ASSERT(takes_udp4(&group4, OUR_PORT, 0, 0x4000)); /* "do not fragment" */
	CU_ASSERT(!takes_udp4(&group4, OTHER_PORT, 0, 0));
	CU_ASSERT(!takes_udp4(&host4, OTHER_PORT, 0, 0));
	CU_ASSERT(!takes_udp4(&(struct ip_addr){ 4, { 239, 1, 2, 4 } }, OUR_PORT, 0, 0));
	CU_ASSERT(takes_udp6(&group6, OUR_PORT));
	CU_ASSERT(!takes_udp6(&group6, OTHER_PORT));
	CU_ASSERT(!takes_udp6(&host6, OUR_PORT));
	begin(0x0800);
	add_ip4(&host4, IPPROTO_TCP, 0, 0);
	add_udp(OUR_PORT);
	CU_ASSERT(!is_taken());
	begin(0x0806);
	add_udp(OUR_PORT);
	add_udp(OUR_PORT);
	CU_ASSERT(!is_taken());
	unload_program();
}

static void the_program_takes_the_fragments_of_our_groups(void)
{
	load_program();
	CU_ASSERT(takes_udp4(&group4, OTHER_PORT, 0, 0x2000)); /* what looks like a port there is none later on */
	CU_ASSERT(takes_udp4(&group4, OUR_PORT, 0, 0x2000 | 185));
	CU_ASSERT(takes_udp4(&group4, OUR_PORT, 0, 370));
	CU_ASSERT(!takes_udp4(&host4, OUR_PORT, 0, 0x2000));
	CU_ASSERT(takes_fragment6(&group6, IPPROTO_UDP, 1448 | 1));
	CU_ASSERT(takes_fragment6(&group6, IPPROTO_UDP, 2896));
	CU_ASSERT(takes_fragment6(&group6, IPPROTO_UDP, 0)); /* alone: RFC 6946 */
	CU_ASSERT(!takes_fragment6(&host6, IPPROTO_UDP, 1448 | 1));
	CU_ASSERT(!takes_fragment6(&group6, IPPROTO_TCP, 1448 | 1));
	unload_program();
}

static void the_program_looks_behind_vlan_tags(void)
{
	load_program();
	for (int tags = 1; tags <= 3; tags++) {
		begin(tags == 2 ? 0x88a8 : 0x8100);
		for (int i = 1; i < tags; i++) {
			add16(100);
			add16(0x8100);
		}
		add16(100);
		add16(0x0800);
		add_ip4(&group4, IPPROTO_UDP, 0, 0);
		add_udp(OUR_PORT);
		CU_ASSERT_EQUAL(is_taken(), tags <= 2);
	}
	unload_program();
}

/* Cut after every byte, and with header lengths that cannot be. */
static void the_program_leaves_runts_to_the_kernel(void)
{
	load_program();
	begin(0x0800);
	add_ip4(&group4, IPPROTO_UDP, 0, 0);
	add_udp(OUR_PORT);
	for (uint32_t len = 14; len < 14 + 20 + 8; len++) {
		frame_len = len;
		CU_ASSERT(!is_taken());
	}
	frame_len = 14 + 20 + 20;
	for (unsigned words = 0; words < 16; words++) {
		frame[14] = (uint8_t)(0x40 | words);
		CU_ASSERT_EQUAL(is_taken(), words == 5);
	}
	frame[14] = 0x65;
	CU_ASSERT(!is_taken());
	unload_program();
}

/* ---- the port ---- */

/* A UDP socket of this namespace or of the far end's. */
static int udp_socket(const char *ip, uint16_t port, bool far)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	struct timeval wait = { .tv_sec = 1 };
	int fd;

	CU_ASSERT_FATAL(!far || netns_join(other));
	inet_pton(AF_INET, ip, &a.sin_addr);
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	CU_ASSERT_FATAL(!far || netns_home());
	return fd;
}

static void send_to(int fd, const char *ip, uint16_t port, uint32_t len)
{
	struct sockaddr_in a = { .sin_family = AF_INET, .sin_port = htons(port) };
	uint8_t bytes[9000];

	memset(bytes, 0x5a, sizeof(bytes));
	inet_pton(AF_INET, ip, &a.sin_addr);
	CU_ASSERT_EQUAL(sendto(fd, bytes, len, 0, (struct sockaddr *)&a, sizeof(a)), (ssize_t)len);
}

/* Frames of a type, and so many, come in time. */
static bool receives(struct port *p, uint16_t type, unsigned frames)
{
	ns_t end = host_now() + WAIT_MS * NS_PER_MS;
	unsigned got = 0;
	struct frame f;

	while (got < frames && host_now() < end) {
		if (port_rx(p, 0, &f, 1) == 0) {
			host_nap(100 * NS_PER_US);
			continue;
		}
		got += f.data[12] == type >> 8 && f.data[13] == (type & 0xff);
		port_free(p, 0, &f, 1);
	}
	return got == frames;
}

/* No IPv4 comes within a while. */
static bool is_silent(struct port *p)
{
	ns_t end = host_now() + 100 * NS_PER_MS;
	struct frame f;
	bool silent = true;

	while (host_now() < end) {
		if (port_rx(p, 0, &f, 1) == 0)
			continue;
		silent = silent && (f.data[12] != 0x08 || f.data[13] != 0x00);
		port_free(p, 0, &f, 1);
	}
	return silent;
}

static void the_port_gets_our_frames_and_the_kernel_the_others(void)
{
	struct port *p = must_open("af_xdp:wx");
	int here = udp_socket("10.77.0.1", OTHER_PORT, false), far = udp_socket("10.77.0.2", 0, true);
	struct endpoint local = { host4, 0 }, group = { group4, OUR_PORT };
	char byte;

	CU_ASSERT(p->info.has_kernel && p->info.delivers == PORT_FRAMES && p->info.mtu == 1500);
	CU_ASSERT_PTR_NOT_NULL(strstr(p->info.note, "native"));
	CU_ASSERT_EQUAL(port_reserve(p, &local), WDSCAST_OK);
	CU_ASSERT_EQUAL(port_join(p, &group, NULL), WDSCAST_OK);
	send_to(far, "10.77.0.1", OTHER_PORT, 100);
	CU_ASSERT_EQUAL(recv(here, &byte, 1, 0), 1);
	CU_ASSERT(is_silent(p));
	send_to(far, "10.77.0.1", local.port, 100);
	CU_ASSERT(receives(p, 0x0800, 1));
	send_to(far, "239.1.2.3", OUR_PORT, 1400);
	CU_ASSERT(receives(p, 0x0800, 1));
	send_to(far, "239.1.2.3", OUR_PORT, 8785);
	CU_ASSERT(receives(p, 0x0800, 6));
	port_leave(p, &group, NULL);
	send_to(far, "239.1.2.3", OUR_PORT, 1400);
	send_to(far, "239.1.2.3", OUR_PORT, 8785);
	CU_ASSERT(is_silent(p));
	port_unreserve(p, &local);
	send_to(far, "10.77.0.1", local.port, 100);
	CU_ASSERT(is_silent(p));
	port_close(p);
	close(here);
	close(far);
}

/* A receiver that stands still: what finds no buffer, or no room in the ring, is counted, and once. */
static void what_a_full_ring_loses_is_counted(void)
{
	struct port *p = must_open("af_xdp:wx");
	struct endpoint group = { group4, OUR_PORT };
	int far = udp_socket("10.77.0.2", 0, true);
	struct port_stats stats;
	struct frame v[PORT_BURST];
	uint64_t got = 0;

	CU_ASSERT_EQUAL(port_join(p, &group, NULL), WDSCAST_OK);
	for (unsigned i = 0; i < FLOOD; i++)
		send_to(far, "239.1.2.3", OUR_PORT, 100);
	host_nap(50 * NS_PER_MS); /* what the far end's queue holds */
	for (uint32_t n; (n = port_rx(p, 0, v, PORT_BURST)) > 0;) {
		for (uint32_t i = 0; i < n; i++)
			got += v[i].data[12] == 0x08 && v[i].data[13] == 0x00;
		port_free(p, 0, v, n);
	}
	port_read_stats(p, &stats);
	CU_ASSERT(got > 0 && got < FLOOD);
	CU_ASSERT_EQUAL(got + stats.rx_missed + stats.rx_no_buffer, FLOOD);
	port_close(p);
	close(far);
}

static bool is_readable(int fd, int timeout_ms)
{
	struct pollfd p = { .fd = fd, .events = POLLIN };

	return poll(&p, 1, timeout_ms) == 1 && p.revents == POLLIN;
}

/* What comes beside, as of IPv6, is read too: then there is nothing to wait for. */
static bool falls_silent(struct port *p)
{
	ns_t end = host_now() + WAIT_MS * NS_PER_MS;

	while (host_now() < end && is_readable(port_wait_fd(p, 0), 0))
		is_silent(p);
	return !is_readable(port_wait_fd(p, 0), 0);
}

static void who_waits_is_woken_by_a_frame(void)
{
	struct port *p = must_open("af_xdp:wx");
	struct endpoint group = { group4, OUR_PORT };
	int far = udp_socket("10.77.0.2", 0, true);

	CU_ASSERT_FATAL(port_wait_fd(p, 0) >= 0);
	CU_ASSERT_EQUAL(port_join(p, &group, NULL), WDSCAST_OK);
	CU_ASSERT(falls_silent(p));
	send_to(far, "239.1.2.3", OUR_PORT, 100);
	CU_ASSERT(is_readable(port_wait_fd(p, 0), WAIT_MS));
	CU_ASSERT(receives(p, 0x0800, 1));
	CU_ASSERT(falls_silent(p));
	port_close(p);
	close(far);
}

static void a_group_joined_twice_is_left_twice(void)
{
	struct port *p = must_open("af_xdp:wx");
	struct endpoint group = { group4, OUR_PORT };
	int far = udp_socket("10.77.0.2", 0, true);

	CU_ASSERT_EQUAL(port_join(p, &group, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(port_join(p, &group, NULL), WDSCAST_OK);
	port_leave(p, &group, NULL);
	send_to(far, "239.1.2.3", OUR_PORT, 100);
	CU_ASSERT(receives(p, 0x0800, 1));
	port_leave(p, &group, NULL);
	send_to(far, "239.1.2.3", OUR_PORT, 100);
	CU_ASSERT(is_silent(p));
	port_close(p);
	close(far);
}

/* What we ask by ARP is answered to the kernel: we hear it too. */
static void the_port_overhears_arp(void)
{
	static const uint8_t request[42] = { 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2, 0, 0, 0, 0, 0xa, 8, 6, 0, 1, 8, 0, 6,
		                             4, 0, 1, 2, 0, 0, 0, 0, 0xa, 10, 77, 0, 1, 0, 0, 0, 0, 0, 0, 10, 77, 0, 2 };
	struct port *p = must_open("af_xdp:wx");
	struct port_packet k = { .head = request, .head_len = sizeof(request) };

	CU_ASSERT_EQUAL(port_tx(p, 0, &k, 1), 1);
	CU_ASSERT(receives(p, 0x0806, 1));
	port_close(p);
}

static void what_the_port_sends_arrives(void)
{
	static const uint8_t head[42] = { 2, 0, 0, 0, 0, 0xb, 2, 0, 0, 0, 0, 0xa, 8, 0, 0x45, 0, 0, 128, 0, 0, 0, 0, 8, 17,
		                          0x9d, 0xd1, 10, 77, 0, 1, 10, 77, 0, 2, 0x30, 0x39, 0x55, 0xf0, 0, 108 };
	struct port *p = must_open("af_xdp:wx");
	int far = udp_socket("10.77.0.2", OTHER_PORT, true);
	uint8_t body[100] = { 7 }, got[200];
	struct port_packet k = { .head = head, .head_len = sizeof(head), .body = body, .body_len = sizeof(body) };
	struct port_stats stats;

	for (int i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(port_tx(p, 0, &k, 1), 1);
		CU_ASSERT_EQUAL(recv(far, got, sizeof(got), 0), 100);
		CU_ASSERT_EQUAL(memcmp(got, body, sizeof(body)), 0);
	}
	port_read_stats(p, &stats);
	CU_ASSERT(stats.tx_frames == 3 && stats.tx_dropped == 0);
	port_close(p);
	close(far);
}

/* This program as another process. Its exit code, or -1 when it was killed. */
static int run_other(const char *what)
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		execl("/proc/self/exe", "other", what, "af_xdp:wx", (char *)NULL);
		_exit(99);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void an_interface_has_one_such_port(void)
{
	struct port *p = must_open("af_xdp:wx");

	must_fail("af_xdp:wx", WDSCAST_EBUSY, "open in this program already");
	CU_ASSERT_EQUAL(run_other("--open"), WDSCAST_EBUSY);
	port_close(p);
	CU_ASSERT_EQUAL(run_other("--open"), WDSCAST_OK);
	for (int i = 0; i < 3; i++)
		port_close(must_open("af_xdp:wx"));
}

static unsigned open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (d != NULL && readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void a_port_leaves_no_descriptors_behind(void)
{
	unsigned before;

	port_close(must_open("af_xdp:wx")); /* libbpf and EAL keep some for good */
	before = open_descriptors();
	port_close(must_open("af_xdp:wx"));
	CU_ASSERT_EQUAL(open_descriptors(), before);
}

static int open_and_close(const char *spec)
{
	struct port_config config = { .spec = spec };
	char why[PORT_WHY_BYTES];
	struct port *p = NULL;
	enum wdscast_err err = port_open(&config, &p, why);

	port_close(p);
	return (int)err;
}

static void wait_with_a_port_open(const char *spec)
{
	struct port_config config = { .spec = spec };
	char why[PORT_WHY_BYTES];
	struct port *p;

	if (port_open(&config, &p, why) != WDSCAST_OK)
		_exit(1);
	for (;;)
		pause();
}

/* An interface has a program, or none. */
static bool has_program(void)
{
	return netns_run("ip link show wx | grep -q xdp");
}

static void the_program_of_a_killed_process_goes_with_it(void)
{
	bool had = false, has = true;
	pid_t child = fork();

	if (child == 0) {
		execl("/proc/self/exe", "other", "--wait", "af_xdp:wx", (char *)NULL);
		_exit(99);
	}
	for (int i = 0; i < 100 && !had; i++) {
		host_nap(50 * NS_PER_MS);
		had = has_program();
	}
	host_nap(200 * NS_PER_MS); /* it is put there twice */
	CU_ASSERT(had && has_program());
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	for (int i = 0; i < 100 && has; i++) {
		host_nap(10 * NS_PER_MS);
		has = has_program();
	}
	CU_ASSERT(!has);
}

/* As a program stays that was put there without a link. */
static void the_program_of_a_killed_process_is_replaced(void)
{
	struct host_interface h;

	CU_ASSERT_FATAL(host_interface("wx", &h));
	load_program();
	CU_ASSERT_EQUAL(bpf_xdp_attach((int)h.index, program, 0, NULL), 0);
	unload_program();
	CU_ASSERT(has_program());
	port_close(must_open("af_xdp:wx"));
	CU_ASSERT(netns_run("! ip link show wx | grep -q xdp"));
}

static void another_program_is_left_alone(void)
{
	struct bpf_insn pass[] = { { .code = BPF_ALU64 | BPF_MOV | BPF_K, .imm = XDP_PASS }, { .code = BPF_JMP | BPF_EXIT } };
	int fd = bpf_prog_load(BPF_PROG_TYPE_XDP, "firewall", "GPL", pass, 2, NULL);
	struct host_interface h;

	CU_ASSERT_FATAL(fd >= 0 && host_interface("wx", &h));
	CU_ASSERT_EQUAL(bpf_xdp_attach((int)h.index, fd, 0, NULL), 0);
	must_fail("af_xdp:wx", WDSCAST_EBUSY, "somebody else");
	CU_ASSERT(netns_run("ip link show wx | grep -q xdp"));
	CU_ASSERT(xdp_is_taken(h.index));
	CU_ASSERT(netns_run("ip link set wx xdp off"));
	CU_ASSERT(!xdp_is_taken(h.index));
	close(fd);
}

static void what_cannot_be_is_said(void)
{
	must_fail("af_xdp:nowhere", WDSCAST_ENODEV, "no interface");
	must_fail("af_xdp:wx,queue=7", WDSCAST_EINVAL, "has 1 queues");
	must_fail("af_xdp:wx,queue=x", WDSCAST_EINVAL, "queue is a number");
	must_fail("af_xdp:wx,vlan=9", WDSCAST_EINVAL, "VLAN 9");
	CU_ASSERT(netns_run("ip link set wx mtu 9000"));
	must_fail("af_xdp:wx", WDSCAST_EINVAL, "3400");
	CU_ASSERT(netns_run("ip link set wx mtu 1500"));
	port_close(must_open("af_xdp:wx,queue=0"));
}

static bool make_wire(void)
{
	other = netns_hold();
	return other > 0 &&
	       netns_run("ip link add name wx address 02:00:00:00:00:0a type veth peer name wy address 02:00:00:00:00:0b"
	                 " && ip link set wy netns %d && ip addr add 10.77.0.1/24 dev wx && ip link set wx up"
	                 " && ip route add 224.0.0.0/4 dev wx", (int)other) &&
	       netns_run_in(other, "sh -c 'ip addr add 10.77.0.2/24 dev wy && ip link set wy up"
	                           " && ip route add 224.0.0.0/4 dev wy'");
}

static const struct suite_test tests[] = {
	SUITE_TEST(the_program_takes_our_datagrams_and_no_others),
	SUITE_TEST(the_program_takes_the_fragments_of_our_groups),
	SUITE_TEST(the_program_looks_behind_vlan_tags),
	SUITE_TEST(the_program_leaves_runts_to_the_kernel),
	SUITE_TEST(the_port_gets_our_frames_and_the_kernel_the_others),
	SUITE_TEST(what_a_full_ring_loses_is_counted),
	SUITE_TEST(who_waits_is_woken_by_a_frame),
	SUITE_TEST(a_group_joined_twice_is_left_twice),
	SUITE_TEST(the_port_overhears_arp),
	SUITE_TEST(what_the_port_sends_arrives),
	SUITE_TEST(an_interface_has_one_such_port),
	SUITE_TEST(a_port_leaves_no_descriptors_behind),
	SUITE_TEST(the_program_of_a_killed_process_goes_with_it),
	SUITE_TEST(the_program_of_a_killed_process_is_replaced),
	SUITE_TEST(another_program_is_left_alone),
	SUITE_TEST(what_cannot_be_is_said),
};

int main(int argc, char **argv)
{
	int failed;

	if (argc == 3 && strcmp(argv[1], "--wait") == 0)
		wait_with_a_port_open(argv[2]);
	if (argc == 3 && strcmp(argv[1], "--open") == 0)
		return open_and_close(argv[2]);
	failed = netns_main_enter("port/af_xdp");
	if (failed != 0)
		return failed;
	if (!make_wire()) {
		fprintf(stderr, "cannot make a veth pair\n");
		return 1;
	}
	failed = suite_main(argc, argv, "port/af_xdp", tests, sizeof(tests) / sizeof(tests[0]));
	netns_release(other);
	return failed;
}
