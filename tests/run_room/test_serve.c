#include "run/serve.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "content/tree.h"
#include "run_room/serve_rig.h"
#include "support/suite.h"
#include "wdserror.h"

enum { SIZE = 3000000 };

static struct rig rig; /* large */
static uint8_t want[SIZE];

static void with_files(void)
{
	tree_make();
	tree_folder("root");
	tree_folder("root/images");
	tree_file("root/images/a.img", SIZE, 1);
	tree_file("root/images/b.img", SIZE - 777, 2);
	tree_file("root/images/empty", 0, 3);
	tree_file("root/images/small", 10, 4);
}

static void start(void)
{
	with_files();
	rig_start(&rig, NULL, NULL);
}

static void done(void)
{
	rig_stop(&rig);
	tree_remove();
}

static void check_content(const struct guest *g, size_t len, unsigned seed)
{
	CU_ASSERT(g->finished);
	CU_ASSERT_EQUAL(g->result, 0);
	CU_ASSERT_EQUAL_FATAL(g->engine.offer.content_bytes, len);
	tree_fill(want, len, seed);
	CU_ASSERT_EQUAL(memcmp(g->content, want, len), 0);
}

enum { ARP_OPERATION = 21, GUEST = 2 };

static bool lose_questions(void *arg, const struct port_mem_passage *p)
{
	(void)arg;
	return p->from == GUEST && p->data[12] == 8 && p->data[13] == 6 && p->data[ARP_OPERATION] == 1;
}

/* The server's address, told by a third: a client that has asked for it goes on, and the server never heard of it. */
static void tell_of_server(const struct rig *r)
{
	struct port *third = port_mem_new(r->hub, &(struct port_mem_config){ .delivers = PORT_FRAMES });
	const struct port_info *server = &r->port->info, *guest = &r->guests[0].port->info;
	uint8_t frame[60] = { [12] = 8, 6, 0, 1, 8, 0, 6, 4, 0, 2 };
	struct port_packet k = { .head = frame, .head_len = sizeof(frame) };

	memcpy(frame, &guest->mac, 6);
	memcpy(frame + 6, &server->mac, 6);
	memcpy(frame + 22, &server->mac, 6);
	memcpy(frame + 28, server->ip4.b, 4);
	memcpy(frame + 32, &guest->mac, 6);
	memcpy(frame + 38, guest->ip4.b, 4);
	CU_ASSERT_EQUAL(port_tx(third, 0, &k, 1), 1);
	port_close(third);
}

static void an_answer_waits_for_its_neighbour_and_not_for_the_clients_timer(void)
{
	struct guest *g;

	with_files();
	rig_start(&rig, &(struct port_mem_config){ .delivers = PORT_FRAMES }, NULL);
	port_mem_set_lose(rig.hub, lose_questions, NULL);
	g = rig_guest(&rig, "images", "a.img");
	rig_run(&rig, 5 * NS_PER_MS);
	CU_ASSERT_FALSE(g->offered);
	tell_of_server(&rig);
	rig_run(&rig, 20 * NS_PER_MS);
	CU_ASSERT(g->offered);
	CU_ASSERT_NOT_EQUAL(serve_read_stats(rig.serve)->no_path, 0);
	CU_ASSERT_EQUAL(serve_read_stats(rig.serve)->requests, 1);
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(g, SIZE, 1);
	done();
}

static void a_client_gets_the_whole_file(void)
{
	struct guest *g;

	start();
	g = rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(g, SIZE, 1);
	CU_ASSERT_EQUAL(g->engine.offer.block_bytes, 1401);
	rig_run(&rig, NS_PER_S);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 1);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_JOINED), 1);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_FINISHED), 1);
	CU_ASSERT_STRING_EQUAL(rig.events[0].name_space, "images");
	CU_ASSERT_STRING_EQUAL(rig.events[0].object, "a.img");
	CU_ASSERT_EQUAL(rig.events[1].client_name[0], 'A');
	done();
}

static void many_clients_share_one_session(void)
{
	start();
	for (int i = 0; i < 5; i++)
		rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 10));
	for (int i = 0; i < 5; i++) {
		check_content(&rig.guests[i], SIZE, 1);
		CU_ASSERT_EQUAL(rig.guests[i].engine.offer.session_id, rig.guests[0].engine.offer.session_id);
	}
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 1);
	done();
}

static void two_objects_are_served_at_once(void)
{
	struct guest *a, *b;

	start();
	a = rig_guest(&rig, "images", "a.img");
	b = rig_guest(&rig, "IMAGES", "B.img");
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(a, SIZE, 1);
	check_content(b, SIZE - 777, 2);
	CU_ASSERT_FALSE(endpoint_equal(&a->engine.offer.multicast, &b->engine.offer.multicast));
	CU_ASSERT_NOT_EQUAL(a->engine.offer.server.port, b->engine.offer.server.port);
	CU_ASSERT_NOT_EQUAL(a->engine.offer.session_id, b->engine.offer.session_id);
	done();
}

static void another_spelling_of_a_name_is_the_same_session(void)
{
	struct guest *a, *b;

	start();
	a = rig_guest(&rig, "images", "a.img");
	b = rig_guest(&rig, "Images", "A.IMG");
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(b, SIZE, 1);
	CU_ASSERT_EQUAL(a->engine.offer.session_id, b->engine.offer.session_id);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 1);
	done();
}

static void one_who_joins_late_gets_the_whole_file(void)
{
	struct guest *late;

	start();
	rig_guest(&rig, "images", "a.img");
	while (rig.guests[0].blocks.ones < 1000)
		rig_turn(&rig);
	late = rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(&rig.guests[0], SIZE, 1);
	check_content(late, SIZE, 1);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 1);
	done();
}

static void losses_are_repaired(void)
{
	start();
	rig.loss = 0.02;
	for (int i = 0; i < 3; i++)
		rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 60));
	for (int i = 0; i < 3; i++)
		check_content(&rig.guests[i], SIZE, 1);
	CU_ASSERT_NOT_EQUAL(serve_read_stats(rig.serve)->repairs_cached, 0);
	done();
}

static void small_cache(struct serve_config *c)
{
	c->cache_bytes = 0; /* the least: 64 slots, so most repairs find their block gone */
}

static void blocks_that_left_the_cache_are_read_again_for_repairs(void)
{
	with_files();
	rig_start(&rig, NULL, small_cache);
	rig.slow_disk = true;
	rig.loss = 0.05;
	for (int i = 0; i < 3; i++)
		rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 100));
	for (int i = 0; i < 3; i++)
		check_content(&rig.guests[i], SIZE, 1);
	done();
}

static void a_wire_that_takes_little_is_no_loss(void)
{
	struct guest *g;
	struct port_mem_config narrow = { .depth = 16, .waits = true };

	start();
	g = rig_guest(&rig, "images", "a.img");
	port_close(g->port);
	g->port = g->link->port = port_mem_new(rig.hub, &narrow);
	CU_ASSERT(rig_finish(&rig, 20));
	check_content(g, SIZE, 1);
	CU_ASSERT_EQUAL(g->engine.stats.lost_seq_nos, 0);
	done();
}

static void large_blocks(struct serve_config *c)
{
	c->block_bytes = 8785;
}

static void blocks_may_need_fragments(void)
{
	struct guest *g;

	with_files();
	rig_start(&rig, NULL, large_blocks);
	g = rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(g, SIZE, 1);
	CU_ASSERT_EQUAL(g->engine.offer.block_bytes, 8785);
	done();
}

static void a_port_of_datagrams_serves_as_well(void)
{
	struct port_mem_config sockets = { .delivers = PORT_DATAGRAMS };
	struct guest *g;

	with_files();
	rig_start(&rig, &sockets, NULL);
	g = rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(g, SIZE, 1);
	done();
}

static void a_small_and_an_empty_file_are_offered(void)
{
	struct guest *small, *empty;

	start();
	small = rig_guest(&rig, "images", "small");
	empty = rig_guest(&rig, "images", "empty");
	rig_finish(&rig, 5);
	check_content(small, 10, 4);
	CU_ASSERT(empty->offered);
	CU_ASSERT_EQUAL(empty->engine.offer.total_blocks, 0);
	CU_ASSERT_EQUAL(empty->engine.offer.content_bytes, 0);
	check_content(empty, 0, 3);
	done();
}

static void what_is_not_there_is_answered_with_an_error(void)
{
	struct guest *g[3];

	start();
	g[0] = rig_guest(&rig, "nowhere", "a.img");
	g[1] = rig_guest(&rig, "images", "none");
	g[2] = rig_guest(&rig, "images", "../../images/a.img");
	CU_ASSERT(rig_finish(&rig, 2));
	CU_ASSERT_EQUAL(g[0]->result, WDSMCS_E_NAMESPACE_NOT_FOUND);
	CU_ASSERT_EQUAL(g[1]->result, WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(g[2]->result, WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_REFUSED), 3);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 0);
	done();
}

/* Each turn of the content thread reads for four sessions, and answers as many. */
static void sessions_that_are_read_for_keep_nobody_from_an_answer(void)
{
	char name[32];
	unsigned offered = 0, last;

	with_files();
	rig_start(&rig, NULL, small_cache);
	for (int i = 0; i < 8; i++) {
		snprintf(name, sizeof(name), "root/images/%d.img", i);
		tree_file(name, i < 4 ? SIZE : 5000, (unsigned)i);
	}
	for (int i = 0; i < 4; i++) {
		snprintf(name, sizeof(name), "%d.img", i);
		rig_guest(&rig, "images", name);
	}
	for (int i = 0; i < 100 && rig_events(&rig, SERVE_JOINED) < 4; i++)
		rig_turn(&rig);
	rig.slow_disk = true;
	rig_run(&rig, 10 * NS_PER_MS); /* by now all four are being read */
	for (int i = 4; i < 8; i++) {
		snprintf(name, sizeof(name), "%d.img", i);
		rig_guest(&rig, "images", name);
	}
	for (last = rig.turns; offered < 4 && rig.turns < last + 25;) {
		rig_turn(&rig);
		offered = 0;
		for (int i = 4; i < 8; i++)
			offered += rig.guests[i].offered;
	}
	CU_ASSERT_EQUAL(offered, 4);
	CU_ASSERT(rig_finish(&rig, 60));
	check_content(&rig.guests[0], SIZE, 0);
	check_content(&rig.guests[7], 5000, 7);
	done();
}

static void an_answer_holds_for_a_second_and_no_longer(void)
{
	struct guest *g;

	start();
	g = rig_guest(&rig, "images", "new");
	CU_ASSERT(rig_finish(&rig, 2));
	CU_ASSERT_EQUAL(g->result, WDSMCS_E_CONTENT_NOT_FOUND);
	tree_file("root/images/new", 5000, 9);
	g = rig_guest(&rig, "images", "new");
	CU_ASSERT(rig_finish(&rig, 2));
	CU_ASSERT_EQUAL(g->result, WDSMCS_E_CONTENT_NOT_FOUND);
	rig_run(&rig, NS_PER_S);
	g = rig_guest(&rig, "images", "new");
	CU_ASSERT(rig_finish(&rig, 2));
	check_content(g, 5000, 9);
	done();
}

/* Those in it have begun with a file that is no longer there; who asks later gets the new one. */
static void a_replaced_file_gets_a_session_of_its_own(void)
{
	struct guest *before, *after;

	with_files();
	rig_start(&rig, NULL, small_cache);
	before = rig_guest(&rig, "images", "a.img");
	while (before->blocks.ones < 500)
		rig_turn(&rig);
	tree_file("root/new", SIZE, 8);
	CU_ASSERT_EQUAL(rename("root/new", "root/images/a.img"), 0);
	CU_ASSERT(rig_finish(&rig, 5));
	CU_ASSERT_EQUAL(before->result, WDSTPC_E_KICKED_FAIL);
	rig_run(&rig, NS_PER_S); /* until the answer of before is no longer fresh */
	after = rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 20));
	check_content(after, SIZE, 8);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 2);
	done();
}

static void a_file_changed_in_place_ends_its_session_with_an_error(void)
{
	struct guest *g;

	with_files();
	rig_start(&rig, NULL, small_cache);
	g = rig_guest(&rig, "images", "a.img");
	while (g->blocks.ones < 500)
		rig_turn(&rig);
	CU_ASSERT_EQUAL(truncate("root/images/a.img", SIZE / 2), 0);
	CU_ASSERT(rig_finish(&rig, 5));
	CU_ASSERT_EQUAL(g->result, WDSTPC_E_KICKED_FAIL);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_SPOILT), 1);
	rig_run(&rig, 2 * NS_PER_S);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_CLOSED), 1);
	g = rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(g, SIZE / 2, 1);
	done();
}

static void a_session_closes_when_nobody_needs_it(void)
{
	struct guest *g;
	struct endpoint session;

	start();
	g = rig_guest(&rig, "images", "small");
	CU_ASSERT(rig_finish(&rig, 5));
	session = g->engine.offer.server;
	rig_run(&rig, 9 * NS_PER_S);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_CLOSED), 0);
	CU_ASSERT(port_mem_reserved(rig.port, &session));
	rig_run(&rig, 3 * NS_PER_S);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_CLOSED), 1);
	CU_ASSERT_FALSE(port_mem_reserved(rig.port, &session));
	g = rig_guest(&rig, "images", "small");
	CU_ASSERT(rig_finish(&rig, 5));
	check_content(g, 10, 4);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 2);
	done();
}

static void one_that_asks_and_never_joins_keeps_it_for_half_a_minute(void)
{
	start();
	rig_guest(&rig, "images", "small");
	while (!rig.guests[0].offered)
		rig_turn(&rig);
	rig.guests[0].dead = true;
	rig_run(&rig, 29 * NS_PER_S);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_CLOSED), 0);
	rig_run(&rig, 2 * NS_PER_S);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_CLOSED), 1);
	done();
}

static void one_that_dies_does_not_stop_the_others(void)
{
	start();
	rig_guest(&rig, "images", "a.img");
	rig_guest(&rig, "images", "a.img");
	while (rig.guests[0].blocks.ones < 500)
		rig_turn(&rig);
	rig.guests[0].dead = true;
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(&rig.guests[1], SIZE, 1);
	rig_run(&rig, 130 * NS_PER_S);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_VANISHED), 1);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_CLOSED), 1);
	done();
}

static void a_server_that_stops_says_so(void)
{
	struct guest *g;

	start();
	g = rig_guest(&rig, "images", "a.img");
	while (g->blocks.ones < 500)
		rig_turn(&rig);
	serve_stop(rig.serve);
	CU_ASSERT(rig_finish(&rig, 1));
	CU_ASSERT_EQUAL(g->result, WDSTPC_E_KICKED_FAIL);
	rig_run(&rig, 200 * NS_PER_MS);
	CU_ASSERT(serve_has_stopped(rig.serve));
	g = rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 1));
	CU_ASSERT_EQUAL(g->result, WDSMCS_E_SESSION_SHUTDOWN_IN_PROGRESS);
	done();
}

static void a_lost_farewell_is_said_again(void)
{
	struct guest *g;

	start();
	g = rig_guest(&rig, "images", "a.img");
	while (g->blocks.ones < 500)
		rig_turn(&rig);
	rig.loss = 1;
	serve_stop(rig.serve);
	rig_run(&rig, 100 * NS_PER_MS);
	CU_ASSERT_FALSE(g->finished);
	rig.loss = 0;
	CU_ASSERT(rig_finish(&rig, 1));
	CU_ASSERT_EQUAL(g->result, WDSTPC_E_KICKED_FAIL);
	rig_run(&rig, 200 * NS_PER_MS);
	CU_ASSERT(serve_has_stopped(rig.serve));
	done();
}

/* Objects "0" and on, of so many bytes. */
static void start_with_many(unsigned objects, size_t size)
{
	char name[32];

	start();
	for (unsigned i = 0; i < objects; i++) {
		snprintf(name, sizeof(name), "root/images/%u", i);
		tree_file(name, size, 1);
	}
}

static struct guest *ask_for(unsigned object)
{
	char name[32];

	snprintf(name, sizeof(name), "%u", object);
	return rig_guest(&rig, "images", name);
}

/* All places are taken, by sessions with a client or without. Those clients are never heard of again. */
static void take_all_places(bool join)
{
	for (unsigned i = 0; i < SERVE_SESSIONS_MAX; i++) {
		struct guest *g = ask_for(i);

		while (join ? rig_events(&rig, SERVE_JOINED) <= i : !g->offered && !g->finished)
			rig_turn(&rig);
		CU_ASSERT_FATAL(g->offered);
		rig_forget_guests(&rig);
	}
}

static void more_sessions_than_there_are_places_are_refused(void)
{
	struct guest *g;

	start_with_many(SERVE_SESSIONS_MAX + 1, SIZE);
	take_all_places(true);
	g = ask_for(SERVE_SESSIONS_MAX);
	CU_ASSERT(rig_finish(&rig, 1));
	CU_ASSERT_EQUAL(g->result, ERROR_NO_SYSTEM_RESOURCES);
	done();
}

/* Who asks for all there is, from many addresses, and joins nothing, keeps nobody from a session for long. */
static void who_asks_waits_for_the_place_of_a_session_that_nobody_joined(void)
{
	struct guest *late[3];

	start_with_many(SERVE_SESSIONS_MAX + 3, 5000);
	take_all_places(false);
	for (unsigned i = 0; i < 3; i++)
		late[i] = ask_for(SERVE_SESSIONS_MAX + i);
	CU_ASSERT(rig_finish(&rig, 4));
	for (unsigned i = 0; i < 3; i++)
		check_content(late[i], 5000, 1);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_REFUSED), 0);
	done();
}

static void say_request(struct guest *g, unsigned object)
{
	struct msi_request q = g->engine.config.request;
	uint8_t bytes[256];
	struct writer w = writer_of(bytes, sizeof(bytes));
	char name[32];

	snprintf(name, sizeof(name), "%u", object);
	for (q.content.len = 0; name[q.content.len] != '\0'; q.content.len++)
		q.content.units[q.content.len] = (uint16_t)name[q.content.len];
	msi_write_request(&w, &q);
	rig_say(&rig, g, &g->engine.config.initiation, bytes, (uint32_t)writer_len(&w));
}

/* One address that asks for everything: it has 16 sessions that it did not join, and then loses the oldest. */
static void an_address_opens_so_many_sessions_and_no_more(void)
{
	struct guest *g;

	start_with_many(40, 5000);
	g = rig_guest(&rig, "images", "small");
	CU_ASSERT(rig_finish(&rig, 2));
	for (unsigned i = 0; i < 40; i++) {
		say_request(g, i);
		rig_run(&rig, NS_PER_MS);
	}
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 1 + 40);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_CLOSED), 40 - 16);
	rig.slow_disk = true; /* and of its names so many wait to be looked up */
	rig_run(&rig, 2 * NS_PER_S);
	for (unsigned i = 0; i < 40; i++)
		say_request(g, i);
	rig_turn(&rig);
	CU_ASSERT_EQUAL(serve_read_stats(rig.serve)->requests_dropped, 40 - 16);
	done();
}

static void say_join(struct guest *g, const struct msi_reply *to)
{
	struct mt_head head = { .security_type = MT_SECHDR_CHECKSUM, .security_len = 4, .session_id = to->session_id };
	struct mt_join join = { .ip = g->own.ip, .mac_len = 6 };
	struct security security;
	uint8_t bytes[128];
	struct writer w = writer_of(bytes, sizeof(bytes));

	security_init_checksum(&security);
	mt_write_join(&w, &head, &join, NULL);
	security_seal_packet(&security, bytes, writer_len(&w));
	rig_say(&rig, g, &to->server, bytes, (uint32_t)writer_len(&w));
}

/* JOINs whose JOINACK nobody answers are for half a minute, as requests are. */
static void joins_alone_keep_a_session_for_half_a_minute(void)
{
	struct msi_reply to = { 0 };
	struct guest *g;

	start();
	g = rig_guest(&rig, "images", "small");
	while (!g->offered)
		rig_turn(&rig);
	to.server = g->engine.offer.server;
	to.session_id = g->engine.offer.session_id;
	g->dead = true;
	for (unsigned i = 0; i < 29; i++) {
		say_join(g, &to);
		rig_run(&rig, NS_PER_S);
	}
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_CLOSED), 0);
	for (unsigned i = 0; i < 2; i++) {
		say_join(g, &to);
		rig_run(&rig, NS_PER_S);
	}
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_CLOSED), 1);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_JOINED) + rig_events(&rig, SERVE_KICKED), 0);
	done();
}

static void a_request_without_a_mandatory_option_is_an_error(void)
{
	static const uint8_t only_namespace[] = { 1, 0, 1, 0x06, 0x01, 0, 4, 'n', 0, 0, 0 };
	struct endpoint server;
	struct guest *g;

	start();
	g = rig_guest(&rig, "images", "a.img");
	server = g->engine.config.initiation;
	g->engine.timer[CLIENT_TIMER_INITIATE] = NS_NEVER; /* it only hears the answer */
	g->engine.due_at = rig.now + NS_PER_S;
	rig_say(&rig, g, &server, only_namespace, sizeof(only_namespace));
	rig_say(&rig, g, &server, only_namespace, sizeof(only_namespace));
	rig_finish(&rig, 1);
	CU_ASSERT(g->finished);
	CU_ASSERT_EQUAL(g->result, ERROR_INVALID_PARAMETER);
	done();
}

static void what_makes_no_sense_is_dropped_and_counted(void)
{
	static const uint8_t cut[] = { 1, 0, 3, 0x06 }, junk[100] = { 'W', 'D', 3 };
	struct endpoint to;
	struct guest *g;

	start();
	g = rig_guest(&rig, "images", "a.img");
	while (g->blocks.ones < 100)
		rig_turn(&rig);
	to = g->engine.config.initiation;
	rig_say(&rig, g, &to, cut, sizeof(cut));
	rig_say(&rig, g, &g->engine.offer.server, junk, sizeof(junk));
	to.port = 12345;
	rig_say(&rig, g, &to, junk, sizeof(junk));
	CU_ASSERT(rig_finish(&rig, 10));
	check_content(g, SIZE, 1);
	CU_ASSERT_EQUAL(serve_read_stats(rig.serve)->malformed, 2);
	CU_ASSERT_EQUAL(serve_read_stats(rig.serve)->no_session, 1);
	done();
}

static void a_configuration_that_cannot_work_is_refused(void)
{
	struct serve_config good = { 0 }, c;
	struct serve *w = NULL;
	char why[PORT_WHY_BYTES];

	start();
	serve_config_defaults(&good);
	good.port = rig.port;
	good.root = rig.root;
	good.ip4 = rig.port->info.ip4;
	c = good;
	CU_ASSERT_EQUAL(serve_new(&c, 0, &w, why), WDSCAST_EADDRINUSE); /* another server has the UDP port */
	c.ip4.len = 0;
	CU_ASSERT_EQUAL(serve_new(&c, 0, &w, why), WDSCAST_EINVAL);
	c = good;
	c.block_bytes = serve_block_bytes_limit(&c.server_security) + 1;
	CU_ASSERT_EQUAL(serve_new(&c, 0, &w, why), WDSCAST_EINVAL);
	c = good;
	c.udp_port = c.first_port;
	CU_ASSERT_EQUAL(serve_new(&c, 0, &w, why), WDSCAST_EINVAL);
	c = good;
	c.group4 = good.ip4;
	CU_ASSERT_EQUAL(serve_new(&c, 0, &w, why), WDSCAST_EINVAL);
	CU_ASSERT_PTR_NULL(w);
	done();
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_client_gets_the_whole_file),
	SUITE_TEST(an_answer_waits_for_its_neighbour_and_not_for_the_clients_timer),
	SUITE_TEST(many_clients_share_one_session),
	SUITE_TEST(two_objects_are_served_at_once),
	SUITE_TEST(another_spelling_of_a_name_is_the_same_session),
	SUITE_TEST(one_who_joins_late_gets_the_whole_file),
	SUITE_TEST(losses_are_repaired),
	SUITE_TEST(blocks_that_left_the_cache_are_read_again_for_repairs),
	SUITE_TEST(a_wire_that_takes_little_is_no_loss),
	SUITE_TEST(blocks_may_need_fragments),
	SUITE_TEST(a_port_of_datagrams_serves_as_well),
	SUITE_TEST(a_small_and_an_empty_file_are_offered),
	SUITE_TEST(what_is_not_there_is_answered_with_an_error),
	SUITE_TEST(sessions_that_are_read_for_keep_nobody_from_an_answer),
	SUITE_TEST(an_answer_holds_for_a_second_and_no_longer),
	SUITE_TEST(a_replaced_file_gets_a_session_of_its_own),
	SUITE_TEST(a_file_changed_in_place_ends_its_session_with_an_error),
	SUITE_TEST(a_session_closes_when_nobody_needs_it),
	SUITE_TEST(one_that_asks_and_never_joins_keeps_it_for_half_a_minute),
	SUITE_TEST(one_that_dies_does_not_stop_the_others),
	SUITE_TEST(a_server_that_stops_says_so),
	SUITE_TEST(a_lost_farewell_is_said_again),
	SUITE_TEST(more_sessions_than_there_are_places_are_refused),
	SUITE_TEST(who_asks_waits_for_the_place_of_a_session_that_nobody_joined),
	SUITE_TEST(an_address_opens_so_many_sessions_and_no_more),
	SUITE_TEST(joins_alone_keep_a_session_for_half_a_minute),
	SUITE_TEST(a_request_without_a_mandatory_option_is_an_error),
	SUITE_TEST(what_makes_no_sense_is_dropped_and_counted),
	SUITE_TEST(a_configuration_that_cannot_work_is_refused),
};
SUITE_MAIN("run/serve", tests)
