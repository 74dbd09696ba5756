/*
 * 64 sessions at a time, each with habits of its own: held and referenced buffers, slow callbacks,
 * cancels and closes at any moment, from any thread. Afterwards nothing is left. Made for sanitizers.
 */
#include <dirent.h>
#include <stdlib.h>

#include "api/state.h"
#include "api/world.h"
#include "base/rng.h"

enum { SESSIONS = 64, OBJECT_BYTES = 200000, LINGER_TURNS = 200, STUCK_TURNS = 60000 };

struct habit {
	struct consumer *consumer;
	struct host_thread *thread;
	struct rng rng;
	ns_t slowness;    /* of a callback now and then */
	bool cancels, closes_early, shut, stuck;
};

static unsigned entries_of(const char *folder)
{
	DIR *d = opendir(folder);
	unsigned n = 0;

	while (readdir(d) != NULL)
		n++;
	closedir(d);
	return n;
}

static void dawdle(struct consumer *c)
{
	struct habit *h = c->arg;

	if (c->contents % 16 == 0)
		host_nap(h->slowness);
}

/* A session that is closed and over does not know its handle any more; its buffers it knows. */
static void give_back(struct consumer *c)
{
	host_lock(c->lock);
	for (unsigned i = 0; i < c->held_count; i++) {
		ULARGE_INTEGER at = { .QuadPart = c->held[i].offset };

		WdsTransportClientCompleteReceive(c->session, c->held[i].len, &at);
		if (c->references)
			CU_ASSERT_EQUAL(WdsTransportClientReleaseBuffer(c->held[i].bytes), ERROR_SUCCESS);
	}
	c->held_count = 0;
	host_unlock(c->lock);
}

/* Gives back what is held, now and then, until the session is over or is told to end. */
static void live(void *arg)
{
	struct habit *h = arg;
	struct consumer *c = h->consumer;
	uint64_t end_after = rng_below(&h->rng, LINGER_TURNS);

	for (unsigned turn = 0; !consumer_is_complete(c) && !h->stuck; turn++) {
		host_nap(rng_below(&h->rng, 2000) * NS_PER_US);
		give_back(c);
		if (h->cancels && turn == end_after)
			WdsTransportClientCancelSessionEx(c->session, 1000);
		if (h->closes_early && !h->shut && turn >= end_after / 4) {
			h->shut = true;
			CU_ASSERT_EQUAL(WdsTransportClientCloseSession(c->session), ERROR_SUCCESS);
		}
		h->stuck = turn == STUCK_TURNS;
	}
}

static void begin(struct habit *h, uint64_t seed)
{
	struct consumer *c = consumer_new_for(WORLD_SERVER, u"ns", u"o", (uint32_t)(seed % 5) * 30000 + 5000);
	static const TRANSPORTCLIENT_CALLBACK_ID ids[] = { WDS_TRANSPORTCLIENT_SESSION_STARTEX,
		                                           WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS,
		                                           WDS_TRANSPORTCLIENT_SESSION_COMPLETE };

	for (unsigned i = 0; i < 3; i++)
		consumer_register(c, ids[i]);
	*h = (struct habit){ .consumer = c, .rng = { seed } };
	c->arg = h;
	c->holds = rng_below(&h->rng, 2);
	c->references = rng_below(&h->rng, 2);
	c->on_contents = rng_below(&h->rng, 3) == 0 ? dawdle : NULL;
	h->slowness = rng_below(&h->rng, 8) * 100 * NS_PER_US;
	h->cancels = rng_below(&h->rng, 3) == 0;
	h->closes_early = rng_below(&h->rng, 4) == 0;
	consumer_start(c);
	h->thread = host_thread_start("consumer", -1, live, h);
	CU_ASSERT_PTR_NOT_NULL_FATAL(h->thread);
}

static void end(struct habit *h)
{
	struct consumer *c = h->consumer;

	host_thread_join(h->thread);
	CU_ASSERT_FATAL(!h->stuck);
	give_back(c); /* the last blocks came after its last look */
	CU_ASSERT(c->result == ERROR_SUCCESS ? c->bytes == OBJECT_BYTES : h->cancels && c->result == 1000);
}

static void sixty_four_sessions_of_all_habits_leave_nothing_behind(void)
{
	static struct habit habits[SESSIONS];
	unsigned files = entries_of("/proc/self/fd"), threads;

	world_start();
	world_object(OBJECT_BYTES, 1);
	world_lose_one_in(97);
	threads = entries_of("/proc/self/task");
	CU_ASSERT_EQUAL_FATAL(WdsTransportClientInitialize(), ERROR_SUCCESS);
	for (unsigned round = 0; round < 2; round++) {
		for (unsigned i = 0; i < SESSIONS; i++)
			begin(&habits[i], round * 1000 + i);
		for (unsigned i = 0; i < SESSIONS; i++)
			end(&habits[i]);
		for (unsigned i = 0; i < SESSIONS && round == 0; i++) /* the second time Shutdown closes them */
			consumer_free(habits[i].consumer);
	}
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_SUCCESS);
	for (unsigned i = 0; i < SESSIONS; i++)
		consumer_free(habits[i].consumer);
	CU_ASSERT_EQUAL(atomic_load(&state_budget()->used), 0);
	CU_ASSERT_EQUAL(entries_of("/proc/self/task"), threads);
	world_stop_shut_down();
	CU_ASSERT_EQUAL(entries_of("/proc/self/fd"), files);
}

struct hammer {
	HANDLE session;
	_Atomic bool stop;
};

/* Calls everything on a session that comes and goes: any code will do, a crash will not. */
static void hammer_on(void *arg)
{
	struct hammer *h = arg;
	ULARGE_INTEGER at = { .QuadPart = 0 };
	struct wdscast_port_counters port = { .size = sizeof(port) };
	struct wdscast_session_counters counters = { .size = sizeof(counters) };
	ULONG status, code;

	while (!atomic_load(&h->stop)) {
		WdsTransportClientQueryStatus(h->session, &status, &code);
		WdsTransportClientCompleteReceive(h->session, 1401, &at);
		WdsTransportClientWaitForCompletion(h->session, 1);
		WdsTransportClientAddRefBuffer(h);
		WdsTransportClientReleaseBuffer(h);
		wdscast_read_session_counters(h->session, &counters);
		wdscast_read_port_counters(h->session, &port);
		WdsTransportClientCancelSessionEx(h->session, 77);
	}
}

static void calls_from_all_sides_survive_close_and_shutdown(void)
{
	world_start();
	world_object(OBJECT_BYTES, 2);
	for (unsigned round = 0; round < 10; round++) {
		struct host_thread *threads[4];
		struct hammer h = { 0 };
		struct consumer *c;

		CU_ASSERT_EQUAL_FATAL(WdsTransportClientInitialize(), ERROR_SUCCESS);
		c = consumer_new();
		h.session = c->session;
		consumer_start(c);
		for (unsigned i = 0; i < 4; i++)
			threads[i] = host_thread_start("hammer", -1, hammer_on, &h);
		host_nap(round * NS_PER_MS);
		if (round % 2 == 0)
			WdsTransportClientCloseSession(c->session);
		CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_SUCCESS);
		CU_ASSERT(consumer_is_complete(c));
		atomic_store(&h.stop, true);
		for (unsigned i = 0; i < 4; i++)
			host_thread_join(threads[i]);
		consumer_free(c);
	}
	world_stop_shut_down();
}

static const struct suite_test tests[] = {
	SUITE_TEST(sixty_four_sessions_of_all_habits_leave_nothing_behind),
	SUITE_TEST(calls_from_all_sides_survive_close_and_shutdown),
};
SUITE_MAIN("api/stress", tests)
