#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <string.h>
#include <sys/prctl.h>

#include "host/host.h"
#include "support/suite.h"

enum { ROUNDS = 20000 };

struct seen {
	int core;
	char name[16];
	bool blocked, gives_up; /* lets SIGSYS through */
	uintptr_t self;
};

static void look(void *arg)
{
	struct seen *seen = arg;
	sigset_t set;

	seen->core = sched_getcpu();
	prctl(PR_GET_NAME, seen->name);
	pthread_sigmask(SIG_SETMASK, NULL, &set);
	seen->blocked = sigismember(&set, SIGINT) && sigismember(&set, SIGTERM);
	seen->gives_up = !sigismember(&set, SIGSYS);
	seen->self = host_thread_self();
}

static void a_thread_runs_on_its_core_with_its_name_and_no_signals(void)
{
	int cores[1024];
	unsigned n = host_cores(cores, 1024);
	struct host_thread *t;
	struct seen seen;
	sigset_t before, after;

	CU_ASSERT_FATAL(n > 0);
	pthread_sigmask(SIG_SETMASK, NULL, &before);
	t = host_thread_start("wds-worker-with-a-name", cores[n - 1], look, &seen);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	host_thread_join(t);
	pthread_sigmask(SIG_SETMASK, NULL, &after);
	CU_ASSERT_EQUAL(seen.core, cores[n - 1]);
	CU_ASSERT_STRING_EQUAL(seen.name, "wds-worker-with");
	CU_ASSERT(seen.blocked);
	CU_ASSERT(seen.gives_up);
	CU_ASSERT(seen.self != 0 && seen.self != host_thread_self());
	CU_ASSERT_EQUAL(sigismember(&after, SIGINT), sigismember(&before, SIGINT));
}

static void a_core_that_does_not_exist_is_refused(void)
{
	struct seen seen;

	CU_ASSERT_PTR_NULL(host_thread_start("none", 8191, look, &seen));
	CU_ASSERT_PTR_NULL(host_thread_start("none", 100000, look, &seen));
}

static void cores_are_no_more_than_asked_for(void)
{
	int core = -1;

	CU_ASSERT_EQUAL(host_cores(&core, 1), 1);
	CU_ASSERT(core >= 0);
}

static _Atomic unsigned ended;

static void count_end(void)
{
	ended++;
}

static void ask_for_end(void *arg)
{
	(void)arg;
	host_thread_at_end(count_end);
}

static void a_thread_that_asked_for_it_is_told_at_its_end(void)
{
	struct host_thread *t = host_thread_start("end", -1, ask_for_end, NULL);

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	host_thread_join(t);
	CU_ASSERT_EQUAL(ended, 1);
}

struct gate {
	struct host_mutex *mutex;
	struct host_cond *cond;
	bool open;
};

static void open_gate(void *arg)
{
	struct gate *gate = arg;

	host_lock(gate->mutex);
	gate->open = true;
	host_cond_broadcast(gate->cond);
	host_unlock(gate->mutex);
}

static void a_condition_wakes_and_a_deadline_ends_the_wait(void)
{
	struct gate gate = { host_mutex_new(), host_cond_new(), false };
	struct host_thread *t;
	ns_t deadline;

	host_lock(gate.mutex);
	deadline = host_now() + 5 * NS_PER_MS;
	while (host_cond_wait(gate.cond, gate.mutex, deadline))
		;
	CU_ASSERT(host_now() >= deadline);
	t = host_thread_start("gate", -1, open_gate, &gate);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	while (!gate.open)
		CU_ASSERT(host_cond_wait(gate.cond, gate.mutex, NS_NEVER));
	host_unlock(gate.mutex);
	host_thread_join(t);
	host_cond_free(gate.cond);
	host_mutex_free(gate.mutex);
}

struct bells {
	struct host_bell there, back;
	_Atomic uint32_t asked, answered;
};

static void sleep_until(struct host_bell *b, _Atomic uint32_t *value, uint32_t at_least)
{
	while (atomic_load_explicit(value, memory_order_relaxed) < at_least) {
		host_bell_arm(b);
		if (atomic_load_explicit(value, memory_order_relaxed) < at_least)
			host_bell_wait(b, NS_NEVER);
		else
			host_bell_disarm(b);
	}
}

static void answer(void *arg)
{
	struct bells *bells = arg;

	for (uint32_t i = 1; i <= ROUNDS; i++) {
		sleep_until(&bells->there, &bells->asked, i);
		atomic_store_explicit(&bells->answered, i, memory_order_relaxed);
		host_bell_ring(&bells->back);
	}
}

/* A single lost wake-up and this never ends. */
static void no_ring_of_a_bell_is_lost(void)
{
	static struct bells bells;
	struct host_thread *t;

	host_bell_init(&bells.there);
	host_bell_init(&bells.back);
	t = host_thread_start("bell", -1, answer, &bells);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	for (uint32_t i = 1; i <= ROUNDS; i++) {
		atomic_store_explicit(&bells.asked, i, memory_order_relaxed);
		host_bell_ring(&bells.there);
		sleep_until(&bells.back, &bells.answered, i);
	}
	host_thread_join(t);
	CU_ASSERT_EQUAL(bells.answered, ROUNDS);
}

struct handover {
	struct host_bell bell;
	unsigned payload[64]; /* not atomic: under TSan this is the proof of the bell's orderings */
};

static void fill(void *arg)
{
	struct handover *h = arg;

	for (unsigned i = 0; i < 64; i++)
		h->payload[i] = i;
	host_bell_ring(&h->bell);
}

static void what_was_written_before_the_ring_is_seen_after_the_wait(void)
{
	static struct handover h;
	struct host_thread *t;

	host_bell_init(&h.bell);
	host_bell_arm(&h.bell);
	t = host_thread_start("fill", -1, fill, &h);
	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	host_bell_wait(&h.bell, NS_NEVER);
	CU_ASSERT_EQUAL(h.payload[63], 63);
	host_thread_join(t);
}

static void a_bell_nobody_rings_wakes_at_its_deadline(void)
{
	struct host_bell b;
	ns_t deadline = host_now() + 3 * NS_PER_MS;

	host_bell_init(&b);
	host_bell_arm(&b);
	host_bell_wait(&b, deadline);
	CU_ASSERT(host_now() >= deadline);
	host_bell_arm(&b);
	host_bell_ring(&b);
	host_bell_wait(&b, NS_NEVER); /* rung already: no sleep */
}

static void time_goes_on_and_seeds_differ(void)
{
	ns_t before = host_now();

	host_nap(NS_PER_MS);
	CU_ASSERT(host_now() >= before + NS_PER_MS);
	CU_ASSERT_NOT_EQUAL(host_random(), host_random());
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_thread_runs_on_its_core_with_its_name_and_no_signals),
	SUITE_TEST(a_core_that_does_not_exist_is_refused),
	SUITE_TEST(cores_are_no_more_than_asked_for),
	SUITE_TEST(a_thread_that_asked_for_it_is_told_at_its_end),
	SUITE_TEST(a_condition_wakes_and_a_deadline_ends_the_wait),
	SUITE_TEST(no_ring_of_a_bell_is_lost),
	SUITE_TEST(what_was_written_before_the_ring_is_seen_after_the_wait),
	SUITE_TEST(a_bell_nobody_rings_wakes_at_its_deadline),
	SUITE_TEST(time_goes_on_and_seeds_differ),
};
SUITE_MAIN("host/thread", tests)
