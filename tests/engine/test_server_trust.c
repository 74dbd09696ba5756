/* Clients, and others, that say what is not so. */
#include "server_rig.h"

enum { STRANGER = 9 };

/* The stranger speaks in the name of client 0. */
static void pose_as_client_0(struct rig *r)
{
	r->ids[STRANGER] = r->ids[0];
	rig_clear(r);
}

static void packets_from_elsewhere_say_nothing_of_a_client(void)
{
	static const struct range all = { 1, 1000 };
	struct rig r;
	const struct server_client *c;

	rig_config(&r);
	rig_start(&r, RIG_PACKETS);
	rig_start_data(&r);
	rig_feed(&r, 10);
	pose_as_client_0(&r);
	c = server_find_client(r.server, r.ids[0]);

	rig_ack(&r, STRANGER, r.server->lead_seq_no, 0);
	CU_ASSERT_EQUAL(r.server->trail_seq_no, 0);
	rig_nack(&r, STRANGER, 1, &all, 1);
	CU_ASSERT_EQUAL(rig_count(&r, MT_RDATA) + rig_count(&r, MT_NCF), 0);
	rig_pollack(&r, STRANGER, r.server->next_poll_seq_no - 1, 0, NULL, 0);
	CU_ASSERT_FALSE(c->lacks_nothing);
	rig_qcr(&r, STRANGER, 0, 0, 0);
	CU_ASSERT_EQUAL(c->last_update, rig_ms(0));
	rig_leave(&r, STRANGER, MT_LEAVE_CANCELLED);
	CU_ASSERT_EQUAL(r.server->active_count, 1);
	CU_ASSERT_EQUAL(r.server->stats.wrong_sender, 5);
	rig_stop(&r);
}

static const struct suite_test tests[] = { SUITE_TEST(packets_from_elsewhere_say_nothing_of_a_client) };
SUITE_MAIN("engine/server_trust", tests)
