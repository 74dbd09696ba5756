#include "engine/server_internal.h"

#include <assert.h>

void server_config_defaults(struct server_config *c)
{
	memset(c, 0, sizeof(*c));
	security_init_checksum(&c->server_security);
	security_init_checksum(&c->client_security);
	c->address_clients_max = 64;
	c->inactivity_timeout_ms = 300000;
	c->join_ack_to_qcr_ms = 500;
	c->max_join_ack_sends = 3;
	c->poll_backoff_ms = 200;
	c->kick_interval_ms = 15000;
	c->no_client_qcc_interval_ms = 500;
	c->qcc_interval_ms = 5000; /* E17: below the client's ForceQCCInterval and ClientDeadTimeout */
	c->client_dead_timeout_ms = 60000;
	c->spm_interval_ms = 220;
	c->cleanup_interval_ms = 200;
	c->retention_ms = 1000;
	c->max_no_response_spm = 5;
	c->demote_interval_ms = 500;
	c->exp_max_window = 256; /* E17: local choices */
	c->max_window = 2048;
	c->list_max = 1 << 17;
}

static size_t list_bytes(const struct server_config *c)
{
	return (size_t)c->list_max * sizeof(struct server_entry);
}

static size_t answers_bytes(void)
{
	return (size_t)SERVER_CLIENTS_MAX * sizeof(struct server_answer);
}

size_t server_mem_bytes(const struct server_config *c)
{
	return list_bytes(c) + answers_bytes() + (size_t)SERVER_PASS_RANGES_MAX * sizeof(struct range);
}

static void init_numbers(struct server *s)
{
	s->next_poll_seq_no = s->next_spm_seq_no = s->next_qcc_seq_no = 1;
	s->next_seq_no = s->head_seq_no = 1;
	s->master_rtt_ms = 1;
	s->master_rtt_ns = NS_PER_MS;
	s->min_nack_backoff_ms = s->max_nack_backoff_ms = 1;
	s->window = 1;
	s->ceiling = s->config.max_window;
	s->wait_ms = 1;
}

static void init_timers(struct server *s, ns_t now)
{
	s->qcc_at = s->spm_at = s->cleanup_list_at = s->kick_at = s->demote_at = NS_NEVER;
	s->slow_at = NS_NEVER;
	s->query_at = s->probe_at = s->pending_at = s->last_cut_at = s->refused_at = NS_NEVER;
	s->inactive_at = now + server_ms(s->config.inactivity_timeout_ms);
	s->cleanup_clients_at = now + server_ms(s->config.client_dead_timeout_ms);
}

void server_init(struct server *s, const struct server_config *config, void *mem, ns_t now)
{
	uint8_t *at = mem;

	assert(config->list_max != 0 && (config->list_max & (config->list_max - 1)) == 0);
	assert(config->credits != NULL);
	assert(config->max_window >= config->exp_max_window && config->exp_max_window >= 2);
	memset(s, 0, sizeof(*s));
	s->config = *config;
	s->rng.state = config->seed;
	s->started_at = now;
	s->head = (struct mt_head){ .security_type = security_header_type(&s->config.server_security),
		                    .security_len = security_data_len(&s->config.server_security),
		                    .session_id = config->session_id };
	s->list = (struct server_entry *)(void *)at;
	at += list_bytes(config);
	s->answer_mem = (struct server_answer *)(void *)at;
	at += answers_bytes();
	s->pass_mem = (struct range *)(void *)at;
	s->pass = ranges_of(s->pass_mem, SERVER_PASS_RANGES_MAX);
	init_numbers(s);
	init_timers(s, now);
}

/* 3.1.5.1. E1: POLLACK is 0x0d. */
static void dispatch(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	switch (in->packet->opcode) {
	case MT_JOIN:
		server_on_join(s, in, now, out);
		break;
	case MT_QCR:
		server_on_qcr(s, in, now, out);
		break;
	case MT_LEAVE:
		server_on_leave(s, in, now, out);
		break;
	case MT_POLLACK:
		server_on_pollack(s, in, now, out);
		break;
	case MT_ACK:
		server_on_ack(s, in, now, out);
		break;
	case MT_NACK:
		server_on_nack(s, in, now, out);
		break;
	default:
		s->stats.wrong_opcode++;
		break;
	}
}

bool server_hears(struct server *s, const struct mt_packet *p)
{
	bool ours = p->session_id == s->config.session_id;

	s->stats.wrong_session += !ours;
	return ours;
}

static void on_packet(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	if (!server_hears(s, in->packet))
		return;
	s->inactive_at = now + server_ms(s->config.inactivity_timeout_ms);
	dispatch(s, in, now, out);
}

/* A session nobody has spoken to for InactivityTimeout ends, 3.1.6.9. */
static void run_inactivity(struct server *s, struct outq *out)
{
	s->state = SERVER_TERMINATED;
	server_event(NULL, OUT_TERMINATED, 0, out);
}

static void run_timers(struct server *s, ns_t now, struct outq *out)
{
	if (now >= s->inactive_at) {
		run_inactivity(s, out);
		return;
	}
	if (now >= s->pending_at)
		server_run_join_acks(s, now, out);
	if (now >= s->cleanup_clients_at)
		server_run_cleanup_clients(s, now, out);
	if (now >= s->qcc_at)
		server_run_qcc(s, now, out);
	if (now >= s->cleanup_list_at)
		server_run_cleanup_list(s, now, out);
	if (now >= s->spm_at)
		server_run_spm(s, now, out);
	if (now >= s->slow_at)
		server_run_slow(s, now, out);
	if (now >= s->probe_at)
		server_run_probe(s, now, out);
	if (now >= s->query_at)
		server_run_query(s, now, out);
	if (now >= s->kick_at)
		server_run_kicks(s, now, out);
	if (now >= s->demote_at)
		server_run_demotes(s, now, out);
}

static void run_input(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	switch (in->type) {
	case SERVER_IN_TICK:
		server_send_window(s, now, out);
		break;
	case SERVER_IN_PACKET:
		on_packet(s, in, now, out);
		break;
	case SERVER_IN_DATA:
		server_on_data(s, in->block_no, now, out);
		break;
	case SERVER_IN_KICK:
		server_on_kick(s, in, now, out);
		break;
	case SERVER_IN_DEMOTE:
		server_on_demote(s, in, now, out);
		break;
	case SERVER_IN_CLOSE:
		server_on_close(s, in, now, out);
		break;
	}
}

static ns_t earliest_timer(const struct server *s)
{
	const ns_t timers[] = { s->inactive_at, s->cleanup_clients_at, s->qcc_at,    s->spm_at,
		                s->kick_at,     s->cleanup_list_at,    s->demote_at, s->query_at,
		                s->probe_at,    s->pending_at,         s->slow_at };
	ns_t at = NS_NEVER;

	for (unsigned i = 0; i < sizeof(timers) / sizeof(timers[0]); i++)
		at = ns_min(at, timers[i]);
	return at;
}

void server_step(struct server *s, const struct server_in *in, ns_t now, struct outq *out)
{
	if (s->state != SERVER_TERMINATED && now >= earliest_timer(s))
		run_timers(s, now, out);
	if (s->state != SERVER_TERMINATED)
		run_input(s, in, now, out);
}

ns_t server_deadline(const struct server *s)
{
	if (s->state == SERVER_TERMINATED)
		return NS_NEVER;
	return server_sendable(s) > 0 ? 0 : earliest_timer(s);
}
