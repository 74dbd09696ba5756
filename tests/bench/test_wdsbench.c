/* wdsbench's own parts: histogram, verdict, command line, stream. */
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "support/suite.h"
#include "wdsbench/capture.h"
#include "wdsbench/options.h"
#include "wdsbench/stream.h"

/* ---- histogram ---- */

static void a_quantile_is_off_by_an_eighth_at_most(void)
{
	static struct histogram h;

	memset(&h, 0, sizeof(h));
	for (uint64_t v = 1; v <= 100000; v++)
		histogram_add(&h, v);
	for (double share = 0.01; share < 1; share += 0.01) {
		double got = (double)histogram_quantile(&h, share), want = share * 100000;

		CU_ASSERT(got >= floor(want) && got <= want * 1.125 + 1);
	}
	CU_ASSERT_EQUAL(h.min, 1);
	CU_ASSERT_EQUAL(h.max, 100000);
	CU_ASSERT_EQUAL(histogram_quantile(&h, 1), 100000);
}

static void small_and_huge_values_have_their_place(void)
{
	static struct histogram h;

	memset(&h, 0, sizeof(h));
	CU_ASSERT_EQUAL(histogram_quantile(&h, 0.5), 0);
	histogram_add(&h, 0);
	CU_ASSERT_EQUAL(histogram_quantile(&h, 0.5), 0);
	histogram_add(&h, UINT64_MAX);
	CU_ASSERT_EQUAL(histogram_quantile(&h, 1), UINT64_MAX);
}

static void bursts_are_counted_by_power_of_two(void)
{
	static struct figures f;

	for (uint32_t n = 1; n <= 64; n++)
		figures_burst(&f, n);
	CU_ASSERT_EQUAL(f.bursts[0], 1);
	CU_ASSERT_EQUAL(f.bursts[5], 32);
	CU_ASSERT_EQUAL(f.bursts[6], 1);
	CU_ASSERT_EQUAL(f.full_bursts, 1);
}

/* ---- what limits ---- */

static char why[192];

static enum limit verdict(const struct figures *f, struct limit_in in)
{
	in.cycles_a_ns = 2;
	return limit_of(f, &in, why, sizeof(why));
}

/* A million packets of 1000 bytes: a byte takes 1 ns of the core, which is as busy as told. */
static struct figures receiving(double busy)
{
	return (struct figures){ .packets = 1000000, .frames = 1000000, .bytes = 1000000000, .busy_cycles = 2000000000,
		                 .idle_cycles = (uint64_t)(2000000000 * (1 - busy) / busy) };
}

static void an_idle_receiver_is_limited_by_the_wire(void)
{
	struct figures f = receiving(0.5);

	CU_ASSERT_EQUAL(verdict(&f, (struct limit_in){ 0 }), LIMIT_WIRE);
	f.lost = 1000;
	CU_ASSERT_EQUAL(verdict(&f, (struct limit_in){ 0 }), LIMIT_WIRE);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "lost on the way"));
}

static void frames_missed_by_an_idle_core_are_the_rings(void)
{
	struct figures f = receiving(0.5);

	f.missed = 10;
	CU_ASSERT_EQUAL(verdict(&f, (struct limit_in){ 0 }), LIMIT_WIRE);
	f.missed = 1000;
	CU_ASSERT_EQUAL(verdict(&f, (struct limit_in){ 0 }), LIMIT_RING);
}

static void a_busy_core_is_the_limit_unless_memory_is(void)
{
	struct figures f = receiving(0.95);

	f.missed = 1000;
	CU_ASSERT_EQUAL(verdict(&f, (struct limit_in){ .memory_ns = 0.1 }), LIMIT_CORE);
	CU_ASSERT_EQUAL(verdict(&f, (struct limit_in){ .memory_ns = 0.9 }), LIMIT_MEMORY);
}

static void a_sender_tells_rate_wire_consumer_and_core(void)
{
	struct figures f = receiving(0.95);
	struct limit_in in = { .sending = true, .paced = true, .rate_reached = 0.99 };

	f.turns_sending = 1000;
	CU_ASSERT_EQUAL(verdict(&f, in), LIMIT_RATE);
	in.rate_reached = 0.5;
	CU_ASSERT_EQUAL(verdict(&f, in), LIMIT_CORE);
	f.turns_refused = 100;
	CU_ASSERT_EQUAL(verdict(&f, in), LIMIT_WIRE);
	in.peer_takes = true;
	CU_ASSERT_EQUAL(verdict(&f, in), LIMIT_CONSUMER);
}

static void without_packets_there_is_no_limit(void)
{
	static const struct figures none;

	CU_ASSERT_EQUAL(verdict(&none, (struct limit_in){ 0 }), LIMIT_NOTHING);
	CU_ASSERT_STRING_EQUAL(why, "nothing came");
}

/* ---- the command line ---- */

static void rates_have_units(void)
{
	double v;

	CU_ASSERT(options_rate("40G", &v) && v == 40e9);
	CU_ASSERT(options_rate("2.5G", &v) && v == 2.5e9);
	CU_ASSERT(options_rate("100M", &v) && v == 100e6);
	CU_ASSERT(options_rate("1000", &v) && v == 1000);
	CU_ASSERT_FALSE(options_rate("", &v));
	CU_ASSERT_FALSE(options_rate("0", &v));
	CU_ASSERT_FALSE(options_rate("-1G", &v));
	CU_ASSERT_FALSE(options_rate("40Gb", &v));
	CU_ASSERT_FALSE(options_rate("1e400", &v));
}

static struct options read_line(char *a, char *b, char *c, char *d)
{
	char *argv[] = { "wdsbench", a, b, c, d, NULL };
	struct options o;

	optind = 0;
	options_read(d == NULL ? 3 : 5, argv, &o);
	return o;
}

static void commands_and_groups_are_read(void)
{
	struct options o = read_line("rx", "af_packet:eth0", NULL, NULL);

	CU_ASSERT(o.command == COMMAND_RX && o.group.port == 64001 && !o.has_group);
	CU_ASSERT_STRING_EQUAL(o.spec, "af_packet:eth0");
	o = read_line("tx", "kernel", "--group", "239.1.2.3:99");
	CU_ASSERT(o.command == COMMAND_TX && o.group.port == 99 && o.group.ip.b[3] == 3);
	o = read_line("tx", "kernel", "--group", "[ff18::1]:99");
	CU_ASSERT(o.group.ip.len == 16 && o.group.port == 99);
	o = read_line("rx", "kernel", "--group", "ff18::1");
	CU_ASSERT(o.group.ip.len == 16 && o.group.port == 64001);
	o = read_line("replay", "file.pcap", "--loops", "3");
	CU_ASSERT(o.command == COMMAND_REPLAY && o.loops == 3 && o.spec == NULL);
}

/* ---- the stream ---- */

static struct link nowhere; /* of datagrams: nothing to verify there */

struct pipe {
	struct stream_tx tx;
	struct stream_rx rx;
	struct figures f;
	struct endpoint from, to;
	uint8_t bytes[2048];
	uint32_t len;
};

static struct pipe *pipe_new(void)
{
	static struct pipe p;

	memset(&p, 0, sizeof(p));
	p.from = (struct endpoint){ ip4_of(10, 0, 0, 1), 5000 };
	p.to = (struct endpoint){ ip4_of(239, 192, 0, 1), 64001 };
	CU_ASSERT_FATAL(stream_tx_init(&p.tx, &p.from, &p.to, 1385));
	stream_rx_init(&p.rx, &p.to, true);
	return &p;
}

static void make(struct pipe *p, int64_t stamp)
{
	struct link_packet packet;

	stream_tx_packet(&p->tx, 0, stamp, &packet);
	memcpy(p->bytes, packet.head, packet.head_len);
	memcpy(p->bytes + packet.head_len, packet.body, packet.body_len);
	memcpy(p->bytes + packet.head_len + packet.body_len, packet.tail, packet.tail_len);
	p->len = packet.head_len + packet.body_len + packet.tail_len;
}

static void take(struct pipe *p, int64_t now)
{
	struct net_datagram d = { .from = p->from, .to = p->to, .data = p->bytes, .len = p->len, .to_multicast = true };

	stream_rx_datagram(&p->rx, &nowhere, &d, now, &p->f);
}

static void a_packet_sent_verifies_and_has_its_time(void)
{
	struct pipe *p = pipe_new();

	make(p, 1000000);
	take(p, 1005000);
	CU_ASSERT_EQUAL(p->f.packets, 1);
	CU_ASSERT_EQUAL(p->f.content, 1385);
	CU_ASSERT_EQUAL(p->f.unverified + p->f.malformed + p->f.lost, 0);
	CU_ASSERT_EQUAL(p->f.latency_least, 5000);
	stream_tx_fini(&p->tx);
}

static void every_byte_is_verified(void)
{
	struct pipe *p = pipe_new();
	uint64_t bad = 0;

	make(p, 1);
	for (uint32_t i = 20; i < p->len; i++) {
		p->bytes[i] ^= 1;
		take(p, 2);
		p->bytes[i] ^= 1;
	}
	bad = p->f.unverified + p->f.malformed + p->f.packets;
	CU_ASSERT_EQUAL(bad, p->len - 20);
	CU_ASSERT(p->f.unverified >= 1385);
	stream_tx_fini(&p->tx);
}

static void gaps_are_lost_until_they_come_late(void)
{
	struct pipe *p = pipe_new();
	uint8_t second[2048];
	uint32_t len;

	make(p, 1);
	take(p, 1);
	make(p, 1);
	memcpy(second, p->bytes, len = p->len);
	make(p, 1);
	take(p, 1);
	CU_ASSERT_EQUAL(p->f.lost, 1);
	memcpy(p->bytes, second, len);
	take(p, 1);
	CU_ASSERT_EQUAL(p->f.lost, 0);
	CU_ASSERT_EQUAL(p->f.late, 1);
	CU_ASSERT_EQUAL(p->f.packets, 3);
	stream_tx_fini(&p->tx);
}

static void other_groups_and_streams_are_told_apart(void)
{
	struct pipe *p = pipe_new();

	make(p, 1);
	p->to.port = 1;
	take(p, 1);
	CU_ASSERT_EQUAL(p->f.other_group, 1);
	p->to.port = 64001;
	memcpy(p->bytes, "hello", 5);
	p->len = 5;
	take(p, 1);
	CU_ASSERT_EQUAL(p->f.packets, 1);
	CU_ASSERT_EQUAL(p->f.content, 5);
	stream_tx_fini(&p->tx);
}

/* ---- captures ---- */

/* A file of libpcap's with a frame of no byte. */
static void write_capture(const char *path)
{
	static const uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
	static const uint32_t empty[4] = { 0 };
	FILE *f = fopen(path, "wb");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fwrite(head, sizeof(head), 1, f);
	fwrite(empty, sizeof(empty), 1, f);
	CU_ASSERT_EQUAL(fclose(f), 0);
}

static void a_frame_without_a_byte_is_a_frame(void)
{
	char path[] = "/tmp/wdsbench-capture-XXXXXX", failure[PORT_WHY_BYTES];
	int fd = mkstemp(path);
	struct capture *c;
	struct frame v[4];

	CU_ASSERT_FATAL(fd >= 0);
	close(fd);
	write_capture(path);
	c = capture_open(path, 1, failure);
	unlink(path);
	CU_ASSERT_PTR_NOT_NULL_FATAL(c);
	CU_ASSERT_EQUAL_FATAL(port_rx(&c->port, 0, v, 4), 1);
	CU_ASSERT_EQUAL(v[0].len, 0);
	CU_ASSERT_PTR_NOT_NULL(v[0].data);
	port_close(&c->port);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_frame_without_a_byte_is_a_frame),
	SUITE_TEST(a_quantile_is_off_by_an_eighth_at_most),
	SUITE_TEST(small_and_huge_values_have_their_place),
	SUITE_TEST(bursts_are_counted_by_power_of_two),
	SUITE_TEST(an_idle_receiver_is_limited_by_the_wire),
	SUITE_TEST(frames_missed_by_an_idle_core_are_the_rings),
	SUITE_TEST(a_busy_core_is_the_limit_unless_memory_is),
	SUITE_TEST(a_sender_tells_rate_wire_consumer_and_core),
	SUITE_TEST(without_packets_there_is_no_limit),
	SUITE_TEST(rates_have_units),
	SUITE_TEST(commands_and_groups_are_read),
	SUITE_TEST(a_packet_sent_verifies_and_has_its_time),
	SUITE_TEST(every_byte_is_verified),
	SUITE_TEST(gaps_are_lost_until_they_come_late),
	SUITE_TEST(other_groups_and_streams_are_told_apart),
};
SUITE_MAIN("app/wdsbench", tests)
