/*
 * af_packet, on a veth pair between two namespaces of the test's own; pcap and pci, as far as they need no
 * card; and what `auto` chooses.
 */
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crossing.h"
#include "support/netns.h"
#include "support/suite.h"

static pid_t other; /* holds the namespace of the veth pair's far end */
static char directory[] = "/tmp/wdsport-XXXXXX";

/* Opened within the other namespace; what it has of the kernel stays there. */
static struct port *open_there(const char *spec)
{
	struct port *p;

	CU_ASSERT_FATAL(netns_join(other));
	p = must_open(spec);
	CU_ASSERT_FATAL(netns_home());
	return p;
}

static void af_packet_carries_frames_between_namespaces(void)
{
	struct port *a = must_open("af_packet:wa"), *b = open_there("af_packet:wb");
	struct port_stats sent, received;

	CU_ASSERT(a->info.has_kernel);
	CU_ASSERT_EQUAL(a->info.delivers, PORT_FRAMES);
	CU_ASSERT_EQUAL(a->info.mtu, 1500);
	CU_ASSERT_EQUAL(memcmp(a->info.mac.b, "\x02\x00\x00\x00\x00\x0a", 6), 0);
	CU_ASSERT(a->info.ip4.len == 4 && a->info.ip4.b[3] == 1 && a->info.prefix4 == 24);
	CU_ASSERT_STRING_EQUAL(a->info.driver, "net_af_packet");
	CU_ASSERT_STRING_EQUAL(a->info.spec, "af_packet:wa");
	for (uint32_t i = 0; i < 100; i++)
		CU_ASSERT(crosses(a, b, i));
	CU_ASSERT(crosses(b, a, 1000));
	port_read_stats(a, &sent);
	port_read_stats(b, &received);
	CU_ASSERT_EQUAL(sent.tx_frames, 100);
	CU_ASSERT_EQUAL(sent.tx_bytes, 100 * sizeof(struct test_frame));
	CU_ASSERT(received.rx_frames >= 100);
	CU_ASSERT_EQUAL(received.rx_missed, 0);
	port_close(a);
	port_close(b);
}

static unsigned descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(d);
	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void ports_open_and_close_again_and_again(void)
{
	unsigned before = descriptors();

	for (int i = 0; i < 5; i++) {
		struct port *a = must_open("af_packet:wa"), *b = open_there("af_packet:wb");

		CU_ASSERT(crosses(a, b, (uint32_t)i));
		port_close(b);
		port_close(a);
	}
	CU_ASSERT_EQUAL(descriptors(), before);
}

/* The driver leaves frames in the kernel's ring when the send buffer is full: the last must come all the same. */
static void the_last_frame_of_a_flood_is_sent(void)
{
	struct port *a = must_open("af_packet:wa"), *b = open_there("af_packet:wb");
	bool in_order, last;
	uint32_t got = receive_flood(a, b, &in_order, &last);
	struct port_stats stats;

	port_read_stats(b, &stats);
	CU_ASSERT(in_order);
	CU_ASSERT(last || stats.rx_missed > 0); /* a slow receiver's ring may have no room for it */
	CU_ASSERT(got + stats.rx_missed >= MANY);
	port_close(a);
	port_close(b);
}

/* Frames that the far interface has received and sent: each comes to whoever listens there. */
static uint64_t frames_there(void)
{
	unsigned long long received = 0, sent = 0;
	char line[256];
	FILE *f;

	CU_ASSERT_FATAL(netns_join(other));
	f = fopen("/proc/thread-self/net/dev", "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (fgets(line, sizeof(line), f) != NULL)
		if (sscanf(line, " wb: %*u %llu %*u %*u %*u %*u %*u %*u %*u %llu", &received, &sent) == 2)
			break;
	fclose(f);
	CU_ASSERT_FATAL(netns_home());
	return received + sent;
}

/* A receiver that stands still: what its ring cannot hold is counted, to the last frame. */
static void what_a_full_ring_loses_is_counted(void)
{
	struct port *a = must_open("af_packet:wa"), *b = open_there("af_packet:wb");
	uint64_t before = frames_there(), got = 0;
	struct port_stats at_first, stats;
	struct frame v[PORT_BURST];

	port_read_stats(b, &at_first);
	CU_ASSERT_EQUAL(at_first.rx_missed, 0);
	send_flood(a);
	for (uint32_t n; (n = port_rx(b, 0, v, PORT_BURST)) > 0; got += n)
		port_free(b, 0, v, n);
	port_read_stats(b, &stats);
	CU_ASSERT(got > 0 && got < MANY);
	CU_ASSERT_EQUAL(stats.rx_frames, got);
	CU_ASSERT_EQUAL(got + stats.rx_missed, frames_there() - before);
	CU_ASSERT_EQUAL(stats.rx_no_buffer, 0);
	CU_ASSERT_EQUAL(stats.buffers_used, at_first.buffers_used);
	port_close(a);
	port_close(b);
}

static unsigned lines_with(const char *path, const char *text)
{
	char line[256];
	unsigned n = 0;
	FILE *f = fopen(path, "r");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	while (fgets(line, sizeof(line), f) != NULL)
		n += strstr(line, text) != NULL;
	fclose(f);
	return n;
}

/* The kernel's rings, the caller's memory and the shaper's queue fill up; nobody waits for them. */
static void a_slow_interface_makes_no_sender_wait(void)
{
	struct test_frame sent = frame_of(1);
	struct port_packet k[PORT_BURST];
	struct port *a;
	uint32_t taken = 1, total = 0;

	CU_ASSERT(netns_run("tc qdisc add dev wa root tbf rate 1mbit burst 2k limit 100k"));
	a = must_open("af_packet:wa");
	for (int i = 0; i < PORT_BURST; i++)
		k[i] = packet_of(&sent);
	while (taken > 0 && total < 10000) {
		taken = port_tx(a, 0, k, PORT_BURST);
		total += taken;
	}
	CU_ASSERT(total >= 1024 && total < 10000);
	port_close(a);
	CU_ASSERT(netns_run("tc qdisc del dev wa root"));
}

static void joining_is_the_kernels_membership(void)
{
	struct port *a = must_open("af_packet:wa");
	struct endpoint group = { ip4_of(239, 1, 2, 3), 5000 }, more = { ip4_of(239, 1, 3, 0), 5000 };

	CU_ASSERT_EQUAL(port_join(a, &group, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(port_join(a, &group, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(lines_with("/proc/thread-self/net/igmp", "030201EF"), 1);
	port_leave(a, &group, NULL);
	CU_ASSERT_EQUAL(lines_with("/proc/thread-self/net/igmp", "030201EF"), 1);
	port_leave(a, &group, NULL);
	CU_ASSERT_EQUAL(lines_with("/proc/thread-self/net/igmp", "030201EF"), 0);
	for (more.ip.b[3] = 0; more.ip.b[3] < 40; more.ip.b[3]++) /* a socket may join 20 */
		CU_ASSERT_EQUAL(port_join(a, &more, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(lines_with("/proc/thread-self/net/igmp", "0301EF"), 40);
	group.ip = (struct ip_addr){ 16, { 0xff, 0x12, [15] = 0x77 } };
	CU_ASSERT_EQUAL(port_join(a, &group, NULL), WDSCAST_OK);
	CU_ASSERT_EQUAL(lines_with("/proc/thread-self/net/igmp6", "ff120000000000000000000000000077"), 1);
	port_close(a);
	CU_ASSERT_EQUAL(lines_with("/proc/thread-self/net/igmp", "0301EF"), 0);
}

static void a_reserved_port_is_taken_once_and_given_back(void)
{
	struct port *a = must_open("af_packet:wa");
	struct endpoint any = { a->info.ip4, 0 }, same;

	CU_ASSERT_EQUAL(port_reserve(a, &any), WDSCAST_OK);
	CU_ASSERT(any.port != 0);
	same = any;
	CU_ASSERT_EQUAL(port_reserve(a, &same), WDSCAST_EADDRINUSE);
	port_unreserve(a, &any);
	CU_ASSERT_EQUAL(port_reserve(a, &same), WDSCAST_OK);
	port_close(a);
}

/* From the other namespace, a connected socket hears of ICMP unreachable as ECONNREFUSED. */
static bool is_refused(uint16_t port)
{
	return !netns_run_in(other, "timeout 2 bash -c 'exec 3<>/dev/udp/10.77.1.1/%u; echo x >&3; sleep 0.1; echo x >&3'"
	                            " 2>/dev/null", port);
}

static void a_reserved_port_is_not_answered_with_icmp(void)
{
	struct port *a = must_open("af_packet:wa");
	struct endpoint local = { a->info.ip4, 0 };

	CU_ASSERT_EQUAL_FATAL(port_reserve(a, &local), WDSCAST_OK);
	CU_ASSERT_FALSE(is_refused(local.port));
	port_unreserve(a, &local);
	CU_ASSERT(is_refused(local.port));
	port_close(a);
}

/* Three fragments of one datagram: the kernel is not to glue them, nor to keep them waiting for each other. */
static void fragments_come_as_they_are(void)
{
	struct port *a = must_open("af_packet:wa"), *b = open_there("af_packet:wb");
	uint8_t bytes[114] = { 1, 0, 0x5e, 1, 2, 3, 2, 0, 0, 0, 0, 9, 8, 0, /* IPv4, 100 bytes, id 7 */
		               0x45, 0, 0, 100, 0, 7, 0x20, 0, 64, 17, 0, 0, 10, 77, 1, 1, 239, 1, 2, 3 };

	for (unsigned i = 0; i < 3; i++) {
		unsigned sum = 0, at = i * 10;

		bytes[20] = i < 2 ? 0x20 : 0; /* more fragments */
		bytes[21] = (uint8_t)at;
		bytes[24] = bytes[25] = 0;
		for (unsigned j = 14; j < 34; j += 2)
			sum += (unsigned)bytes[j] << 8 | bytes[j + 1];
		sum = ~((sum & 0xffff) + (sum >> 16)) & 0xffff;
		bytes[24] = (uint8_t)(sum >> 8);
		bytes[25] = (uint8_t)sum;
		CU_ASSERT(bytes_cross(a, b, bytes, sizeof(bytes)));
	}
	CU_ASSERT_PTR_NULL(strstr(b->info.note, "reassembles"));
	port_close(a);
	port_close(b);
}

static void several_queues_share_the_frames(void)
{
	struct port_config config = { .spec = "af_packet:wa", .queues = 2 };
	struct port *a, *b = open_there("af_packet:wb");
	struct test_frame sent = frame_of(1);
	struct port_packet k = packet_of(&sent);
	char why[PORT_WHY_BYTES];
	uint32_t got = 0;

	CU_ASSERT_EQUAL_FATAL(port_open(&config, &a, why), WDSCAST_OK);
	CU_ASSERT_EQUAL(a->info.queues, 2);
	for (int i = 0; i < 10; i++)
		CU_ASSERT_EQUAL(port_tx(b, 0, &k, 1), 1);
	for (ns_t end = host_now() + WAIT_MS * NS_PER_MS; got < 10 && host_now() < end;) {
		for (uint16_t q = 0; q < 2; q++) {
			struct frame f;
			uint32_t n = port_rx(a, q, &f, 1);

			got += n == 1 && f.len == sizeof(sent) && f.data[12] == 0x88;
			port_free(a, q, &f, n);
		}
	}
	CU_ASSERT_EQUAL(got, 10);
	port_close(a);
	port_close(b);
}

static struct port *open_vlan(const char *spec, uint8_t last)
{
	struct port_config config = { .spec = spec, .ip4 = ip4_of(10, 9, 0, last), .prefix4 = 24 };
	char why[PORT_WHY_BYTES] = "";
	struct port *p = NULL;

	CU_ASSERT_EQUAL_FATAL(port_open(&config, &p, why), WDSCAST_OK);
	CU_ASSERT_EQUAL(p->info.vlan, 7);
	CU_ASSERT_FALSE(p->info.has_kernel);
	CU_ASSERT_EQUAL(p->info.ip4.b[3], last);
	CU_ASSERT_EQUAL(p->info.gateway4.len, 0);
	return p;
}

static void tagged_frames_keep_their_tag(void)
{
	uint8_t bytes[100] = { 1, 0, 0x5e, 1, 2, 3, 2, 0, 0, 0, 0, 9, 0x81, 0, 0, 7, 0x88, 0xb5, 42 };
	struct port *a = open_vlan("af_packet:wa,vlan=7", 1), *b;

	CU_ASSERT_FATAL(netns_join(other));
	b = open_vlan("af_packet:wb,vlan=7", 2);
	CU_ASSERT_FATAL(netns_home());
	CU_ASSERT(bytes_cross(a, b, bytes, sizeof(bytes)));
	CU_ASSERT(bytes_cross(b, a, bytes, sizeof(bytes)));
	port_close(a);
	port_close(b);
}

static void an_address_of_another_machine_is_refused(void)
{
	struct port_config config = { .spec = "af_packet:wa", .ip4 = ip4_of(10, 77, 1, 99) };
	char why[PORT_WHY_BYTES] = "";
	struct port *p;

	CU_ASSERT_EQUAL(port_open(&config, &p, why), WDSCAST_EINVAL);
	CU_ASSERT_STRING_EQUAL(why, "af_packet:wa: 10.77.1.99 is no address of this machine"
	                            " (ip address add 10.77.1.99 dev wa)");
}

/* A capture of one frame: magic, version 2.4, zone, accuracy, 65535 bytes, Ethernet; time, two lengths. */
static void a_capture_is_replayed(void)
{
	const uint32_t head[10] = { 0xa1b2c3d4, 4 << 16 | 2, 0, 0, 65535, 1, 0, 0, sizeof(struct test_frame),
		                    sizeof(struct test_frame) };
	struct port_config config = { .ip4 = ip4_of(10, 0, 0, 1) };
	char path[96], spec[112], why[PORT_WHY_BYTES] = "";
	struct test_frame sent = frame_of(9), received;
	struct port_packet k = packet_of(&sent);
	struct port *p = NULL;
	FILE *f;

	snprintf(path, sizeof(path), "%s/a.pcap", directory);
	snprintf(spec, sizeof(spec), "pcap:%s", path);
	f = fopen(path, "w");
	CU_ASSERT_FATAL(f != NULL && fwrite(head, sizeof(head), 1, f) == 1 && fwrite(&sent, sizeof(sent), 1, f) == 1);
	fclose(f);
	config.spec = spec;
	CU_ASSERT_EQUAL_FATAL(port_open(&config, &p, why), WDSCAST_OK);
	CU_ASSERT(receive(p, &received) && memcmp(&sent, &received, sizeof(sent)) == 0);
	CU_ASSERT_EQUAL(port_tx(p, 0, &k, 1), 1); /* to nowhere */
	CU_ASSERT_EQUAL(p->info.ip4.b[0], 10);
	port_close(p);
	unlink(path);
}

static void jumbo_frames_fit(void)
{
	static uint8_t bytes[9014];
	struct port *a, *b;

	CU_ASSERT(netns_run("ip link set dev wa mtu 9000"));
	CU_ASSERT(netns_run_in(other, "ip link set dev wb mtu 9000"));
	a = must_open("af_packet:wa");
	b = open_there("af_packet:wb");
	memcpy(bytes, "\x01\x00\x5e\x01\x02\x03\x02\x00\x00\x00\x00\x09\x88\xb5", 14);
	CU_ASSERT_EQUAL(a->info.mtu, 9000);
	CU_ASSERT(bytes_cross(a, b, bytes, sizeof(bytes)));
	port_close(a);
	port_close(b);
	CU_ASSERT(netns_run("ip link set dev wa mtu 1500"));
	CU_ASSERT(netns_run_in(other, "ip link set dev wb mtu 1500"));
}

static void auto_takes_the_interface_of_the_route_and_says_so(void)
{
	struct port_config config = { .spec = "auto", .peer = ip4_of(10, 77, 1, 2) };
	char why[PORT_WHY_BYTES];
	struct port *p;

	CU_ASSERT_EQUAL_FATAL(port_open(&config, &p, why), WDSCAST_OK);
	CU_ASSERT_STRING_EQUAL(p->info.spec, "kernel:wa");
	CU_ASSERT_PTR_NOT_NULL(strstr(p->info.note, "auto: kernel:wa, for it leads to 10.77.1.2"));
	port_close(p);
	config.peer.len = 0;
	CU_ASSERT_EQUAL_FATAL(port_open(&config, &p, why), WDSCAST_OK);
	CU_ASSERT_PTR_NOT_NULL(strstr(p->info.note, "auto: kernel:wa, for it is the first that is up"));
	port_close(p);
	config.peer = ip4_of(192, 0, 2, 1);
	CU_ASSERT_EQUAL(port_open(&config, &p, why), WDSCAST_ENOROUTE);
	CU_ASSERT_STRING_EQUAL(why, "auto: no interface leads to 192.0.2.1");
}

static void what_cannot_be_opened_says_why_in_a_line(void)
{
	struct port *a;

	must_fail("af_packet:nope", WDSCAST_ENODEV, "there is no interface \"nope\"");
	must_fail("af_packet:wdown", WDSCAST_ENODEV, "wdown is down");
	must_fail("af_packet:wa,vlan=7", WDSCAST_EINVAL, "no interface for VLAN 7");
	a = must_open("af_packet:wa");
	must_fail("af_packet:wa", WDSCAST_EBUSY, "wa is open in this program already");
	port_close(a);
	must_fail("pcap:/no/such/file", WDSCAST_ENODEV, "cannot be read");
	must_fail("pci:ffff:ff:1f.7", WDSCAST_ENODEV, "there is no card");
	must_fail("pci:eth0", WDSCAST_EINVAL, "no PCI address");
}

static int fail_without_privilege(void)
{
	struct port_config config = { .spec = "af_packet:wa" };
	char why[PORT_WHY_BYTES];
	struct port *p;

	if (setuid(65534) != 0)
		return 1;
	return port_open(&config, &p, why) == WDSCAST_EPERM && strstr(why, "needs root") != NULL ? 0 : 1;
}

static void without_privilege_it_says_so(void)
{
	int status;
	pid_t child = fork();

	if (child == 0)
		_exit(fail_without_privilege());
	CU_ASSERT_EQUAL(waitpid(child, &status, 0), child);
	CU_ASSERT(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

static void nothing_is_left_behind(void)
{
	char runtime[64];

	snprintf(runtime, sizeof(runtime), "/var/run/dpdk/wdscast-%d", (int)getpid());
	CU_ASSERT_NOT_EQUAL(access(runtime, F_OK), 0);
	CU_ASSERT_EQUAL(rmdir(directory), 0); /* it is empty */
}

static const struct suite_test tests[] = {
	SUITE_TEST(without_privilege_it_says_so),
	SUITE_TEST(af_packet_carries_frames_between_namespaces),
	SUITE_TEST(ports_open_and_close_again_and_again),
	SUITE_TEST(the_last_frame_of_a_flood_is_sent),
	SUITE_TEST(what_a_full_ring_loses_is_counted),
	SUITE_TEST(a_slow_interface_makes_no_sender_wait),
	SUITE_TEST(joining_is_the_kernels_membership),
	SUITE_TEST(a_reserved_port_is_taken_once_and_given_back),
	SUITE_TEST(a_reserved_port_is_not_answered_with_icmp),
	SUITE_TEST(jumbo_frames_fit),
	SUITE_TEST(fragments_come_as_they_are),
	SUITE_TEST(several_queues_share_the_frames),
	SUITE_TEST(tagged_frames_keep_their_tag),
	SUITE_TEST(an_address_of_another_machine_is_refused),
	SUITE_TEST(a_capture_is_replayed),
	SUITE_TEST(auto_takes_the_interface_of_the_route_and_says_so),
	SUITE_TEST(what_cannot_be_opened_says_why_in_a_line),
	SUITE_TEST(nothing_is_left_behind),
};

static bool make_wire(void)
{
	other = netns_hold();
	return other > 0 &&
	       netns_run("ip link add name wa address 02:00:00:00:00:0a type veth peer name wb address 02:00:00:00:00:0b"
	                 " && ip link add name wdown type veth peer name wdown2"
	                 " && ip link set wb netns %d"
	                 " && ip addr add 10.77.1.1/24 dev wa && ip link set wa up", (int)other) &&
	       netns_run_in(other, "ip addr add 10.77.1.2/24 dev wb") && netns_run_in(other, "ip link set wb up");
}

int main(int argc, char **argv)
{
	int result = netns_main_enter("port/af_packet");

	if (result != 0)
		return result;
	if (!make_wire() || mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	result = suite_main(argc, argv, "port/af_packet", tests, sizeof(tests) / sizeof(tests[0]));
	rmdir(directory);
	return result;
}
