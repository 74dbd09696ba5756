#include "client_rig.h"
#include "support/suite.h"
#include "wdserror.h"

static void accept_sends_a_join_at_once(void)
{
	struct rig *r = rig_offered(100);
	struct mt_packet p;

	rig_accept(r, MS(1234));
	CU_ASSERT_EQUAL(r->out.packet_count, 1);
	CU_ASSERT(endpoint_equal(&r->out.packets[0].to, &r->server));
	p = rig_out(r, MT_JOIN);
	CU_ASSERT_EQUAL(p.security.type, MT_SECHDR_CHECKSUM);
	CU_ASSERT_EQUAL(p.session_id, RIG_SESSION_ID);
	CU_ASSERT_EQUAL(p.sender_time, 1234);
	CU_ASSERT_EQUAL(p.join.name[0], 'p');
	CU_ASSERT_EQUAL(p.join.name[2], 0);
	CU_ASSERT(ip_equal(&p.join.ip, &r->c.config.ip));
	CU_ASSERT_EQUAL(p.join.mac_len, 6);
	CU_ASSERT_EQUAL(p.join.mac[5], 9);
	CU_ASSERT(mt_has_capability(&p.options, MT_CAP_MULTISTREAM));
	CU_ASSERT_PTR_NULL(p.options.user_sid);
}

static void a_join_carries_the_user_sid_when_there_is_one(void)
{
	struct rig *r = rig_offered(100);
	struct mt_packet p;

	r->c.config.user_sid_len = 28;
	r->c.config.user_sid[27] = 5;
	rig_accept(r, 1);
	p = rig_out(r, MT_JOIN);
	CU_ASSERT_EQUAL_FATAL(p.options.user_sid_len, 28);
	CU_ASSERT_EQUAL(p.options.user_sid[27], 5);
}

static void a_lost_join_is_sent_again_after_500_ms_and_not_a_nanosecond_before(void)
{
	struct rig *r = rig_joining(100);

	rig_tick(r, MS(500) - 1);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_tick(r, MS(500));
	CU_ASSERT_EQUAL(rig_count(r, MT_JOIN), 1);
	rig_tick(r, MS(1000) - 1);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_tick(r, MS(1700)); /* late: once, and the next 500 ms from now */
	CU_ASSERT_EQUAL(rig_count(r, MT_JOIN), 1);
	CU_ASSERT_EQUAL(client_deadline(&r->c), MS(2200));
	CU_ASSERT_EQUAL(r->c.stats.joins, 3);
}

static void nothing_but_a_joinack_is_heard_before_it(void)
{
	static const uint8_t others[] = { MT_SPM, MT_QCC, MT_POLL, MT_ODATA, MT_RDATA, MT_NCF, MT_KICK, MT_DEMOTE };
	struct rig *r = rig_joining(100);

	for (size_t i = 0; i < sizeof(others); i++) {
		struct mt_packet p = rig_head(r, others[i]);

		CU_ASSERT_EQUAL(rig_packet(r, &p, 1), CLIENT_WANT_NOT);
	}
	CU_ASSERT_EQUAL(r->c.stats.wrong_state, sizeof(others));
	CU_ASSERT_EQUAL(client_deadline(&r->c), MS(500));
}

static void a_joinack_is_answered_by_a_qcr_with_its_time(void)
{
	struct rig *r = rig_joining(100);
	struct mt_packet p;

	rig_joinack(r, RIG_CLIENT_ID, MS(3));
	CU_ASSERT_EQUAL(r->out.packet_count, 1);
	p = rig_out(r, MT_QCR);
	CU_ASSERT_EQUAL(p.qcr.client_id, RIG_CLIENT_ID);
	CU_ASSERT_EQUAL(p.qcr.qcc_seq_no, 0);
	CU_ASSERT_EQUAL(p.qcr.backoff_ms, 0);
	CU_ASSERT_EQUAL(p.qcr.server_time, r->server_time);
	CU_ASSERT_EQUAL(p.qcr.hi_odata_seq_no, 0);
	CU_ASSERT_EQUAL(p.qcr.loss_rate, 0);
	CU_ASSERT_EQUAL(p.qcr.app_data_len, 0);
	CU_ASSERT_PTR_NOT_NULL(rig_event(r, OUT_JOINED));
	CU_ASSERT_EQUAL(r->c.state, CLIENT_REGULAR);
	rig_tick(r, MS(503));
	CU_ASSERT_EQUAL(rig_count(r, MT_JOIN), 0);
}

static void a_joinack_that_comes_again_has_its_qcr_again(void)
{
	struct rig *r = rig_regular(100);

	r->server_time++;
	rig_joinack(r, RIG_CLIENT_ID + 10, MS(600));
	CU_ASSERT_EQUAL(rig_out(r, MT_QCR).qcr.client_id, RIG_CLIENT_ID + 10);
	CU_ASSERT_EQUAL(rig_out(r, MT_QCR).qcr.server_time, r->server_time);
	CU_ASSERT_PTR_NULL(rig_event(r, OUT_JOINED));
}

/* The server may not know it: its QCR is lost, or the way was broken for too long. */
static void a_client_that_gets_no_blocks_joins_again(void)
{
	struct rig *r = rig_regular(100);
	ns_t again;

	r->c.config.rejoin_interval_ms = 10000;
	rig_joinack(r, RIG_CLIENT_ID, 1);
	rig_data(r, MT_ODATA, 1, 1, MS(5000));
	again = rig_until(r, MT_JOIN);
	CU_ASSERT_EQUAL(again, MS(15000));
	CU_ASSERT_EQUAL(r->c.state, CLIENT_REGULAR);
	rig_qcc(r, 100, MS(15001)); /* the session lives: nothing else would ever happen */
	CU_ASSERT_EQUAL(rig_until(r, MT_JOIN), MS(15500));
	rig_joinack(r, RIG_CLIENT_ID + 10, MS(15501));
	CU_ASSERT_EQUAL(rig_out(r, MT_QCR).qcr.client_id, RIG_CLIENT_ID + 10);
	CU_ASSERT_PTR_NULL(rig_event(r, OUT_JOINED));
	rig_data(r, MT_ODATA, 2, 2, MS(25000));
	CU_ASSERT_EQUAL(r->blocks.ones, 2);
	rig_tick(r, MS(34999));
	CU_ASSERT_EQUAL(rig_count(r, MT_JOIN), 0);
	rig_tick(r, MS(35000));
	CU_ASSERT_EQUAL(rig_count(r, MT_JOIN), 1);
}

static void a_client_without_room_does_not_join_again(void)
{
	struct rig *r = rig_regular(100);

	r->c.config.rejoin_interval_ms = 10000;
	rig_joinack(r, RIG_CLIENT_ID, 1);
	rig_data(r, MT_ODATA, 1, 1, MS(5000));
	rig_room(r, 0, MS(5000));
	rig_tick(r, MS(15000));
	CU_ASSERT_EQUAL(rig_count(r, MT_JOIN), 0);
}

static void a_server_that_never_answers_ends_in_a_timeout(void)
{
	struct rig *r = rig_joining(100);

	rig_tick(r, MS(30000) - 1);
	CU_ASSERT_EQUAL(r->c.state, CLIENT_JOINING);
	rig_tick(r, MS(30000));
	CU_ASSERT_EQUAL(r->c.state, CLIENT_CLOSED);
	CU_ASSERT_EQUAL(r->c.result, ERROR_TIMEOUT);
	CU_ASSERT_EQUAL(rig_count(r, MT_LEAVE), 0); /* it has no ClientId to leave with */
}

static void packets_of_others_are_counted_and_dropped(void)
{
	struct rig *r = rig_regular(100);
	struct mt_packet p = rig_head(r, MT_NCF);

	CU_ASSERT_EQUAL(rig_packet(r, &p, 1), CLIENT_WANT_STEP);
	p.session_id++;
	CU_ASSERT_EQUAL(rig_packet(r, &p, 1), CLIENT_WANT_NOT);
	CU_ASSERT_EQUAL(r->c.stats.wrong_session, 1);
	p.session_id--;
	r->server.ip.b[3]++;
	CU_ASSERT_EQUAL(rig_packet(r, &p, 1), CLIENT_WANT_NOT);
	CU_ASSERT_EQUAL(r->c.stats.wrong_sender, 1);
	r->server.ip.b[3]--;
	r->server.port++; /* the port is the server's affair */
	CU_ASSERT_EQUAL(rig_packet(r, &p, 1), CLIENT_WANT_STEP);
	p.opcode = MT_NACK;
	CU_ASSERT_EQUAL(rig_packet(r, &p, 1), CLIENT_WANT_NOT);
	CU_ASSERT_EQUAL(r->c.stats.wrong_opcode, 1);
}

static void a_full_output_loses_a_packet_as_a_network_would(void)
{
	struct rig *r = rig_joining(100);
	uint32_t max = r->out.packet_max;

	r->out.packet_max = 0;
	rig_tick(r, MS(500));
	r->out.packet_max = max;
	CU_ASSERT_EQUAL(r->out.dropped, 1);
	CU_ASSERT_EQUAL(r->c.stats.joins, 1);
	rig_tick(r, MS(1000));
	CU_ASSERT_EQUAL(rig_count(r, MT_JOIN), 1);
}

static const struct suite_test tests[] = {
	SUITE_TEST(accept_sends_a_join_at_once),
	SUITE_TEST(a_join_carries_the_user_sid_when_there_is_one),
	SUITE_TEST(a_lost_join_is_sent_again_after_500_ms_and_not_a_nanosecond_before),
	SUITE_TEST(nothing_but_a_joinack_is_heard_before_it),
	SUITE_TEST(a_joinack_is_answered_by_a_qcr_with_its_time),
	SUITE_TEST(a_joinack_that_comes_again_has_its_qcr_again),
	SUITE_TEST(a_client_that_gets_no_blocks_joins_again),
	SUITE_TEST(a_client_without_room_does_not_join_again),
	SUITE_TEST(a_server_that_never_answers_ends_in_a_timeout),
	SUITE_TEST(packets_of_others_are_counted_and_dropped),
	SUITE_TEST(a_full_output_loses_a_packet_as_a_network_would),
};
SUITE_MAIN("engine/client_join", tests)
