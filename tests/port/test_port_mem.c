#include "support/port_mem.h"

#include <pthread.h>

#include "support/suite.h"

enum { MANY = 20000 };

static struct port_packet packet_of(const char *head, const char *body)
{
	return (struct port_packet){ .head = (const uint8_t *)head, .head_len = (uint32_t)strlen(head),
		                     .body = (const uint8_t *)body, .body_len = (uint32_t)strlen(body) };
}

static void what_one_sends_all_others_receive(void)
{
	struct port_mem_hub *hub = port_mem_hub_new();
	struct port *p[3] = { port_mem_new(hub, NULL), port_mem_new(hub, NULL), port_mem_new(hub, NULL) };
	struct port_packet k = packet_of("head", "body");
	struct frame f[2];

	CU_ASSERT_EQUAL(port_tx(p[0], 0, &k, 1), 1);
	CU_ASSERT_EQUAL(port_rx(p[0], 0, f, 2), 0);
	for (int i = 1; i < 3; i++) {
		CU_ASSERT_EQUAL_FATAL(port_rx(p[i], 0, f, 2), 1);
		CU_ASSERT_EQUAL(f[0].len, 8);
		CU_ASSERT_EQUAL(memcmp(f[0].data, "headbody", 8), 0);
		port_free(p[i], 0, f, 1);
	}
	for (int i = 0; i < 3; i++)
		port_close(p[i]);
	port_mem_hub_free(hub);
}

static bool lose_to_two(void *arg, const struct port_mem_passage *passage)
{
	return passage->to == *(unsigned *)arg;
}

static void the_callback_says_what_is_lost_to_whom(void)
{
	struct port_mem_hub *hub = port_mem_hub_named("lossy");
	struct port_config config = { .spec = "mem:lossy,mtu=9000" };
	struct port_packet k = packet_of("x", "");
	struct port *p[3];
	unsigned two = 2;
	struct frame f;
	char why[PORT_WHY_BYTES];

	for (int i = 0; i < 3; i++)
		CU_ASSERT_EQUAL_FATAL(port_open(&config, &p[i], why), WDSCAST_OK);
	CU_ASSERT_EQUAL(p[0]->info.mtu, 9000);
	CU_ASSERT_EQUAL(port_mem_number(p[1]), 2);
	port_mem_set_lose(hub, lose_to_two, &two);
	port_tx(p[0], 0, &k, 1);
	CU_ASSERT_EQUAL(port_rx(p[1], 0, &f, 1), 0);
	CU_ASSERT_EQUAL_FATAL(port_rx(p[2], 0, &f, 1), 1);
	port_free(p[2], 0, &f, 1);
	for (int i = 0; i < 3; i++)
		port_close(p[i]);
	config.spec = "mem:lossy,sideways";
	CU_ASSERT_EQUAL(port_open(&config, &p[0], why), WDSCAST_EINVAL);
}

static void a_full_port_loses_frames_or_makes_others_wait(void)
{
	struct port_mem_hub *hub = port_mem_hub_new();
	struct port_mem_config shallow = { .depth = 2 };
	struct port *a = port_mem_new(hub, NULL), *b = port_mem_new(hub, &shallow);
	struct port_packet k[3] = { packet_of("1", ""), packet_of("2", ""), packet_of("3", "") };
	struct port_stats stats;
	struct frame f[3];

	CU_ASSERT_EQUAL(port_tx(a, 0, k, 3), 3);
	port_read_stats(b, &stats);
	CU_ASSERT_EQUAL(stats.rx_missed, 1);
	port_close(b);
	shallow.waits = true;
	b = port_mem_new(hub, &shallow);
	CU_ASSERT_EQUAL(port_tx(a, 0, k, 3), 2);
	CU_ASSERT_EQUAL(port_rx(b, 0, f, 3), 2);
	port_free(b, 0, f, 2);
	CU_ASSERT_EQUAL(port_tx(a, 0, &k[2], 1), 1);
	port_close(a);
	port_close(b);
	port_mem_hub_free(hub);
}

static void datagrams_go_to_their_address_and_to_groups_joined(void)
{
	struct port_mem_hub *hub = port_mem_hub_new();
	struct port_mem_config datagrams = { .delivers = PORT_DATAGRAMS };
	struct port *a = port_mem_new(hub, &datagrams), *b = port_mem_new(hub, &datagrams);
	struct endpoint from = { a->info.ip4, 1 }, to = { b->info.ip4, 2 }, group = { ip4_of(239, 0, 0, 1), 3 };
	struct port_packet k = packet_of("hello", "");
	struct frame f;

	k.from = &from;
	k.to = &to;
	port_tx(a, 0, &k, 1);
	CU_ASSERT_EQUAL_FATAL(port_rx(b, 0, &f, 1), 1);
	CU_ASSERT(endpoint_equal(&f.from, &from) && endpoint_equal(&f.to, &to));
	port_free(b, 0, &f, 1);
	k.to = &group;
	port_tx(a, 0, &k, 1);
	CU_ASSERT_EQUAL(port_rx(b, 0, &f, 1), 0);
	port_join(b, &group, NULL);
	CU_ASSERT_EQUAL(port_mem_joined(b, &group.ip), 1);
	port_tx(a, 0, &k, 1);
	CU_ASSERT_EQUAL_FATAL(port_rx(b, 0, &f, 1), 1);
	port_free(b, 0, &f, 1);
	port_leave(b, &group, NULL);
	CU_ASSERT_EQUAL(port_mem_joined(b, &group.ip), 0);
	port_close(a);
	port_close(b);
	port_mem_hub_free(hub);
}

static void a_udp_port_is_reserved_once(void)
{
	struct port_mem_hub *hub = port_mem_hub_new();
	struct port *a = port_mem_new(hub, NULL);
	struct endpoint any = { a->info.ip4, 0 }, other = any;

	CU_ASSERT_EQUAL(port_reserve(a, &any), WDSCAST_OK);
	CU_ASSERT(any.port >= 49152);
	CU_ASSERT_EQUAL(port_reserve(a, &other), WDSCAST_OK);
	CU_ASSERT_NOT_EQUAL(any.port, other.port);
	CU_ASSERT_EQUAL(port_reserve(a, &any), WDSCAST_EADDRINUSE);
	CU_ASSERT(port_mem_reserved(a, &any));
	port_unreserve(a, &any);
	CU_ASSERT_EQUAL(port_reserve(a, &any), WDSCAST_OK);
	port_close(a);
	port_mem_hub_free(hub);
}

static void *send_many(void *port)
{
	for (uint32_t i = 0; i < MANY;) {
		struct port_packet k = { .head = (uint8_t *)&i, .head_len = sizeof(i) };

		i += port_tx(port, 0, &k, 1);
	}
	return NULL;
}

/* Under TSan this is the proof that a thread each may use the ports of a hub. */
static void threads_share_a_hub_and_frames_keep_their_order(void)
{
	struct port_mem_hub *hub = port_mem_hub_new();
	struct port_mem_config waits = { .waits = true, .depth = 256 };
	struct port *a = port_mem_new(hub, NULL), *b = port_mem_new(hub, &waits);
	struct frame f[PORT_BURST];
	uint32_t next = 0, n, x;
	bool in_order = true;
	pthread_t t;

	CU_ASSERT_EQUAL_FATAL(pthread_create(&t, NULL, send_many, a), 0);
	while (next < MANY) {
		n = port_rx(b, 0, f, PORT_BURST);
		for (uint32_t i = 0; i < n; i++) {
			memcpy(&x, f[i].data, sizeof(x));
			in_order = in_order && x == next++;
		}
		port_free(b, 0, f, n);
	}
	CU_ASSERT(in_order);
	pthread_join(t, NULL);
	port_close(a);
	port_close(b);
	port_mem_hub_free(hub);
}

static const struct suite_test tests[] = {
	SUITE_TEST(what_one_sends_all_others_receive),
	SUITE_TEST(the_callback_says_what_is_lost_to_whom),
	SUITE_TEST(a_full_port_loses_frames_or_makes_others_wait),
	SUITE_TEST(datagrams_go_to_their_address_and_to_groups_joined),
	SUITE_TEST(a_udp_port_is_reserved_once),
	SUITE_TEST(threads_share_a_hub_and_frames_keep_their_order),
};
SUITE_MAIN("port/port_mem", tests)
