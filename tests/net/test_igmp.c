#include "net/rig.h"

#define ALL_SYSTEMS ip4_of(224, 0, 0, 1)

/* In 239.129.2.3, its reports sent, on a machine whose next IP ID is 0102. */
static struct rig *joined(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);
	struct ip_addr group = RIG_GROUP4;

	CU_ASSERT(net_join(r->net, &group, r->now, &r->tx));
	rig_tick(r, r->now + 60 * NS_PER_S);
	r->net->ip4_id = 0x0102;
	r->tx.count = 0;
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	return r;
}

static enum net_verdict query(struct rig *r, const char *hex)
{
	struct rig_frame f = rig_igmp_frame(ALL_SYSTEMS, hex);

	return rig_input(r, &f);
}

static void joining_and_leaving_have_these_bytes_in_version_3(void)
{
	struct net_config c = rig_config();
	struct rig *r = rig_started(&c);
	struct ip_addr group = RIG_GROUP4;

	r->net->ip4_id = 0x0102;
	CU_ASSERT(net_join(r->net, &group, r->now, &r->tx));
	rig_assert_sent(r, 0, "01005e000016 020000000005 0800"
	                      "46c00028 01020000 0102 38f3 0a000005 e0000016 94040000"
	                      "2200 e879 0000 0001  04 00 0000 ef810203");
	net_leave(r->net, &group, r->now, &r->tx);
	rig_assert_sent(r, 1, "01005e000016 020000000005 0800"
	                      "46c00028 01030000 0102 38f2 0a000005 e0000016 94040000"
	                      "2200 e979 0000 0001  03 00 0000 ef810203");
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reports_sent, 2);
	rig_free(r);
}

static void a_query_of_version_3_is_answered_with_a_list(void)
{
	struct rig *r = joined();

	CU_ASSERT_EQUAL(query(r, "1164 0000 00000000 02 7d 0000"), NET_HANDLED);
	rig_tick_due(r);
	rig_assert_sent(r, 0, "01005e000016 020000000005 0800"
	                      "46c00028 01020000 0102 38f3 0a000005 e0000016 94040000"
	                      "2200 ea79 0000 0001  02 00 0000 ef810203");
	rig_free(r);
}

static void a_query_of_version_2_is_answered_to_the_group(void)
{
	struct rig *r = joined();
	struct ip_addr group = RIG_GROUP4;

	CU_ASSERT_EQUAL(query(r, "1164 0000 00000000"), NET_HANDLED);
	rig_tick_due(r);
	rig_assert_sent(r, 0, "01005e010203 020000000005 0800"
	                      "46c00020 01020000 0102 278d 0a000005 ef810203 94040000"
	                      "1600 f87a ef810203");
	net_leave(r->net, &group, r->now, &r->tx);
	rig_assert_sent(r, 1, "01005e000002 020000000005 0800"
	                      "46c00020 01030000 0102 390e 0a000005 e0000002 94040000"
	                      "1700 f77a ef810203");
	rig_free(r);
}

static void a_query_of_version_1_is_answered_to_the_group_and_left_in_silence(void)
{
	struct rig *r = joined();
	struct ip_addr group = RIG_GROUP4;

	CU_ASSERT_EQUAL(query(r, "1100 0000 00000000"), NET_HANDLED);
	rig_tick_due(r);
	rig_assert_sent(r, 0, "01005e010203 020000000005 0800"
	                      "46c00020 01020000 0102 278d 0a000005 ef810203 94040000"
	                      "1200 fc7a ef810203");
	net_leave(r->net, &group, r->now, &r->tx);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	rig_free(r);
}

/* RFC 3376 section 4.1.1: 128 and above are mantissa and exponent. */
static void codes_stand_for_these_numbers(void)
{
	CU_ASSERT_EQUAL(query_code(0), 0);
	CU_ASSERT_EQUAL(query_code(127), 127);
	CU_ASSERT_EQUAL(query_code(128), 128);
	CU_ASSERT_EQUAL(query_code(0x8f), 0x1f << 3);
	CU_ASSERT_EQUAL(query_code(0xff), 31744);
}

static void the_delay_is_what_the_query_allows(void)
{
	static const struct {
		const char *hex;
		ns_t max;
	} cases[] = {
		{ "1101 0000 00000000 02 7d 0000", NS_PER_S / 10 },
		{ "117f 0000 00000000 02 7d 0000", 127 * NS_PER_S / 10 },
		{ "11ff 0000 00000000 02 7d 0000", 3174400 * NS_PER_MS },
		{ "1101 0000 00000000", NS_PER_S / 10 },
		{ "11ff 0000 00000000", 255 * NS_PER_S / 10 }, /* version 2 counts in tenths throughout */
		{ "1100 0000 00000000", 10 * NS_PER_S },       /* version 1 says nothing */
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ns_t longest = 0;

		for (int k = 0; k < 50; k++) {
			struct rig *r = joined();
			ns_t delay;

			r->net->rng.state += (uint64_t)k;
			CU_ASSERT_EQUAL(query(r, cases[i].hex), NET_HANDLED);
			delay = net_deadline(r->net) - r->now;
			CU_ASSERT(delay > 0 && delay <= cases[i].max);
			longest = delay > longest ? delay : longest;
			rig_free(r);
		}
		CU_ASSERT(longest > cases[i].max / 2);
	}
}

static void messages_that_cannot_be_are_refused(void)
{
	struct rig *r = joined();
	struct rig_frame f = rig_igmp_frame(ALL_SYSTEMS, "1164 0000 00000000 02 7d 0000");

	CU_ASSERT_EQUAL(query(r, "1164 0000 000000"), NET_RUNT);
	CU_ASSERT_EQUAL(query(r, "1164 0000 00000000 02"), NET_RUNT); /* neither version 2 nor 3 */
	f.bytes[f.len - 1] ^= 1;
	CU_ASSERT_EQUAL(rig_input(r, &f), NET_BAD_IP);
	CU_ASSERT_EQUAL(query(r, "9964 0000 00000000"), NET_HANDLED); /* another type is nothing to us */
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	rig_free(r);
}

static void the_kernel_answers_where_there_is_one(void)
{
	struct net_config c = rig_config();
	struct ip_addr group = RIG_GROUP4;
	struct rig *r;

	c.has_kernel = true;
	r = rig_started(&c);
	CU_ASSERT(net_join(r->net, &group, r->now, &r->tx));
	CU_ASSERT_EQUAL(query(r, "1164 0000 00000000"), NET_OTHER_PROTOCOL);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(joining_and_leaving_have_these_bytes_in_version_3),
	SUITE_TEST(a_query_of_version_3_is_answered_with_a_list),
	SUITE_TEST(a_query_of_version_2_is_answered_to_the_group),
	SUITE_TEST(a_query_of_version_1_is_answered_to_the_group_and_left_in_silence),
	SUITE_TEST(codes_stand_for_these_numbers),
	SUITE_TEST(the_delay_is_what_the_query_allows),
	SUITE_TEST(messages_that_cannot_be_are_refused),
	SUITE_TEST(the_kernel_answers_where_there_is_one),
};

SUITE_MAIN("net/igmp", tests)
