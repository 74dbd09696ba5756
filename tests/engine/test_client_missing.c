#include "client_rig.h"
#include "engine/client_internal.h"
#include "support/suite.h"

static bool list_is(const struct rig *r, const struct range *v, uint32_t n)
{
	if (r->c.missing.n != n)
		return false;
	for (uint32_t i = 0; i < n; i++)
		if (r->c.missing.v[i].first != v[i].first || r->c.missing.v[i].last != v[i].last)
			return false;
	return true;
}
#define LIST_IS(r, ...) \
	list_is(r, (const struct range[]){ __VA_ARGS__ }, sizeof((const struct range[]){ __VA_ARGS__ }) / sizeof(struct range))

static void in_order_packets_leave_no_gap(void)
{
	struct rig *r = rig_regular(100);

	for (uint64_t n = 1; n <= 50; n++)
		rig_data(r, MT_ODATA, n, n, n);
	CU_ASSERT_EQUAL(r->c.missing.n, 0);
	CU_ASSERT_EQUAL(client_missing_continuous(&r->c), 50);
}

static void a_gap_is_listed_and_closed_by_what_comes(void)
{
	struct rig *r = rig_regular(100);

	rig_data(r, MT_ODATA, 1, 1, 1);
	rig_data(r, MT_ODATA, 6, 6, 1);
	CU_ASSERT(LIST_IS(r, { 2, 5 }));
	CU_ASSERT_EQUAL(client_missing_continuous(&r->c), 1);
	rig_data(r, MT_RDATA, 3, 3, 1);
	CU_ASSERT(LIST_IS(r, { 2, 2 }, { 4, 5 }));
	rig_data(r, MT_RDATA, 2, 2, 1);
	CU_ASSERT(LIST_IS(r, { 4, 5 }));
	CU_ASSERT_EQUAL(client_missing_continuous(&r->c), 3);
	rig_data(r, MT_RDATA, 5, 5, 1);
	rig_data(r, MT_RDATA, 4, 4, 1);
	CU_ASSERT_EQUAL(r->c.missing.n, 0);
	CU_ASSERT_EQUAL(client_missing_continuous(&r->c), 6);
}

/* E6: an SPM whose lead is the end already changes nothing. */
static void an_spm_tells_the_lead_and_the_trail(void)
{
	struct rig *r = rig_regular(100);

	rig_data(r, MT_ODATA, 1, 1, 1);
	rig_spm(r, 1, 1, 1);
	CU_ASSERT_EQUAL(r->c.missing.n, 0);
	rig_spm(r, 1, 4, 1);
	CU_ASSERT(LIST_IS(r, { 2, 4 }));
	rig_spm(r, 1, 4, 1);
	CU_ASSERT(LIST_IS(r, { 2, 4 }));
	rig_spm(r, 3, 6, 1);
	CU_ASSERT(LIST_IS(r, { 3, 6 }));
	rig_spm(r, 2, 6, 1); /* a trail does not fall */
	CU_ASSERT(LIST_IS(r, { 3, 6 }));
}

static void what_lies_behind_the_trail_is_given_up_but_not_the_trail_itself(void)
{
	struct rig *r = rig_regular(100);

	rig_data(r, MT_ODATA, 1, 1, 1);
	rig_spm(r, 10, 12, 1);
	CU_ASSERT(LIST_IS(r, { 10, 12 }));
	CU_ASSERT_EQUAL(client_missing_continuous(&r->c), 9);
}

/* The trail of an empty Data Packet List is the next number: not sent, so not to be acknowledged. */
static void a_trail_beyond_the_lead_is_not_acknowledged(void)
{
	struct rig *r = rig_regular(100);

	r->master = RIG_CLIENT_ID;
	rig_data(r, MT_ODATA, 1, 1, 1);
	rig_spm(r, 6, 5, 1);
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.odata_seq_no, 5);
	CU_ASSERT_EQUAL(rig_out(r, MT_ACK).ack.hi_odata_seq_no, 5);
	CU_ASSERT_EQUAL(r->c.missing.n, 0);
}

/* E7: a late joiner asks for nothing from before its time. */
static void a_late_joiner_begins_with_the_lead_of_an_spm(void)
{
	struct rig *r = rig_regular(100);

	rig_spm(r, 900, 1000, 1);
	CU_ASSERT_EQUAL(r->c.missing.n, 0);
	CU_ASSERT_EQUAL(r->c.first_seq_no, 1000);
	CU_ASSERT_EQUAL(r->c.loss_rate, 0);
	r->trail = 900;
	CU_ASSERT_EQUAL(rig_data(r, MT_RDATA, 950, 1, 2), CLIENT_WANT_NOT);
	CU_ASSERT_EQUAL(r->c.stats.stale, 1);
	CU_ASSERT_EQUAL(rig_data(r, MT_ODATA, 1001, 1, 2), CLIENT_WANT_BLOCK);
	CU_ASSERT_EQUAL(r->c.missing.n, 0);
}

static void a_late_joiner_begins_with_its_first_packet(void)
{
	struct rig *r = rig_regular(100);

	rig_spm(r, 1, 0, 1); /* a lead of 0 is none */
	CU_ASSERT_EQUAL(r->c.first_seq_no, 0);
	r->trail = 900;
	rig_data(r, MT_ODATA, 1000, 1, 1);
	CU_ASSERT_EQUAL(r->c.missing.n, 0);
	CU_ASSERT_EQUAL(r->c.first_seq_no, 1000);
	CU_ASSERT_EQUAL(r->c.loss_rate, 0);
	CU_ASSERT_EQUAL(client_missing_continuous(&r->c), 1000);
	rig_spm(r, 900, 1001, 1);
	CU_ASSERT(LIST_IS(r, { 1001, 1001 }));
}

/* It was sent before we joined, and so was what lies between it and the lead: none of that was lost. */
static void a_late_joiner_takes_the_block_of_a_repair_but_does_not_begin_with_it(void)
{
	struct rig *r = rig_regular(100);

	r->master = RIG_CLIENT_ID;
	CU_ASSERT_EQUAL(rig_data(r, MT_RDATA, 500, 7, 1), CLIENT_WANT_BLOCK);
	CU_ASSERT(bitmap_test(&r->blocks, 6));
	CU_ASSERT_EQUAL(r->c.first_seq_no, 0);
	CU_ASSERT_EQUAL(rig_count(r, MT_ACK), 0);
	rig_data(r, MT_ODATA, 1000, 1, 2);
	CU_ASSERT_EQUAL(r->c.first_seq_no, 1000);
	CU_ASSERT_EQUAL(r->c.missing.n, 0);
	CU_ASSERT_EQUAL(r->c.loss_rate, 0);
}

static bool is_sorted(const struct ranges *s)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (s->v[i].first > s->v[i].last || (i > 0 && s->v[i - 1].last + 1 >= s->v[i].first))
			return false;
	return s->n <= CLIENT_MISSING_MAX;
}

static void a_full_list_says_too_much_and_never_too_little(void)
{
	struct rig *r = rig_regular(100);
	struct client *c = &r->c;

	client_missing_begin(c, 0);
	for (uint64_t n = 2; n <= 4000; n += 2) /* all odd numbers are lost */
		client_missing_receive(c, n);
	CU_ASSERT(is_sorted(&c->missing));
	CU_ASSERT_EQUAL(c->missing.n, CLIENT_MISSING_MAX);
	for (uint64_t n = 1; n < 4000; n += 2)
		CU_ASSERT(ranges_has(&c->missing, n));
	CU_ASSERT_EQUAL(client_missing_continuous(c), 0);
	client_missing_receive(c, 3001); /* a split that finds no room: it is asked for again */
	CU_ASSERT(ranges_has(&c->missing, 3001));
	for (uint64_t n = 1; n <= 4000; n++) /* as the NACKs have it: all again, from below */
		client_missing_receive(c, n);
	CU_ASSERT_EQUAL(c->missing.n, 0);
	CU_ASSERT_EQUAL(client_missing_continuous(c), 4000);
}

static void any_sequence_agrees_with_a_plain_list(void)
{
	enum { SPACE = 300 };

	for (uint64_t seed = 1; seed <= 100; seed++) {
		struct rng rng = { seed };
		struct rig *r = rig_regular(100);
		struct client *c = &r->c;
		bool gone[SPACE] = { true };
		uint64_t end = 0;

		client_missing_begin(c, 0);
		for (int i = 0; i < 200; i++) {
			uint64_t n = 1 + rng_below(&rng, 1 + (uint64_t)i);

			switch (rng_below(&rng, 8)) {
			case 0:
				n = rng_below(&rng, 1 + n / 2);
				client_missing_trail(c, n);
				for (uint64_t x = 0; x < n; x++)
					gone[x] = true;
				end = n > end + 1 ? n - 1 : end;
				break;
			case 1:
				client_missing_lead(c, n);
				end = n > end ? n : end;
				break;
			default:
				client_missing_receive(c, n);
				gone[n] = true;
				end = n > end ? n : end;
			}
		}
		CU_ASSERT(is_sorted(&c->missing));
		CU_ASSERT_EQUAL(c->missing_end, end);
		for (uint64_t x = 1; x <= end; x++)
			CU_ASSERT_EQUAL(ranges_has(&c->missing, x), !gone[x]);
	}
}

static const struct suite_test tests[] = {
	SUITE_TEST(in_order_packets_leave_no_gap),
	SUITE_TEST(a_gap_is_listed_and_closed_by_what_comes),
	SUITE_TEST(an_spm_tells_the_lead_and_the_trail),
	SUITE_TEST(what_lies_behind_the_trail_is_given_up_but_not_the_trail_itself),
	SUITE_TEST(a_trail_beyond_the_lead_is_not_acknowledged),
	SUITE_TEST(a_late_joiner_begins_with_the_lead_of_an_spm),
	SUITE_TEST(a_late_joiner_begins_with_its_first_packet),
	SUITE_TEST(a_late_joiner_takes_the_block_of_a_repair_but_does_not_begin_with_it),
	SUITE_TEST(a_full_list_says_too_much_and_never_too_little),
	SUITE_TEST(any_sequence_agrees_with_a_plain_list),
};
SUITE_MAIN("engine/client_missing", tests)
