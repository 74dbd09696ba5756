/*
 * Security modes end to end: a server and receivers on a network in memory, frames and all. Every pair of
 * MS-WDSMSI 3.1.5.1 carries a file; no other pair begins; and who has no key, or another, gets nothing but
 * a clear answer.
 */
#include "run/serve_internal.h"

#include <stdlib.h>

#include "content/tree.h"
#include "run_room/lab_keys.h"
#include "run_room/serve_rig.h"
#include "support/suite.h"
#include "wdserror.h"

enum { SIZE = 300000 };

static struct rig rig; /* large */
static uint8_t want[SIZE];
/* What the server of a case has, and what its guests have. */
static struct { struct security server, client; } at_server, at_guest;

static uint32_t server_blocks; /* bytes of each, and then but few are kept; 0: as by default */

static void change_server(struct serve_config *c)
{
	c->block_bytes = server_blocks;
	if (server_blocks != 0)
		c->cache_bytes = 0;
	c->server_security = at_server.server;
	c->client_security = at_server.client;
}

/* The lab's, on both sides. */
static void use_keys(enum security_mode server, enum security_mode client)
{
	at_server.server = lab_security(server, true);
	at_server.client = lab_security(client, true);
	at_guest.server = lab_security(server, false);
	at_guest.client = lab_security(client, false);
}

static void change_guest(struct client_config *c)
{
	c->server_security = at_guest.server;
	c->client_security = at_guest.client;
	memset(c->nonce, 7, sizeof(c->nonce));
}

static void start(void)
{
	tree_make();
	tree_folder("root");
	tree_folder("root/images");
	tree_file("root/images/a.img", SIZE, 1);
	rig_start(&rig, NULL, change_server);
	rig.change_guest = change_guest;
}

static void done(void)
{
	rig_stop(&rig);
	tree_remove();
	security_fini(&at_server.server);
	security_fini(&at_server.client);
	security_fini(&at_guest.server);
	security_fini(&at_guest.client);
}

static bool has_the_file(const struct guest *g)
{
	tree_fill(want, SIZE, 1);
	return g->finished && g->result == 0 && memcmp(g->content, want, SIZE) == 0;
}

static uint64_t sealed_together; /* by the server of the last carries_a_file() */

/* A lossy network, so that repairs are protected too. */
static bool carries_a_file(unsigned guests)
{
	bool all = true;

	start();
	rig.loss = 0.01;
	for (unsigned i = 0; i < guests; i++)
		rig_guest(&rig, "images", "a.img");
	rig_finish(&rig, 60);
	for (unsigned i = 0; i < guests; i++)
		all = all && has_the_file(&rig.guests[i]) && rig.guests[i].unverified == 0;
	CU_ASSERT_EQUAL(serve_read_stats(rig.serve)->wrong_security, 0);
	CU_ASSERT_EQUAL(serve_read_stats(rig.serve)->unverified, 0);
	sealed_together = serve_read_stats(rig.serve)->sealed_together;
	done();
	return all;
}

static const enum security_mode modes[] = { SECURITY_NONE, SECURITY_HASH, SECURITY_SIGN, SECURITY_CHECKSUM };
enum { MODES = sizeof(modes) / sizeof(modes[0]) };

/* The table of MS-WDSMSI 3.1.5.1: [server][client]. */
static const bool allowed[MODES][MODES] = {
	[SECURITY_NONE][SECURITY_NONE] = true,
	[SECURITY_HASH][SECURITY_HASH] = true,
	[SECURITY_SIGN][SECURITY_HASH] = true,
	[SECURITY_CHECKSUM][SECURITY_CHECKSUM] = true,
};

static void every_allowed_pair_carries_a_file(void)
{
	for (unsigned s = 0; s < MODES; s++)
		for (unsigned c = 0; c < MODES; c++) {
			CU_ASSERT_EQUAL(security_pair_is_allowed(modes[s], modes[c]), allowed[modes[s]][modes[c]]);
			if (!allowed[modes[s]][modes[c]])
				continue;
			use_keys(modes[s], modes[c]);
			CU_ASSERT(carries_a_file(3));
			CU_ASSERT_EQUAL(sealed_together > 0, modes[s] == SECURITY_HASH);
		}
}

static void no_server_begins_with_another_pair(void)
{
	struct serve_config c;
	struct serve *w = NULL;
	char why[PORT_WHY_BYTES];

	at_server.server = at_server.client = lab_plain(SECURITY_CHECKSUM);
	at_guest.server = at_guest.client = lab_plain(SECURITY_CHECKSUM);
	start();
	serve_config_defaults(&c);
	c.port = rig.port;
	c.root = rig.root;
	c.ip4 = rig.port->info.ip4;
	c.udp_port = 7000; /* the rig has the usual one */
	for (unsigned s = 0; s < MODES; s++)
		for (unsigned k = 0; k < MODES; k++) {
			if (allowed[modes[s]][modes[k]])
				continue;
			c.server_security = lab_security(modes[s], true);
			c.client_security = lab_security(modes[k], modes[k] == SECURITY_SIGN);
			CU_ASSERT_EQUAL(serve_new(&c, 0, &w, why), WDSCAST_EINVAL);
			CU_ASSERT_PTR_NULL(w);
			CU_ASSERT_STRING_EQUAL(why, "no session may have these two security modes");
			security_fini(&c.server_security);
			security_fini(&c.client_security);
		}
	done();
}

static void either_reading_of_the_hmac_carries_a_file(void)
{
	at_server.server = at_server.client = lab_hash_reading(lab_key, SECURITY_HMAC_B);
	at_guest.server = at_guest.client = lab_hash_reading(lab_key, SECURITY_HMAC_B);
	CU_ASSERT(carries_a_file(1));
	CU_ASSERT_EQUAL(sealed_together, 0);
}

/* A wire that takes three frames a turn: of no packet is the seal made again while it waits. */
static void check_sealed_once(enum security_mode mode, uint32_t block_bytes)
{
	static const struct port_mem_config narrow = { .depth = 3, .waits = true };
	const struct serve_stats *stats;
	struct guest *g;

	use_keys(mode, mode == SECURITY_SIGN ? SECURITY_HASH : mode);
	start();
	rig.loss = 0.05;
	rig.slow_disk = true;
	g = rig_guest(&rig, "images", "a.img");
	port_close(g->port);
	g->port = g->link->port = port_mem_new(rig.hub, &narrow);
	CU_ASSERT(rig_finish(&rig, 60));
	stats = serve_read_stats(rig.serve);
	CU_ASSERT(has_the_file(g));
	CU_ASSERT_EQUAL(g->unverified, 0);
	CU_ASSERT(rig.serve->link->stats.tx_full > 10);
	CU_ASSERT_EQUAL(stats->sealed, stats->sent_bytes / block_bytes);
	CU_ASSERT_EQUAL(stats->sealed_together > 0, mode == SECURITY_HASH);
	CU_ASSERT_EQUAL(stats->repairs_read > 0, block_bytes == 1000); /* of the others all are kept */
	done();
}

static void a_packet_is_sealed_once_however_full_the_wire(void)
{
	/* One frame, some of them, and two fill the stage; SIZE is a multiple. */
	static const uint32_t sizes[] = { 1000, 7500, 60000 };

	for (unsigned i = 0; i < 3; i++) {
		server_blocks = sizes[i];
		check_sealed_once(SECURITY_HASH, sizes[i]);
		check_sealed_once(SECURITY_SIGN, sizes[i]);
		check_sealed_once(SECURITY_CHECKSUM, sizes[i]);
	}
	server_blocks = 0;
}

/* One guest asks, and must end with this code within so long; the server is to have no session for it. */
static void check_refused(uint32_t result, ns_t within)
{
	struct guest *g;
	ns_t began;

	start();
	g = rig_guest(&rig, "images", "a.img");
	began = rig.now;
	CU_ASSERT(rig_finish(&rig, 20));
	CU_ASSERT(rig.now - began < within);
	CU_ASSERT_EQUAL(g->result, result);
	CU_ASSERT_PTR_NULL(g->content);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_JOINED), 0);
}

static void a_client_without_the_key_is_told_at_once(void)
{
	at_server.server = at_server.client = lab_hash(lab_key);
	at_guest.server = at_guest.client = lab_plain(SECURITY_CHECKSUM);
	check_refused(WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE, NS_PER_S);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 0);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_REFUSED), 1);
	CU_ASSERT_NOT_EQUAL(serve_read_stats(rig.serve)->unproven, 0);
	done();
}

/* It cannot know who says so: the answer that it can believe has a moment left to come. */
static void a_client_with_another_key_is_told_within_seconds(void)
{
	at_server.server = at_server.client = lab_hash(lab_key);
	at_guest.server = at_guest.client = lab_hash(lab_other_key);
	check_refused(WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE, 4 * NS_PER_S);
	CU_ASSERT_EQUAL(rig_events(&rig, SERVE_OPENED), 0);
	CU_ASSERT_NOT_EQUAL(rig.guests[0].engine.stats.unproven, 0);
	done();
}

static void a_client_with_a_key_takes_nothing_from_a_server_without(void)
{
	at_server.server = at_server.client = lab_plain(SECURITY_CHECKSUM);
	at_guest.server = at_guest.client = lab_hash(lab_key);
	check_refused(WDSMCS_E_PACKET_NOT_HASHED, 4 * NS_PER_S);
	done();
}

static void a_server_that_signs_with_another_key_is_not_believed(void)
{
	at_server.server = lab_signing(1);
	at_server.client = lab_hash(lab_key);
	at_guest.server = lab_verifying(0);
	at_guest.client = lab_hash(lab_key);
	check_refused(WDSMCS_E_PACKET_NOT_HASHED, 4 * NS_PER_S);
	done();
}

static void a_client_that_expects_hashes_does_not_believe_signatures(void)
{
	at_server.server = lab_signing(0);
	at_server.client = lab_hash(lab_key);
	at_guest.server = at_guest.client = lab_hash(lab_key);
	check_refused(WDSMCS_E_PACKET_NOT_HASHED, 4 * NS_PER_S);
	done();
}

static void with_and_without_a_key_at_once_only_those_with_it_are_served(void)
{
	struct guest *without, *with;

	at_server.server = at_server.client = lab_hash(lab_key);
	at_guest.server = at_guest.client = lab_plain(SECURITY_CHECKSUM);
	start();
	without = rig_guest(&rig, "images", "a.img");
	at_guest.server = at_guest.client = lab_hash(lab_key);
	with = rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 20));
	CU_ASSERT(has_the_file(with));
	CU_ASSERT_EQUAL(without->result, WDSMCS_E_CLIENT_DOESNOT_SUPPORT_SECURITY_MODE);
	done();
}

static void what_is_not_there_is_answered_with_a_proof_too(void)
{
	at_server.server = at_server.client = lab_hash(lab_key);
	at_guest.server = at_guest.client = lab_hash(lab_key);
	start();
	rig_guest(&rig, "images", "nothing.img");
	CU_ASSERT(rig_finish(&rig, 2));
	CU_ASSERT_EQUAL(rig.guests[0].result, WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(rig.guests[0].engine.stats.unproven, 0);
	done();
}

/* A LEAVE with a hash of zeros. */
static void say_forged_leave(struct guest *g, uint32_t session_id)
{
	const struct security *s = &g->engine.config.client_security;
	struct mt_head head = { security_header_type(s), security_data_len(s), session_id, 1 };
	uint8_t bytes[128];
	struct writer w = writer_of(bytes, sizeof(bytes));

	mt_write_leave(&w, &head, &(struct mt_leave){ g->engine.client_id, MT_LEAVE_CANCELLED });
	rig_say(&rig, g, &g->engine.offer.server, bytes, (uint32_t)writer_len(&w));
	rig_turn(&rig);
}

static void a_packet_of_another_session_is_not_hashed(void)
{
	const struct serve_stats *stats;
	const struct server *session;
	struct guest *g;

	use_keys(SECURITY_HASH, SECURITY_HASH);
	start();
	g = rig_guest(&rig, "images", "a.img");
	while (!g->joined)
		rig_turn(&rig);
	stats = serve_read_stats(rig.serve);
	session = &rig.serve->sessions[0]->server;
	say_forged_leave(g, g->engine.offer.session_id + 1);
	CU_ASSERT_EQUAL(session->stats.wrong_session, 1);
	CU_ASSERT_EQUAL(stats->unverified, 0); /* nobody has looked */
	say_forged_leave(g, g->engine.offer.session_id);
	CU_ASSERT_EQUAL(session->stats.wrong_session, 1);
	CU_ASSERT_EQUAL(stats->unverified, 1);
	CU_ASSERT(rig_finish(&rig, 20));
	CU_ASSERT(has_the_file(g));
	done();
}

/* Who overheard a request can send it again, but not have the server sign as often as it likes. */
static void answers_are_signed_a_limited_number_of_times_a_second(void)
{
	struct guest *g;
	uint8_t request[512], digest[SECURITY_HASH_BYTES];
	struct writer w = writer_of(request, sizeof(request));
	struct endpoint to;

	at_server.server = lab_signing(0);
	at_server.client = lab_hash(lab_key);
	at_guest.server = lab_verifying(0);
	at_guest.client = lab_hash(lab_key);
	start();
	g = rig_guest(&rig, "images", "a.img");
	CU_ASSERT(rig_finish(&rig, 20));
	CU_ASSERT(has_the_file(g));
	msi_write_request(&w, &g->engine.config.request);
	proof_end_request(&w, &g->engine.config.client_security, g->engine.config.nonce, digest);
	to = g->engine.config.initiation;
	rig_run(&rig, NS_PER_S);
	for (unsigned i = 0; i < 200; i++) {
		rig_say(&rig, g, &to, request, (uint32_t)writer_len(&w));
		rig_turn(&rig);
	}
	CU_ASSERT_EQUAL(serve_read_stats(rig.serve)->requests, 201);
	CU_ASSERT(serve_read_stats(rig.serve)->replies <= 1 + 2 * 64);
	CU_ASSERT_NOT_EQUAL(serve_read_stats(rig.serve)->requests_dropped, 0);
	done();
}

/* ODATA with a block of this size, as a session sends it at its largest. */
static size_t packet_bytes(const struct security *s, uint32_t block_bytes)
{
	static uint8_t block[16384], data[16384], packet[16384];
	struct mt_head head = { .security_type = security_header_type(s), .security_len = security_data_len(s) };
	struct mt_options options = { .has_lead_seq_no = true, .lead_seq_no = 1 };
	struct mt_data mt = { .odata_seq_no = 1, .data = data };
	struct ma_data ma = { 1, (uint16_t)block_bytes, block };
	struct writer w = writer_of(data, sizeof(data));

	ma_write_data(&w, &ma);
	mt.data_len = (uint16_t)writer_len(&w);
	w = writer_of(packet, sizeof(packet));
	mt_write_data(&w, &head, MT_ODATA, &mt, &options);
	CU_ASSERT_FALSE(w.full);
	return writer_len(&w);
}

static void the_default_block_fills_a_frame_in_every_mode(void)
{
	struct security kinds[] = { lab_plain(SECURITY_NONE), lab_plain(SECURITY_CHECKSUM), lab_hash(lab_key), lab_signing(0) };
	static const uint32_t mtus[] = { 1280, 1500, 9000 };

	for (unsigned m = 0; m < 4; m++) {
		for (unsigned i = 0; i < 3; i++) {
			struct port_info port = { .mtu = mtus[i] };

			CU_ASSERT_EQUAL(packet_bytes(&kinds[m], serve_block_bytes_max(&port, 4, &kinds[m])), mtus[i] - 20 - 8);
			CU_ASSERT_EQUAL(packet_bytes(&kinds[m], serve_block_bytes_max(&port, 16, &kinds[m])), mtus[i] - 40 - 8);
		}
		security_fini(&kinds[m]);
	}
}

static const struct suite_test tests[] = {
	SUITE_TEST(the_default_block_fills_a_frame_in_every_mode),
	SUITE_TEST(every_allowed_pair_carries_a_file),
	SUITE_TEST(no_server_begins_with_another_pair),
	SUITE_TEST(either_reading_of_the_hmac_carries_a_file),
	SUITE_TEST(a_packet_is_sealed_once_however_full_the_wire),
	SUITE_TEST(a_client_without_the_key_is_told_at_once),
	SUITE_TEST(a_client_with_another_key_is_told_within_seconds),
	SUITE_TEST(a_client_with_a_key_takes_nothing_from_a_server_without),
	SUITE_TEST(a_server_that_signs_with_another_key_is_not_believed),
	SUITE_TEST(a_client_that_expects_hashes_does_not_believe_signatures),
	SUITE_TEST(with_and_without_a_key_at_once_only_those_with_it_are_served),
	SUITE_TEST(what_is_not_there_is_answered_with_a_proof_too),
	SUITE_TEST(a_packet_of_another_session_is_not_hashed),
	SUITE_TEST(answers_are_signed_a_limited_number_of_times_a_second),
};
SUITE_MAIN("run/serve_security", tests)
