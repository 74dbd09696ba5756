#include "run/serve_host.h"

#include <sys/syscall.h>
#include <unistd.h>

#include "content/tree.h"
#include "run_room/serve_rig.h"
#include "support/suite.h"
#include "wdserror.h"

enum { SIZE = 20000000 };

static struct rig rig; /* large */
static struct serve_host host;
static uint8_t want[SIZE];

static void start(bool busy)
{
	struct serve_host_config c = { .busy = busy, .worker_core = -1, .content_core = -1 };

	tree_make();
	tree_folder("root");
	tree_folder("root/n");
	tree_file("root/n/a", SIZE, 1);
	tree_file("root/n/b", SIZE, 2);
	rig_start(&rig, NULL, NULL);
	rig.threads = true;
	rig.now = host_now();
	CU_ASSERT_FATAL(serve_host_start(&host, rig.serve, &c));
}

static void done(void)
{
	serve_host_stop(&host);
	CU_ASSERT(serve_has_stopped(rig.serve));
	rig_stop(&rig);
	tree_remove();
}

static void check_content(const struct guest *g, unsigned seed)
{
	CU_ASSERT_EQUAL(g->result, 0);
	CU_ASSERT_EQUAL_FATAL(g->engine.offer.content_bytes, SIZE);
	tree_fill(want, SIZE, seed);
	CU_ASSERT_EQUAL(memcmp(g->content, want, SIZE), 0);
}

static void serves_two_objects_from_its_threads(bool busy)
{
	struct guest *g[4];

	start(busy);
	rig.loss = 0.001;
	for (unsigned i = 0; i < 4; i++)
		g[i] = rig_guest(&rig, "n", i % 2 == 0 ? "a" : "b");
	CU_ASSERT_FATAL(rig_finish(&rig, 60));
	for (unsigned i = 0; i < 4; i++)
		check_content(g[i], i % 2 == 0 ? 1 : 2);
	done();
}

static void napping_threads_serve(void)
{
	serves_two_objects_from_its_threads(false);
}

static void a_busy_worker_serves(void)
{
	serves_two_objects_from_its_threads(true);
}

static void stopping_in_the_middle_tells_the_clients(void)
{
	struct guest *g;

	start(false);
	g = rig_guest(&rig, "n", "a");
	while (!g->offered || g->blocks.ones < 100)
		rig_turn(&rig);
	serve_host_stop(&host);
	CU_ASSERT_FATAL(rig_finish(&rig, 5));
	CU_ASSERT_EQUAL(g->result, WDSTPC_E_KICKED_FAIL);
	rig_stop(&rig);
	tree_remove();
}

/* The calls of content_read(): they wait as long as they are told to. */
static _Atomic bool disk_hangs;

ssize_t pread(int fd, void *to, size_t len, off_t at)
{
	while (atomic_load(&disk_hangs))
		host_nap(NS_PER_MS);
	return (ssize_t)syscall(SYS_pread64, fd, to, len, at);
}

/* It is told once, and nothing else waits for the disk: not even the end. */
static void a_disk_that_hangs_is_told_and_holds_up_no_end(void)
{
	ns_t began;
	struct guest *g;

	start(false);
	g = rig_guest(&rig, "n", "a");
	while (!g->offered || g->blocks.ones < 100)
		rig_turn(&rig);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_DISK_HANGS), 0);
	atomic_store(&disk_hangs, true);
	began = host_now();
	while (rig_events(&rig, SERVE_DISK_HANGS) == 0 && host_now() - began < 10 * NS_PER_S)
		rig_turn(&rig);
	CU_ASSERT(host_now() - began >= SERVE_DISK_HANGS_NS);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_DISK_HANGS), 1);
	CU_ASSERT_STRING_EQUAL(rig.events[rig.event_count - 1].object, "a");
	began = host_now();
	CU_ASSERT_FALSE(serve_host_stop(&host));
	CU_ASSERT(host_now() - began < 5 * NS_PER_S);
	CU_ASSERT_FATAL(rig_finish(&rig, 5));
	CU_ASSERT_EQUAL(g->result, WDSTPC_E_KICKED_FAIL);
	atomic_store(&disk_hangs, false); /* a program would be gone by now */
	host_thread_join(host.content);
	rig_stop(&rig);
	tree_remove();
}

static const struct suite_test tests[] = {
	SUITE_TEST(napping_threads_serve),
	SUITE_TEST(a_busy_worker_serves),
	SUITE_TEST(stopping_in_the_middle_tells_the_clients),
	SUITE_TEST(a_disk_that_hangs_is_told_and_holds_up_no_end),
};
SUITE_MAIN("run/serve_host", tests)
