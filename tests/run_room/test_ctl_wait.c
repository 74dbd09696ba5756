/* What a session waits for is told by what its counters did last. */
#include "run/ctl_wait.h"
#include "support/suite.h"

#include <string.h>

static struct lane lane;
static struct rx rx;
static struct ctl_wait wait;

static void begin(enum lane_phase phase)
{
	memset(&lane, 0, sizeof(lane));
	memset(&rx, 0, sizeof(rx));
	memset(&wait, 0, sizeof(wait));
	lane.phase = phase;
}

static void came(enum lane_counter c)
{
	lane.counters[c]++;
}

/* The control thread's turn at this second, and what it then tells. */
static enum ctl_wait_reason at(unsigned second)
{
	ns_t now = (100 + second) * NS_PER_S;

	ctl_wait_watch(&wait, &lane, &rx, now);
	return ctl_wait_reason(&wait, now);
}

/* Seconds, of limits of 30 and 300. */
static unsigned wait_in_vain(unsigned second)
{
	return (unsigned)(ctl_wait_in_vain(&wait, 30 * NS_PER_S, 300 * NS_PER_S, (100 + second) * NS_PER_S) / NS_PER_S);
}

static void nothing_is_said_for_three_seconds(void)
{
	begin(LANE_INITIATING);
	CU_ASSERT_EQUAL(at(0), CTL_WAIT_NOT);
	CU_ASSERT_EQUAL(at(2), CTL_WAIT_NOT);
	CU_ASSERT_EQUAL(at(3), CTL_WAIT_ANSWER);
}

static void a_server_without_a_path_is_no_neighbour(void)
{
	begin(LANE_INITIATING);
	for (unsigned s = 0; s < 4; s++) {
		rx.counters[RX_COUNT_no_path]++;
		CU_ASSERT_EQUAL(at(s), s < 3 ? CTL_WAIT_NOT : CTL_WAIT_NEIGHBOUR);
	}
	CU_ASSERT_EQUAL(at(6), CTL_WAIT_ANSWER); /* it has a path again */
	wait.no_neighbour = true; /* as the kernel says */
	CU_ASSERT_EQUAL(at(7), CTL_WAIT_NEIGHBOUR);
}

/* The lane's offer is answered at that second. */
static void join(unsigned second, uint64_t blocks)
{
	struct client_offer offer = { .server = { ip4_of(10, 0, 0, 1), 64007 }, .total_blocks = blocks };

	begin(LANE_RUNNING);
	ctl_wait_joining(&wait, &offer, (100 + second) * NS_PER_S);
}

static void joined(void)
{
	join(0, 10);
	came(LANE_COUNT_joins);
	came(LANE_COUNT_joinacks);
}

static void joined_without_multicast(void)
{
	joined();
	at(0);
	CU_ASSERT_EQUAL(at(3), CTL_WAIT_MULTICAST);
	came(LANE_COUNT_joins); /* again, and it is answered, if not at once */
	CU_ASSERT_EQUAL(at(4), CTL_WAIT_MULTICAST);
	came(LANE_COUNT_joinacks);
	CU_ASSERT_EQUAL(at(5), CTL_WAIT_MULTICAST);
	for (unsigned i = 0; i < 3; i++)
		came(LANE_COUNT_joins); /* not even the JOINs are answered any more */
	CU_ASSERT_EQUAL(at(6), CTL_WAIT_SILENCE);
}

/* Whatever comes by multicast, as to others of a full session. */
static void joins_that_nobody_answers(void)
{
	char text[256];
	const struct ip_addr ip = ip4_of(10, 0, 0, 1);

	join(0, 10);
	for (unsigned s = 0; s < 4; s++) {
		came(LANE_COUNT_joins);
		CU_ASSERT_EQUAL(at(s), s < 3 ? CTL_WAIT_NOT : CTL_WAIT_JOIN);
	}
	ctl_wait_text(&wait, CTL_WAIT_JOIN, &ip, 5041, "eth0", text, sizeof(text));
	CU_ASSERT_PTR_NOT_NULL(strstr(text, "10.0.0.1 answers requests, but not JOINs to UDP port 64007: a firewall"));
	CU_ASSERT_EQUAL(wait_in_vain(29), 0);
	CU_ASSERT_EQUAL(wait_in_vain(30), 30);
	CU_ASSERT_EQUAL(wait.last, CTL_WAIT_JOIN);
	came(LANE_COUNT_by_multicast);
	CU_ASSERT_EQUAL(at(31), CTL_WAIT_JOIN);
}

/* After a move it is the new session's JOINs that count. */
static void joins_of_a_lower_stream(void)
{
	struct client_offer lower = { .server = { ip4_of(10, 0, 0, 1), 64008 }, .total_blocks = 10 };

	joined();
	came(LANE_COUNT_by_multicast);
	at(0);
	ctl_wait_joining(&wait, &lower, 101 * NS_PER_S);
	came(LANE_COUNT_joins);
	CU_ASSERT_EQUAL(at(4), CTL_WAIT_JOIN);
	came(LANE_COUNT_joinacks);
	came(LANE_COUNT_by_multicast);
	CU_ASSERT_EQUAL(at(5), CTL_WAIT_SERVER);
}

/* The server's JOINACKs and POLLs come, and no protocol timer runs out. */
static void without_multicast_there_is_a_limit(void)
{
	joined();
	at(0);
	at(29);
	CU_ASSERT_EQUAL(wait_in_vain(29), 0);
	CU_ASSERT_EQUAL(wait_in_vain(30), 30);
	CU_ASSERT_EQUAL(wait.last, CTL_WAIT_MULTICAST);
	came(LANE_COUNT_by_multicast);
	at(30);
	CU_ASSERT_EQUAL(wait_in_vain(100), 0);
	begin(LANE_INITIATING);
	at(0);
	CU_ASSERT_EQUAL(wait_in_vain(1000), 0);
}

static void silence_after_blocks(void)
{
	joined();
	at(0);
	came(LANE_COUNT_blocks);
	came(LANE_COUNT_odata);
	came(LANE_COUNT_by_multicast);
	CU_ASSERT_EQUAL(at(1), CTL_WAIT_NOT);
	CU_ASSERT_EQUAL(at(3), CTL_WAIT_NOT);
	CU_ASSERT_EQUAL(at(4), CTL_WAIT_SILENCE);
	came(LANE_COUNT_by_multicast);
	CU_ASSERT_EQUAL(at(5), CTL_WAIT_SERVER); /* packets, but no data */
	came(LANE_COUNT_by_multicast);
	came(LANE_COUNT_odata);
	CU_ASSERT_EQUAL(at(6), CTL_WAIT_OTHERS); /* data, but nothing new */
	came(LANE_COUNT_blocks);
	CU_ASSERT_EQUAL(at(7), CTL_WAIT_NOT);
	ctl_wait_silent(&wait); /* a limit of less than three seconds */
	CU_ASSERT_EQUAL(wait.last, CTL_WAIT_SILENCE);
}

/* SPMs and POLLs keep the protocol's timer from running out. */
static void a_server_that_sends_no_data_has_a_limit(void)
{
	joined();
	came(LANE_COUNT_odata);
	for (unsigned s = 0; s < 299; s++) {
		came(LANE_COUNT_by_multicast);
		at(s);
		CU_ASSERT_EQUAL(wait_in_vain(s), 0);
	}
	CU_ASSERT_EQUAL(wait_in_vain(300), 300);
	CU_ASSERT_EQUAL(wait.last, CTL_WAIT_SERVER);
}

/* Others are served, however long: but a server that repeats all of it, again and again, will not serve us. */
static void data_for_others_has_a_limit_of_its_own(void)
{
	unsigned s;

	joined();
	came(LANE_COUNT_by_multicast);
	at(0);
	for (s = 1; s <= 400; s++) {
		came(LANE_COUNT_by_multicast);
		lane.counters[LANE_COUNT_rdata] += s % 4 == 0; /* 10 times the content of 10 blocks */
		at(s);
		CU_ASSERT_EQUAL(wait_in_vain(s), 0);
	}
	for (; s <= 500; s++) {
		lane.counters[LANE_COUNT_rdata]++;
		at(s);
	}
	CU_ASSERT_EQUAL(wait_in_vain(s), 300);
	CU_ASSERT_EQUAL(wait.last, CTL_WAIT_OTHERS);
	came(LANE_COUNT_blocks);
	at(s);
	CU_ASSERT_EQUAL(wait_in_vain(s), 0);
}

/* A pipe may be paused for a day: whether its callback does not return or has kept all room. */
static void what_our_own_consumer_takes_is_not_counted(void)
{
	joined();
	came(LANE_COUNT_by_multicast);
	at(0);
	lane.clogged = true;
	for (unsigned s = 1; s < 1000; s++) {
		came(LANE_COUNT_by_multicast);
		CU_ASSERT_EQUAL(at(s), s < 3 ? CTL_WAIT_NOT : CTL_WAIT_CONSUMER);
		CU_ASSERT_EQUAL(wait_in_vain(s), 0);
	}
	lane.clogged = false;
	at(1299);
	came(LANE_COUNT_by_multicast);
	at(90000); /* out of a callback */
	CU_ASSERT_EQUAL(wait_in_vain(90000), 0);
	at(90001);
	CU_ASSERT_EQUAL(wait_in_vain(90299), 0);
	CU_ASSERT_EQUAL(wait_in_vain(90300), 300);
}

static void a_callback_that_does_not_return_is_seen_from_outside(void)
{
	begin(LANE_RUNNING);
	at(0);
	CU_ASSERT_EQUAL(ctl_wait_reason(&wait, 104 * NS_PER_S), CTL_WAIT_NOT);
	CU_ASSERT_EQUAL(ctl_wait_reason(&wait, 105 * NS_PER_S), CTL_WAIT_CONSUMER);
}

static void the_reason_outlives_the_end(void)
{
	begin(LANE_INITIATING);
	at(0);
	at(3);
	lane.phase = LANE_FINISHED;
	at(4);
	CU_ASSERT_EQUAL(wait.last, CTL_WAIT_ANSWER);
}

static void each_reason_is_one_line(void)
{
	const struct ip_addr server = ip4_of(10, 0, 0, 1);
	char text[256];

	for (enum ctl_wait_reason r = CTL_WAIT_NOT; r <= CTL_WAIT_CONSUMER; r++) {
		ctl_wait_text(&wait, r, &server, 5041, "eth0", text, sizeof(text));
		CU_ASSERT_EQUAL(text[0] == '\0', r == CTL_WAIT_NOT);
		CU_ASSERT_PTR_NULL(strchr(text, '\n'));
		CU_ASSERT(strlen(text) < 190); /* with the time-out before it, it fits a session's line */
	}
}

static const struct suite_test tests[] = {
	SUITE_TEST(nothing_is_said_for_three_seconds),
	SUITE_TEST(a_server_without_a_path_is_no_neighbour),
	SUITE_TEST(joined_without_multicast),
	SUITE_TEST(joins_that_nobody_answers),
	SUITE_TEST(joins_of_a_lower_stream),
	SUITE_TEST(a_server_that_sends_no_data_has_a_limit),
	SUITE_TEST(data_for_others_has_a_limit_of_its_own),
	SUITE_TEST(what_our_own_consumer_takes_is_not_counted),
	SUITE_TEST(without_multicast_there_is_a_limit),
	SUITE_TEST(silence_after_blocks),
	SUITE_TEST(a_callback_that_does_not_return_is_seen_from_outside),
	SUITE_TEST(the_reason_outlives_the_end),
	SUITE_TEST(each_reason_is_one_line),
};
SUITE_MAIN("run/ctl_wait", tests)
