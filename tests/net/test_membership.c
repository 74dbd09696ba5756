#include "net/rig.h"

#define QUERY_3 "1164 0000 00000000 02 7d 0000"
#define QUERY_2 "1164 0000 00000000"
#define TYPE_AT 38 /* of an IGMP message of our own */
#define RECORD_AT 46

static struct rig *begin(void)
{
	struct net_config c = rig_config();

	return rig_started(&c);
}

static struct ip_addr group(uint32_t i)
{
	return ip4_of(239, 1, (uint8_t)(i >> 8), (uint8_t)i);
}

static void join(struct rig *r, uint32_t i)
{
	struct ip_addr ip = group(i);

	CU_ASSERT(net_join(r->net, &ip, r->now, &r->tx));
}

static void leave(struct rig *r, uint32_t i)
{
	struct ip_addr ip = group(i);

	net_leave(r->net, &ip, r->now, &r->tx);
}

static void query(struct rig *r, const char *hex)
{
	struct rig_frame f = rig_igmp_frame(ip4_of(224, 0, 0, 1), hex);

	CU_ASSERT_EQUAL(rig_input(r, &f), NET_HANDLED);
}

static uint8_t sent_type(const struct rig *r, uint32_t i)
{
	return i < r->tx.count ? r->tx.frames[i].bytes[TYPE_AT] : 0;
}

static uint8_t sent_record(const struct rig *r, uint32_t i)
{
	return i < r->tx.count ? r->tx.frames[i].bytes[RECORD_AT] : 0;
}

/* Until nothing is to be said any more. */
static void settle(struct rig *r)
{
	rig_tick(r, r->now + 20 * NS_PER_S);
	rig_tick(r, r->now + 20 * NS_PER_S);
	r->tx.count = 0;
}

static void joining_is_reported_at_once_and_again_within_a_second(void)
{
	struct rig *r = begin();
	ns_t start = r->now, again;

	join(r, 1);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(sent_record(r, 0), RECORD_TO_EXCLUDE);
	again = net_deadline(r->net);
	CU_ASSERT(again > start && again <= start + NS_PER_S);
	rig_tick(r, again - 1);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_tick(r, again);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(sent_record(r, 0), RECORD_TO_EXCLUDE);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	rig_free(r);
}

static void leaving_is_reported_at_once_and_again_within_a_second(void)
{
	struct rig *r = begin();
	struct ip_addr ip = group(1);
	ns_t again;

	join(r, 1);
	settle(r);
	leave(r, 1);
	CU_ASSERT_FALSE(net_membership_has(r->net, &ip));
	CU_ASSERT_EQUAL(sent_record(r, 0), RECORD_TO_INCLUDE);
	again = net_deadline(r->net);
	CU_ASSERT(again > r->now && again <= r->now + NS_PER_S);
	rig_tick(r, again);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(sent_record(r, 0), RECORD_TO_INCLUDE);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	CU_ASSERT_EQUAL(r->net->groups.count, 0);
	rig_free(r);
}

static void members_are_counted_and_only_the_first_and_the_last_are_reported(void)
{
	struct rig *r = begin();
	struct ip_addr ip = group(1);

	join(r, 1);
	settle(r);
	join(r, 1);
	leave(r, 1);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	CU_ASSERT(net_membership_has(r->net, &ip));
	leave(r, 1);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	leave(r, 1); /* once too often */
	CU_ASSERT_EQUAL(r->tx.count, 1);
	rig_free(r);
}

static void a_group_joined_again_while_its_leaving_is_told_is_a_member(void)
{
	struct rig *r = begin();
	struct ip_addr ip = group(1);

	join(r, 1);
	settle(r);
	leave(r, 1);
	join(r, 1);
	CU_ASSERT(net_membership_has(r->net, &ip));
	CU_ASSERT_EQUAL(sent_record(r, 1), RECORD_TO_EXCLUDE);
	rig_tick(r, r->now + NS_PER_S);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(sent_record(r, 0), RECORD_TO_EXCLUDE);
	rig_free(r);
}

static void a_general_query_is_answered_once_for_all_groups(void)
{
	struct rig *r = begin();
	ns_t due;

	join(r, 1);
	join(r, 2);
	settle(r);
	query(r, QUERY_3);
	due = net_deadline(r->net);
	CU_ASSERT(due > r->now && due <= r->now + 10 * NS_PER_S);
	for (int i = 0; i < 20; i++) { /* others ask too: never later, and not more often */
		query(r, QUERY_3);
		CU_ASSERT(net_deadline(r->net) <= due);
		due = net_deadline(r->net);
	}
	rig_tick(r, due - 1);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	rig_tick(r, due);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(r->tx.frames[0].bytes[45], 2); /* records */
	CU_ASSERT_EQUAL(sent_record(r, 0), RECORD_IS_EXCLUDE);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	rig_free(r);
}

static void a_query_about_one_group_is_answered_for_it_alone(void)
{
	struct rig *r = begin();

	join(r, 1);
	join(r, 2);
	settle(r);
	query(r, "110a 0000 ef010007 02 7d 0000"); /* of which we are no member */
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	query(r, "110a 0000 ef010002 02 7d 0000");
	CU_ASSERT(net_deadline(r->net) <= r->now + NS_PER_S);
	rig_tick_due(r);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(r->tx.frames[0].bytes[45], 1);
	CU_ASSERT_EQUAL(r->tx.frames[0].bytes[53], 2);
	rig_free(r);
}

static void the_group_of_all_systems_is_never_reported(void)
{
	struct rig *r = begin();
	struct ip_addr all = ip4_of(224, 0, 0, 1);

	CU_ASSERT(net_membership_has(r->net, &all));
	CU_ASSERT(net_join(r->net, &all, r->now, &r->tx));
	query(r, QUERY_3);
	rig_tick(r, r->now + 20 * NS_PER_S);
	query(r, "1164 0000 e0000001 02 7d 0000");
	query(r, QUERY_2);
	rig_tick(r, r->now + 20 * NS_PER_S);
	net_leave(r->net, &all, r->now, &r->tx);
	CU_ASSERT_EQUAL(r->tx.count, 0);
	CU_ASSERT_EQUAL(net_read_stats(r->net)->reports_sent, 0);
	CU_ASSERT(net_membership_has(r->net, &all));
	rig_free(r);
}

static void the_querier_says_how_often_a_change_is_repeated(void)
{
	struct rig *r = begin();
	int reports = 0;

	query(r, "1164 0000 00000000 05 7d 0000");
	settle(r);
	join(r, 1);
	for (int i = 0; i < 20 && net_deadline(r->net) != NS_NEVER; i++) {
		reports += (int)r->tx.count;
		rig_tick_due(r);
	}
	CU_ASSERT_EQUAL(reports + (int)r->tx.count, 5);
	rig_free(r);
}

/* RFC 3376 section 8.12: 2 times 125 s and the 10 s of the query. */
static void an_older_querier_is_obeyed_until_it_has_been_silent_for_long(void)
{
	struct rig *r = begin();
	ns_t heard;

	join(r, 1);
	settle(r);
	heard = r->now;
	query(r, QUERY_2);
	rig_tick_due(r);
	CU_ASSERT_EQUAL(sent_type(r, 0), IGMP_REPORT_2);
	query(r, QUERY_3); /* a newer one changes nothing */
	rig_tick_due(r);
	CU_ASSERT_EQUAL(sent_type(r, 0), IGMP_REPORT_2);
	CU_ASSERT_EQUAL(net_deadline(r->net), heard + 260 * NS_PER_S);
	rig_tick(r, heard + 260 * NS_PER_S - 1);
	join(r, 2);
	CU_ASSERT_EQUAL(sent_type(r, 0), IGMP_REPORT_2);
	rig_tick(r, heard + 260 * NS_PER_S);
	CU_ASSERT_EQUAL(r->tx.count, 0); /* the old version's repetition is cancelled */
	query(r, QUERY_3);
	rig_tick_due(r);
	CU_ASSERT_EQUAL(sent_type(r, 0), IGMP_REPORT_3);
	CU_ASSERT_EQUAL(net_deadline(r->net), NS_NEVER);
	rig_free(r);
}

static void version_2_repeats_its_report_within_ten_seconds_and_leaves_once(void)
{
	struct rig *r = begin();
	ns_t again;

	query(r, QUERY_2);
	join(r, 1);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	again = net_deadline(r->net);
	CU_ASSERT(again > r->now && again <= r->now + 10 * NS_PER_S);
	rig_tick(r, again);
	CU_ASSERT_EQUAL(sent_type(r, 0), IGMP_REPORT_2);
	leave(r, 1);
	CU_ASSERT_EQUAL(r->tx.count, 2);
	CU_ASSERT_EQUAL(sent_type(r, 1), IGMP_LEAVE);
	CU_ASSERT_EQUAL(r->net->groups.count, 0);
	rig_free(r);
}

static void another_members_report_is_enough_for_version_2(void)
{
	struct rig *r = begin();
	struct rig_frame report = rig_igmp_frame(group(1), "1600 0000 ef010001");

	join(r, 1);
	join(r, 2);
	settle(r);
	query(r, QUERY_2);
	CU_ASSERT_EQUAL(rig_input(r, &report), NET_HANDLED);
	rig_tick(r, r->now + 10 * NS_PER_S);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	CU_ASSERT_EQUAL(r->tx.frames[0].bytes[45], 2); /* for the other group */
	rig_free(r);
	r = begin();
	join(r, 1);
	settle(r);
	query(r, "110a 0000 ef010001 02 7d 0000"); /* but not for version 3 */
	CU_ASSERT_EQUAL(rig_input(r, &report), NET_HANDLED);
	rig_tick_due(r);
	CU_ASSERT_EQUAL(sent_type(r, 0), IGMP_REPORT_3);
	rig_free(r);
}

/* RFC 2236 section 3: a running delay is shortened by a more urgent query and never prolonged. */
static void version_2_answers_the_more_urgent_query_in_time(void)
{
	struct rig *r = begin();

	join(r, 1);
	settle(r);
	query(r, "11ff 0000 00000000");
	query(r, "1101 0000 ef010001");
	CU_ASSERT(net_deadline(r->net) <= r->now + NS_PER_S / 10);
	query(r, "11ff 0000 00000000");
	rig_tick(r, r->now + NS_PER_S / 10);
	CU_ASSERT_EQUAL(r->tx.count, 1);
	rig_free(r);
}

static void as_many_groups_as_promised_can_be_joined(void)
{
	struct rig *r = begin();
	struct ip_addr one_more = group(500), none = { 0 }, unicast = RIG_PEER4;

	for (uint32_t i = 0; i < GROUPS_ALL; i++) {
		r->tx.count = 0;
		join(r, i);
	}
	CU_ASSERT_FALSE(net_join(r->net, &one_more, r->now, &r->tx));
	leave(r, 3);
	CU_ASSERT(net_join(r->net, &one_more, r->now, &r->tx)); /* what is left is no longer in the way */
	CU_ASSERT(net_membership_has(r->net, &one_more));
	CU_ASSERT_FALSE(net_join(r->net, &unicast, r->now, &r->tx));
	CU_ASSERT_FALSE(net_join(r->net, &none, r->now, &r->tx));
	net_leave(r->net, &none, r->now, &r->tx);
	for (uint32_t i = 0; i < GROUPS_ALL; i++) {
		struct ip_addr ip = group(i);

		CU_ASSERT_EQUAL(net_membership_has(r->net, &ip), i != 3);
	}
	rig_free(r);
}

/* A report has at most MEMBERSHIP_RECORDS, so that it fits any MTU. */
static void many_groups_are_reported_in_several_lists(void)
{
	struct rig *r = begin();

	for (uint32_t i = 0; i < NET_GROUPS_MAX; i++) {
		r->tx.count = 0;
		join(r, i);
	}
	settle(r);
	query(r, QUERY_3);
	rig_tick_due(r);
	CU_ASSERT_EQUAL(r->tx.count, 2);
	CU_ASSERT_EQUAL(r->tx.frames[0].bytes[45], MEMBERSHIP_RECORDS);
	CU_ASSERT_EQUAL(r->tx.frames[1].bytes[45], MEMBERSHIP_RECORDS);
	CU_ASSERT_EQUAL(r->tx.frames[0].len, 14 + 24 + 8 + 8 * MEMBERSHIP_RECORDS);
	rig_free(r);
}

static void what_finds_no_room_is_said_a_millisecond_later(void)
{
	struct rig *r = begin();
	uint32_t reports;

	for (int version = 2; version <= 3; version++) {
		if (version == 2)
			query(r, QUERY_2);
		r->tx.count = NET_OUT_FRAMES;
		join(r, (uint32_t)version);
		CU_ASSERT_EQUAL(net_deadline(r->net), r->now + NS_PER_MS);
		rig_tick_due(r);
		CU_ASSERT_EQUAL(r->tx.count, 1);
		rig_free(r);
		r = begin();
	}
	query(r, QUERY_2); /* more groups than frames */
	for (uint32_t i = 0; i < NET_GROUPS_MAX; i++) {
		r->tx.count = 0;
		join(r, i);
	}
	settle(r);
	query(r, QUERY_2);
	rig_tick(r, r->now + 10 * NS_PER_S);
	reports = r->tx.count;
	CU_ASSERT_EQUAL(reports, NET_OUT_FRAMES);
	rig_tick_due(r);
	CU_ASSERT_EQUAL(reports + r->tx.count, NET_GROUPS_MAX);
	CU_ASSERT_EQUAL(r->tx.dropped, 0);
	rig_free(r);
}

static const struct suite_test tests[] = {
	SUITE_TEST(joining_is_reported_at_once_and_again_within_a_second),
	SUITE_TEST(leaving_is_reported_at_once_and_again_within_a_second),
	SUITE_TEST(members_are_counted_and_only_the_first_and_the_last_are_reported),
	SUITE_TEST(a_group_joined_again_while_its_leaving_is_told_is_a_member),
	SUITE_TEST(a_general_query_is_answered_once_for_all_groups),
	SUITE_TEST(a_query_about_one_group_is_answered_for_it_alone),
	SUITE_TEST(the_group_of_all_systems_is_never_reported),
	SUITE_TEST(the_querier_says_how_often_a_change_is_repeated),
	SUITE_TEST(an_older_querier_is_obeyed_until_it_has_been_silent_for_long),
	SUITE_TEST(version_2_repeats_its_report_within_ten_seconds_and_leaves_once),
	SUITE_TEST(another_members_report_is_enough_for_version_2),
	SUITE_TEST(version_2_answers_the_more_urgent_query_in_time),
	SUITE_TEST(as_many_groups_as_promised_can_be_joined),
	SUITE_TEST(many_groups_are_reported_in_several_lists),
	SUITE_TEST(what_finds_no_room_is_said_a_millisecond_later),
};

SUITE_MAIN("net/membership", tests)
