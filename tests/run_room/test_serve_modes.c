/*
 * The table of security modes: each pair of MS-WDSMSI 3.1.5.1, by both readings of the HMAC, with blocks of one frame
 * and of several, over IPv4 and IPv6, on a network that loses frames. WDSCAST_LONG: at more rates of loss, of a larger
 * file, and a line for each.
 */
#include "run/serve.h"

#include <stdio.h>
#include <stdlib.h>

#include "content/tree.h"
#include "run_room/lab_keys.h"
#include "run_room/serve_rig.h"
#include "support/suite.h"

enum { GUESTS = 2, SIZE_SHORT = 100000, SIZE_LONG = 2000000 };

struct pair {
	const char *name;
	enum security_mode server, client;
	enum security_hmac_reading reading;
};

static const struct pair pairs[] = {
	{ "CHECKSUM, CHECKSUM", SECURITY_CHECKSUM, SECURITY_CHECKSUM, SECURITY_HMAC_A },
	{ "NONE, NONE", SECURITY_NONE, SECURITY_NONE, SECURITY_HMAC_A },
	{ "HASH, HASH by reading A", SECURITY_HASH, SECURITY_HASH, SECURITY_HMAC_A },
	{ "HASH, HASH by reading B", SECURITY_HASH, SECURITY_HASH, SECURITY_HMAC_B },
	{ "SIGN, HASH by reading A", SECURITY_SIGN, SECURITY_HASH, SECURITY_HMAC_A },
	{ "SIGN, HASH by reading B", SECURITY_SIGN, SECURITY_HASH, SECURITY_HMAC_B },
};

static const uint32_t block_sizes[] = { 1385, 8785 };

/* One line of the table. */
static struct entry {
	const struct pair *pair;
	uint32_t block_bytes, size;
	bool ip6;
	double loss;
} entry;

static struct rig rig; /* large */
static uint8_t want[SIZE_LONG];
static struct security at_server, of_server, of_client; /* the server's way: as it has it, as clients have it */

static struct security security_of(enum security_mode mode, bool server)
{
	return mode == SECURITY_HASH ? lab_hash_reading(lab_key, entry.pair->reading) : lab_security(mode, server);
}

static void change_server(struct serve_config *c)
{
	c->server_security = at_server;
	c->client_security = of_client;
	c->block_bytes = entry.block_bytes;
}

static void change_guest(struct client_config *c)
{
	c->server_security = of_server;
	c->client_security = of_client;
	memset(c->nonce, 7, sizeof(c->nonce));
}

static bool has_the_file(const struct guest *g)
{
	return g->finished && g->result == 0 && g->engine.offer.block_bytes == entry.block_bytes &&
	       memcmp(g->content, want, entry.size) == 0;
}

static void begin(void)
{
	at_server = security_of(entry.pair->server, true);
	of_server = security_of(entry.pair->server, false);
	of_client = security_of(entry.pair->client, false);
	tree_make();
	tree_folder("root");
	tree_folder("root/images");
	tree_file("root/images/a.img", entry.size, 1);
	tree_fill(want, entry.size, 1);
	rig_start(&rig, NULL, change_server);
	rig.change_guest = change_guest;
	rig.ip6 = entry.ip6;
	rig.loss = entry.loss;
}

static void end(void)
{
	rig_stop(&rig);
	tree_remove();
	security_fini(&at_server);
	security_fini(&of_server);
	security_fini(&of_client);
}

static bool carries_a_file(void)
{
	const struct serve_stats *s;
	bool all = true;

	begin();
	for (unsigned i = 0; i < GUESTS; i++)
		rig_guest(&rig, "images", "a.img");
	rig_finish(&rig, 120);
	s = serve_read_stats(rig.serve);
	for (unsigned i = 0; i < GUESTS; i++)
		all = all && has_the_file(&rig.guests[i]) && rig.guests[i].unverified == 0 &&
		      rig.guests[i].group.ip.len == (entry.ip6 ? 16 : 4);
	all = all && s->wrong_security == 0 && s->unverified == 0;
	end();
	return all;
}

static void try_entry(const struct pair *pair, uint32_t block_bytes, bool ip6, double loss, bool tell)
{
	bool ok;

	entry = (struct entry){ pair, block_bytes, tell ? SIZE_LONG : SIZE_SHORT, ip6, loss };
	ok = carries_a_file();
	CU_ASSERT(ok);
	if (tell || !ok)
		printf("%s %-24s %u bytes, %s, %g %% lost\n", ok ? "ok  " : "FAIL", pair->name, block_bytes,
		       ip6 ? "IPv6" : "IPv4", loss * 100);
}

static void every_mode_carries_a_file_in_every_way(void)
{
	static const double losses[] = { 0.01, 0.05, 0.1 };
	bool is_long = getenv("WDSCAST_LONG") != NULL;

	for (size_t p = 0; p < sizeof(pairs) / sizeof(pairs[0]); p++)
		for (size_t b = 0; b < sizeof(block_sizes) / sizeof(block_sizes[0]); b++)
			for (int ip6 = 0; ip6 < 2; ip6++)
				for (size_t l = 0; l < (is_long ? sizeof(losses) / sizeof(losses[0]) : 1); l++)
					try_entry(&pairs[p], block_sizes[b], ip6, losses[l], is_long);
}

static const struct suite_test tests[] = {
	SUITE_TEST(every_mode_carries_a_file_in_every_way),
};
SUITE_MAIN("run/serve_modes", tests)
