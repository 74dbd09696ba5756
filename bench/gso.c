/*
 * What sockets can carry at most: a multicast sender and a sink that do nothing else. With --plain each
 * datagram is a segment of its own; otherwise the sender hands over trains (UDP_SEGMENT) and the sink takes
 * them (UDP_GRO), as the kernel port does. Nothing is repaired, verified or kept.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <getopt.h>
#include <jansson.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netinet/udp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <time.h>

#define MESSAGES 64
#define MESSAGE_BYTES 65507
#define SEGMENTS 64 /* UDP_MAX_SEGMENTS */
#define SOCKET_BUFFER (32 << 20)
#define GROUP "239.193.7.7"
#define PORT 7007

struct gso {
	unsigned interface;
	double seconds;
	int size;
	bool plain;
	uint64_t bytes, datagrams;
	double first, last;
};

static volatile sig_atomic_t stopped;
static uint8_t buffers[MESSAGES][MESSAGE_BYTES];

static void on_signal(int signal)
{
	(void)signal;
	stopped = 1;
}

static void fail(const char *what)
{
	fprintf(stderr, "gso: %s: %s\n", what, strerror(errno));
	exit(EXIT_FAILURE);
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static double cpu_seconds(void)
{
	struct rusage r;

	getrusage(RUSAGE_SELF, &r);
	return (double)(r.ru_utime.tv_sec + r.ru_stime.tv_sec) + (double)(r.ru_utime.tv_usec + r.ru_stime.tv_usec) / 1e6;
}

static int open_socket(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM, 0), size = SOCKET_BUFFER;

	if (fd < 0)
		fail("socket");
	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &size, sizeof(size)) != 0)
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof(size));
	return fd;
}

static void count(struct gso *g, uint64_t bytes, uint64_t datagrams)
{
	g->last = now();
	if (g->bytes == 0)
		g->first = g->last;
	g->bytes += bytes;
	g->datagrams += datagrams;
}

static void send_all(struct gso *g)
{
	struct sockaddr_in to = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = inet_addr(GROUP) };
	struct ip_mreqn out = { .imr_ifindex = (int)g->interface };
	int fd = open_socket(), segments = g->plain ? 1 : MESSAGE_BYTES / g->size;
	struct mmsghdr messages[MESSAGES];
	struct iovec iov[MESSAGES];
	double end = now() + g->seconds;

	segments = segments < SEGMENTS ? segments : SEGMENTS;
	if (setsockopt(fd, IPPROTO_IP, IP_MULTICAST_IF, &out, sizeof(out)) != 0)
		fail("IP_MULTICAST_IF");
	if (!g->plain && setsockopt(fd, IPPROTO_UDP, UDP_SEGMENT, &g->size, sizeof(g->size)) != 0)
		fail("UDP_SEGMENT");
	for (int i = 0; i < MESSAGES; i++) {
		iov[i] = (struct iovec){ buffers[i], (size_t)(segments * g->size) };
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_name = &to, .msg_namelen = sizeof(to),
			                                     .msg_iov = &iov[i], .msg_iovlen = 1 } };
	}
	while (!stopped && now() < end) {
		int n = sendmmsg(fd, messages, g->plain ? MESSAGES : 4, 0);

		if (n > 0)
			count(g, (uint64_t)(n * segments * g->size), (uint64_t)(n * segments));
		else if (errno != EINTR && errno != ENOBUFS)
			fail("sendmmsg");
	}
}

static void open_group(struct gso *g, int fd)
{
	struct sockaddr_in at = { .sin_family = AF_INET, .sin_port = htons(PORT), .sin_addr.s_addr = inet_addr(GROUP) };
	struct ip_mreqn in = { .imr_multiaddr = at.sin_addr, .imr_ifindex = (int)g->interface };
	struct timeval wait = { .tv_usec = 100000 };
	int one = 1;

	if (bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0)
		fail("bind");
	if (setsockopt(fd, IPPROTO_IP, IP_ADD_MEMBERSHIP, &in, sizeof(in)) != 0)
		fail("IP_ADD_MEMBERSHIP");
	setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof(wait));
	if (!g->plain && setsockopt(fd, IPPROTO_UDP, UDP_GRO, &one, sizeof(one)) != 0)
		fail("UDP_GRO");
}

/* Until a signal, or until nothing has come for half a second after something came. */
static void receive_all(struct gso *g)
{
	struct mmsghdr messages[MESSAGES];
	struct iovec iov[MESSAGES];
	int fd = open_socket();
	double end = now() + g->seconds;

	open_group(g, fd);
	for (int i = 0; i < MESSAGES; i++) {
		iov[i] = (struct iovec){ buffers[i], MESSAGE_BYTES };
		messages[i] = (struct mmsghdr){ .msg_hdr = { .msg_iov = &iov[i], .msg_iovlen = 1 } };
	}
	while (!stopped && now() < end && (g->bytes == 0 || now() < g->last + 0.5)) {
		int n = recvmmsg(fd, messages, g->plain ? MESSAGES : 16, MSG_WAITFORONE, NULL);

		for (int i = 0; i < n; i++)
			count(g, messages[i].msg_len, (messages[i].msg_len + (unsigned)g->size - 1) / (unsigned)g->size);
	}
}

static void tell(const struct gso *g)
{
	double seconds = g->last > g->first ? g->last - g->first : 0;
	json_t *o = json_pack("{s:I, s:I, s:f, s:f, s:f}", "bytes", (json_int_t)g->bytes, "datagrams",
	                      (json_int_t)g->datagrams, "seconds", seconds, "gbps",
	                      seconds > 0 ? (double)g->bytes * 8 / seconds / 1e9 : 0, "cpu_seconds", cpu_seconds());

	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(o);
}

static _Noreturn void usage(int code)
{
	fputs("usage: gso tx|rx INTERFACE [--seconds S] [--size BYTES] [--plain]\n"
	      "A multicast stream over UDP sockets, as fast as they go; one JSON object at the end. rx ends half a\n"
	      "second after the stream. --size: UDP payload of a datagram (default 1472); --plain: no GSO, no GRO.\n",
	      code == 0 ? stdout : stderr);
	exit(code);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "seconds", required_argument, NULL, 's' },
		                                 { "size", required_argument, NULL, 'b' },
		                                 { "plain", no_argument, NULL, 'p' },
		                                 { "help", no_argument, NULL, 'h' }, { 0 } };
	struct gso g = { .seconds = 3, .size = 1472 };
	struct sigaction stop = { .sa_handler = on_signal };

	for (int o; (o = getopt_long(argc, argv, "", options, NULL)) != -1;) {
		switch (o) {
		case 's': g.seconds = strtod(optarg, NULL); break;
		case 'b': g.size = atoi(optarg); break;
		case 'p': g.plain = true; break;
		case 'h': usage(0);
		default: usage(2);
		}
	}
	if (optind + 2 != argc || g.size < 1 || g.size > MESSAGE_BYTES || !(g.seconds > 0))
		usage(2);
	g.interface = if_nametoindex(argv[optind + 1]);
	if (g.interface == 0)
		fail(argv[optind + 1]);
	sigaction(SIGINT, &stop, NULL);
	sigaction(SIGTERM, &stop, NULL);
	if (strcmp(argv[optind], "tx") == 0)
		send_all(&g);
	else if (strcmp(argv[optind], "rx") == 0)
		receive_all(&g);
	else
		usage(2);
	tell(&g);
	return 0;
}
