#include "parties.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "content/tree.h"
#include "run/serve_internal.h"

enum { TURNS_MAX = 64, STOPPING_S = 30 };

static struct content_root *root;

static void close_root(void)
{
	content_root_close(root);
	tree_remove();
}

/* Made once, and removed when the program ends. The program stays where it was: it may have files to find there. */
static struct content_root *served_root(void)
{
	static char before[4096];

	if (root != NULL)
		return root;
	if (getcwd(before, sizeof(before)) == NULL)
		abort();
	tree_make();
	tree_folder("root");
	tree_folder("root/images");
	tree_file("root/images/a.img", PARTY_CONTENT_BYTES, 1);
	tree_file("root/images/empty", 0, 1);
	root = content_root_open("root");
	if (root == NULL || chdir(before) != 0)
		abort();
	atexit(close_root);
	return root;
}

void serving_init(struct serving *s, struct port *port, unsigned choice, ns_t now)
{
	struct serve_config c;
	char why[PORT_WHY_BYTES];

	serve_config_defaults(&c);
	c.port = port;
	c.root = served_root();
	c.ip4 = port->info.ip4;
	c.ip6 = port->info.ip6;
	c.server_security = c.client_security = party_security(choice);
	c.block_bytes = choice & PARTY_LARGE ? PARTY_LARGE_BLOCK : PARTY_SMALL_BLOCK;
	c.cache_bytes = choice & PARTY_TIGHT ? 8 * c.block_bytes : 1 << 20;
	c.slow = choice & PARTY_TWO ? SERVE_SLOW_DEMOTE : SERVE_SLOW_KEEP;
	c.seed = 5;
	*s = (struct serving){ .port = port, .now = now };
	if (serve_new(&c, now, &s->serve, why) != WDSCAST_OK)
		abort();
}

static void check(const struct serve *w)
{
	uint32_t sessions = 0;

	for (uint32_t i = 0; i < SERVE_SESSIONS_MAX; i++) {
		const struct serve_session *s = w->sessions[i];

		sessions += s != NULL;
		assert(s == NULL || s->server.client_count <= SERVER_CLIENTS_MAX);
	}
	assert(sessions == w->session_count);
	assert(w->out.packet_count <= SERVE_OUT_PACKETS && w->out_next <= w->out.packet_count);
}

void serving_turn(struct serving *s, ns_t now, bool slow_disk)
{
	struct serve_event e;
	unsigned turns = 0, work;

	s->now = now;
	do {
		work = slow_disk ? 0 : serve_disk_turn(s->serve);
		work += serve_turn(s->serve, now);
		check(s->serve);
		while (serve_take_event(s->serve, &e))
			assert(strnlen(e.object, sizeof(e.object)) < sizeof(e.object));
	} while (work > 0 && ++turns < TURNS_MAX); /* while clients want data there is always some */
}

void serving_end(struct serving *s)
{
	serve_stop(s->serve);
	for (ns_t end = s->now + STOPPING_S * NS_PER_S; !serve_has_stopped(s->serve) && s->now < end;)
		serving_turn(s, s->now + 100 * NS_PER_MS, false);
	assert(serve_has_stopped(s->serve)); /* whatever came */
	serve_free(s->serve);
	port_close(s->port);
}
