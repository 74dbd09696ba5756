#include "run/link.h"

#include <stdlib.h>

#include "support/port_mem.h"
#include "support/suite.h"

struct station {
	struct port *port;
	struct link *link;
	void *mem;
	struct endpoint at;
};

static ns_t now;
static uint8_t head[600], body[60000], tail[40];

static struct station station_new(struct port_mem_hub *hub, const struct port_mem_config *config)
{
	struct station s = { .port = port_mem_new(hub, config) };
	size_t bytes = (link_bytes() + 63) / 64 * 64;

	s.link = calloc(1, sizeof(*s.link));
	s.mem = aligned_alloc(64, bytes);
	memset(s.mem, 0, bytes);
	link_init(s.link, s.port, 0, &s.port->info.ip4, &s.port->info.ip6, 1, s.mem, now);
	s.at = (struct endpoint){ s.port->info.ip4, 5041 };
	CU_ASSERT_EQUAL(port_reserve(s.port, &s.at), WDSCAST_OK);
	return s;
}

static void station_free(struct station *s)
{
	port_close(s->port);
	free(s->link);
	free(s->mem);
}

/* One turn; returns the length of the datagram that came last into out, 0 for none. */
static uint32_t turn(struct station *s, uint8_t *out)
{
	uint32_t n = link_poll(s->link), len = 0;
	struct net_datagram d;

	for (uint32_t i = 0; i < n; i++) {
		if (!link_datagram(s->link, i, now, &d))
			continue;
		CU_ASSERT(link_verify(s->link, &d));
		memcpy(out, d.data, d.len);
		len = d.len;
	}
	link_done(s->link);
	link_tick(s->link, now);
	link_flush(s->link, now);
	return len;
}

/* Send in pieces until it is on its way (the first try may have to resolve), and compare what arrives. */
static void passes(struct station *a, struct station *b, uint32_t head_len, uint32_t body_len, uint32_t tail_len,
                   bool with_sum)
{
	static uint8_t got[65536], whole[65536];
	struct link_packet p = { .from = &a->at, .to = &b->at, .head = head, .body = body, .tail = tail,
		                 .head_len = head_len, .body_len = body_len, .tail_len = tail_len,
		                 .has_body_sum = with_sum, .body_sum = net_sum(body, body_len) };
	enum link_sent sent = LINK_FULL;
	uint32_t len = 0;

	for (int t = 0; t < 4 && sent != LINK_SENT; t++) {
		sent = link_send(a->link, &p, now);
		if (sent != LINK_SENT)
			turn(a, got), turn(b, got), turn(a, got);
	}
	CU_ASSERT_EQUAL(sent, LINK_SENT);
	for (int t = 0; t < 4 && len == 0; t++) {
		turn(a, got);
		len = turn(b, got);
	}
	memcpy(whole, head, head_len);
	memcpy(whole + head_len, body, body_len);
	memcpy(whole + head_len + body_len, tail, tail_len);
	CU_ASSERT_EQUAL_FATAL(len, head_len + body_len + tail_len);
	CU_ASSERT_EQUAL(memcmp(got, whole, len), 0);
}

/* Every way in which fragments can cut a head, a body and a tail. */
static void all_sizes(const struct port_mem_config *config)
{
	static const uint32_t heads[] = { 0, 1, 57, 561 }, tails[] = { 0, 2, 13 };
	static const uint32_t bodies[] = { 0, 1, 1300, 1385, 1472, 8785, 60000 };
	struct port_mem_hub *hub = port_mem_hub_new();
	struct station a, b;

	now = NS_PER_S;
	for (size_t i = 0; i < sizeof(body); i++)
		body[i] = (uint8_t)(i * 7 + i / 251);
	for (size_t i = 0; i < sizeof(head); i++)
		head[i] = (uint8_t)(i + 3);
	for (size_t i = 0; i < sizeof(tail); i++)
		tail[i] = (uint8_t)(200 - i);
	a = station_new(hub, config);
	b = station_new(hub, config);
	for (size_t h = 0; h < 4; h++)
		for (size_t i = 0; i < 7; i++)
			for (size_t t = 0; t < 3; t++)
				if (heads[h] + bodies[i] + tails[t] > 0)
					passes(&a, &b, heads[h], bodies[i], tails[t], (h + i + t) % 2);
	CU_ASSERT_EQUAL(b.link->stats.bad_checksum, 0);
	station_free(&a);
	station_free(&b);
	port_mem_hub_free(hub);
}

static void pieces_arrive_as_one_over_frames(void)
{
	all_sizes(NULL);
}

static void pieces_arrive_as_one_over_a_small_mtu_and_a_vlan(void)
{
	struct port_mem_config config = { .mtu = 1280, .vlan = 100 };

	all_sizes(&config);
}

static void pieces_arrive_as_one_over_datagrams(void)
{
	struct port_mem_config config = { .delivers = PORT_DATAGRAMS, .has_kernel = true };

	all_sizes(&config);
}

static void a_full_wire_loses_nothing_until_it_is_stuck(void)
{
	struct port_mem_config slow = { .depth = 4, .waits = true, .has_kernel = true };
	struct port_mem_config fast = { .has_kernel = true };
	struct endpoint group = { ip4_of(239, 1, 2, 3), 7 };
	struct port_mem_hub *hub = port_mem_hub_new();
	struct station a, b;
	struct link_packet p;
	ns_t full_at;

	now = NS_PER_S;
	a = station_new(hub, &fast);
	b = station_new(hub, &slow);
	p = (struct link_packet){ .from = &a.at, .to = &group, .head = head, .head_len = 100 };
	for (int i = 0; i < 6; i++)
		CU_ASSERT_EQUAL(link_send(a.link, &p, now), LINK_SENT);
	CU_ASSERT_FALSE(link_flush(a.link, now));
	CU_ASSERT_EQUAL(link_poll(b.link), 4);
	link_done(b.link);
	CU_ASSERT(link_flush(a.link, now + NS_PER_MS)); /* the other two */
	CU_ASSERT_EQUAL(link_poll(b.link), 2);
	link_done(b.link);
	for (int i = 0; i < 6; i++)
		link_send(a.link, &p, now);
	full_at = now + 2 * NS_PER_MS;
	CU_ASSERT_FALSE(link_flush(a.link, full_at)); /* takes four */
	CU_ASSERT_FALSE(link_flush(a.link, full_at + LINK_STUCK_NS - 1));
	CU_ASSERT_EQUAL(a.link->stats.tx_stuck, 0);
	CU_ASSERT(link_flush(a.link, full_at + LINK_STUCK_NS));
	CU_ASSERT_EQUAL(a.link->stats.tx_stuck, 2);
	station_free(&a);
	station_free(&b);
	port_mem_hub_free(hub);
}

static void a_question_waits_for_a_wire_that_takes_nothing(void)
{
	struct port_mem_config full = { .depth = 1, .waits = true };
	struct port_mem_hub *hub = port_mem_hub_new();
	struct station a, b;
	struct link_packet p;
	uint64_t stuck;

	now = NS_PER_S;
	a = station_new(hub, NULL);
	b = station_new(hub, &full);
	p = (struct link_packet){ .from = &a.at, .to = &b.at, .head = head, .head_len = 100 };
	for (int i = 0; i < 40; i++) { /* what each says of itself; b takes all but the last */
		link_poll(b.link);
		link_done(b.link);
		link_flush(a.link, now);
	}
	stuck = a.link->stats.tx_stuck;
	link_flush(b.link, now);
	while (port_tx(a.port, 0, &(struct port_packet){ .head = head, .head_len = 60 }, 1) == 1)
		continue;
	CU_ASSERT_EQUAL(link_send(a.link, &p, now), LINK_NO_PATH);
	for (int i = 0; i < 3; i++)
		link_flush(a.link, now);
	CU_ASSERT_EQUAL(link_poll(b.link), 1); /* what made it full */
	link_done(b.link);
	link_flush(a.link, now);
	CU_ASSERT_EQUAL_FATAL(link_poll(b.link), 1);
	CU_ASSERT_EQUAL(b.link->rx[0].data[12] << 8 | b.link->rx[0].data[13], 0x0806);
	link_done(b.link);
	CU_ASSERT_EQUAL(a.link->stats.tx_stuck, stuck);
	station_free(&a);
	station_free(&b);
	port_mem_hub_free(hub);
}

static const struct suite_test tests[] = {
	SUITE_TEST(pieces_arrive_as_one_over_frames),
	SUITE_TEST(pieces_arrive_as_one_over_a_small_mtu_and_a_vlan),
	SUITE_TEST(pieces_arrive_as_one_over_datagrams),
	SUITE_TEST(a_full_wire_loses_nothing_until_it_is_stuck),
	SUITE_TEST(a_question_waits_for_a_wire_that_takes_nothing),
};
SUITE_MAIN("run/link", tests)
