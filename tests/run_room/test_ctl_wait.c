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
}

static void joined_without_multicast(void)
{
	begin(LANE_RUNNING);
	came(LANE_COUNT_joins);
	at(0);
	CU_ASSERT_EQUAL(at(3), CTL_WAIT_MULTICAST);
	came(LANE_COUNT_joins); /* not even the JOIN is answered */
	CU_ASSERT_EQUAL(at(4), CTL_WAIT_SILENCE);
}

/* The server's JOINACKs and POLLs come, and no protocol timer runs out. */
static void without_multicast_there_is_a_limit(void)
{
	begin(LANE_RUNNING);
	at(0);
	at(29);
	CU_ASSERT_FALSE(ctl_wait_in_vain(&wait, 30 * NS_PER_S, 129 * NS_PER_S));
	CU_ASSERT(ctl_wait_in_vain(&wait, 30 * NS_PER_S, 130 * NS_PER_S));
	came(LANE_COUNT_by_multicast);
	at(30);
	CU_ASSERT_FALSE(ctl_wait_in_vain(&wait, 30 * NS_PER_S, 200 * NS_PER_S));
	begin(LANE_INITIATING);
	at(0);
	CU_ASSERT_FALSE(ctl_wait_in_vain(&wait, 30 * NS_PER_S, 200 * NS_PER_S));
}

static void silence_after_blocks(void)
{
	begin(LANE_RUNNING);
	at(0);
	came(LANE_COUNT_blocks);
	came(LANE_COUNT_by_multicast);
	CU_ASSERT_EQUAL(at(1), CTL_WAIT_NOT);
	CU_ASSERT_EQUAL(at(3), CTL_WAIT_NOT);
	CU_ASSERT_EQUAL(at(4), CTL_WAIT_SILENCE);
	came(LANE_COUNT_by_multicast);
	CU_ASSERT_EQUAL(at(5), CTL_WAIT_OTHERS); /* packets, but nothing new */
	came(LANE_COUNT_blocks);
	CU_ASSERT_EQUAL(at(6), CTL_WAIT_NOT);
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
	struct endpoint server = { ip4_of(10, 0, 0, 1), 5041 };
	char text[256];

	for (enum ctl_wait_reason r = CTL_WAIT_NOT; r <= CTL_WAIT_CONSUMER; r++) {
		ctl_wait_text(r, &server, "eth0", text, sizeof(text));
		CU_ASSERT_EQUAL(text[0] == '\0', r == CTL_WAIT_NOT);
		CU_ASSERT_PTR_NULL(strchr(text, '\n'));
		CU_ASSERT(strlen(text) < 190); /* with the time-out before it, it fits a session's line */
	}
}

static const struct suite_test tests[] = {
	SUITE_TEST(nothing_is_said_for_three_seconds),
	SUITE_TEST(a_server_without_a_path_is_no_neighbour),
	SUITE_TEST(joined_without_multicast),
	SUITE_TEST(without_multicast_there_is_a_limit),
	SUITE_TEST(silence_after_blocks),
	SUITE_TEST(a_callback_that_does_not_return_is_seen_from_outside),
	SUITE_TEST(the_reason_outlives_the_end),
	SUITE_TEST(each_reason_is_one_line),
};
SUITE_MAIN("run/ctl_wait", tests)
