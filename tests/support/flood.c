/*
 * A flood for tests: packets to a server from addresses that are made up, as fast as asked for. IPv4.
 *
 *	flood INTERFACE SERVER_IP SERVER_MAC KIND SESSION UDP_PORT RATE SECONDS SOURCES [CLIENT_ID...]
 *
 * KIND: join, qcr, nack (to the session's port), request (to 5041, for disk.img and for what is not there), mix: each
 * of these in turn; or names: requests for f0 to f99. SESSION in hex. RATE in packets a second. Addresses are the
 * first SOURCES of 198.18.0.0/15, which is for such tests (RFC 2544). Every other QCR and NACK is in the name of a
 * client of the session, if ClientIds are given: everybody hears them. Packets are made before it begins, and sent in
 * turn, each time from another address. Prints packets and bytes of UDP payload sent.
 */
#include <arpa/inet.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <netinet/ip.h>
#include <netinet/udp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "base/rng.h"
#include "base/time.h"
#include "security/security.h"
#include "wire/msi.h"
#include "wire/mt.h"

#define BATCH 64
#define POOL (256 * BATCH)
#define FRAME_BYTES 512
#define SOURCES_MAX (1 << 17)
#define CLIENTS_MAX 16
#define OBJECTS 100
#define HEADS (sizeof(struct ether_header) + sizeof(struct iphdr) + sizeof(struct udphdr))

enum kind { JOIN, QCR, NACK, REQUEST, MIX, NAMES, KINDS };

static const char *const kind_names[] = { "join", "qcr", "nack", "request", "mix", "names" };

struct frame {
	size_t len;
	uint8_t bytes[FRAME_BYTES];
};

struct flood {
	struct ether_header ether;
	struct in_addr server;
	struct security security;
	uint32_t session, kind, sources;
	uint32_t clients[CLIENTS_MAX], client_count; /* that are in the session */
	uint16_t port;
	struct rng rng;
	struct frame *pool;
	uint64_t packets, bytes;
};

static ns_t now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (ns_t)t.tv_sec * NS_PER_S + (ns_t)t.tv_nsec;
}

/* One that is in the session, if any is known, or one that is not. */
static uint32_t client_id(struct flood *f)
{
	if (f->client_count > 0 && rng_below(&f->rng, 2))
		return f->clients[rng_below(&f->rng, f->client_count)];
	return (uint32_t)rng_next(&f->rng);
}

static void write_packet(struct flood *f, enum kind kind, uint32_t source, struct writer *w)
{
	struct mt_head head = { .security_type = security_header_type(&f->security),
		                .security_len = security_data_len(&f->security),
		                .session_id = f->session,
		                .sender_time = rng_next(&f->rng) };
	struct mt_join join = { .ip = ip4_of(198, 18, 0, 1), .mac_len = 6 };
	struct mt_qcr qcr = { .client_id = client_id(f) };
	struct mt_nack nack = { .client_id = client_id(f), .hi_odata_seq_no = UINT64_MAX };
	struct range all = { 0, UINT64_MAX - 1 };

	memcpy(join.mac, &source, sizeof(source));
	for (unsigned i = 0; i < 8; i++)
		join.name[i] = (uint16_t)('a' + rng_below(&f->rng, 26));
	if (kind == JOIN)
		mt_write_join(w, &head, &join, NULL);
	else if (kind == QCR)
		mt_write_qcr(w, &head, &qcr, NULL);
	else
		mt_write_nack(w, &head, &nack, &all, 1);
	security_seal_packet(&f->security, w->start, (uint32_t)writer_len(w));
}

static void set_name(struct msi_name *name, const char *text)
{
	for (name->len = 0; name->len < strlen(text); name->len++)
		name->units[name->len] = (uint16_t)text[name->len];
}

/* For the object that is being transferred, or for one that is not there; NAMES: for one of many that are. */
static void write_request(struct flood *f, enum kind kind, struct writer *w)
{
	struct msi_request q = { .mac_len = 6 };
	char object[16] = "disk.img";

	if (kind == NAMES)
		snprintf(object, sizeof(object), "f%u", (unsigned)rng_below(&f->rng, OBJECTS));
	else if (rng_below(&f->rng, 2))
		snprintf(object, sizeof(object), "none%u", (unsigned)rng_below(&f->rng, 500));
	set_name(&q.name_space, "images");
	set_name(&q.content, object);
	msi_write_request(w, &q);
}

static uint16_t ip_checksum(const void *head)
{
	uint32_t sum = 0;
	uint16_t words[10];

	memcpy(words, head, sizeof(words));
	for (unsigned i = 0; i < 10; i++)
		sum += words[i];
	sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~(sum + (sum >> 16));
}

static void make_frame(struct flood *f, enum kind kind, struct frame *out)
{
	struct writer w = writer_of(out->bytes + HEADS, FRAME_BYTES - HEADS);
	struct iphdr ip = { .version = 4, .ihl = 5, .ttl = 64, .protocol = IPPROTO_UDP };
	struct udphdr udp = { 0 };
	bool is_request = kind == REQUEST || kind == NAMES;
	size_t len;

	if (is_request)
		write_request(f, kind, &w);
	else
		write_packet(f, kind, (uint32_t)rng_next(&f->rng), &w);
	len = writer_len(&w);
	ip.daddr = f->server.s_addr;
	ip.tot_len = htons((uint16_t)(sizeof(ip) + sizeof(udp) + len));
	udp.dest = htons(is_request ? MSI_UDP_PORT : f->port);
	udp.len = htons((uint16_t)(sizeof(udp) + len)); /* no checksum: IPv4 needs none */
	memcpy(out->bytes, &f->ether, sizeof(f->ether));
	memcpy(out->bytes + sizeof(f->ether), &ip, sizeof(ip));
	memcpy(out->bytes + sizeof(f->ether) + sizeof(ip), &udp, sizeof(udp));
	out->len = HEADS + len;
}

static bool make_pool(struct flood *f)
{
	f->pool = calloc(POOL, sizeof(*f->pool));
	for (unsigned i = 0; f->pool != NULL && i < POOL; i++)
		make_frame(f, f->kind == MIX ? (enum kind)(i % MIX) : (enum kind)f->kind, &f->pool[i]);
	return f->pool != NULL;
}

/* From an address and a port that are made up anew; the port alone, where there is one source. */
static void address(struct flood *f, struct frame *frame)
{
	struct iphdr ip;
	struct udphdr udp;

	memcpy(&ip, frame->bytes + sizeof(f->ether), sizeof(ip));
	memcpy(&udp, frame->bytes + sizeof(f->ether) + sizeof(ip), sizeof(udp));
	ip.saddr = htonl(0xc6120000u | (uint32_t)rng_below(&f->rng, f->sources));
	udp.source = htons((uint16_t)(1024 + rng_below(&f->rng, 60000)));
	ip.check = 0;
	ip.check = ip_checksum(&ip);
	memcpy(frame->bytes + sizeof(f->ether), &ip, sizeof(ip));
	memcpy(frame->bytes + sizeof(f->ether) + sizeof(ip), &udp, sizeof(udp));
}

static void send_batch(struct flood *f, int fd)
{
	struct mmsghdr messages[BATCH] = { 0 };
	struct iovec pieces[BATCH];
	int sent;

	for (unsigned i = 0; i < BATCH; i++) {
		struct frame *frame = &f->pool[(f->packets + i) % POOL];

		address(f, frame);
		pieces[i] = (struct iovec){ frame->bytes, frame->len };
		messages[i].msg_hdr.msg_iov = &pieces[i];
		messages[i].msg_hdr.msg_iovlen = 1;
	}
	sent = sendmmsg(fd, messages, BATCH, 0);
	for (int i = 0; i < sent; i++)
		f->bytes += pieces[i].iov_len - HEADS;
	f->packets += sent > 0 ? (unsigned)sent : 0;
}

static void run(struct flood *f, int fd, uint64_t rate, uint64_t seconds)
{
	ns_t begun = now(), passed;

	while ((passed = now() - begun) < seconds * NS_PER_S) {
		if (f->packets * NS_PER_S > passed * rate)
			usleep(200);
		else
			send_batch(f, fd);
	}
}

static int open_interface(const char *name, struct ether_header *ether)
{
	struct sockaddr_ll at = { .sll_family = AF_PACKET, .sll_ifindex = (int)if_nametoindex(name) };
	socklen_t len = sizeof(at);
	int fd = socket(AF_PACKET, SOCK_RAW, 0), on = 1;

	if (fd < 0 || at.sll_ifindex == 0 || bind(fd, (struct sockaddr *)&at, sizeof(at)) != 0 ||
	    getsockname(fd, (struct sockaddr *)&at, &len) != 0)
		return -1;
	setsockopt(fd, SOL_PACKET, PACKET_QDISC_BYPASS, &on, sizeof(on));
	memcpy(ether->ether_shost, at.sll_addr, ETH_ALEN);
	ether->ether_type = htons(ETHERTYPE_IP);
	return fd;
}

static bool read_mac(const char *text, uint8_t *out)
{
	return sscanf(text, "%hhx:%hhx:%hhx:%hhx:%hhx:%hhx", &out[0], &out[1], &out[2], &out[3], &out[4], &out[5]) == 6;
}

int main(int argc, char **argv)
{
	static struct flood f;
	int fd;

	if (argc < 10 || !inet_aton(argv[2], &f.server) || !read_mac(argv[3], f.ether.ether_dhost)) {
		fputs("usage: flood INTERFACE SERVER_IP SERVER_MAC KIND SESSION UDP_PORT RATE SECONDS SOURCES [CLIENT_ID...]\n",
		      stderr);
		return 2;
	}
	while (f.kind < KINDS && strcmp(kind_names[f.kind], argv[4]) != 0)
		f.kind++;
	f.session = (uint32_t)strtoul(argv[5], NULL, 16);
	f.port = (uint16_t)atoi(argv[6]);
	f.sources = (uint32_t)strtoul(argv[9], NULL, 10);
	for (int i = 10; i < argc && f.client_count < CLIENTS_MAX; i++)
		f.clients[f.client_count++] = (uint32_t)strtoul(argv[i], NULL, 10);
	f.rng.state = 1;
	security_init_checksum(&f.security);
	fd = open_interface(argv[1], &f.ether);
	if (fd < 0 || f.kind == KINDS || f.sources == 0 || f.sources > SOURCES_MAX || !make_pool(&f)) {
		perror(argv[1]);
		return 3;
	}
	run(&f, fd, strtoull(argv[7], NULL, 10), strtoull(argv[8], NULL, 10));
	printf("{\"packets\":%llu,\"bytes\":%llu}\n", (unsigned long long)f.packets, (unsigned long long)f.bytes);
	return 0;
}
