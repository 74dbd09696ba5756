#include "client_rig.h"
#include "support/suite.h"
#include "wdserror.h"

static bool is_request(const struct rig *r)
{
	const struct out_packet *o = r->out.packets;
	struct msi_packet p;

	return r->out.packet_count == 1 && endpoint_equal(&o->to, &r->initiation) &&
	       msi_read(r->out.bytes + o->head_at, o->head_len, &p) && p.kind == MSI_REQUEST && p.missing == 0 &&
	       p.request.name_space.units[0] == 'n' && p.request.content.units[0] == 'c';
}

static void a_request_goes_out_each_second_until_it_is_answered(void)
{
	struct rig *r = rig_new(100);
	struct msi_packet reply = rig_reply(r, 993, 100);

	CU_ASSERT_EQUAL(client_deadline(&r->c), 0);
	rig_tick(r, 0);
	CU_ASSERT(is_request(r));
	rig_tick(r, NS_PER_S - 1);
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_tick(r, NS_PER_S);
	CU_ASSERT(is_request(r));
	CU_ASSERT_EQUAL(client_deadline(&r->c), 2 * NS_PER_S);
	rig_msi(r, &reply, 2 * NS_PER_S - 1);
	CU_ASSERT_PTR_NOT_NULL(rig_event(r, OUT_OFFER));
	CU_ASSERT_EQUAL(client_deadline(&r->c), NS_NEVER);
	rig_tick(r, 9 * NS_PER_S);
	CU_ASSERT_EQUAL(r->out.packet_count + r->out.event_count, 0);
	CU_ASSERT_EQUAL(r->c.stats.requests, 2);
}

static void a_late_step_sends_one_request_not_all_that_were_missed(void)
{
	struct rig *r = rig_new(100);

	rig_tick(r, 5 * NS_PER_S);
	CU_ASSERT(is_request(r));
	CU_ASSERT_EQUAL(client_deadline(&r->c), 6 * NS_PER_S);
}

static bool ended(const struct rig *r, uint32_t win32)
{
	const struct out_event *e = rig_event(r, OUT_FINISHED);

	return e != NULL && e->win32 == win32 && r->c.result == win32 && rig_event(r, OUT_CLOSED) != NULL &&
	       r->out.event_count == 2 && r->c.state == CLIENT_CLOSED && client_deadline(&r->c) == NS_NEVER;
}

static void silence_ends_in_a_timeout(void)
{
	struct rig *r = rig_new(100);

	rig_tick(r, 10 * NS_PER_S - 1);
	CU_ASSERT_EQUAL(r->out.event_count, 0);
	rig_tick(r, 10 * NS_PER_S);
	CU_ASSERT(ended(r, ERROR_TIMEOUT));
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	rig_tick(r, 20 * NS_PER_S);
	CU_ASSERT_EQUAL(r->out.packet_count + r->out.event_count, 0);
}

static void an_error_of_the_server_is_the_result(void)
{
	struct rig *r = rig_new(100);
	struct msi_packet error = { .kind = MSI_ERROR, .error = WDSMCS_E_CONTENT_NOT_FOUND };

	rig_msi(r, &error, 1);
	CU_ASSERT(ended(r, WDSMCS_E_CONTENT_NOT_FOUND));
}

static void only_the_server_that_was_asked_is_heard(void)
{
	struct rig *r = rig_new(100);
	struct msi_packet reply = rig_reply(r, 993, 100);

	r->initiation.ip.b[3]++;
	rig_msi(r, &reply, 1);
	r->initiation.ip.b[3]--;
	r->initiation.port++;
	rig_msi(r, &reply, 1);
	r->initiation.port--;
	CU_ASSERT_EQUAL(r->c.stats.wrong_sender, 2);
	CU_ASSERT_EQUAL(r->c.state, CLIENT_INITIATING);
	reply.kind = MSI_REQUEST;
	rig_msi(r, &reply, 1);
	CU_ASSERT_EQUAL(r->c.stats.wrong_opcode, 1);
	CU_ASSERT_EQUAL(r->c.state, CLIENT_INITIATING);
}

static void the_offer_is_passed_on(void)
{
	struct rig *r = rig_offered(100);
	const struct client_offer *o = &r->c.offer;

	CU_ASSERT(endpoint_equal(&o->multicast, &r->multicast));
	CU_ASSERT(endpoint_equal(&o->server, &r->server));
	CU_ASSERT_EQUAL(o->content_bytes, 993);
	CU_ASSERT_EQUAL(o->total_blocks, 100);
	CU_ASSERT_EQUAL(o->block_bytes, RIG_BLOCK_BYTES);
	CU_ASSERT_EQUAL(o->session_id, RIG_SESSION_ID);
	struct msi_packet again = rig_reply(r, 993, 100);

	rig_msi(r, &again, 1);
	CU_ASSERT_EQUAL(r->out.event_count, 0);
	CU_ASSERT_EQUAL(r->c.stats.wrong_state, 1);
}

typedef void spoil(struct msi_packet *p);

static void absent_option(struct msi_packet *p) { p->missing = MSI_MISSING_REPLY; }
static void one_block_more(struct msi_packet *p) { p->reply.total_blocks++; }
static void one_block_less(struct msi_packet *p) { p->reply.total_blocks--; }
static void no_block_size(struct msi_packet *p) { p->reply.block_bytes = 0; }
static void unicast_group(struct msi_packet *p) { p->reply.multicast.ip.b[0] = 10; }
static void multicast_server(struct msi_packet *p) { p->reply.server.ip.b[0] = 239; }
static void no_server(struct msi_packet *p) { p->reply.server.ip = ip4_of(0, 0, 0, 0); }
static void two_ports(struct msi_packet *p) { p->reply.server.port++; }
static void no_port(struct msi_packet *p) { p->reply.server.port = p->reply.multicast.port = 0; }
static void two_families(struct msi_packet *p) { p->reply.server.ip.len = 16; }
static void a_block_beyond_a_datagram(struct msi_packet *p)
{
	p->reply.block_bytes = 65507 - 5 - 4 - 13 - 22 - 13 - 2 + 1;
	p->reply.total_blocks = 1;
}
static void more_blocks_than_memory(struct msi_packet *p)
{
	p->reply.block_bytes = 1;
	p->reply.content_bytes = p->reply.total_blocks = 1ull << 60;
}

static void an_offer_without_sense_ends_the_session(void)
{
	static spoil *const spoils[] = { absent_option, one_block_more, one_block_less,   no_block_size,
		                         unicast_group, no_server,      two_ports,        no_port,
		                         two_families,  multicast_server, a_block_beyond_a_datagram,
		                         more_blocks_than_memory };

	for (size_t i = 0; i < sizeof(spoils) / sizeof(*spoils); i++) {
		struct rig *r = rig_new(100);
		struct msi_packet reply = rig_reply(r, 993, 100);

		spoils[i](&reply);
		rig_msi(r, &reply, 1);
		CU_ASSERT(ended(r, ERROR_INVALID_DATA));
	}
}

static void the_largest_block_of_a_datagram_is_taken(void)
{
	struct rig *r = rig_new(100);
	struct msi_packet reply = rig_reply(r, 993, 100);

	a_block_beyond_a_datagram(&reply);
	reply.reply.block_bytes--;
	rig_msi(r, &reply, 1);
	CU_ASSERT_EQUAL(r->c.state, CLIENT_OFFERED);
}

static void an_empty_content_is_there_at_once(void)
{
	struct rig *r = rig_offered(0);

	rig_accept(r, 1);
	CU_ASSERT(ended(r, ERROR_SUCCESS));
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
}

static void a_content_of_which_nothing_is_wanted_is_there_at_once(void)
{
	struct rig *r = rig_offered(3);

	for (uint64_t i = 0; i < 3; i++)
		bitmap_set(&r->blocks, i);
	rig_accept(r, 1);
	CU_ASSERT(ended(r, ERROR_SUCCESS));
	CU_ASSERT_EQUAL(client_progress(&r->c), 100);
}

static void cancel_before_the_join_ends_it_without_a_word(void)
{
	struct rig *r = rig_new(100);

	rig_tick(r, 0);
	rig_cancel(r, ERROR_CANCELLED, 1);
	CU_ASSERT(ended(r, ERROR_CANCELLED));
	CU_ASSERT_EQUAL(r->out.packet_count, 0);
	r = rig_offered(100);
	rig_cancel(r, ERROR_NOT_ENOUGH_MEMORY, 1);
	CU_ASSERT(ended(r, ERROR_NOT_ENOUGH_MEMORY));
	rig_cancel(r, ERROR_CANCELLED, 2);
	rig_accept(r, 3);
	CU_ASSERT_EQUAL(r->out.event_count + r->out.packet_count, 0);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_request_goes_out_each_second_until_it_is_answered),
	SUITE_TEST(a_late_step_sends_one_request_not_all_that_were_missed),
	SUITE_TEST(silence_ends_in_a_timeout),
	SUITE_TEST(an_error_of_the_server_is_the_result),
	SUITE_TEST(only_the_server_that_was_asked_is_heard),
	SUITE_TEST(the_offer_is_passed_on),
	SUITE_TEST(an_offer_without_sense_ends_the_session),
	SUITE_TEST(the_largest_block_of_a_datagram_is_taken),
	SUITE_TEST(an_empty_content_is_there_at_once),
	SUITE_TEST(a_content_of_which_nothing_is_wanted_is_there_at_once),
	SUITE_TEST(cancel_before_the_join_ends_it_without_a_word),
};
SUITE_MAIN("engine/client_initiate", tests)
