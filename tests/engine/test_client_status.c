#include "client_rig.h"
#include "support/suite.h"

static struct ma_packet payload(const uint8_t *bytes, uint16_t len)
{
	struct ma_packet p;

	CU_ASSERT_FATAL(ma_read(bytes, len, &p));
	return p;
}

static void a_qcc_is_answered_within_its_backoff(void)
{
	struct rig *r = rig_regular(100);
	struct mt_packet p;
	struct ma_packet progress;
	ns_t at;

	for (uint64_t n = 1; n <= 25; n++)
		rig_data(r, MT_ODATA, n, n, MS(100));
	r->server_time = 777;
	rig_qcc(r, 300, MS(2000));
	CU_ASSERT_EQUAL(rig_count(r, MT_QCR), 0);
	at = client_deadline(&r->c);
	CU_ASSERT(at > MS(2000) && at <= MS(2300));
	rig_tick(r, at - 1);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_tick(r, at);
	p = rig_out(r, MT_QCR);
	CU_ASSERT_EQUAL(p.qcr.client_id, RIG_CLIENT_ID);
	CU_ASSERT_EQUAL(p.qcr.qcc_seq_no, 1);
	CU_ASSERT_EQUAL(p.qcr.backoff_ms, (at - MS(2000)) / NS_PER_MS);
	CU_ASSERT_EQUAL(p.qcr.server_time, 777);
	CU_ASSERT_EQUAL(p.qcr.hi_odata_seq_no, 25);
	progress = payload(p.qcr.app_data, p.qcr.app_data_len);
	CU_ASSERT_EQUAL(progress.opcode, MA_CNT_PROGRESS);
	CU_ASSERT_EQUAL(progress.progress.progress, 25);
	CU_ASSERT_EQUAL(progress.progress.time_in_session_s, 2);
	CU_ASSERT_EQUAL(client_deadline(&r->c), at + MS(20000)); /* Force QCC begins anew */
}

static void a_qcc_without_backoff_is_answered_at_once(void)
{
	struct rig *r = rig_regular(100);

	rig_qcc(r, 0, MS(1));
	CU_ASSERT_EQUAL(rig_count(r, MT_QCR), 1);
}

static void a_newer_qcc_takes_the_place_of_the_one_that_waits(void)
{
	struct rig *r = rig_regular(100);

	rig_qcc(r, 60000, MS(1));
	rig_qcc(r, 10, MS(2));
	CU_ASSERT(rig_until(r, MT_QCR) <= MS(12));
	CU_ASSERT_EQUAL(rig_out(r, MT_QCR).qcr.qcc_seq_no, 2);
	r->qcc_seq_no = 1; /* 2 again */
	rig_qcc(r, 0, MS(20));
	CU_ASSERT_EQUAL(rig_count(r, MT_QCR), 0);
	CU_ASSERT_EQUAL(r->c.stats.stale, 1);
}

static void a_qcr_goes_out_unasked_after_20_s(void)
{
	struct rig *r = rig_regular(100);
	struct mt_packet p;

	rig_spm(r, 1, 0, MS(19000)); /* the server is there, but asks nothing */
	rig_tick(r, MS(20000) - 1);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_tick(r, MS(20000));
	p = rig_out(r, MT_QCR);
	CU_ASSERT_EQUAL(p.qcr.qcc_seq_no, 0);
	CU_ASSERT_EQUAL(p.qcr.backoff_ms, 0);
	CU_ASSERT_EQUAL(p.qcr.server_time, 0);
	CU_ASSERT_EQUAL(payload(p.qcr.app_data, p.qcr.app_data_len).progress.time_in_session_s, 20);
	rig_spm(r, 1, 0, MS(30000));
	rig_tick(r, MS(40000) - 1);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_tick(r, MS(40000));
	CU_ASSERT_EQUAL(rig_count(r, MT_QCR), 1);
}

static void a_qcr_carries_the_load_that_is_known(void)
{
	struct rig *r = rig_regular(100);
	struct mt_options o;

	rig_qcc(r, 0, 1);
	o = rig_out(r, MT_QCR).options;
	CU_ASSERT_FALSE(o.has_cpu || o.has_mem || o.has_net);
	r->c.load = (struct client_load){ 0, 100, 255 };
	rig_qcc(r, 0, 2);
	o = rig_out(r, MT_QCR).options;
	CU_ASSERT(o.has_cpu && o.has_mem);
	CU_ASSERT_FALSE(o.has_net);
	CU_ASSERT_EQUAL(o.cpu_util, 0);
	CU_ASSERT_EQUAL(o.mem_util, 100);
}

static void a_poll_is_answered_with_what_is_missing(void)
{
	struct rig *r = rig_regular(100);
	struct mt_packet p;
	struct ma_cntcir c;
	uint64_t seq_no = 0;
	ns_t at;

	for (uint64_t n = 11; n <= 99; n++)
		if (n != 50)
			rig_data(r, MT_ODATA, ++seq_no, n, MS(10));
	rig_poll(r, 200, MS(5000));
	CU_ASSERT_EQUAL(rig_count(r, MT_POLLACK), 0);
	at = rig_until(r, MT_POLLACK);
	CU_ASSERT(at <= MS(5200));
	p = rig_out(r, MT_POLLACK);
	CU_ASSERT_EQUAL(p.pollack.client_id, RIG_CLIENT_ID);
	CU_ASSERT_EQUAL(p.pollack.poll_seq_no, 1);
	c = payload(p.pollack.app_data, p.pollack.app_data_len).cntcir;
	CU_ASSERT_EQUAL(c.progress, 88);
	CU_ASSERT_EQUAL(c.time_in_session_s, 5);
	CU_ASSERT_EQUAL_FATAL(c.count, 3);
	CU_ASSERT_EQUAL(be64_get(c.ranges[0].first), 1);
	CU_ASSERT_EQUAL(be64_get(c.ranges[0].last), 10);
	CU_ASSERT_EQUAL(be64_get(c.ranges[1].first), 50);
	CU_ASSERT_EQUAL(be64_get(c.ranges[1].last), 50);
	CU_ASSERT_EQUAL(be64_get(c.ranges[2].first), 100);
	CU_ASSERT_EQUAL(be64_get(c.ranges[2].last), 100);
	CU_ASSERT_FALSE(client_deadline(&r->c) < MS(20000));
}

static void no_more_than_64_ranges_are_told(void)
{
	struct rig *r = rig_regular(1000);
	struct mt_packet p;
	struct ma_cntcir c;

	for (uint64_t n = 2; n <= 1000; n += 2)
		rig_data(r, MT_ODATA, n / 2, n, 1);
	rig_poll(r, 0, 2);
	p = rig_out(r, MT_POLLACK);
	c = payload(p.pollack.app_data, p.pollack.app_data_len).cntcir;
	CU_ASSERT_EQUAL_FATAL(c.count, 64);
	CU_ASSERT_EQUAL(be64_get(c.ranges[63].first), 127);
	CU_ASSERT_EQUAL(be64_get(c.ranges[63].last), 127);
}

static void a_poll_that_is_old_or_no_srvcir_has_no_answer(void)
{
	struct rig *r = rig_regular(100);
	static const uint8_t progress[] = { 0, 8, 4, 0, 0, 0, 0, 0 };
	struct mt_packet p = rig_head(r, MT_POLL);

	rig_poll(r, 0, 1);
	r->poll_seq_no = 0;
	rig_poll(r, 0, 2);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	CU_ASSERT_EQUAL(r->c.stats.stale, 1);
	p.poll = (struct mt_poll){ 2, 0, sizeof(progress), progress };
	rig_packet(r, &p, 3);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	CU_ASSERT_EQUAL(r->c.stats.bad_payload, 1);
}

static void progress_is_of_the_blocks_that_are_wanted(void)
{
	struct rig *r = rig_offered(100);

	for (uint64_t i = 0; i < 97; i++)
		bitmap_set(&r->blocks, i);
	rig_accept(r, 0);
	rig_joinack(r, RIG_CLIENT_ID, 0);
	CU_ASSERT_EQUAL(client_progress(&r->c), 0);
	rig_data(r, MT_ODATA, 1, 98, 1);
	CU_ASSERT_EQUAL(client_progress(&r->c), 33);
	rig_data(r, MT_ODATA, 2, 99, 1);
	CU_ASSERT_EQUAL(client_progress(&r->c), 66);
	rig_data(r, MT_ODATA, 3, 100, 1);
	CU_ASSERT_EQUAL(client_progress(&r->c), 100);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_qcc_is_answered_within_its_backoff),
	SUITE_TEST(a_qcc_without_backoff_is_answered_at_once),
	SUITE_TEST(a_newer_qcc_takes_the_place_of_the_one_that_waits),
	SUITE_TEST(a_qcr_goes_out_unasked_after_20_s),
	SUITE_TEST(a_qcr_carries_the_load_that_is_known),
	SUITE_TEST(a_poll_is_answered_with_what_is_missing),
	SUITE_TEST(no_more_than_64_ranges_are_told),
	SUITE_TEST(a_poll_that_is_old_or_no_srvcir_has_no_answer),
	SUITE_TEST(progress_is_of_the_blocks_that_are_wanted),
};
SUITE_MAIN("engine/client_status", tests)
