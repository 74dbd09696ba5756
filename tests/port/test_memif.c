/* memif: shared memory between two ports, in this process and with another. */
#include <dirent.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#include "crossing.h"
#include "support/suite.h"

static char directory[] = "/tmp/wdsport-XXXXXX", memif_path[64], driver_path[72];

static void it_carries_all_frames_in_order_and_loses_none(void)
{
	char spec[96];
	struct port *server, *client;
	bool in_order, last;

	snprintf(spec, sizeof(spec), "memif:%s,server", memif_path);
	server = must_open(spec);
	snprintf(spec, sizeof(spec), "memif:%s", memif_path);
	client = must_open(spec);
	CU_ASSERT(!server->info.has_kernel && server->info.mtu == 1500);
	CU_ASSERT(server->info.ip4.b[3] == 1 && client->info.ip4.b[3] == 2);
	CU_ASSERT(server->info.mac.b[0] & 2);
	CU_ASSERT_FATAL(connects(server, client));
	CU_ASSERT(crosses(client, server, 5));
	CU_ASSERT_EQUAL(receive_flood(server, client, &in_order, &last), MANY);
	CU_ASSERT(in_order && last);
	CU_ASSERT_EQUAL(receive_flood(client, server, &in_order, &last), MANY);
	CU_ASSERT(in_order && last);
	port_close(client);
	port_close(server);
	CU_ASSERT_NOT_EQUAL(access(memif_path, F_OK), 0);
}

static void a_client_waits_for_its_server_and_for_the_next(void)
{
	char server_spec[96], spec[96];
	struct port *server, *client;

	snprintf(server_spec, sizeof(server_spec), "memif:%s,server", memif_path);
	snprintf(spec, sizeof(spec), "memif:%s", memif_path);
	client = must_open(spec);
	for (int i = 0; i < 3; i++) {
		server = must_open(server_spec);
		CU_ASSERT(connects(server, client));
		CU_ASSERT(crosses(client, server, 1));
		port_close(server);
	}
	port_close(client);
}

static void a_server_takes_one_client_after_another(void)
{
	char server_spec[96], spec[96];
	struct port *server, *client;

	snprintf(server_spec, sizeof(server_spec), "memif:%s,server", memif_path);
	snprintf(spec, sizeof(spec), "memif:%s", memif_path);
	server = must_open(server_spec);
	for (int i = 0; i < 3; i++) {
		client = must_open(spec);
		CU_ASSERT(connects(client, server));
		CU_ASSERT(crosses(server, client, 1));
		port_close(client);
	}
	port_close(server);
}

/* This program as another process: it sends and receives on the port as fast as it can, until it is killed. */
static void run_flood(const char *spec)
{
	struct port_config config = { .spec = spec };
	char why[PORT_WHY_BYTES];
	struct port *p;

	if (port_open(&config, &p, why) != WDSCAST_OK) {
		fprintf(stderr, "%s\n", why);
		exit(EXIT_FAILURE);
	}
	for (uint32_t i = 0;; i++) {
		struct test_frame sent = frame_of(i);
		struct port_packet k[PORT_BURST];
		struct frame v[PORT_BURST];

		for (uint32_t j = 0; j < PORT_BURST; j++)
			k[j] = packet_of(&sent);
		(void)port_tx(p, 0, k, PORT_BURST);
		port_free(p, 0, v, port_rx(p, 0, v, PORT_BURST));
	}
}

static pid_t start_flood(const char *spec)
{
	pid_t child = fork();

	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		execl("/proc/self/exe", "flood", "--flood", spec, (char *)NULL);
		_exit(1);
	}
	CU_ASSERT_FATAL(child > 0);
	return child;
}

/* Receive and send until so many frames came; false when they do not. */
static bool exchange(struct port *p, uint32_t frames)
{
	struct test_frame sent = frame_of(1);
	struct port_packet k = packet_of(&sent);
	ns_t end = host_now() + 60 * NS_PER_S; /* on a busy machine too */
	struct frame v[PORT_BURST];
	uint32_t got = 0;

	while (got < frames && host_now() < end) {
		uint32_t n = port_rx(p, 0, v, PORT_BURST);

		got += n;
		port_free(p, 0, v, n);
		(void)port_tx(p, 0, &k, 1);
	}
	return got >= frames;
}

static void poll_for(struct port *p, ns_t ns)
{
	struct frame v[PORT_BURST];

	for (ns_t end = host_now() + ns; host_now() < end;)
		port_free(p, 0, v, port_rx(p, 0, v, PORT_BURST));
}

/* The driver unmaps the rings when its peer goes, whatever we do with them at that moment. */
static void survive_killed_peers(const char *spec, const char *peer_spec)
{
	struct port *p = must_open(spec);

	for (int i = 0; i < 3; i++) {
		pid_t child = start_flood(peer_spec);

		CU_ASSERT(exchange(p, 50000));
		kill(child, SIGKILL);
		poll_for(p, 50 * NS_PER_MS);
		waitpid(child, NULL, 0);
	}
	port_close(p);
}

static void a_port_survives_that_its_peer_is_killed(void)
{
	char server_spec[96], spec[96];

	snprintf(server_spec, sizeof(server_spec), "memif:%s,server", memif_path);
	snprintf(spec, sizeof(spec), "memif:%s", memif_path);
	survive_killed_peers(server_spec, spec);
	survive_killed_peers(spec, server_spec);
	unlink(memif_path); /* of the last server, which had no time to */
	unlink(driver_path);
}

static void leave_a_dead_socket(const char *path)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_SEQPACKET, 0);

	snprintf(a.sun_path, sizeof(a.sun_path), "%s", path);
	CU_ASSERT_EQUAL(bind(fd, (struct sockaddr *)&a, sizeof(a)), 0);
	close(fd);
}

static void a_dead_servers_socket_is_replaced_and_a_live_one_is_not(void)
{
	char spec[96];
	struct port *server;

	snprintf(spec, sizeof(spec), "memif:%s,server", memif_path);
	leave_a_dead_socket(memif_path);
	server = must_open(spec);
	must_fail(spec, WDSCAST_EADDRINUSE, "in use by another server");
	port_close(server);
}

static unsigned open_descriptors(void)
{
	DIR *d = opendir("/proc/self/fd");
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

/* A message of bytes, with so many descriptors. */
static void send_descriptors(int to, size_t bytes, unsigned count)
{
	static char message[128];
	_Alignas(struct cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))] = { 0 };
	struct iovec iov = { message, bytes };
	struct msghdr h = { .msg_iov = &iov, .msg_iovlen = 1, .msg_control = control, .msg_controllen = sizeof(control) };
	struct cmsghdr *c = CMSG_FIRSTHDR(&h);

	h.msg_controllen = CMSG_SPACE(count * sizeof(int));
	*c = (struct cmsghdr){ .cmsg_len = CMSG_LEN(count * sizeof(int)), .cmsg_level = SOL_SOCKET, .cmsg_type = SCM_RIGHTS };
	for (unsigned i = 0; i < count; i++)
		memcpy(CMSG_DATA(c) + i * sizeof(int), &to, sizeof(to));
	CU_ASSERT_EQUAL(sendmsg(to, &h, MSG_NOSIGNAL), (ssize_t)bytes);
}

/* Who can connect could send descriptors that nobody takes, until the process can open nothing more. */
static void a_peer_cannot_fill_the_table_of_descriptors(void)
{
	struct sockaddr_un a = { .sun_family = AF_UNIX };
	char spec[96];
	unsigned before;
	struct port *server;

	snprintf(spec, sizeof(spec), "memif:%s,server", memif_path);
	snprintf(a.sun_path, sizeof(a.sun_path), "%s", memif_path);
	server = must_open(spec);
	poll_for(server, NS_PER_S / 10);
	before = open_descriptors();
	for (unsigned i = 0; i < 10; i++) {
		int fd = socket(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0);

		CU_ASSERT_EQUAL_FATAL(connect(fd, (struct sockaddr *)&a, sizeof(a)), 0);
		send_descriptors(fd, i % 2 == 0 ? 128 : 7, 1 + i % 4);
		poll_for(server, NS_PER_S / 20);
		close(fd);
	}
	for (unsigned i = 0; i < 100 && open_descriptors() > before + 2; i++) /* a channel may still be ending */
		poll_for(server, NS_PER_S / 10);
	CU_ASSERT(open_descriptors() <= before + 2);
	port_close(server);
}

static void jumbo_frames_fit(void)
{
	char server_spec[96], spec[96];
	static uint8_t bytes[9014] = { 2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 9, 0x88, 0xb5, 3 };
	struct port *server, *client;

	snprintf(server_spec, sizeof(server_spec), "memif:%s,server,mtu=9000", memif_path);
	snprintf(spec, sizeof(spec), "memif:%s,mtu=9000", memif_path);
	server = must_open(server_spec);
	client = must_open(spec);
	CU_ASSERT_EQUAL(client->info.mtu, 9000);
	CU_ASSERT(connects(server, client));
	CU_ASSERT(bytes_cross(server, client, bytes, sizeof(bytes)));
	CU_ASSERT(bytes_cross(client, server, bytes, sizeof(bytes)));
	port_close(client);
	port_close(server);
}

static void what_cannot_be_opened_says_why_in_a_line(void)
{
	char spec[96];
	FILE *f;

	must_fail("memif:/no/such/dir/socket", WDSCAST_ENODEV, "no directory /no/such/dir");
	must_fail("memif:@abstract", WDSCAST_EINVAL, "without commas");
	snprintf(spec, sizeof(spec), "memif:%s,server", memif_path);
	f = fopen(memif_path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fclose(f);
	must_fail(spec, WDSCAST_EADDRINUSE, "is no socket");
	unlink(memif_path);
}

static void nothing_is_left_behind(void)
{
	char runtime[64];

	snprintf(runtime, sizeof(runtime), "/var/run/dpdk/wdscast-%d", (int)getpid());
	CU_ASSERT_NOT_EQUAL(access(runtime, F_OK), 0);
	CU_ASSERT_EQUAL_FATAL(rmdir(directory), 0); /* it is empty */
}

static const struct suite_test tests[] = {
	SUITE_TEST(it_carries_all_frames_in_order_and_loses_none),
	SUITE_TEST(a_client_waits_for_its_server_and_for_the_next),
	SUITE_TEST(a_server_takes_one_client_after_another),
	SUITE_TEST(a_peer_cannot_fill_the_table_of_descriptors),
	SUITE_TEST(jumbo_frames_fit),
	SUITE_TEST(a_port_survives_that_its_peer_is_killed),
	SUITE_TEST(a_dead_servers_socket_is_replaced_and_a_live_one_is_not),
	SUITE_TEST(what_cannot_be_opened_says_why_in_a_line),
	SUITE_TEST(nothing_is_left_behind),
};

int main(int argc, char **argv)
{
	int result;

	if (argc == 3 && strcmp(argv[1], "--flood") == 0)
		run_flood(argv[2]);
	if (mkdtemp(directory) == NULL)
		return EXIT_FAILURE;
	snprintf(memif_path, sizeof(memif_path), "%s/socket", directory);
	snprintf(driver_path, sizeof(driver_path), "%s.dpdk", memif_path);
	result = suite_main(argc, argv, "port/memif", tests, sizeof(tests) / sizeof(tests[0]));
	unlink(memif_path);
	unlink(driver_path);
	rmdir(directory);
	return result;
}
