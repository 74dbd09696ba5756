#include "server_rig.h"

static void nothing_is_sent_before_a_client_comes(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, 64);
	rig_run(&r, rig_ms(100000));
	CU_ASSERT_EQUAL(r.server->state, SERVER_PRE_START);
	CU_ASSERT_EQUAL(r.out.packet_count, 0);
	rig_stop(&r);
}

static void a_join_is_answered_to_its_source_with_an_id_and_its_time(void)
{
	struct rig r;
	const struct mt_packet *p;
	struct endpoint source = rig_endpoint(3);

	rig_config(&r);
	rig_start(&r, 64);
	rig_join(&r, 3, 4711, false);
	p = rig_get(&r, MT_JOINACK, 0);
	CU_ASSERT_NOT_EQUAL(p->joinack.client_id, 0);
	CU_ASSERT_EQUAL(p->joinack.client_time, 4711);
	CU_ASSERT_EQUAL(p->joinack.min_nack_backoff_ms, 1);
	CU_ASSERT_EQUAL(p->joinack.max_nack_backoff_ms, 1);
	CU_ASSERT_EQUAL(p->joinack.rtt_ms, 0);
	CU_ASSERT_EQUAL(p->sender_time, RIG_START_MS);
	CU_ASSERT(endpoint_equal(&rig_get_out(&r, MT_JOINACK, 0)->to, &source));
	rig_join(&r, 4, 1, false);
	rig_stop(&r);
}

/* Who gets an id must not know those of others. */
static void ids_do_not_follow_from_each_other(void)
{
	uint32_t steps[5];
	struct rig r;

	rig_config(&r);
	rig_start(&r, 64);
	for (uint32_t i = 0; i < 6; i++)
		rig_join(&r, i, 1, false);
	for (uint32_t i = 0; i < 5; i++)
		steps[i] = r.ids[i + 1] - r.ids[i];
	for (uint32_t i = 0; i < 5; i++) {
		CU_ASSERT(steps[i] > 1000 && steps[i] < UINT32_MAX - 1000);
		for (uint32_t k = 0; k < i; k++)
			CU_ASSERT_NOT_EQUAL(steps[i], steps[k]);
	}
	rig_stop(&r);
}

static void a_join_is_acknowledged_three_times_at_500_ms(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, 64);
	rig_join(&r, 0, 1, false);
	rig_run(&r, rig_ms(500) - 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_JOINACK), 1);
	rig_run(&r, rig_ms(500));
	CU_ASSERT_EQUAL(rig_count(&r, MT_JOINACK), 2);
	rig_run(&r, rig_ms(1000));
	CU_ASSERT_EQUAL(rig_count(&r, MT_JOINACK), 3);
	rig_run(&r, rig_ms(1500) - 1);
	CU_ASSERT(server_is_needed(r.server));
	CU_ASSERT_EQUAL(r.server->stats.never_joined, 0);
	rig_run(&r, rig_ms(1500));
	CU_ASSERT_EQUAL(rig_count(&r, MT_JOINACK), 3);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_CLIENT_VANISHED), 0); /* it never was there */
	CU_ASSERT_EQUAL(r.server->stats.never_joined, 1);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_IDLE), 1);
	CU_ASSERT_EQUAL(r.server->client_count, 0);
	CU_ASSERT_FALSE(server_is_needed(r.server));
	rig_stop(&r);
}

static void the_join_qcr_makes_a_client_active_and_starts_the_session(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, 64);
	rig_join(&r, 0, 1, false);
	rig_run(&r, rig_ms(7));
	rig_qcr(&r, 0, 0, RIG_START_MS, 0);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_JOINED)->client_id, r.ids[0]);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_JOINED)->name[0], 'p');
	CU_ASSERT_EQUAL(r.server->active_count, 1);
	CU_ASSERT_EQUAL(server_find_client(r.server, r.ids[0])->rtt_ms, 7);
	CU_ASSERT_EQUAL(r.server->state, SERVER_QCC);
	CU_ASSERT_EQUAL(rig_count(&r, MT_QCC), 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_POLL), 1);
	rig_clear(&r);
	rig_run(&r, rig_ms(520)); /* no JoinAck timer any more */
	CU_ASSERT_EQUAL(rig_count(&r, MT_JOINACK), 0);
	rig_stop(&r);
}

static void a_pending_client_that_asks_again_keeps_its_id(void)
{
	struct rig r;
	uint32_t id;

	rig_config(&r);
	rig_start(&r, 64);
	rig_join(&r, 0, 1, false);
	id = r.ids[0];
	rig_run(&r, rig_ms(400));
	rig_join(&r, 0, 401, false);
	CU_ASSERT_EQUAL(r.ids[0], id);
	CU_ASSERT_EQUAL(rig_get(&r, MT_JOINACK, 1)->joinack.client_time, 401);
	CU_ASSERT_EQUAL(r.server->client_count, 1);
	rig_run(&r, rig_ms(900) - 1); /* and the timer starts again */
	CU_ASSERT_EQUAL(rig_count(&r, MT_JOINACK), 2);
	rig_run(&r, rig_ms(900));
	CU_ASSERT_EQUAL(rig_count(&r, MT_JOINACK), 3);
	rig_stop(&r);
}

static void a_join_delivered_twice_changes_nothing(void)
{
	struct rig r;
	uint32_t id;

	rig_config(&r);
	rig_start(&r, 64);
	rig_activate(&r, 0, 0);
	id = r.ids[0];
	rig_join(&r, 0, 100, false); /* the time of rig_activate() */
	CU_ASSERT_EQUAL(r.ids[0], id);
	CU_ASSERT_EQUAL(r.server->active_count, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_JOINACK), 2);
	rig_stop(&r);
}

/* It may be a late one, of a client that goes on with its id: another id would shut it out for ever. */
static void an_active_client_that_joins_again_keeps_its_id(void)
{
	struct rig r;
	uint32_t id;

	rig_config(&r);
	rig_start(&r, 64);
	rig_start_data(&r);
	id = r.ids[0];
	r.server->clients[0].lacks_nothing = true;
	rig_join(&r, 0, 999, false);
	CU_ASSERT_EQUAL(r.ids[0], id);
	CU_ASSERT_EQUAL(rig_get(&r, MT_JOINACK, 0)->joinack.client_time, 999);
	CU_ASSERT_EQUAL(r.server->active_count, 1);
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	CU_ASSERT_FALSE(r.server->clients[0].lacks_nothing);
	rig_clear(&r);
	rig_qcr(&r, 0, 0, ns_to_ms(r.now), 0);
	CU_ASSERT_EQUAL(r.server->stats.unknown_client, 0);
	rig_stop(&r);
}

/* Returns the JOIN's length. */
static uint32_t join_from(struct rig *r, const struct endpoint *from)
{
	static const uint8_t mac[6] = { 2 };
	uint8_t bytes[512];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct mt_head head = rig_head(1);
	struct mt_join join = { .ip = from->ip, .mac_len = sizeof(mac) };
	struct mt_packet p;
	struct server_in in = { .type = SERVER_IN_PACKET, .from = from, .packet = &p };

	memcpy(join.mac, mac, sizeof(mac));
	mt_write_join(&w, &head, &join, NULL);
	CU_ASSERT_EQUAL_FATAL(mt_read(bytes, writer_len(&w), &p), MT_READ_OK);
	server_step(r->server, &in, r->now, &r->out);
	return (uint32_t)writer_len(&w);
}

static void the_201st_client_is_refused_and_told_once_a_second(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		rig_activate(&r, i, 0);
	CU_ASSERT_EQUAL(r.server->active_count, SERVER_CLIENTS_MAX);
	rig_clear(&r);
	rig_join(&r, 200, 1, false);
	rig_join(&r, 201, 1, false);
	CU_ASSERT_EQUAL(r.out.packet_count, 0);
	CU_ASSERT_EQUAL(r.server->stats.refused_full, 2);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_CLIENT_REFUSED), 1);
	r.now = rig_ms(1000) - 1;
	rig_join(&r, 200, 2, false);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_CLIENT_REFUSED), 1);
	r.now = rig_ms(1000);
	rig_join(&r, 200, 3, false);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_CLIENT_REFUSED), 2);
	rig_leave(&r, 17, MT_LEAVE_CANCELLED);
	rig_join(&r, 200, 4, false);
	CU_ASSERT_EQUAL(r.server->client_count, SERVER_CLIENTS_MAX);
	CU_ASSERT_EQUAL(r.server->stats.refused_full, 4);
	rig_stop(&r);
}

/* They would crowd out those who do take part. */
static void of_those_that_never_joined_nobody_is_told(void)
{
	struct server_in close = { .type = SERVER_IN_CLOSE, .reason = MT_KICK_FAIL };
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_activate(&r, 0, 0);
	for (uint32_t i = 1; i < SERVER_CLIENTS_MAX; i++)
		rig_join(&r, i, 1, false);
	rig_leave(&r, 1, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(r.out.event_count, rig_count_events(&r, OUT_CLIENT_JOINED));
	server_step(r.server, &close, r.now, &r.out);
	CU_ASSERT_EQUAL(rig_count(&r, MT_KICK), 1); /* all the same it is for all of them */
	CU_ASSERT_EQUAL(rig_get(&r, MT_KICK, 0)->kick.count, SERVER_CLIENTS_MAX - 1);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_CLIENT_KICKED), 1);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_KICKED)->client_id, r.ids[0]);
	rig_stop(&r);
}

static void when_all_places_are_taken_the_oldest_that_waits_goes(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_activate(&r, 0, 0);
	for (uint32_t i = 1; i < SERVER_CLIENTS_MAX; i++) {
		r.now += NS_PER_US;
		rig_join(&r, i, 1, false);
	}
	rig_clear(&r);
	rig_join(&r, 200, 1, false);
	CU_ASSERT_EQUAL(rig_count(&r, MT_JOINACK), 1);
	CU_ASSERT_EQUAL(r.server->client_count, SERVER_CLIENTS_MAX);
	CU_ASSERT_EQUAL(r.server->stats.pending_dropped, 1);
	rig_qcr(&r, 1, 0, 0, 0); /* was the oldest */
	CU_ASSERT_EQUAL(r.server->active_count, 1);
	rig_qcr(&r, 200, 0, 0, 0);
	rig_qcr(&r, 2, 0, 0, 0);
	CU_ASSERT_EQUAL(r.server->active_count, 3);
	CU_ASSERT_PTR_NOT_NULL(server_find_client(r.server, r.ids[0])); /* who takes part stays */
	rig_stop(&r);
}

/* The JOINACK is answered at once. */
static void activate_from(struct rig *r, const struct endpoint *from)
{
	uint8_t bytes[128];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct mt_head head = rig_head(1);
	struct mt_qcr qcr = { 0 };
	struct mt_packet p;
	struct server_in in = { .type = SERVER_IN_PACKET, .from = from, .packet = &p };
	uint32_t before = rig_count(r, MT_JOINACK);

	join_from(r, from);
	if (rig_count(r, MT_JOINACK) == before)
		return;
	qcr.client_id = rig_get(r, MT_JOINACK, before)->joinack.client_id;
	mt_write_qcr(&w, &head, &qcr, NULL);
	CU_ASSERT_EQUAL_FATAL(mt_read(bytes, writer_len(&w), &p), MT_READ_OK);
	server_step(r->server, &in, r->now, &r->out);
}

/* And who answers them does not take all places. */
static void one_address_has_sixty_four_that_take_part(void)
{
	struct endpoint from = { ip4_of(10, 9, 9, 9), 1 };
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	for (from.port = 1; from.port <= 100; from.port++)
		activate_from(&r, &from);
	CU_ASSERT_EQUAL(r.server->active_count, 64);
	CU_ASSERT_EQUAL(r.server->client_count, 64);
	CU_ASSERT_EQUAL(r.server->stats.refused_address, 36);
	CU_ASSERT_EQUAL(r.server->stats.refused_full, 36);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_CLIENT_REFUSED), 1);
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX - 64; i++) /* of other addresses */
		rig_activate(&r, i, 0);
	CU_ASSERT_EQUAL(r.server->active_count, SERVER_CLIENTS_MAX);
	CU_ASSERT_EQUAL(r.server->stats.refused_address, 36);
	rig_stop(&r);
}

static void of_an_address_that_has_all_its_places_the_oldest_that_waits_goes(void)
{
	struct endpoint from = { ip4_of(10, 9, 9, 9), 1 };
	struct rig r;

	rig_config(&r);
	r.config.address_clients_max = 3;
	rig_start(&r, RIG_PACKETS);
	activate_from(&r, &from);
	rig_join(&r, 0, 1, false); /* another's waits longer, and stays */
	for (from.port = 2; from.port <= 5; from.port++) {
		r.now += NS_PER_US;
		join_from(&r, &from);
	}
	CU_ASSERT_EQUAL(r.server->client_count, 4);
	CU_ASSERT_EQUAL(r.server->active_count, 1);
	CU_ASSERT_EQUAL(r.server->stats.pending_dropped, 2);
	CU_ASSERT_EQUAL(r.server->stats.refused_full, 0);
	CU_ASSERT_PTR_NOT_NULL(server_find_client(r.server, r.ids[0]));
	rig_stop(&r);
}

static void one_address_has_sixteen_that_wait(void)
{
	struct endpoint from = { ip4_of(10, 9, 9, 9), 1 };
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_join(&r, 0, 1, false);
	for (uint16_t port = 1; port <= 100; port++) {
		from.port = port;
		r.now += NS_PER_US;
		join_from(&r, &from);
	}
	CU_ASSERT_EQUAL(r.server->client_count, 17);
	CU_ASSERT_EQUAL(r.server->stats.pending_dropped, 84);
	CU_ASSERT_PTR_NOT_NULL(server_find_client(r.server, r.ids[0]));
	rig_stop(&r);
}

enum { FLOOD_SOURCES = 1000, FLOOD_SECONDS = 10, FLOOD_A_SECOND = 10000 };

struct flood {
	uint64_t sent, came;                                     /* bytes */
	uint64_t sent_by[FLOOD_SOURCES], came_to[FLOOD_SOURCES]; /* of each address */
};

static struct endpoint flood_source(uint32_t source, uint32_t i)
{
	return (struct endpoint){ ip4_of(10, 9, (uint8_t)(source >> 8), (uint8_t)source), (uint16_t)(1 + i % 60000) };
}

static void count_answers(struct rig *r, struct flood *f)
{
	for (uint32_t k = 0; k < r->out.packet_count; k++) {
		const struct out_packet *p = &r->out.packets[k];

		f->came += p->head_len + p->tail_len;
		f->came_to[p->to.ip.b[2] << 8 | p->to.ip.b[3]] += p->head_len + p->tail_len;
	}
	rig_clear(r);
}

/* JOINs of so many addresses in turn. */
static void flood(struct rig *r, uint32_t sources, struct flood *f)
{
	memset(f, 0, sizeof(*f));
	for (uint32_t i = 0; i < FLOOD_SECONDS * FLOOD_A_SECOND; i++) {
		struct endpoint from = flood_source(i % sources, i);
		uint32_t len;

		rig_run(r, r->now + NS_PER_S / FLOOD_A_SECOND);
		len = join_from(r, &from);
		f->sent += len;
		f->sent_by[i % sources] += len;
		count_answers(r, f);
	}
}

/* Whoever has others' addresses send JOINs brings upon them, and upon each of them, hardly more than was sent. */
static void check_flood(struct rig *r, uint32_t sources)
{
	static struct flood f;

	flood(r, sources, &f);
	CU_ASSERT(f.came <= f.sent + CREDIT + FLOOD_SECONDS * CREDIT_A_SECOND);
	for (uint32_t i = 0; i < sources; i++)
		CU_ASSERT(f.came_to[i] <= f.sent_by[i] + CREDIT_SOURCE + FLOOD_SECONDS * CREDIT_SOURCE_A_SECOND);
}

static void a_flood_of_joins_brings_no_more_than_it_is(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	check_flood(&r, FLOOD_SOURCES);
	CU_ASSERT_EQUAL(r.server->client_count, SERVER_CLIENTS_MAX);
	rig_stop(&r);
}

/* One victim, and a client that answers nothing: each JOIN is worth one JOINACK, and there is little for more. */
static void joins_said_in_the_name_of_one_bring_it_no_more_than_they_are(void)
{
	struct endpoint from = { ip4_of(10, 9, 0, 1), 1 };
	uint64_t sent = 0;
	static struct flood f;
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	check_flood(&r, 1);
	memset(&f, 0, sizeof(f));
	for (uint32_t i = 0; i < 1000; i++) { /* and slowly, so that all three JOINACKs of each would be sent */
		rig_run(&r, r.now + 100 * NS_PER_MS);
		from.port++;
		sent += join_from(&r, &from);
		count_answers(&r, &f);
	}
	CU_ASSERT(f.came_to[1] > sent / 2);
	CU_ASSERT(f.came_to[1] <= sent + CREDIT_SOURCE + 100 * CREDIT_SOURCE_A_SECOND);
	CU_ASSERT(r.server->stats.unpaid_joinacks > 100);
	rig_stop(&r);
}

static void send_progress(struct rig *r, uint32_t client, const uint8_t *app, uint16_t len)
{
	struct mt_qcr p = { .client_id = r->ids[client],
		            .loss_rate = MT_LOSS_RATE_ONE / 4,
		            .app_data = app,
		            .app_data_len = len };
	struct mt_options o = { .has_cpu = true, .has_net = true, .cpu_util = 12, .net_util = 34 };
	struct mt_head head = rig_head(5);
	uint8_t bytes[128];
	struct writer w = writer_of(bytes, sizeof(bytes));

	mt_write_qcr(&w, &head, &p, &o);
	rig_send(r, client, &w);
}

static void a_qcr_brings_progress_and_load_and_a_voluntary_one_no_rtt(void)
{
	static const uint8_t progress[] = { 0, 8, 4, 0, 0, 1, 0x38, 99 },
	                     bad[] = { 0, 9, 4, 0, 0, 1, 0x38, 99 };
	const struct server_client *c;
	struct rig r;

	rig_config(&r);
	rig_start(&r, 64);
	rig_activate(&r, 0, 9);
	c = server_find_client(r.server, r.ids[0]);
	r.now = rig_ms(50);
	send_progress(&r, 0, progress, sizeof(progress));
	CU_ASSERT_EQUAL(c->progress, 99);
	CU_ASSERT_EQUAL(c->time_in_session_s, 312);
	CU_ASSERT_EQUAL(c->cpu_util, 12);
	CU_ASSERT_EQUAL(c->mem_util, 255);
	CU_ASSERT_EQUAL(c->net_util, 34);
	CU_ASSERT_EQUAL(c->loss_rate, MT_LOSS_RATE_ONE / 4);
	CU_ASSERT_EQUAL(c->rtt_ms, 9);
	CU_ASSERT_EQUAL(c->last_update, rig_ms(50));
	send_progress(&r, 0, bad, sizeof(bad));
	CU_ASSERT_EQUAL(r.server->stats.bad_payload, 1);
	rig_stop(&r);
}

static void a_qcr_of_another_qcc_or_of_nobody_is_ignored(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, 64);
	rig_activate(&r, 0, 0);
	rig_qcr(&r, 0, 2, RIG_START_MS, 0); /* the first QCC has number 1 */
	CU_ASSERT_EQUAL(r.server->stats.bad_seq_no, 1);
	r.ids[1] = r.ids[0] + 1;
	rig_qcr(&r, 1, 0, RIG_START_MS, 0);
	CU_ASSERT_EQUAL(r.server->stats.unknown_client, 1);
	rig_qcr(&r, 0, 1, RIG_START_MS, 0);
	CU_ASSERT(server_find_client(r.server, r.ids[0])->qcr_received);
	rig_stop(&r);
}

static void packets_of_other_sessions_and_for_clients_are_ignored(void)
{
	struct mt_head head = rig_head(1);
	struct mt_leave leave = { 1, 0 };
	struct mt_qcc qcc = { 1, 1 };
	uint8_t bytes[128];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct rig r;

	rig_config(&r);
	rig_start(&r, 64);
	r.now = rig_ms(10);
	head.session_id++;
	mt_write_leave(&w, &head, &leave);
	rig_send(&r, 0, &w);
	CU_ASSERT_EQUAL(r.server->stats.wrong_session, 1);
	CU_ASSERT_EQUAL(r.server->inactive_at, rig_ms(300000));
	head.session_id--;
	w = writer_of(bytes, sizeof(bytes));
	mt_write_qcc(&w, &head, &qcc);
	rig_send(&r, 0, &w);
	CU_ASSERT_EQUAL(r.server->stats.wrong_opcode, 1);
	CU_ASSERT_EQUAL(r.server->inactive_at, rig_ms(300010));
	rig_stop(&r);
}

static void control_packets_are_sealed(void)
{
	struct rig r;

	rig_config(&r);
	security_init_checksum(&r.config.server_security);
	rig_start(&r, 64);
	rig_activate(&r, 0, 0);
	CU_ASSERT_EQUAL(rig_get(&r, MT_JOINACK, 0)->security.type, MT_SECHDR_CHECKSUM);
	CU_ASSERT_EQUAL(rig_get(&r, MT_QCC, 0)->security.data_len, 4); /* rig_get() verifies */
	rig_stop(&r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(nothing_is_sent_before_a_client_comes),
	SUITE_TEST(a_join_is_answered_to_its_source_with_an_id_and_its_time),
	SUITE_TEST(ids_do_not_follow_from_each_other),
	SUITE_TEST(a_join_is_acknowledged_three_times_at_500_ms),
	SUITE_TEST(the_join_qcr_makes_a_client_active_and_starts_the_session),
	SUITE_TEST(a_pending_client_that_asks_again_keeps_its_id),
	SUITE_TEST(a_join_delivered_twice_changes_nothing),
	SUITE_TEST(an_active_client_that_joins_again_keeps_its_id),
	SUITE_TEST(the_201st_client_is_refused_and_told_once_a_second),
	SUITE_TEST(of_those_that_never_joined_nobody_is_told),
	SUITE_TEST(when_all_places_are_taken_the_oldest_that_waits_goes),
	SUITE_TEST(one_address_has_sixteen_that_wait),
	SUITE_TEST(one_address_has_sixty_four_that_take_part),
	SUITE_TEST(of_an_address_that_has_all_its_places_the_oldest_that_waits_goes),
	SUITE_TEST(a_flood_of_joins_brings_no_more_than_it_is),
	SUITE_TEST(joins_said_in_the_name_of_one_bring_it_no_more_than_they_are),
	SUITE_TEST(a_qcr_brings_progress_and_load_and_a_voluntary_one_no_rtt),
	SUITE_TEST(a_qcr_of_another_qcc_or_of_nobody_is_ignored),
	SUITE_TEST(packets_of_other_sessions_and_for_clients_are_ignored),
	SUITE_TEST(control_packets_are_sealed),
};
SUITE_MAIN("engine/server_join", tests)
