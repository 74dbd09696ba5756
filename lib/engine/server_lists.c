/* The four client lists, 3.1.1: who leaves them and how. KICK 3.1.5.6, DEMOTE 3.1.5.10, LEAVE 3.1.5.3. */
#include "engine/server_internal.h"

struct server_client *server_find(struct server *s, uint32_t client_id)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i].list != SERVER_NONE && s->clients[i].client_id == client_id)
			return &s->clients[i];
	return NULL;
}

static struct server_client *find_active(struct server *s, uint32_t client_id)
{
	struct server_client *c = server_find(s, client_id);

	return c != NULL && c->list == SERVER_ACTIVE ? c : NULL;
}

struct server_client *server_find_sender(struct server *s, uint32_t client_id, const struct endpoint *from)
{
	struct server_client *c = server_find(s, client_id);

	if (c == NULL) {
		s->stats.unknown_client++;
		return NULL;
	}
	if (!endpoint_equal(&c->from, from)) {
		s->stats.wrong_sender++;
		return NULL;
	}
	return c;
}

struct server_client *server_find_active_sender(struct server *s, uint32_t client_id, const struct endpoint *from)
{
	struct server_client *c = server_find_sender(s, client_id, from);

	if (c == NULL || c->list == SERVER_ACTIVE)
		return c;
	s->stats.unknown_client++;
	return NULL;
}

const struct server_client *server_find_client(const struct server *s, uint32_t client_id)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i].list != SERVER_NONE && s->clients[i].client_id == client_id)
			return &s->clients[i];
	return NULL;
}

bool server_is_needed(const struct server *s)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i].list == SERVER_ACTIVE || s->clients[i].list == SERVER_PENDING)
			return true;
	return false;
}

uint32_t server_active_rtt_ms(const struct server *s)
{
	uint32_t largest = 0;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i].list == SERVER_ACTIVE && s->clients[i].rtt_ms > largest)
			largest = s->clients[i].rtt_ms;
	return largest;
}

void server_not_active(struct server *s, struct server_client *c, ns_t now, struct outq *out)
{
	s->active_count--;
	if (s->active_count == 0) {
		server_abandon_pass(s);
		server_give_up_in_flight(s);
		server_event(NULL, OUT_IDLE, 0, out);
	} else {
		server_pass_lost_client(s, c, now, out);
	}
	if (c->client_id != s->master_client_id)
		return;
	s->master_client_id = 0;
	if (s->state == SERVER_DATA) /* 6.14 of the sheet: no need to wait for five SPMs */
		server_enter_qcc(s, now, out);
}

void server_forget(struct server *s, struct server_client *c, enum out_event_type type, uint8_t reason,
                   ns_t now, struct outq *out)
{
	enum server_list was = c->list;

	if (was == SERVER_PENDING)
		s->stats.never_joined++; /* nobody was told of it, and a flood would make many */
	else
		server_event(c, type, reason, out);
	c->list = SERVER_NONE;
	s->client_count--;
	if (was == SERVER_ACTIVE)
		server_not_active(s, c, now, out);
	else if (was == SERVER_PENDING && !server_is_needed(s))
		server_event(NULL, OUT_IDLE, 0, out);
}

void server_on_leave(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	const struct mt_leave *leave = &in->packet->leave;
	struct server_client *c = server_find_sender(s, leave->client_id, in->from); /* E11: on any list */

	if (c == NULL)
		return;
	s->stats.leaves++;
	if (leave->reason == MT_LEAVE_COMPLETE)
		c->lacks_nothing = true;
	server_forget(s, c, OUT_CLIENT_LEFT, leave->reason, now, out);
}

static bool list_has_any(const struct server *s, enum server_list list)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i].list == list)
			return true;
	return false;
}

static void send_kick(struct server *s, const struct mt_wire_kick *v, uint16_t n, ns_t now, struct outq *out)
{
	struct mt_head head = server_head(s, now);
	struct mt_kick p = { .count = n, .clients = v };
	struct writer w;

	if (!outq_begin(out, &w))
		return;
	mt_write_kick(&w, &head, &p);
	server_send(s, &w, &s->config.multicast, out);
	s->stats.kicks++;
}

/* 3.1.5.6.1: all of the Kick list, in as many packets as it takes. */
static void send_kicks(struct server *s, ns_t now, struct outq *out)
{
	struct mt_wire_kick v[MT_KICK_MAX];
	uint32_t max = server_fits(s, 2, sizeof(v[0]));
	uint16_t n = 0;

	if (max > MT_KICK_MAX)
		max = MT_KICK_MAX;
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		const struct server_client *c = &s->clients[i];

		if (c->list != SERVER_KICKED)
			continue;
		v[n++] = (struct mt_wire_kick){ be32_of(c->client_id), c->kick_reason };
		if (n == max) {
			send_kick(s, v, n, now, out);
			n = 0;
		}
	}
	if (n > 0)
		send_kick(s, v, n, now, out);
	s->kick_at = now + server_ms(s->config.kick_interval_ms);
}

void server_run_kicks(struct server *s, ns_t now, struct outq *out)
{
	if (list_has_any(s, SERVER_KICKED))
		send_kicks(s, now, out);
	else
		s->kick_at = NS_NEVER;
}

static void move_to_kicked(struct server_client *c, uint8_t reason, struct outq *out)
{
	bool was_told_of = c->list != SERVER_PENDING;

	c->list = SERVER_KICKED;
	c->kick_reason = reason;
	if (was_told_of)
		server_event(c, OUT_CLIENT_KICKED, reason, out);
}

/*
 * 3.1.5.6. The text has a client that is kicked while the Kick timer runs wait for its end, up to
 * 15 s; we tell it at once, and the timer starts again.
 */
void server_on_kick(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	struct server_client *c = find_active(s, in->client_id);

	if (c == NULL)
		return;
	move_to_kicked(c, in->reason, out);
	server_not_active(s, c, now, out);
	send_kicks(s, now, out);
}

void server_on_close(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		struct server_client *c = &s->clients[i];

		if (c->list != SERVER_NONE && c->list != SERVER_KICKED)
			move_to_kicked(c, in->reason, out);
	}
	s->active_count = 0;
	if (list_has_any(s, SERVER_KICKED))
		send_kicks(s, now, out);
	s->state = SERVER_TERMINATED;
	server_event(NULL, OUT_TERMINATED, 0, out);
}

static void send_demotes(struct server *s, ns_t now, struct outq *out)
{
	be32 ids[SERVER_CLIENTS_MAX]; /* below the 250 of one DEMOTE, 3.1.5.10.1 */
	struct mt_head head = server_head(s, now);
	struct mt_demote p = { .lower_session_id = s->config.lower_session_id,
		               .multicast = s->config.lower_multicast,
		               .unicast = s->config.lower_unicast,
		               .client_ids = ids };
	struct writer w;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++)
		if (s->clients[i].list == SERVER_DEMOTED)
			ids[p.count++] = be32_of(s->clients[i].client_id);
	s->demote_at = now + server_ms(s->config.demote_interval_ms);
	if (!outq_begin(out, &w))
		return;
	mt_write_demote(&w, &head, &p);
	server_send(s, &w, &s->config.multicast, out);
	s->stats.demotes++;
}

void server_run_demotes(struct server *s, ns_t now, struct outq *out)
{
	if (list_has_any(s, SERVER_DEMOTED))
		send_demotes(s, now, out);
	else
		s->demote_at = NS_NEVER;
}

/* 3.1.5.10; at once also while the Demote timer runs, as KICK. */
void server_on_demote(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	struct server_client *c = find_active(s, in->client_id);

	if (c == NULL || !c->supports_demote || s->config.lower_session_id == 0)
		return;
	c->list = SERVER_DEMOTED;
	server_event(c, OUT_CLIENT_DEMOTED, 0, out);
	server_not_active(s, c, now, out);
	send_demotes(s, now, out);
}

/*
 * 3.1.6.2, on the Demoted list too (E11). A timer that recurs every ClientDeadTimeout would let the
 * dead stay for up to twice that; so it is set to when the client heard longest ago will be due.
 */
void server_run_cleanup_clients(struct server *s, ns_t now, struct outq *out)
{
	ns_t timeout = server_ms(s->config.client_dead_timeout_ms), oldest = now;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		struct server_client *c = &s->clients[i];

		if (c->list == SERVER_NONE || c->list == SERVER_PENDING)
			continue;
		if (now - c->last_update > timeout)
			server_forget(s, c, OUT_CLIENT_VANISHED, 0, now, out);
		else
			oldest = ns_min(oldest, c->last_update);
	}
	s->cleanup_clients_at = oldest + timeout + 1;
}
