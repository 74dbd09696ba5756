/* Every way out: MS-WDSMT 3.2.5.4, 3.2.5.15 KICK, and 3.2.5.16 DEMOTE, which leads elsewhere. */
#include "engine/client_internal.h"
#include "wdserror.h"

#define LEAVE_DELAY_MOST_MS 2000u /* a server of many clients says some hundred */

/* 3.2.5.4.3; but nobody who gives up waits the minute that a server may say. */
static void arm_leave(struct client *c, ns_t now)
{
	uint32_t max_ms = c->max_nack_backoff_ms != 0 ? c->max_nack_backoff_ms : c->config.max_leave_delay_ms;

	if (max_ms > LEAVE_DELAY_MOST_MS)
		max_ms = LEAVE_DELAY_MOST_MS;
	client_disarm_all(c);
	client_arm(c, CLIENT_TIMER_LEAVE, client_random_after(c, now, 0, max_ms));
}

static void close_session(struct client *c, struct outq *out)
{
	c->state = CLIENT_CLOSED;
	client_disarm_all(c);
	client_event(c, OUT_CLOSED, out);
}

/* The session's result. Who has a ClientId takes leave; for the others there is nothing to say. */
void client_finish(struct client *c, uint32_t win32, uint8_t leave_reason, ns_t now, struct outq *out)
{
	if (c->finished)
		return;
	c->finished = true;
	c->result = win32;
	c->leave_reason = leave_reason;
	client_event(c, OUT_FINISHED, out);
	if (c->state == CLIENT_REGULAR)
		arm_leave(c, now);
	if (!client_is_armed(c, CLIENT_TIMER_LEAVE)) { /* MOVING may have it armed */
		close_session(c, out);
		return;
	}
	c->state = CLIENT_LEAVING;
}

/* E3: the procedure says CANCELLED, the field's definition INACTIVE; the definition is the more telling. */
void client_inactive_due(struct client *c, ns_t now, struct outq *out)
{
	client_finish(c, ERROR_TIMEOUT, MT_LEAVE_INACTIVE, now, out);
}

static void send_leave(const struct client *c, ns_t now, struct outq *out)
{
	struct mt_head head = client_head(c, now);
	struct mt_leave leave = { c->client_id, c->leave_reason };
	struct writer w;

	if (!outq_begin(out, &w))
		return;
	mt_write_leave(&w, &head, &leave);
	client_send(c, &w, out);
}

void client_leave_due(struct client *c, ns_t now, struct outq *out)
{
	send_leave(c, now, out);
	if (c->state == CLIENT_MOVING) {
		c->offer = c->next_offer;
		client_event(c, OUT_MOVED, out);
	} else {
		close_session(c, out);
	}
}

static uint32_t kick_result(uint8_t reason)
{
	switch (reason) {
	case MT_KICK_POLICY_NOT_MET:
		return WDSTPC_E_KICKED_POLICY_NOT_MET;
	case MT_KICK_FALLBACK:
		return WDSTPC_E_KICKED_FALLBACK;
	case MT_KICK_FAIL:
		return WDSTPC_E_KICKED_FAIL;
	default:
		return WDSTPC_E_KICKED_UNKNOWN;
	}
}

/* The server forgets a kicked client by its LEAVE: CANCELLED, for it did not get what it wanted. */
void client_on_kick(struct client *c, const struct mt_kick *p, ns_t now, struct outq *out)
{
	for (uint16_t i = 0; i < p->count; i++) {
		if (be32_get(p->clients[i].client_id) == c->client_id) {
			client_finish(c, kick_result(p->clients[i].reason), MT_LEAVE_CANCELLED, now, out);
			return;
		}
	}
}

static bool names_us(const struct client *c, const struct mt_demote *p)
{
	for (uint16_t i = 0; i < p->count; i++)
		if (be32_get(p->client_ids[i]) == c->client_id)
			return true;
	return false;
}

/* The content is the same, so are modes and keys (2.2.13); only the session lies elsewhere. */
void client_on_demote(struct client *c, const struct mt_demote *p, ns_t now)
{
	if (!names_us(c, p))
		return;
	if (!client_endpoints_are_sane(&p->multicast, &p->unicast)) {
		c->stats.bad_payload++;
		return;
	}
	c->next_offer = c->offer;
	c->next_offer.session_id = p->lower_session_id;
	c->next_offer.multicast = p->multicast;
	c->next_offer.server = p->unicast;
	c->leave_reason = MT_LEAVE_CANCELLED;
	c->state = CLIENT_MOVING;
	arm_leave(c, now);
}
