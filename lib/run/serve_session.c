#include "run/serve_internal.h"

#define CROWDED (SERVE_SESSIONS_MAX * 3 / 4) /* sessions, beyond which idle ones soon make room */
#define CROWDED_JOIN_WAIT_MS 2000
#define FAREWELLS 3
#define FAREWELL_EVERY_NS (50 * NS_PER_MS)

void serve_adopt(struct serve *w, struct serve_session *s, ns_t now)
{
	server_init(&s->server, &s->config, s->server_mem, now);
	s->idle_since = now;
	s->repair_ready = -1;
	w->sessions[s->index] = s;
	w->session_at_port[s->config.unicast.port] = (uint8_t)(s->index + 1);
	w->session_count++;
	w->stats.sessions++;
	serve_tell_session(w, s, SERVE_OPENED, now);
}

struct serve_session *serve_find(const struct serve *w, uint32_t index, uint32_t session_id)
{
	struct serve_session *s = w->sessions[index];

	return s != NULL && s->config.session_id == session_id && !s->closing ? s : NULL;
}

static void on_event(struct serve *w, struct serve_session *s, const struct out_event *e, ns_t now)
{
	switch (e->type) {
	case OUT_PASS:
		s->pass_waits = true;
		s->pass = 0;
		break;
	case OUT_PASS_DONE:
	case OUT_IDLE:
		s->pass_waits = false;
		s->pass = 0;
		break;
	case OUT_TERMINATED:
		s->closing = true;
		break;
	case OUT_CLIENT_SLOW:
		serve_on_slow(s, e->client_id);
		break;
	default:
		if (e->type == OUT_CLIENT_JOINED) { /* and maybe gone again before anybody looks */
			s->was_joined = true;
			s->idle_since = NS_NEVER;
		}
		serve_tell_client(w, s, e, now);
		break;
	}
}

void serve_step(struct serve *w, struct serve_session *s, const struct server_in *in, ns_t now)
{
	struct outq *out = &w->out;

	server_step(&s->server, in, now, out);
	serve_claim(w, s);
	for (uint32_t i = 0; i < out->event_count; i++)
		on_event(w, s, &out->events[i], now);
	out->event_count = 0;
}

void serve_on_packet(struct serve *w, struct serve_session *s, const struct net_datagram *d, ns_t now)
{
	const struct security *security = &s->config.client_security;
	struct mt_packet p;
	struct server_in in = { .type = SERVER_IN_PACKET, .from = &d->from, .packet = &p };

	if (s->closing || (security->mode == SECURITY_NONE && !link_verify(w->link, d)))
		return;
	if (mt_read(d->data, d->len, &p) != MT_READ_OK)
		w->stats.malformed++;
	else if (security_check_header(security, &p.security) != SECURITY_OK)
		w->stats.wrong_security++;
	else if (!server_hears(&s->server, &p))
		return;
	else if (security_verify(security, &p) != SECURITY_OK)
		w->stats.unverified++;
	else
		serve_step(w, s, &in, now);
}

/*
 * The text repeats a KICK every 15 s until all have left; a session that ends does not last so long. It
 * says it again soon: who misses them all waits for its inactivity timeout.
 */
static void keep_farewell(const struct serve *w, struct serve_session *s, uint32_t first, ns_t now)
{
	const struct out_packet *kick = &w->out.packets[w->out.packet_count - 1]; /* the last thing it says */

	if (w->out.packet_count == first || s->server.client_count == 0)
		return;
	memcpy(s->farewell, w->out.bytes + kick->head_at, kick->head_len);
	s->farewell_len = kick->head_len;
	s->farewells = FAREWELLS;
	s->farewell_at = now + FAREWELL_EVERY_NS;
}

static void say_farewell(struct serve *w, struct serve_session *s, ns_t now)
{
	struct writer out;

	if (s->farewells == 0 || now < s->farewell_at)
		return;
	s->farewells--;
	s->farewell_at = now + FAREWELL_EVERY_NS;
	if (!outq_begin(&w->out, &out))
		return;
	writer_bytes(&out, s->farewell, s->farewell_len);
	outq_end(&w->out, &out, s->farewell_len, &s->config.multicast);
	serve_claim(w, s);
}

void serve_close_session(struct serve *w, struct serve_session *s, ns_t now)
{
	struct server_in in = { .type = SERVER_IN_CLOSE, .reason = MT_KICK_FAIL };
	uint32_t first = w->out.packet_count;

	if (s->closing)
		return;
	serve_step(w, s, &in, now);
	s->closing = true;
	keep_farewell(w, s, first, now);
}

/* Hand the engine's pass to the content thread, as soon as that has taken the last one. */
static void give_pass(struct serve *w, struct serve_session *s)
{
	const struct ranges *pass = &s->server.pass;

	s->pass = prefetch_give_pass(&s->prefetch, pass->v, pass->n);
	s->pass_waits = s->pass == 0;
	w->ring = true;
}

/* Blocks that are there go into the engine, which sends as many as its window allows. */
static unsigned feed(struct serve *w, struct serve_session *s, ns_t now)
{
	struct server_in in = { .type = SERVER_IN_DATA };
	uint64_t position;
	unsigned n = 0;

	while (n < SERVE_FEED_BURST && s->pass != 0 && server_room(&s->server) > 0 &&
	       outq_has_room(&w->out, SERVE_OUT_PACKETS / 2) && prefetch_next(&s->prefetch, s->pass, &position)) {
		s->position_shift = position - s->server.next_seq_no;
		in.block_no = prefetch_slot(&s->prefetch, position)->block_no;
		prefetch_advance(&s->prefetch);
		serve_step(w, s, &in, now);
		n++;
	}
	return n;
}

/* How long a session without an active client stays: little when places for sessions get few. */
static uint64_t idle_wait_ms(const struct serve *w, const struct serve_session *s)
{
	bool is_awaited = !s->was_joined || server_is_needed(&s->server); /* somebody is about to join, or says so */

	if (w->session_count > CROWDED)
		return is_awaited ? CROWDED_JOIN_WAIT_MS : 0;
	return is_awaited && w->config.join_wait_ms > w->config.linger_ms ? w->config.join_wait_ms : w->config.linger_ms;
}

/* JOINs that nobody goes on with, which cost their sender nothing, do not begin that time anew. */
static void close_idle(struct serve *w, struct serve_session *s, ns_t now)
{
	s->look_at = now + SERVE_LOOK_EVERY;
	if (s->server.active_count > 0) {
		s->idle_since = NS_NEVER;
		return;
	}
	if (s->idle_since == NS_NEVER)
		s->idle_since = now;
	if (now - s->idle_since >= idle_wait_ms(w, s) * NS_PER_MS)
		serve_close_session(w, s, now);
}

static void close_spoilt(struct serve *w, struct serve_session *s, ns_t now)
{
	serve_tell_session(w, s, SERVE_SPOILT, now);
	serve_close_session(w, s, now);
}

unsigned serve_run_session(struct serve *w, struct serve_session *s, ns_t now)
{
	struct server_in tick = { .type = SERVER_IN_TICK };
	unsigned n = 0;

	if (s->closing) {
		say_farewell(w, s, now);
		return 0;
	}
	if (prefetch_failed(&s->prefetch)) {
		close_spoilt(w, s, now);
		return 1;
	}
	if (s->pass_waits)
		give_pass(w, s);
	if (s->pass != 0)
		n += feed(w, s, now);
	/* Timers, and what the window lets go of the blocks that were fed. */
	if (now >= server_deadline(&s->server))
		serve_step(w, s, &tick, now);
	n += serve_run_streams(w, s, now);
	n += serve_send_repairs(w, s, now);
	if (!s->closing && now >= s->look_at)
		close_idle(w, s, now);
	return n;
}
