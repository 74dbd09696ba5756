/*
 * Slow clients: the engine says who holds a session below its rate, here it is kept, kicked, or moved to a
 * slower session of the same object, a lower stream, which is opened when it is needed first.
 */
#include "run/serve_internal.h"

/* More than there are places for will be told again. */
void serve_on_slow(struct serve_session *s, uint32_t client_id)
{
	if (s->slow_count < SERVE_SLOW_MAX)
		s->slow[s->slow_count++] = client_id;
}

static void ask_for_lower(struct serve *w, struct serve_session *s)
{
	struct serve_order order = { .type = SERVE_ORDER_LOWER, .session = s };

	if (s->lower_asked)
		return;
	s->lower_asked = true;
	serve_order(w, &order);
}

static struct serve_session *lower_of(struct serve *w, struct serve_session *s)
{
	struct serve_session *lower = s->has_lower ? serve_find(w, s->lower, s->lower_id) : NULL;

	if (lower == NULL)
		ask_for_lower(w, s);
	return lower;
}

static void kick(struct serve *w, struct serve_session *s, uint32_t client_id, uint8_t reason, ns_t now)
{
	struct server_in in = { .type = SERVER_IN_KICK, .client_id = client_id, .reason = reason };

	serve_step(w, s, &in, now);
}

/* One that cannot be moved is told to get it another way: it would slow all others here for ever. */
static void demote(struct serve *w, struct serve_session *s, struct serve_session *lower, uint32_t client_id, ns_t now)
{
	const struct server_client *c = server_find_client(&s->server, client_id);
	struct server_in in = { .type = SERVER_IN_DEMOTE, .client_id = client_id };

	if (c == NULL)
		return;
	if (!c->supports_demote) {
		kick(w, s, client_id, MT_KICK_FALLBACK, now);
		return;
	}
	s->server.config.lower_session_id = lower->config.session_id;
	s->server.config.lower_multicast = lower->config.multicast;
	s->server.config.lower_unicast = lower->config.unicast;
	serve_step(w, s, &in, now);
	if (lower->idle_since != NS_NEVER) /* somebody is on the way */
		lower->idle_since = now;
}

unsigned serve_run_streams(struct serve *w, struct serve_session *s, ns_t now)
{
	struct serve_session *lower = NULL;
	unsigned n = s->slow_count;

	if (n == 0)
		return 0;
	if (w->config.slow == SERVE_SLOW_DEMOTE) {
		lower = lower_of(w, s);
		if (lower == NULL)
			return 0;
	}
	s->slow_count = 0;
	for (unsigned i = 0; i < n; i++)
		if (lower != NULL)
			demote(w, s, lower, s->slow[i], now);
		else
			kick(w, s, s->slow[i], MT_KICK_POLICY_NOT_MET, now);
	return n;
}

void serve_on_lower(struct serve *w, const struct serve_answer *a, ns_t now)
{
	struct serve_session *s;

	if (a->made != NULL)
		serve_adopt(w, a->made, now);
	s = serve_find(w, a->upper, a->upper_id);
	if (s == NULL)
		return;
	s->lower_asked = false;
	if (a->win32 != 0) { /* no place, or the file has changed: they stay, and are told of again */
		s->slow_count = 0;
		return;
	}
	s->has_lower = true;
	s->lower = a->session;
	s->lower_id = a->session_id;
}
