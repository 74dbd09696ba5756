#include "run_room/rig.h"

#include <stdlib.h>

static void the_first_turn_asks_the_server(void)
{
	struct rig *r = rig_new(3);
	struct rig_session *s = rig_session(r, 8);

	CU_ASSERT_FATAL(rig_receive_request(r));
	CU_ASSERT_EQUAL(r->msi.request.content.units[0], 'o');
	CU_ASSERT_EQUAL(r->msi.request.mac_len, 6);
	CU_ASSERT_EQUAL(memcmp(r->msi.request.mac, r->client_port->info.mac.b, 6), 0);
	CU_ASSERT(port_mem_reserved(r->client_port, &r->client));
	rig_pass(r, s, NS_PER_S - 1);
	CU_ASSERT(!rig_receive_request(r));
	rig_pass(r, s, 1);
	CU_ASSERT(rig_receive_request(r));
	rig_session_free(s);
	rig_free(r);
}

static void a_file_crosses_in_the_order_it_came(void)
{
	struct rig *r = rig_new(3);
	struct rig_session *s;
	static const uint64_t order[] = { 2, 1, 3 };

	r->content_bytes -= 1; /* the last block is short */
	s = rig_joined(r, 8);
	CU_ASSERT_EQUAL(s->negotiated, 1);
	CU_ASSERT_EQUAL(s->started, 1);
	for (unsigned i = 0; i < 3; i++)
		rig_odata(r, order[i]);
	rig_turn(r, s);
	CU_ASSERT_EQUAL_FATAL(s->delivered_count, 3);
	for (unsigned i = 0; i < 3; i++) {
		CU_ASSERT_EQUAL(s->delivered[i].offset, (order[i] - 1) * RIG_BLOCK);
		CU_ASSERT_EQUAL(s->delivered[i].len, order[i] == 3 ? RIG_BLOCK - 1 : RIG_BLOCK);
		CU_ASSERT_EQUAL(s->delivered[i].slot, i); /* side by side */
	}
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(s->result, ERROR_SUCCESS);
	CU_ASSERT(!ctl_is_over(s->ctl)); /* its LEAVE is still to be said */
	rig_pass(r, s, 200 * NS_PER_MS);
	CU_ASSERT(ctl_is_over(s->ctl));
	CU_ASSERT(rig_receive_opcode(r, MT_LEAVE));
	CU_ASSERT_EQUAL(r->packet.leave.reason, MT_LEAVE_COMPLETE);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_blocks), 3);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_bytes), 3 * RIG_BLOCK - 1);
	CU_ASSERT_EQUAL(port_mem_joined(r->client_port, &s->offer.multicast.ip), 0);
	CU_ASSERT(!port_mem_reserved(r->client_port, &r->client));
	rig_session_free(s);
	rig_free(r);
}

static void a_packet_that_does_not_verify_changes_nothing(void)
{
	struct rig *r = rig_new(2);
	struct rig_session *s = rig_joined(r, 8);
	uint32_t room = store_room(&s->ctl->lane.store);
	uint64_t ones = s->ctl->lane.blocks.ones;

	rig_odata_damaged(r, 1);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->delivered_count, 0);
	CU_ASSERT_EQUAL(store_room(&s->ctl->lane.store), room);
	CU_ASSERT_EQUAL(s->ctl->lane.blocks.ones, ones);
	CU_ASSERT_EQUAL(s->ctl->lane.client.stats.odata, 0);
	rig_pass(r, s, NS_PER_S);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_unverified), 1);
	rig_session_free(s);
	rig_free(r);
}

/* More than are verified at once, a damaged one and a repeated one among them, in one turn. */
static void packets_of_a_burst_are_hashed_together(void)
{
	static const uint8_t key[24] = "one key of one lab, that";
	struct rig *r = rig_new(40);
	struct rig_session *s;

	CU_ASSERT_FATAL(security_init_hash(&r->security, key, sizeof(key), SECURITY_HMAC_A));
	s = rig_joined(r, 64);
	CU_ASSERT_PTR_NOT_NULL(s->ctl->lane.hash);
	for (uint64_t block = 1; block <= 40; block++) {
		if (block == 19)
			rig_odata_damaged(r, block);
		rig_odata(r, block);
		if (block == 7)
			rig_odata(r, block);
	}
	rig_turn(r, s);
	CU_ASSERT_EQUAL_FATAL(s->delivered_count, 40);
	for (unsigned i = 0; i < 40; i++)
		CU_ASSERT_EQUAL(s->delivered[i].offset, (uint64_t)i * RIG_BLOCK);
	CU_ASSERT_EQUAL(s->result, ERROR_SUCCESS);
	rig_pass(r, s, NS_PER_S);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_unverified), 1);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_duplicates), 1);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_odata), 41);
	rig_session_free(s);
	rig_free(r);
}

/* A session that ends in the middle of a burst takes nothing more of it. */
static void a_burst_ends_with_its_session(void)
{
	static const uint8_t key[24] = "one key of one lab, that";
	struct rig *r = rig_new(40);
	struct rig_session *s;

	CU_ASSERT_FATAL(security_init_hash(&r->security, key, sizeof(key), SECURITY_HMAC_A));
	s = rig_joined(r, 64);
	rig_odata(r, 1);
	rig_kick(r, MT_KICK_FAIL);
	rig_odata(r, 2);
	rig_pass(r, s, NS_PER_S);
	CU_ASSERT_EQUAL(s->delivered_count, 1);
	CU_ASSERT_EQUAL(s->result, WDSTPC_E_KICKED_FAIL);
	rig_session_free(s);
	rig_free(r);
}

static void send_raw(struct rig *r, const struct endpoint *to, uint8_t *bytes, uint32_t len)
{
	struct endpoint from = { r->server_port->info.ip4, RIG_GROUP_PORT };
	struct port_packet p = { .head = bytes, .head_len = len, .from = &from, .to = to };

	port_tx(r->server_port, 0, &p, 1);
}

static void every_drop_has_its_counter(void)
{
	struct rig *r = rig_new(2);
	struct rig_session *s = rig_joined(r, 8);
	uint8_t unsealed[18] = { 'W', 'D', 0, 0, 0, 0, 0, 0, 77, MT_NCF }, garbage[9] = { 0 };
	struct endpoint nobody = { r->client_port->info.ip4, 9 };

	send_raw(r, &r->client, garbage, sizeof(garbage));
	send_raw(r, &nobody, garbage, sizeof(garbage));
	send_raw(r, &r->client, unsealed, sizeof(unsealed));
	uint8_t whole[20] = { 'W', 'D', MT_SECHDR_NONE, 0, 0, 0, 0, 0, 77, MT_NCF };

	send_raw(r, &r->client, whole, sizeof(whole));
	rig_pass(r, s, NS_PER_S);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_malformed), 2);
	CU_ASSERT_EQUAL(rig_count(s, LANE_COUNT_wrong_security), 1);
	CU_ASSERT_EQUAL(atomic_load(&r->worker->rx->counters[RX_COUNT_no_session]), 1);
	rig_session_free(s);
	rig_free(r);
}

static void two_sessions_of_one_object_share_its_group(void)
{
	struct rig *r = rig_new(2);
	struct rig_session *one = rig_joined(r, 8), *two = rig_joined(r, 8);

	CU_ASSERT_EQUAL(port_mem_joined(r->client_port, &one->offer.multicast.ip), 2);
	rig_odata(r, 1);
	rig_turn(r, one);
	rig_turn(r, two);
	CU_ASSERT_EQUAL(one->delivered_count, 1);
	CU_ASSERT_EQUAL(two->delivered_count, 1);
	rig_session_free(one);
	rig_odata(r, 2);
	rig_turn(r, two);
	CU_ASSERT_EQUAL(two->delivered_count, 2);
	rig_session_free(two);
	rig_free(r);
}

static void a_full_cache_refuses_blocks_until_some_come_back(void)
{
	struct rig *r = rig_new(4);
	struct rig_session *s = rig_joined(r, 2);

	s->hold = true;
	for (uint64_t b = 1; b <= 3; b++)
		rig_odata(r, b);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->delivered_count, 2);
	CU_ASSERT_EQUAL(s->ctl->lane.client.stats.refused_no_room, 1);
	CU_ASSERT(rig_complete(s, 0));
	rig_odata(r, 3);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->delivered_count, 3);
	CU_ASSERT_EQUAL(s->delivered[2].slot, s->delivered[0].slot);
	rig_session_free(s);
	rig_free(r);
}

static void a_cache_below_one_block_holds_one(void)
{
	struct rig *r = rig_new(2);
	struct rig_session *s = rig_joined(r, 0);

	rig_odata(r, 1);
	rig_turn(r, s);
	rig_odata(r, 2);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->delivered_count, 2);
	CU_ASSERT_EQUAL(s->result, ERROR_SUCCESS);
	rig_session_free(s);
	rig_free(r);
}

static void a_demoted_session_moves_and_keeps_its_blocks(void)
{
	struct rig *r = rig_new(2);
	struct rig_session *s = rig_joined(r, 8);
	struct endpoint lower = { ip4_of(239, 0, 0, 8), 64002 };
	struct ip_addr upper = s->offer.multicast.ip;

	rig_odata(r, 1);
	rig_demote(r, &lower);
	rig_turn(r, s);
	rig_pass(r, s, 200 * NS_PER_MS);
	CU_ASSERT(rig_receive_opcode(r, MT_LEAVE));
	CU_ASSERT_EQUAL(port_mem_joined(r->client_port, &upper), 0);
	CU_ASSERT_EQUAL(port_mem_joined(r->client_port, &lower.ip), 1);
	CU_ASSERT(rig_receive_opcode(r, MT_JOIN));
	CU_ASSERT_EQUAL(s->delivered_count, 1);
	CU_ASSERT_EQUAL(s->started, 1);
	CU_ASSERT_EQUAL(s->completed, 0);
	rig_session_free(s);
	CU_ASSERT_EQUAL(port_mem_joined(r->client_port, &lower.ip), 0);
	rig_free(r);
}

static void a_request_waits_for_its_neighbour_and_not_for_its_timer(void)
{
	struct rig *r = rig_new_on(1, PORT_FRAMES);
	struct rig_session *s = rig_session(r, 1);
	struct link *server = calloc(1, sizeof(*server));
	void *mem = host_alloc(link_bytes(), -1);
	struct net_datagram d = { 0 };
	bool asked = false;

	link_init(server, r->server_port, 0, &r->server_port->info.ip4, &r->server_port->info.ip6, 1, mem, r->now);
	for (unsigned ms = 0; ms < 20 && !asked; ms++) {
		rig_pass(r, s, NS_PER_MS);
		for (uint32_t i = 0, n = link_poll(server); i < n; i++)
			asked = link_datagram(server, i, r->now, &d) || asked;
		link_done(server);
		link_flush(server, r->now);
	}
	CU_ASSERT(asked);
	CU_ASSERT_EQUAL(d.to.port, MSI_UDP_PORT);
	rig_session_free(s);
	host_free(mem, link_bytes());
	free(server);
	rig_free(r);
}

/* When the client sent what: its report that it is in the group, and its JOIN. */
struct order {
	unsigned frames, report, join;
};

static bool watch(void *arg, const struct port_mem_passage *p)
{
	const uint8_t *ip = p->data + 14, *igmp = ip + 24; /* behind the option Router Alert */
	struct order *o = arg;
	struct mt_packet packet;

	o->frames++;
	if (p->from != 1 || p->data[12] != 0x08 || p->data[13] != 0x00)
		return false;
	if (ip[9] == 2 && igmp[0] == 0x22 && memcmp(igmp + 12, "\xef\x00\x00\x07", 4) == 0 && o->report == 0)
		o->report = o->frames;
	if (ip[9] == 17 && mt_read(ip + 28, (size_t)(ip[2] << 8 | ip[3]) - 28, &packet) == MT_READ_OK &&
	    packet.opcode == MT_JOIN && o->join == 0)
		o->join = o->frames;
	return false;
}

/* The server's side of the wire: it answers ARP, and a request with the offer. */
static void answer(struct rig *r, struct link *server)
{
	struct endpoint from = { r->server_port->info.ip4, MSI_UDP_PORT };
	struct msi_reply reply = rig_offer(r);
	uint8_t bytes[RIG_DATAGRAM];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct net_datagram d;

	msi_write_reply(&w, &reply);
	for (uint32_t i = 0, n = link_poll(server); i < n; i++) {
		if (!link_datagram(server, i, r->now, &d) || d.to.port != MSI_UDP_PORT)
			continue;
		struct link_packet p = { .from = &from, .to = &d.from, .head = bytes, .head_len = (uint32_t)writer_len(&w) };

		link_send(server, &p, r->now);
		link_flush(server, r->now);
	}
	link_done(server);
	link_flush(server, r->now);
}

static void the_group_is_reported_before_the_join(void)
{
	struct rig *r = rig_new_on(1, PORT_FRAMES);
	struct link *server = calloc(1, sizeof(*server));
	void *mem = host_alloc(link_bytes(), -1);
	struct order order = { 0 };
	struct rig_session *s;

	port_mem_set_lose(r->hub, watch, &order);
	s = rig_session(r, 1);
	link_init(server, r->server_port, 0, &r->server_port->info.ip4, &r->server_port->info.ip6, 1, mem, r->now);
	for (unsigned ms = 0; ms < 2000 && order.join == 0; ms++) {
		rig_pass(r, s, NS_PER_MS);
		answer(r, server);
	}
	CU_ASSERT(order.report != 0);
	CU_ASSERT(order.join > order.report);
	rig_session_free(s);
	host_free(mem, link_bytes());
	free(server);
	rig_free(r);
}

/* Whoever reads the port's counters in SessionComplete has all of them. */
static void counters_are_whole_at_the_end(void)
{
	struct rig *r = rig_new(1);
	struct rig_session *s = rig_joined(r, 8);

	rig_odata(r, 1);
	rig_turn(r, s);
	CU_ASSERT_EQUAL(s->completed, 1);
	CU_ASSERT_EQUAL(atomic_load(&r->worker->rx->counters[RX_COUNT_datagrams]), 3); /* reply, JOINACK, ODATA */
	rig_session_free(s);
	rig_free(r);
}

static void a_worker_that_is_full_refuses_a_lane(void)
{
	struct rig *r = rig_new(1);
	struct rig_session *s[RX_LANES_MAX + 1];

	for (unsigned i = 0; i <= RX_LANES_MAX; i++)
		s[i] = rig_session(r, 1);
	CU_ASSERT_EQUAL(s[RX_LANES_MAX]->completed, 1);
	CU_ASSERT_EQUAL(s[RX_LANES_MAX]->result, ERROR_NO_SYSTEM_RESOURCES);
	CU_ASSERT_EQUAL(s[RX_LANES_MAX - 1]->completed, 0);
	for (unsigned i = 0; i <= RX_LANES_MAX; i++)
		rig_session_free(s[i]);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(the_first_turn_asks_the_server),
	SUITE_TEST(a_file_crosses_in_the_order_it_came),
	SUITE_TEST(a_packet_that_does_not_verify_changes_nothing),
	SUITE_TEST(packets_of_a_burst_are_hashed_together),
	SUITE_TEST(a_burst_ends_with_its_session),
	SUITE_TEST(every_drop_has_its_counter),
	SUITE_TEST(two_sessions_of_one_object_share_its_group),
	SUITE_TEST(a_full_cache_refuses_blocks_until_some_come_back),
	SUITE_TEST(a_cache_below_one_block_holds_one),
	SUITE_TEST(a_demoted_session_moves_and_keeps_its_blocks),
	SUITE_TEST(a_request_waits_for_its_neighbour_and_not_for_its_timer),
	SUITE_TEST(the_group_is_reported_before_the_join),
	SUITE_TEST(counters_are_whole_at_the_end),
	SUITE_TEST(a_worker_that_is_full_refuses_a_lane),
};
SUITE_MAIN("run/rx", tests)
