/* Sockets on the loopback interface: as a user without any privilege has them. */
#include "port/port_kernel.h"

#include <stdlib.h>

#include "support/suite.h"

enum { TRIES = 20000, FLOOD = 10000 };

static struct port *open_lo(void)
{
	struct port_config config = { 0 };
	char why[PORT_WHY_BYTES];
	struct port *p = NULL;

	CU_ASSERT_EQUAL_FATAL(port_kernel_open(&config, "lo", &p, why), WDSCAST_OK);
	return p;
}

static struct endpoint reserve(struct port *p)
{
	struct endpoint e = { ip4_of(127, 0, 0, 1), 0 };

	CU_ASSERT_EQUAL_FATAL(port_reserve(p, &e), WDSCAST_OK);
	CU_ASSERT(e.port != 0);
	return e;
}

/* Receive until want datagrams came, checking that number i has the length and the bytes it was sent with. */
static uint32_t receive_numbered(struct port *p, uint32_t want, const uint32_t *lengths, const struct endpoint *from,
                                 const struct endpoint *to)
{
	uint32_t got = 0;

	for (int t = 0; t < TRIES && got < want; t++) {
		struct frame v[PORT_BURST];
		uint32_t n = port_rx(p, 0, v, PORT_BURST);

		for (uint32_t i = 0; i < n; i++, got++) {
			CU_ASSERT_EQUAL(v[i].len, lengths[got]);
			CU_ASSERT_EQUAL(v[i].data[0], (uint8_t)got);
			CU_ASSERT_EQUAL(v[i].data[v[i].len - 1], (uint8_t)(got ^ 0x55));
			CU_ASSERT(endpoint_equal(&v[i].from, from));
			CU_ASSERT(endpoint_equal(&v[i].to, to));
		}
		port_free(p, 0, v, n);
		if (n == 0)
			host_nap(100 * NS_PER_US);
	}
	return got;
}

/* All that is there now. */
static uint32_t count_all(struct port *p)
{
	struct frame v[PORT_BURST];
	uint32_t got = 0;

	for (uint32_t n; (n = port_rx(p, 0, v, PORT_BURST)) > 0; got += n)
		port_free(p, 0, v, n);
	return got;
}

/* n datagrams, each in three pieces, of the lengths given. */
static void send_numbered(struct port *p, uint32_t n, const uint32_t *lengths, const struct endpoint *from,
                          const struct endpoint *to)
{
	static uint8_t body[2000];
	struct port_packet v[PORT_BURST];
	uint8_t head[PORT_BURST], tail[PORT_BURST];
	uint32_t sent = 0;

	for (uint32_t i = 0; i < n; i++) {
		head[i] = (uint8_t)i;
		tail[i] = (uint8_t)(i ^ 0x55);
		v[i] = (struct port_packet){ &head[i], body, &tail[i], 1, lengths[i] - 2, 1, from, to };
	}
	for (int t = 0; t < TRIES && sent < n; t++)
		sent += port_tx(p, 0, v + sent, n - sent);
	CU_ASSERT_EQUAL(sent, n);
}

static void a_train_arrives_as_the_datagrams_it_was_made_of(void)
{
	struct port *a = open_lo(), *b = open_lo();
	struct endpoint from = reserve(a), to = reserve(b);
	uint32_t lengths[40];
	struct port_stats stats;

	for (uint32_t i = 0; i < 40; i++) /* trains end where a length changes */
		lengths[i] = i < 30 ? 1400 : i < 32 ? 900 : 1000 + i;
	send_numbered(a, 40, lengths, &from, &to);
	CU_ASSERT_EQUAL(receive_numbered(b, 40, lengths, &from, &to), 40);
	port_read_stats(a, &stats);
	CU_ASSERT_EQUAL(stats.tx_frames, 40);
	port_read_stats(b, &stats);
	CU_ASSERT_EQUAL(stats.rx_frames, 40);
	port_close(a);
	port_close(b);
}

static void a_group_is_heard_while_it_is_joined(void)
{
	struct endpoint group = { ip4_of(239, 192, 77, 5), 0 };
	struct port *a = open_lo(), *b = open_lo();
	struct endpoint from = reserve(a), other = reserve(b);
	uint32_t length = 100;

	group.port = other.port;
	CU_ASSERT_EQUAL_FATAL(port_join(b, &group, &from.ip), WDSCAST_OK);
	CU_ASSERT_EQUAL(port_join(b, &group, NULL), WDSCAST_OK); /* counted */
	port_leave(b, &group, NULL);
	send_numbered(a, 1, &length, &from, &group);
	CU_ASSERT_EQUAL(receive_numbered(b, 1, &length, &from, &group), 1);
	port_leave(b, &group, NULL);
	send_numbered(a, 1, &length, &from, &group);
	for (int t = 0; t < 20; t++) {
		struct frame v[1];

		CU_ASSERT_EQUAL(port_rx(b, 0, v, 1), 0);
		host_nap(NS_PER_MS);
	}
	port_close(a);
	port_close(b);
}

static void a_port_that_is_taken_is_told(void)
{
	struct port *a = open_lo(), *b = open_lo();
	struct endpoint mine = reserve(a), same = mine;
	struct frame v[1];

	CU_ASSERT_EQUAL(port_reserve(b, &same), WDSCAST_EADDRINUSE);
	port_unreserve(a, &mine);
	port_rx(a, 0, v, 1); /* the worker closes it */
	CU_ASSERT_EQUAL(port_reserve(b, &same), WDSCAST_OK);
	port_close(a);
	port_close(b);
}

static void a_datagram_from_nowhere_is_dropped_and_counted(void)
{
	struct port *a = open_lo();
	struct endpoint from = reserve(a), nobody = { ip4_of(127, 0, 0, 1), 1 };
	struct port_packet p = { .head = (const uint8_t *)"x", .head_len = 1, .from = &nobody, .to = &from };
	struct port_stats stats;

	CU_ASSERT_EQUAL(port_tx(a, 0, &p, 1), 1);
	port_read_stats(a, &stats);
	CU_ASSERT_EQUAL(stats.tx_dropped, 1);
	port_close(a);
}

/* A receiver that stands still: what its socket cannot hold is counted, to the last datagram. */
static void what_a_full_socket_loses_is_counted(void)
{
	struct port *a = open_lo(), *b = open_lo();
	struct endpoint from = reserve(a), to = reserve(b);
	static const uint8_t body[9000];
	struct port_packet k = {
		.body = body, .body_len = sizeof(body), .from = &from, .to = &to
	}; /* none is a train */
	struct port_stats sent, stats;
	uint32_t got = 0;

	for (uint32_t i = 0; i < FLOOD; i++)
		CU_ASSERT_EQUAL(port_tx(a, 0, &k, 1), 1);
	got = count_all(b);
	CU_ASSERT_EQUAL(port_tx(a, 0, &k, 1), 1); /* the kernel tells of losses with what comes after them */
	got += count_all(b);
	port_read_stats(a, &sent);
	port_read_stats(b, &stats);
	CU_ASSERT_EQUAL(sent.tx_frames, FLOOD + 1);
	CU_ASSERT(got > 0 && stats.rx_missed > 0);
	CU_ASSERT_EQUAL(got + stats.rx_missed, FLOOD + 1);
	CU_ASSERT(stats.rx_no_buffer == 0 && stats.buffers_used == 0);
	port_close(a);
	port_close(b);
}

static void an_interface_that_is_not_there_is_one_clear_line(void)
{
	struct port_config config = { 0 };
	char why[PORT_WHY_BYTES] = "";
	struct port *p = NULL;

	CU_ASSERT_EQUAL(port_kernel_open(&config, "wdsnone0", &p, why), WDSCAST_ENODEV);
	CU_ASSERT_STRING_EQUAL(why, "there is no interface wdsnone0");
	CU_ASSERT_PTR_NULL(p);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_train_arrives_as_the_datagrams_it_was_made_of),
	SUITE_TEST(a_group_is_heard_while_it_is_joined),
	SUITE_TEST(a_port_that_is_taken_is_told),
	SUITE_TEST(a_datagram_from_nowhere_is_dropped_and_counted),
	SUITE_TEST(what_a_full_socket_loses_is_counted),
	SUITE_TEST(an_interface_that_is_not_there_is_one_clear_line),
};
SUITE_MAIN("port/kernel", tests)
