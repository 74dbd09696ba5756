/* What becomes of slow clients. The network in memory is so fast that only losses make one slow. */
#include <unistd.h>

#include "content/tree.h"
#include "run/serve.h"
#include "run_room/serve_rig.h"
#include "support/suite.h"
#include "wdserror.h"

enum { SIZE = 16000000, LARGE = 40000000, THRESHOLD = 60000000 };

static struct rig rig; /* large */
static uint8_t want[LARGE];
static uint32_t size;

static void demote(struct serve_config *c)
{
	c->slow = SERVE_SLOW_DEMOTE;
	c->slow_bytes_per_s[0] = THRESHOLD;
}

static void demote_twice(struct serve_config *c)
{
	demote(c);
	c->streams = 3;
	c->slow_bytes_per_s[1] = THRESHOLD / 2;
}

static void kick(struct serve_config *c)
{
	c->slow = SERVE_SLOW_KICK;
	c->slow_bytes_per_s[0] = THRESHOLD;
}

/* Two good guests and some more, all of which have joined. */
static void start_with(void (*change)(struct serve_config *c), unsigned more, uint32_t bytes)
{
	size = bytes;
	tree_make();
	tree_folder("root");
	tree_folder("root/images");
	tree_file("root/images/a.img", size, 1);
	rig_start(&rig, NULL, change);
	for (unsigned i = 0; i < 2 + more; i++)
		rig_guest(&rig, "images", "a.img");
	while (rig_events(&rig, SERVE_JOINED) < 2 + more)
		rig_turn(&rig);
}

static void start(void (*change)(struct serve_config *c), unsigned more)
{
	start_with(change, more, SIZE);
}

static struct guest *bad_guest(unsigned n, double loss)
{
	rig.guests[n].loss = loss;
	return &rig.guests[n];
}

static void done(void)
{
	rig_stop(&rig);
	tree_remove();
}

static void check_content(const struct guest *g)
{
	CU_ASSERT_EQUAL_FATAL(g->result, 0);
	tree_fill(want, size, 1);
	CU_ASSERT_EQUAL(memcmp(g->content, want, size), 0);
}

static void check_all(void)
{
	for (unsigned i = 0; i < rig.guest_count; i++)
		check_content(&rig.guests[i]);
}

static const struct serve_event *event(enum serve_event_type type, unsigned nth)
{
	for (unsigned i = 0; i < rig.event_count; i++)
		if (rig.events[i].type == type && nth-- == 0)
			return &rig.events[i];
	CU_FAIL_FATAL("no such event");
	return NULL;
}

static void a_slow_client_goes_on_in_a_slower_session(void)
{
	struct guest *bad;

	start(demote, 1);
	bad = bad_guest(2, 0.2);
	CU_ASSERT_FATAL(rig_finish(&rig, 60));
	check_all();
	CU_ASSERT(rig.guests[0].finished_at < bad->finished_at);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 2);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_DEMOTED), 1);
	CU_ASSERT_EQUAL(event(SERVE_OPENED, 0)->stream, 0);
	CU_ASSERT_EQUAL(event(SERVE_OPENED, 1)->stream, 1);
	CU_ASSERT_EQUAL(event(SERVE_JOINED, 3)->session_id, event(SERVE_OPENED, 1)->session_id);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_LEFT), 0); /* it has moved, not left */
	done();
}

/* Three sessions at once, and one receiver of twelve is slow: it alone is moved. */
static void under_load_nobody_is_moved_by_mistake(void)
{
	static const char *const others[] = { "b.img", "c.img" };
	struct guest *bad;

	start(demote, 2);
	bad = bad_guest(3, 0.2);
	tree_file("root/images/b.img", size, 1);
	tree_file("root/images/c.img", size, 1);
	for (unsigned i = 0; i < 8; i++)
		rig_guest(&rig, "images", others[i % 2]);
	CU_ASSERT_FATAL(rig_finish(&rig, 120));
	check_all();
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_DEMOTED), 1);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 4);
	for (unsigned i = 0; i < 4; i++) /* the others of its file are where they were */
		CU_ASSERT(&rig.guests[i] == bad || rig.guests[i].finished_at < bad->finished_at);
	done();
}

static void with_three_streams_it_may_move_twice(void)
{
	start_with(demote_twice, 3, LARGE);
	for (unsigned i = 2; i < 5; i++)
		bad_guest(i, 0.2);
	CU_ASSERT_FATAL(rig_finish(&rig, 60));
	check_all();
	CU_ASSERT(rig_events(&rig, SERVE_DEMOTED) > 3);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 3);
	CU_ASSERT_EQUAL(event(SERVE_OPENED, 2)->stream, 2);
	done();
}

static void a_request_leads_to_the_fast_session(void)
{
	struct guest *late;

	start(demote, 1);
	bad_guest(2, 0.2);
	while (rig_events(&rig, SERVE_DEMOTED) == 0)
		rig_turn(&rig);
	late = rig_guest(&rig, "images", "a.img");
	CU_ASSERT_FATAL(rig_finish(&rig, 60));
	check_content(late);
	CU_ASSERT_EQUAL(late->engine.offer.session_id, event(SERVE_OPENED, 0)->session_id);
	done();
}

static void a_slow_client_is_sent_away(void)
{
	struct guest *bad;

	start(kick, 1);
	bad = bad_guest(2, 0.2);
	CU_ASSERT_FATAL(rig_finish(&rig, 60));
	CU_ASSERT_EQUAL(bad->result, WDSTPC_E_KICKED_POLICY_NOT_MET);
	check_content(&rig.guests[0]);
	check_content(&rig.guests[1]);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 1);
	done();
}

static void by_default_the_others_wait(void)
{
	start(NULL, 1);
	bad_guest(2, 0.2);
	CU_ASSERT_FATAL(rig_finish(&rig, 60));
	check_all();
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 1);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_KICKED), 0);
	done();
}

static void a_file_that_was_replaced_has_no_slower_session(void)
{
	start(demote, 0);
	CU_ASSERT_EQUAL_FATAL(unlink("root/images/a.img"), 0);
	tree_file("root/images/a.img", SIZE, 2);
	rig.guests[1].loss = 0.2;
	CU_ASSERT_FATAL(rig_finish(&rig, 60));
	CU_ASSERT_EQUAL(rig.guests[0].result, WDSTPC_E_KICKED_FAIL);
	CU_ASSERT_EQUAL(rig.guests[1].result, WDSTPC_E_KICKED_FAIL);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_DEMOTED), 0);
	done();
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_slow_client_goes_on_in_a_slower_session),
	SUITE_TEST(under_load_nobody_is_moved_by_mistake),
	SUITE_TEST(with_three_streams_it_may_move_twice),
	SUITE_TEST(a_request_leads_to_the_fast_session),
	SUITE_TEST(a_slow_client_is_sent_away),
	SUITE_TEST(by_default_the_others_wait),
	SUITE_TEST(a_file_that_was_replaced_has_no_slower_session),
};
SUITE_MAIN("run/serve_streams", tests)
