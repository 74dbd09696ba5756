#include "run/serve_host.h"

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

static const struct suite_test tests[] = {
	SUITE_TEST(napping_threads_serve),
	SUITE_TEST(a_busy_worker_serves),
	SUITE_TEST(stopping_in_the_middle_tells_the_clients),
};
SUITE_MAIN("run/serve_host", tests)
