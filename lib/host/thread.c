/* Threads, locks, the bell and the clock. */
#include <errno.h>
#include <linux/futex.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/random.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"

enum {
	CPUS_MAX = 8192,      /* CONFIG_NR_CPUS of the largest kernels */
	TIMER_SLACK_NS = 1000 /* a nap of 20 us is to last 20 us: the kernel's default slack alone is 50 */
};

static struct timespec timespec_of(ns_t t)
{
	return (struct timespec){ (time_t)(t / NS_PER_S), (long)(t % NS_PER_S) };
}

ns_t host_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return (ns_t)t.tv_sec * NS_PER_S + (ns_t)t.tv_nsec;
}

void host_nap(ns_t ns)
{
	struct timespec t = timespec_of(ns);

	clock_nanosleep(CLOCK_MONOTONIC, 0, &t, NULL);
}

uint64_t host_random(void)
{
	uint64_t r;

	if (getrandom(&r, sizeof(r), 0) != sizeof(r))
		r = host_now() ^ (uint64_t)getpid() << 40;
	return r;
}

struct host_thread {
	pthread_t id;
	char name[16];
	void (*run)(void *);
	void *arg;
};

static void *thread_main(void *arg)
{
	struct host_thread *t = arg;

	pthread_setname_np(pthread_self(), t->name);
	prctl(PR_SET_TIMERSLACK, TIMER_SLACK_NS, 0, 0, 0);
	t->run(t->arg);
	return NULL;
}

static bool pin(pthread_attr_t *attr, int core)
{
	size_t bytes = CPU_ALLOC_SIZE(CPUS_MAX);
	cpu_set_t *set;
	bool ok;

	if (core < 0)
		return true;
	set = CPU_ALLOC(CPUS_MAX);
	if (set == NULL)
		return false;
	CPU_ZERO_S(bytes, set);
	CPU_SET_S((size_t)core, bytes, set);
	ok = core < CPUS_MAX && pthread_attr_setaffinity_np(attr, bytes, set) == 0;
	CPU_FREE(set);
	return ok;
}

/*
 * The new thread inherits the mask of signals: so they are blocked before it is there. Not SIGSYS, by which programs,
 * libpsx and ours, tell each thread to give up its privileges.
 */
static bool create(struct host_thread *t, int core)
{
	sigset_t all, before;
	pthread_attr_t attr;
	bool ok;

	pthread_attr_init(&attr);
	sigfillset(&all);
	sigdelset(&all, SIGSYS);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	ok = pin(&attr, core) && pthread_create(&t->id, &attr, thread_main, t) == 0;
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	return ok;
}

struct host_thread *host_thread_start(const char *name, int core, void (*run)(void *), void *arg)
{
	struct host_thread *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	snprintf(t->name, sizeof(t->name), "%s", name);
	t->run = run;
	t->arg = arg;
	if (!create(t, core)) {
		free(t);
		return NULL;
	}
	return t;
}

void host_thread_join(struct host_thread *t)
{
	pthread_join(t->id, NULL);
	free(t);
}

static pthread_key_t end_key;
static pthread_once_t end_once = PTHREAD_ONCE_INIT;

static void call_end(void *end)
{
	((void (*)(void))(uintptr_t)end)();
}

static void make_end_key(void)
{
	if (pthread_key_create(&end_key, call_end) != 0)
		abort();
}

void host_thread_at_end(void (*end)(void))
{
	pthread_once(&end_once, make_end_key);
	pthread_setspecific(end_key, (void *)(uintptr_t)end);
}

uintptr_t host_thread_self(void)
{
	return (uintptr_t)pthread_self();
}

unsigned host_cores(int *cores, unsigned max)
{
	size_t bytes = CPU_ALLOC_SIZE(CPUS_MAX);
	cpu_set_t *set = CPU_ALLOC(CPUS_MAX);
	unsigned n = 0;

	if (set == NULL || sched_getaffinity(0, bytes, set) != 0) {
		CPU_FREE(set);
		return 0;
	}
	for (int i = 0; i < CPUS_MAX && n < max; i++)
		if (CPU_ISSET_S((size_t)i, bytes, set))
			cores[n++] = i;
	CPU_FREE(set);
	return n;
}

struct host_mutex {
	pthread_mutex_t mutex;
};

struct host_mutex *host_mutex_new(void)
{
	struct host_mutex *m = malloc(sizeof(*m));

	if (m != NULL)
		pthread_mutex_init(&m->mutex, NULL);
	return m;
}

void host_mutex_free(struct host_mutex *m)
{
	if (m == NULL)
		return;
	pthread_mutex_destroy(&m->mutex);
	free(m);
}

void host_lock(struct host_mutex *m)
{
	pthread_mutex_lock(&m->mutex);
}

void host_unlock(struct host_mutex *m)
{
	pthread_mutex_unlock(&m->mutex);
}

struct host_cond {
	pthread_cond_t cond;
};

struct host_cond *host_cond_new(void)
{
	struct host_cond *c = malloc(sizeof(*c));
	pthread_condattr_t attr;

	if (c == NULL)
		return NULL;
	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&c->cond, &attr);
	pthread_condattr_destroy(&attr);
	return c;
}

void host_cond_free(struct host_cond *c)
{
	if (c == NULL)
		return;
	pthread_cond_destroy(&c->cond);
	free(c);
}

bool host_cond_wait(struct host_cond *c, struct host_mutex *m, ns_t deadline)
{
	struct timespec t = timespec_of(deadline);

	if (deadline == NS_NEVER)
		return pthread_cond_wait(&c->cond, &m->mutex) == 0;
	return pthread_cond_timedwait(&c->cond, &m->mutex, &t) == 0;
}

void host_cond_broadcast(struct host_cond *c)
{
	pthread_cond_broadcast(&c->cond);
}

/*
 * Sleeper: arm, look at the work, wait or disarm. Waker: publish work, ring. Both change `state` only by
 * exchanges, so one of the two comes first (B1, B2): either the ring finds the bell armed and wakes the
 * sleeper, or arming reads what the ring wrote and the look that follows sees the work.
 */
enum { BELL_AWAKE, BELL_ASLEEP, BELL_RUNG };

void host_bell_init(struct host_bell *b)
{
	atomic_init(&b->state, BELL_AWAKE);
}

void host_bell_arm(struct host_bell *b)
{
	atomic_exchange_explicit(&b->state, BELL_ASLEEP, memory_order_acq_rel); /* B1 */
}

void host_bell_disarm(struct host_bell *b)
{
	/* An exchange, not a store: a ring in between stays ordered before the sleeper's next look. */
	atomic_exchange_explicit(&b->state, BELL_AWAKE, memory_order_acq_rel);
}

void host_bell_wait(struct host_bell *b, ns_t deadline)
{
	struct timespec t = timespec_of(deadline);

	while (atomic_load_explicit(&b->state, memory_order_relaxed) == BELL_ASLEEP) {
		if (syscall(SYS_futex, &b->state, FUTEX_WAIT_BITSET_PRIVATE, BELL_ASLEEP,
		            deadline == NS_NEVER ? NULL : &t, NULL, FUTEX_BITSET_MATCH_ANY) != 0 &&
		    errno == ETIMEDOUT)
			break;
	}
	host_bell_disarm(b);
}

void host_bell_ring(struct host_bell *b)
{
	if (atomic_exchange_explicit(&b->state, BELL_RUNG, memory_order_acq_rel) == BELL_ASLEEP) /* B2 */
		syscall(SYS_futex, &b->state, FUTEX_WAKE_PRIVATE, 1, NULL, NULL, 0);
}
