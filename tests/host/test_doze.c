#include <unistd.h>

#include "host/host.h"
#include "support/suite.h"

#define LONG_NS (60 * NS_PER_S) /* not reached: the machine may be slow, not that slow */

struct pair {
	struct host_doze doze;
	_Atomic uint32_t asked, answered;
};

static void answer(void *arg)
{
	struct pair *p = arg;

	for (uint32_t seen = 0; seen < 1000;) {
		host_doze_arm(&p->doze);
		if (p->asked == seen)
			host_doze_wait(&p->doze, -1, host_now() + LONG_NS);
		else
			host_doze_disarm(&p->doze);
		seen = p->asked;
		p->answered = seen;
	}
}

/* However the two fall together: a lost one would hold this up for a minute. */
static void no_word_is_lost(void)
{
	struct pair p = { .asked = 0 };
	ns_t begun = host_now();
	struct host_thread *t;

	CU_ASSERT_FATAL(host_doze_open(&p.doze));
	t = host_thread_start("doze", -1, answer, &p);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (uint32_t i = 1; i <= 1000; i++) {
		p.asked = i;
		host_doze_wake(&p.doze);
		while (p.answered != i)
			host_nap(NS_PER_US);
	}
	host_thread_join(t);
	CU_ASSERT(host_now() - begun < LONG_NS);
	host_doze_close(&p.doze);
}

static void it_ends_when_the_descriptor_can_be_read(void)
{
	ns_t begun = host_now();
	struct host_doze d;
	int ends[2];

	CU_ASSERT_FATAL(host_doze_open(&d));
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	CU_ASSERT_EQUAL(write(ends[1], "x", 1), 1);
	host_doze_arm(&d);
	host_doze_wait(&d, ends[0], begun + LONG_NS);
	CU_ASSERT(host_now() - begun < LONG_NS);
	close(ends[0]);
	close(ends[1]);
	host_doze_close(&d);
}

static void it_ends_at_the_deadline(void)
{
	ns_t begun = host_now();
	struct host_doze d;

	CU_ASSERT_FATAL(host_doze_open(&d));
	host_doze_arm(&d);
	host_doze_wait(&d, -1, begun + 2 * NS_PER_MS);
	CU_ASSERT(host_now() - begun >= 2 * NS_PER_MS);
	host_doze_wait(&d, -1, begun); /* past already */
	host_doze_close(&d);
}

static const struct suite_test tests[] = {
	SUITE_TEST(no_word_is_lost),
	SUITE_TEST(it_ends_when_the_descriptor_can_be_read),
	SUITE_TEST(it_ends_at_the_deadline),
};
SUITE_MAIN("host/doze", tests)
