/* The client's states: what it takes in each, and when what is due runs. */
#include "engine/client.h"

#include <assert.h>

#include "engine/client_internal.h"
#include "wdserror.h"

void client_config_defaults(struct client_config *c)
{
	memset(c, 0, sizeof(*c));
	security_init_checksum(&c->client_security); /* MS-WDSMSI 3.1.5.3: over UDP there is nothing else */
	security_init_checksum(&c->server_security);
	c->unproven_timeout_ms = 3000;
	c->initiate_interval_ms = 1000;
	c->initiate_timeout_ms = 10000;
	c->inactivity_timeout_ms = 30000;
	c->join_interval_ms = 500;
	c->max_leave_delay_ms = 200;
	c->force_qcc_interval_ms = 20000;
	c->rejoin_interval_ms = 10000;
}

void client_init(struct client *c, const struct client_config *config, ns_t now)
{
	/* An interval of 0 would be due again in the very step that it was due. */
	assert(config->initiate_interval_ms > 0 && config->join_interval_ms > 0);
	assert(config->force_qcc_interval_ms > 0 && config->rejoin_interval_ms > 0);
	memset(c, 0, sizeof(*c));
	c->config = *config;
	c->state = CLIENT_INITIATING;
	c->rng.state = config->seed;
	c->load = (struct client_load){ 255, 255, 255 };
	c->missing = ranges_of(c->missing_mem, CLIENT_MISSING_MAX);
	client_disarm_all(c);
	client_arm(c, CLIENT_TIMER_INITIATE, now);
	client_arm(c, CLIENT_TIMER_INITIATE_UNTIL, now + config->initiate_timeout_ms * NS_PER_MS);
}

void client_disarm_all(struct client *c)
{
	for (unsigned i = 0; i < CLIENT_TIMERS; i++)
		c->timer[i] = NS_NEVER;
	c->due_at = NS_NEVER;
}

void client_event(const struct client *c, enum out_event_type type, struct outq *out)
{
	struct out_event e = { .type = type, .client_id = c->client_id, .win32 = c->result };

	outq_event(out, &e);
}

ns_t client_random_after(struct client *c, ns_t now, uint64_t from_ms, uint64_t to_ms)
{
	return now + rng_between(&c->rng, from_ms * NS_PER_MS, to_ms * NS_PER_MS);
}

struct mt_head client_head(const struct client *c, ns_t now)
{
	return (struct mt_head){ .security_type = security_header_type(&c->config.client_security),
		                 .security_len = security_data_len(&c->config.client_security),
		                 .session_id = c->offer.session_id,
		                 .sender_time = ns_to_ms(now) };
}

bool client_send(const struct client *c, const struct writer *w, struct outq *out)
{
	const struct out_packet *p = outq_end(out, w, (uint32_t)writer_len(w), &c->offer.server);

	if (p == NULL)
		return false;
	security_seal_packet(&c->config.client_security, out->bytes + p->head_at, p->head_len);
	return true;
}

ns_t client_deadline(const struct client *c)
{
	ns_t at = NS_NEVER;

	for (unsigned i = 0; i < CLIENT_TIMERS; i++)
		at = ns_min(at, c->timer[i]);
	return at;
}

static enum client_timer earliest(const struct client *c)
{
	unsigned timer = 0;

	for (unsigned i = 1; i < CLIENT_TIMERS; i++)
		if (c->timer[i] < c->timer[timer])
			timer = i;
	return (enum client_timer)timer;
}

static void run_timer(struct client *c, enum client_timer timer, ns_t now, struct outq *out)
{
	switch (timer) {
	case CLIENT_TIMER_INITIATE_UNTIL:
		client_initiate_until_due(c, now, out);
		break;
	case CLIENT_TIMER_INACTIVE:
		client_inactive_due(c, now, out);
		break;
	case CLIENT_TIMER_LEAVE:
		client_leave_due(c, now, out);
		break;
	case CLIENT_TIMER_INITIATE:
		client_initiate_due(c, now, out);
		break;
	case CLIENT_TIMER_JOIN:
		client_join_due(c, now, out);
		break;
	case CLIENT_TIMER_POLL:
		client_poll_due(c, now, out);
		break;
	case CLIENT_TIMER_QCC:
		client_qcc_due(c, now, out);
		break;
	case CLIENT_TIMER_FORCE_QCC:
		client_force_qcc_due(c, now, out);
		break;
	case CLIENT_TIMER_REJOIN:
		client_rejoin_due(c, now, out);
		break;
	case CLIENT_TIMER_NACK:
		client_nack_due(c, now, out);
		break;
	case CLIENT_TIMER_ZERO_NACK:
		client_zero_nack_due(c, now, out);
		break;
	case CLIENT_TIMER_ACK:
		client_ack_held(c, now, out);
		break;
	case CLIENT_TIMERS:
		break;
	}
}

/* What is due, the earliest first. Each is disarmed, and armed again only beyond now: so this ends. */
static void run_due(struct client *c, ns_t now, struct outq *out)
{
	enum client_timer timer;

	while (timer = earliest(c), c->timer[timer] <= now) {
		client_disarm(c, timer);
		run_timer(c, timer, now, out);
	}
	c->due_at = c->timer[timer];
}

/* 3.2.5.1. What the state does not take was counted by client_wants(). */
static void on_packet(struct client *c, const struct client_in *in, ns_t now, struct outq *out)
{
	const struct mt_packet *p = in->packet;

	if (c->state != CLIENT_REGULAR && (c->state != CLIENT_JOINING || p->opcode != MT_JOINACK))
		return;
	/* Only ever later, so due_at need not know. */
	c->timer[CLIENT_TIMER_INACTIVE] = now + c->config.inactivity_timeout_ms * NS_PER_MS;
	c->free_slots = in->free_slots;
	if (in->free_slots > c->slots_max)
		c->slots_max = in->free_slots;
	switch (p->opcode) {
	case MT_ODATA:
	case MT_RDATA:
		client_on_data(c, in, now, out);
		break;
	case MT_SPM:
		client_on_spm(c, p, now, out);
		break;
	case MT_JOINACK:
		client_on_joinack(c, p, now, out);
		break;
	case MT_QCC:
		client_on_qcc(c, p, now);
		break;
	case MT_POLL:
		client_on_poll(c, p, now);
		break;
	case MT_KICK:
		client_on_kick(c, &p->kick, now, out);
		break;
	case MT_DEMOTE:
		client_on_demote(c, &p->demote, now);
		break;
	default: /* NCF is ignored, 3.2.5.19; it only shows that the server is there */
		break;
	}
}

static void on_room(struct client *c, const struct client_in *in, ns_t now, struct outq *out)
{
	c->free_slots = in->free_slots;
	if (in->free_slots > c->slots_max)
		c->slots_max = in->free_slots;
	client_ack_held(c, now, out);
}

void client_step(struct client *c, const struct client_in *in, ns_t now, struct outq *out)
{
	if (now >= c->due_at)
		run_due(c, now, out);
	switch (in->type) {
	case CLIENT_IN_PACKET:
		on_packet(c, in, now, out);
		break;
	case CLIENT_IN_TICK:
		break;
	case CLIENT_IN_MSI:
		client_on_msi(c, in, now, out);
		break;
	case CLIENT_IN_ACCEPT:
		client_accept(c, in->blocks, now, out);
		break;
	case CLIENT_IN_CANCEL:
		client_finish(c, in->win32, MT_LEAVE_CANCELLED, now, out);
		break;
	case CLIENT_IN_ROOM:
		on_room(c, in, now, out);
		break;
	}
	/* A delay of nothing, such as a master's NACK has, is over in the step that began it. */
	if (now >= c->due_at)
		run_due(c, now, out);
}

static bool drop(uint64_t *counter)
{
	++*counter;
	return false;
}

static inline bool hears(struct client *c, const struct mt_packet *p, const struct endpoint *from)
{
	if (c->state != CLIENT_REGULAR && c->state != CLIENT_JOINING)
		return drop(&c->stats.wrong_state);
	if (p->session_id != c->offer.session_id)
		return drop(&c->stats.wrong_session);
	return ip_equal(&from->ip, &c->offer.server.ip) || drop(&c->stats.wrong_sender);
}

bool client_hears(struct client *c, const struct mt_packet *p, const struct endpoint *from)
{
	return hears(c, p, from);
}

static enum client_want not_wanted(uint64_t *counter)
{
	drop(counter);
	return CLIENT_WANT_NOT;
}

enum client_want client_wants(struct client *c, const struct mt_packet *p, const struct endpoint *from,
                              struct ma_data *block)
{
	if (c->state == CLIENT_JOINING && p->opcode != MT_JOINACK)
		return not_wanted(&c->stats.wrong_state);
	if (!hears(c, p, from))
		return CLIENT_WANT_NOT;
	switch (p->opcode) {
	case MT_ODATA:
	case MT_RDATA:
		return client_wants_data(c, &p->data, block);
	case MT_JOINACK:
	case MT_QCC:
	case MT_POLL:
	case MT_SPM:
	case MT_KICK:
	case MT_DEMOTE:
	case MT_NCF:
		return CLIENT_WANT_STEP;
	default:
		return not_wanted(&c->stats.wrong_opcode);
	}
}

uint8_t client_progress(const struct client *c)
{
	uint64_t wanted, received;

	if (c->blocks == NULL)
		return 0;
	wanted = c->blocks->bits - c->unwanted;
	received = c->blocks->ones - c->unwanted;
	/* The sheet's 6.2 of MS-WDSMA: what is there, not what is missing. */
	return wanted == 0 ? 100 : (uint8_t)(100 * received / wanted);
}
