#include "client_rig.h"
#include "support/suite.h"
#include "wdserror.h"

static bool finished(const struct rig *r, uint32_t win32)
{
	const struct out_event *e = rig_event(r, OUT_FINISHED);

	return e != NULL && e->win32 == win32 && r->c.result == win32 && r->c.state == CLIENT_LEAVING;
}

/* The LEAVE comes within delay_ms, alone, and closes the session. */
static void leaves(struct rig *r, uint8_t reason, ns_t since, uint32_t delay_ms)
{
	struct mt_packet p;
	ns_t at = client_deadline(&r->c);

	CU_ASSERT(at > since && at <= since + MS(delay_ms));
	rig_tick(r, at - 1);
	CU_ASSERT_EQUAL(r->out.packet_count + r->out.event_count, 0);
	rig_tick(r, at);
	CU_ASSERT_EQUAL(r->out.packet_count, 1);
	CU_ASSERT(endpoint_equal(&r->out.packets[0].to, &r->server));
	p = rig_out(r, MT_LEAVE);
	CU_ASSERT_EQUAL(p.session_id, RIG_SESSION_ID);
	CU_ASSERT_EQUAL(p.leave.client_id, RIG_CLIENT_ID);
	CU_ASSERT_EQUAL(p.leave.reason, reason);
	CU_ASSERT_EQUAL(r->out.event_count, 1);
	CU_ASSERT_PTR_NOT_NULL(rig_event(r, OUT_CLOSED));
	CU_ASSERT_EQUAL(r->c.state, CLIENT_CLOSED);
	CU_ASSERT_EQUAL(client_deadline(&r->c), NS_NEVER);
	rig_tick(r, at + 100 * NS_PER_S);
	rig_cancel(r, ERROR_CANCELLED, at + 100 * NS_PER_S);
	CU_ASSERT_EQUAL(r->out.packet_count + r->out.event_count, 0);
}

static void the_last_block_ends_the_session_at_once_and_the_leave_follows(void)
{
	struct rig *r = rig_regular(3);

	rig_data(r, MT_ODATA, 1, 3, MS(1));
	rig_data(r, MT_ODATA, 2, 1, MS(2));
	CU_ASSERT_EQUAL(r->out.event_count, 0);
	rig_data(r, MT_ODATA, 3, 2, MS(3));
	CU_ASSERT(finished(r, ERROR_SUCCESS));
	CU_ASSERT_PTR_NULL(rig_event(r, OUT_CLOSED));
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	CU_ASSERT_EQUAL(client_progress(&r->c), 100);
	leaves(r, MT_LEAVE_COMPLETE, MS(3), RIG_MAX_BACKOFF_MS);
}

static void a_master_acknowledges_the_last_block_whatever_the_option_says(void)
{
	struct rig *r = rig_regular(3);

	r->master = RIG_CLIENT_ID;
	r->lead_option = 1;
	r->free_slots = 0; /* nor does room matter any more */
	for (uint64_t s = 1; s <= 3; s++)
		rig_data(r, MT_ODATA, s, s, MS(s));
	CU_ASSERT(finished(r, ERROR_SUCCESS));
	CU_ASSERT_EQUAL(r->out.packet_count, 1);
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.odata_seq_no, 3);
}

static void while_leaving_nothing_is_heard_or_said(void)
{
	struct rig *r = rig_regular(100);
	struct mt_packet p = rig_head(r, MT_POLL);

	rig_data(r, MT_ODATA, 1, 1, MS(1));
	rig_data(r, MT_ODATA, 3, 3, MS(1)); /* a NACK waits */
	rig_poll(r, 1, MS(1));
	rig_cancel(r, ERROR_CANCELLED, MS(1));
	CU_ASSERT(finished(r, ERROR_CANCELLED));
	CU_ASSERT_EQUAL(rig_packet(r, &p, MS(1) + 1), CLIENT_WANT_NOT);
	rig_cancel(r, ERROR_GEN_FAILURE, MS(1) + 1);
	CU_ASSERT_EQUAL(r->out.event_count, 0);
	leaves(r, MT_LEAVE_CANCELLED, MS(1), RIG_MAX_BACKOFF_MS);
	CU_ASSERT_EQUAL(r->c.result, ERROR_CANCELLED);
}

static void without_a_known_backoff_the_leave_waits_up_to_200_ms(void)
{
	uint64_t latest = 0;

	for (uint64_t seed = 1; seed <= 50; seed++) {
		struct rig *r = rig_regular(100);
		ns_t at;

		r->c.rng.state = seed;
		r->c.max_nack_backoff_ms = 0;
		rig_cancel(r, ERROR_CANCELLED, MS(10));
		at = rig_until(r, MT_LEAVE);
		CU_ASSERT(at <= MS(210));
		latest = at > latest ? at : latest;
	}
	CU_ASSERT(latest > MS(150));
}

/* E3: the reason is INACTIVE, as the field's definition has it. */
static void a_server_that_falls_silent_ends_in_a_timeout(void)
{
	struct rig *r = rig_regular(100);

	rig_data(r, MT_ODATA, 1, 1, MS(1000));
	rig_tick(r, MS(31000) - 1);
	CU_ASSERT_EQUAL(r->c.state, CLIENT_REGULAR);
	rig_tick(r, MS(31000));
	CU_ASSERT(finished(r, ERROR_TIMEOUT));
	leaves(r, MT_LEAVE_INACTIVE, MS(31000), RIG_MAX_BACKOFF_MS);
}

static void any_packet_of_the_server_puts_off_the_timeout(void)
{
	struct rig *r = rig_regular(100);
	struct mt_packet ncf = rig_head(r, MT_NCF);

	rig_packet(r, &ncf, MS(29000));
	CU_ASSERT_EQUAL(r->out.packet_count, 1); /* the QCR that is due at 20 s */
	rig_tick(r, MS(59000) - 1);
	CU_ASSERT_EQUAL(r->c.state, CLIENT_REGULAR);
	rig_tick(r, MS(59000));
	CU_ASSERT_EQUAL(r->c.state, CLIENT_LEAVING);
}

static void a_kick_ends_the_session_by_its_reason(void)
{
	static const uint32_t results[] = { WDSTPC_E_KICKED_POLICY_NOT_MET, WDSTPC_E_KICKED_FALLBACK,
		                            WDSTPC_E_KICKED_FAIL, WDSTPC_E_KICKED_UNKNOWN };

	for (uint8_t reason = 0; reason < 4; reason++) {
		struct rig *r = rig_regular(100);
		struct mt_wire_kick list[2] = { { be32_of(RIG_OTHER_ID), 0 }, { be32_of(RIG_CLIENT_ID), reason } };
		struct mt_packet p = rig_head(r, MT_KICK);

		p.kick = (struct mt_kick){ 1, list };
		rig_packet(r, &p, MS(1));
		CU_ASSERT_EQUAL(r->c.state, CLIENT_REGULAR); /* another's */
		p.kick.count = 2;
		rig_packet(r, &p, MS(1));
		CU_ASSERT(finished(r, results[reason]));
		leaves(r, MT_LEAVE_CANCELLED, MS(1), RIG_MAX_BACKOFF_MS);
	}
}

static struct mt_packet demote(const struct rig *r, const be32 *ids, uint16_t count)
{
	struct mt_packet p = rig_head(r, MT_DEMOTE);

	p.demote = (struct mt_demote){ .lower_session_id = 99,
		                       .multicast = { ip4_of(239, 0, 0, 112), 64133 },
		                       .unicast = { ip4_of(10, 0, 0, 3), 64133 },
		                       .count = count,
		                       .client_ids = ids };
	return p;
}

static struct rig *moved(ns_t now)
{
	struct rig *r = rig_regular(10);
	be32 ids[2] = { be32_of(RIG_OTHER_ID), be32_of(RIG_CLIENT_ID) };
	struct mt_packet p = demote(r, ids, 2);

	for (uint64_t s = 1; s <= 9; s++)
		rig_data(r, MT_ODATA, 100 + s, s, now);
	rig_spm(r, 1, 200, now);
	rig_packet(r, &p, now);
	return r;
}

static void a_demoted_client_leaves_and_goes_on_below_with_what_it_has(void)
{
	struct rig *r = moved(MS(5));
	struct mt_packet p;
	ns_t at;

	CU_ASSERT_EQUAL(r->c.state, CLIENT_MOVING);
	CU_ASSERT_EQUAL(r->out.packet_count + r->out.event_count, 0);
	at = rig_until(r, MT_LEAVE);
	CU_ASSERT(at <= MS(5 + RIG_MAX_BACKOFF_MS));
	p = rig_out(r, MT_LEAVE);
	CU_ASSERT_EQUAL(p.session_id, RIG_SESSION_ID); /* the old one */
	CU_ASSERT(endpoint_equal(&r->out.packets[0].to, &r->server));
	CU_ASSERT_EQUAL(p.leave.client_id, RIG_CLIENT_ID);
	CU_ASSERT_EQUAL(p.leave.reason, MT_LEAVE_CANCELLED);
	CU_ASSERT_PTR_NOT_NULL(rig_event(r, OUT_MOVED));
	CU_ASSERT_EQUAL(r->c.offer.session_id, 99);
	CU_ASSERT_EQUAL(r->c.offer.multicast.ip.b[3], 112);
	CU_ASSERT_EQUAL(r->c.offer.total_blocks, 10);
	CU_ASSERT_EQUAL(client_deadline(&r->c), NS_NEVER);
	r->server = r->c.offer.server;
	rig_accept(r, MS(100));
	CU_ASSERT_EQUAL(rig_count(r, MT_JOIN), 1);
	CU_ASSERT_EQUAL(rig_out(r, MT_JOIN).session_id, 99);
	CU_ASSERT_EQUAL(r->c.first_seq_no + r->c.missing.n + r->c.last_spm_seq_no, 0);
	CU_ASSERT_EQUAL(r->c.loss_rate, 0);
	rig_joinack(r, RIG_CLIENT_ID + 1, MS(101));
	CU_ASSERT_PTR_NOT_NULL(rig_event(r, OUT_JOINED));
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 1, 1, MS(102)), CLIENT_WANT_STEP);
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 2, 10, MS(102)), CLIENT_WANT_BLOCK);
	CU_ASSERT(finished(r, ERROR_SUCCESS));
}

static void a_demote_of_others_or_to_nowhere_is_ignored(void)
{
	struct rig *r = rig_regular(10);
	be32 ids[2] = { be32_of(RIG_OTHER_ID), be32_of(RIG_CLIENT_ID) };
	struct mt_packet p = demote(r, ids, 1);

	rig_packet(r, &p, 1);
	CU_ASSERT_EQUAL(r->c.state, CLIENT_REGULAR);
	p.demote.count = 2;
	p.demote.multicast.ip = ip4_of(10, 0, 0, 5);
	rig_packet(r, &p, 1);
	CU_ASSERT_EQUAL(r->c.state, CLIENT_REGULAR);
	CU_ASSERT_EQUAL(r->c.stats.bad_payload, 1);
}

/* With a checksum alone the sender's address is all that tells the server from others. */
static void nobody_but_the_server_kicks_or_demotes(void)
{
	struct rig *r = rig_regular(100);
	be32 ids[1] = { be32_of(RIG_CLIENT_ID) };
	struct mt_wire_kick list[1] = { { be32_of(RIG_CLIENT_ID), MT_KICK_FAIL } };
	struct mt_packet packets[2] = { rig_head(r, MT_KICK), demote(r, ids, 1) };

	packets[0].kick = (struct mt_kick){ 1, list };
	r->server.ip.b[3]++;
	for (unsigned i = 0; i < 2; i++) {
		CU_ASSERT_EQUAL(rig_packet(r, &packets[i], MS(1)), CLIENT_WANT_NOT);
		CU_ASSERT_EQUAL(r->c.state, CLIENT_REGULAR);
		CU_ASSERT_EQUAL(r->c.stats.wrong_sender, i + 1);
	}
	r->server.ip.b[3]--;
	CU_ASSERT_EQUAL(rig_packet(r, &packets[0], MS(1)), CLIENT_WANT_STEP);
	CU_ASSERT_EQUAL(r->c.state, CLIENT_LEAVING);
}

static void cancel_while_moving_leaves_once(void)
{
	struct rig *r = moved(MS(5));

	rig_cancel(r, ERROR_CANCELLED, MS(5));
	CU_ASSERT(finished(r, ERROR_CANCELLED));
	leaves(r, MT_LEAVE_CANCELLED, MS(5), RIG_MAX_BACKOFF_MS);
	r = moved(MS(5));
	rig_until(r, MT_LEAVE);
	rig_cancel(r, ERROR_CANCELLED, MS(50));
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	CU_ASSERT_PTR_NOT_NULL(rig_event(r, OUT_FINISHED));
	CU_ASSERT_PTR_NOT_NULL(rig_event(r, OUT_CLOSED));
}

static void an_accept_before_the_move_is_announced_does_nothing(void)
{
	struct rig *r = moved(MS(5));

	rig_accept(r, MS(5));
	CU_ASSERT_EQUAL(r->c.state, CLIENT_MOVING);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
}

/* Of one cancel chance might be kind. */
static void no_server_keeps_who_gives_up_for_more_than_two_seconds(void)
{
	for (unsigned i = 0; i < 20; i++) {
		struct rig *r = rig_regular(3);
		struct mt_packet p = rig_head(r, MT_SPM);

		p.spm = (struct mt_spm){ .spm_seq_no = ++r->spm_seq_no,
			                 .master_client_id = r->master,
			                 .min_nack_backoff_ms = UINT16_MAX - i,
			                 .max_nack_backoff_ms = UINT16_MAX };
		CU_ASSERT_EQUAL(rig_packet(r, &p, MS(1)), CLIENT_WANT_STEP);
		r->c.rng.state = i;
		rig_cancel(r, ERROR_CANCELLED, MS(2));
		CU_ASSERT(finished(r, ERROR_CANCELLED));
		leaves(r, MT_LEAVE_CANCELLED, MS(2), 2000);
	}
}

static const struct suite_test tests[] = {
	SUITE_TEST(no_server_keeps_who_gives_up_for_more_than_two_seconds),
	SUITE_TEST(the_last_block_ends_the_session_at_once_and_the_leave_follows),
	SUITE_TEST(a_master_acknowledges_the_last_block_whatever_the_option_says),
	SUITE_TEST(while_leaving_nothing_is_heard_or_said),
	SUITE_TEST(without_a_known_backoff_the_leave_waits_up_to_200_ms),
	SUITE_TEST(a_server_that_falls_silent_ends_in_a_timeout),
	SUITE_TEST(any_packet_of_the_server_puts_off_the_timeout),
	SUITE_TEST(a_kick_ends_the_session_by_its_reason),
	SUITE_TEST(a_demoted_client_leaves_and_goes_on_below_with_what_it_has),
	SUITE_TEST(a_demote_of_others_or_to_nowhere_is_ignored),
	SUITE_TEST(nobody_but_the_server_kicks_or_demotes),
	SUITE_TEST(cancel_while_moving_leaves_once),
	SUITE_TEST(an_accept_before_the_move_is_announced_does_nothing),
};
SUITE_MAIN("engine/client_leave", tests)
