#include "server_rig.h"

static struct server_in kick(const struct rig *r, uint32_t client, uint8_t reason)
{
	return (struct server_in){ .type = SERVER_IN_KICK, .client_id = r->ids[client], .reason = reason };
}

static void started(struct rig *r)
{
	rig_config(r);
	rig_start(r, RIG_PACKETS);
	rig_start_data(r);
	rig_activate(r, 1, 0);
	rig_activate(r, 2, 0);
	rig_clear(r);
}

/* Answers SPMs, so that client 0 stays master, and QCRs of clients 0 and 1. */
static void live_until(struct rig *r, ns_t until)
{
	while (r->now < until) {
		rig_run(r, ns_min(until, r->now + 200 * NS_PER_MS));
		if (r->server->state == SERVER_TERMINATED)
			return;
		rig_ack(r, 0, r->server->lead_seq_no, ns_to_ms(r->now));
		rig_qcr(r, 0, 0, 0, 0);
		rig_qcr(r, 1, 0, 0, 0);
	}
}

static void a_kick_goes_out_at_once_and_each_15_s_until_the_client_leaves(void)
{
	struct rig r;
	struct server_in in;
	const struct mt_packet *p;

	started(&r);
	in = kick(&r, 2, MT_KICK_FALLBACK);
	server_step(r.server, &in, r.now, &r.out);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_KICKED)->reason, MT_KICK_FALLBACK);
	p = rig_get(&r, MT_KICK, 0);
	CU_ASSERT_EQUAL_FATAL(p->kick.count, 1);
	CU_ASSERT_EQUAL(be32_get(p->kick.clients[0].client_id), r.ids[2]);
	CU_ASSERT_EQUAL(p->kick.clients[0].reason, MT_KICK_FALLBACK);
	CU_ASSERT_EQUAL(r.server->active_count, 2);
	CU_ASSERT_EQUAL(r.server->client_count, 3);
	rig_clear(&r);
	live_until(&r, rig_ms(15001) - 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_KICK), 0);
	live_until(&r, rig_ms(15001));
	CU_ASSERT_EQUAL(rig_count(&r, MT_KICK), 1);
	rig_leave(&r, 2, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(r.server->client_count, 2);
	rig_clear(&r);
	live_until(&r, rig_ms(40000));
	CU_ASSERT_EQUAL(rig_count(&r, MT_KICK), 0);
	CU_ASSERT_EQUAL(r.server->kick_at, NS_NEVER);
	rig_stop(&r);
}

static void a_kicked_master_is_replaced_at_once(void)
{
	struct rig r;
	struct server_in in;

	started(&r);
	in = kick(&r, 0, MT_KICK_FAIL);
	server_step(r.server, &in, r.now, &r.out);
	CU_ASSERT_EQUAL(r.server->state, SERVER_QCC);
	CU_ASSERT_EQUAL(rig_count(&r, MT_QCC), 1);
	in.client_id++; /* nobody, and a client that is not active: no effect */
	in.client_id += 1000;
	server_step(r.server, &in, r.now, &r.out);
	CU_ASSERT_EQUAL(rig_count(&r, MT_KICK), 1);
	rig_stop(&r);
}

static void only_clients_that_can_are_demoted(void)
{
	struct rig r;
	struct server_in in = { .type = SERVER_IN_DEMOTE };
	const struct mt_packet *p;

	started(&r);
	rig_join(&r, 3, 1, true);
	rig_qcr(&r, 3, 0, 0, 0);
	rig_clear(&r);
	in.client_id = r.ids[3];
	server_step(r.server, &in, r.now, &r.out); /* nowhere to go */
	CU_ASSERT_EQUAL(rig_count(&r, MT_DEMOTE), 0);
	r.server->config.lower_session_id = 42;
	r.server->config.lower_multicast = (struct endpoint){ ip4_of(239, 0, 0, 112), 64133 };
	r.server->config.lower_unicast = (struct endpoint){ ip4_of(192, 168, 0, 200), 64133 };
	in.client_id = r.ids[2];
	server_step(r.server, &in, r.now, &r.out);
	CU_ASSERT_EQUAL(rig_count(&r, MT_DEMOTE), 0);
	in.client_id = r.ids[3];
	server_step(r.server, &in, r.now, &r.out);
	p = rig_get(&r, MT_DEMOTE, 0);
	CU_ASSERT_EQUAL(p->demote.lower_session_id, 42);
	CU_ASSERT(endpoint_equal(&p->demote.multicast, &r.server->config.lower_multicast));
	CU_ASSERT(endpoint_equal(&p->demote.unicast, &r.server->config.lower_unicast));
	CU_ASSERT_EQUAL_FATAL(p->demote.count, 1);
	CU_ASSERT_EQUAL(be32_get(p->demote.client_ids[0]), r.ids[3]);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_DEMOTED)->client_id, r.ids[3]);
	rig_run(&r, rig_ms(501) - 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_DEMOTE), 1);
	rig_run(&r, rig_ms(501));
	CU_ASSERT_EQUAL(rig_count(&r, MT_DEMOTE), 2);
	rig_leave(&r, 3, MT_LEAVE_CANCELLED); /* E11 */
	rig_run(&r, rig_ms(2001));
	CU_ASSERT_EQUAL(rig_count(&r, MT_DEMOTE), 2);
	rig_stop(&r);
}

static void a_silent_client_is_forgotten_after_60_s(void)
{
	struct rig r;

	started(&r); /* all joined at 0 or 1 */
	live_until(&r, rig_ms(60001));
	CU_ASSERT_EQUAL(r.server->active_count, 3);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_CLIENT_VANISHED), 0);
	live_until(&r, rig_ms(60001) + 1);
	CU_ASSERT_EQUAL(r.server->active_count, 2);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_VANISHED)->client_id, r.ids[2]);
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	rig_stop(&r);
}

static void the_last_silent_client_makes_the_session_idle(void)
{
	struct rig r;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	while (r.now < rig_ms(60500)) {
		rig_run(&r, r.now + 100 * NS_PER_MS);
		if (rig_count_events(&r, OUT_IDLE) > 0)
			break;
		rig_clear(&r);
	}
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_CLIENT_VANISHED), 1);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_IDLE), 1);
	CU_ASSERT_EQUAL(r.server->client_count, 0);
	CU_ASSERT_FALSE(server_is_needed(r.server));
	rig_stop(&r);
}

static void leaving_tells_the_reason_and_whether_all_was_there(void)
{
	struct rig r;

	started(&r);
	rig_leave(&r, 1, MT_LEAVE_COMPLETE);
	CU_ASSERT(rig_get_event(&r, OUT_CLIENT_LEFT)->complete);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_LEFT)->reason, MT_LEAVE_COMPLETE);
	rig_leave(&r, 1, MT_LEAVE_COMPLETE);
	CU_ASSERT_EQUAL(r.server->stats.unknown_client, 1);
	rig_leave(&r, 2, MT_LEAVE_INACTIVE);
	CU_ASSERT_FALSE(rig_get_event(&r, OUT_CLIENT_LEFT)->complete);
	CU_ASSERT_EQUAL(rig_get_event(&r, OUT_CLIENT_LEFT)->reason, MT_LEAVE_INACTIVE);
	CU_ASSERT_EQUAL(r.server->state, SERVER_DATA);
	rig_stop(&r);
}

static void closing_kicks_everybody_and_ends(void)
{
	struct server_in in = { .type = SERVER_IN_CLOSE, .reason = MT_KICK_FAIL };
	struct rig r;

	rig_config(&r);
	security_init_checksum(&r.config.server_security);
	rig_start(&r, RIG_PACKETS);
	for (uint32_t i = 0; i < 200; i++)
		rig_activate(&r, i, 0);
	rig_clear(&r);
	server_step(r.server, &in, r.now, &r.out);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_CLIENT_KICKED), 200);
	CU_ASSERT_EQUAL(rig_count_events(&r, OUT_TERMINATED), 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_KICK), 1);
	CU_ASSERT_EQUAL(rig_get(&r, MT_KICK, 0)->kick.count, 200);
	CU_ASSERT_EQUAL(rig_get(&r, MT_KICK, 0)->kick.clients[199].reason, MT_KICK_FAIL);
	CU_ASSERT_EQUAL(r.server->state, SERVER_TERMINATED);
	CU_ASSERT_FALSE(server_is_needed(r.server));
	rig_stop(&r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_kick_goes_out_at_once_and_each_15_s_until_the_client_leaves),
	SUITE_TEST(a_kicked_master_is_replaced_at_once),
	SUITE_TEST(only_clients_that_can_are_demoted),
	SUITE_TEST(a_silent_client_is_forgotten_after_60_s),
	SUITE_TEST(the_last_silent_client_makes_the_session_idle),
	SUITE_TEST(leaving_tells_the_reason_and_whether_all_was_there),
	SUITE_TEST(closing_kicks_everybody_and_ends),
};
SUITE_MAIN("engine/server_lists", tests)
