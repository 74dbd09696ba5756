#include "server_storm.h"

#include "server_rig.h"

#include <assert.h>

enum { CLIENTS = 210, OUT_PACKETS = 64, RANGES_MAX = 300, RAW_BYTES_MAX = 64 };

struct world {
	struct storm_choices *choices;
	struct rig r;
	uint64_t lead, head, spm, qcc, poll;
	struct server_storm_result result;
};

static uint64_t below(struct world *w, uint64_t n)
{
	return w->choices->below(w->choices, n);
}

/* A number near one that matters, or anything. */
static uint64_t number(struct world *w, uint64_t around)
{
	switch (below(w, 8)) {
	case 0:
		return below(w, UINT64_MAX);
	case 1:
		return UINT64_MAX - below(w, 3);
	case 2:
		return below(w, 3);
	default:
		return around + below(w, 9) - 4;
	}
}

static uint16_t make_ranges(struct world *w, struct range *v, uint64_t around)
{
	uint16_t n = (uint16_t)below(w, below(w, 32) ? 5 : RANGES_MAX + 1);

	for (uint16_t i = 0; i < n; i++) {
		v[i].first = number(w, around);
		v[i].last = below(w, 3) ? v[i].first + below(w, 40) : number(w, around);
	}
	return n;
}

static void send_nack(struct world *w, uint32_t client)
{
	uint64_t lead = w->r.server->lead_seq_no;
	struct range v[RANGES_MAX];
	uint16_t n = make_ranges(w, v, lead);

	rig_nack_seen(&w->r, client, (double)below(w, 1000) / 700, number(w, lead), v, n);
}

static void send_pollack(struct world *w, uint32_t client)
{
	uint64_t latest = w->r.server->next_poll_seq_no - 1;
	struct range v[RANGES_MAX];
	uint16_t n = make_ranges(w, v, 50);
	uint32_t seconds = (uint32_t)(below(w, 9) ? below(w, 100) : below(w, UINT32_MAX));

	rig_pollack(&w->r, client, below(w, 5) ? latest : number(w, 1), seconds, v, n);
}

/* Mostly the master's; sometimes from another who says that he is it. */
static void send_ack(struct world *w)
{
	const struct server *s = w->r.server;
	uint32_t client = 0;

	while (client < CLIENTS && w->r.ids[client] != s->master_client_id)
		client++;
	if (below(w, 9) == 0) {
		client = CLIENTS;
		w->r.ids[client] = below(w, 2) ? s->master_client_id : (uint32_t)below(w, UINT32_MAX);
	}
	rig_ack(&w->r, client, number(w, below(w, 2) ? s->lead_seq_no : s->trail_seq_no),
	        number(w, ns_to_ms(w->r.now)));
}

/* Any bytes behind a header that is right. */
static void send_raw(struct world *w, uint32_t client)
{
	uint8_t bytes[MT_SECURITY_HEADER_BYTES + MT_SESSION_HEADER_BYTES + RAW_BYTES_MAX];
	struct writer out = writer_of(bytes, sizeof(bytes));
	uint64_t n = below(w, RAW_BYTES_MAX + 1);
	struct endpoint from = rig_endpoint(client);
	struct mt_packet packet;

	writer_be16(&out, 0x5744);
	writer_u8(&out, MT_SECHDR_NONE);
	writer_be16(&out, 0);
	writer_be32(&out, below(w, 16) ? RIG_SESSION : (uint32_t)below(w, UINT32_MAX));
	writer_u8(&out, (uint8_t)(1 + below(w, MT_DEMOTE)));
	writer_be64(&out, number(w, ns_to_ms(w->r.now)));
	for (uint64_t i = 0; i < n; i++)
		writer_u8(&out, (uint8_t)below(w, 256));
	assert(!out.full);
	if (mt_read(bytes, writer_len(&out), &packet) == MT_READ_OK)
		server_step(w->r.server, &(struct server_in){ .type = SERVER_IN_PACKET, .from = &from, .packet = &packet },
		            w->r.now, &w->r.out);
}

/* From where it joined, or pretending to be there. */
static void send_something(struct world *w)
{
	const struct server *s = w->r.server;
	uint32_t client = (uint32_t)below(w, below(w, 2) ? CLIENTS : 6);
	uint64_t now_ms = ns_to_ms(w->r.now);

	if (below(w, 24) == 0) { /* who says that it is another */
		w->r.ids[CLIENTS + 1] = w->r.ids[client];
		client = CLIENTS + 1;
	}
	switch (below(w, 13)) {
	case 12:
		send_raw(w, client);
		break;
	case 0:
		rig_join(&w->r, client, below(w, 50), below(w, 2));
		break;
	case 1:
		rig_qcr(&w->r, client, 0, number(w, now_ms), (uint16_t)below(w, 100));
		break;
	case 2:
	case 3:
		rig_qcr(&w->r, client, s->next_qcc_seq_no - 1, number(w, now_ms), (uint16_t)below(w, 100));
		break;
	case 4:
		if (below(w, 10) == 0)
			rig_leave(&w->r, client, (uint8_t)below(w, 4));
		break;
	case 5:
	case 6:
		send_pollack(w, client);
		break;
	case 7:
		send_nack(w, client);
		break;
	default:
		send_ack(w);
		break;
	}
}

static void command(struct world *w)
{
	static const enum server_in_type types[] = { SERVER_IN_KICK, SERVER_IN_DEMOTE, SERVER_IN_DATA };
	struct server_in in = { .type = types[below(w, 3)],
		                .client_id = w->r.ids[below(w, 6)],
		                .reason = (uint8_t)below(w, 3),
		                .block_no = number(w, 5) };

	server_step(w->r.server, &in, w->r.now, &w->r.out);
}

static void check_lists(const struct server *s)
{
	uint32_t active = 0, all = 0, masters = 0;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		const struct server_client *c = &s->clients[i];

		all += c->list != SERVER_NONE;
		active += c->list == SERVER_ACTIVE;
		masters += c->list != SERVER_NONE && c->client_id == s->master_client_id;
	}
	assert(all == s->client_count && active == s->active_count);
	assert(masters <= 1 && (s->state != SERVER_DATA || masters == 1));
	assert(s->state == SERVER_TERMINATED || (active == 0) == (s->pass_state == SERVER_IDLE));
}

static void check_numbers(struct world *w)
{
	const struct server *s = w->r.server;

	assert(s->lead_seq_no >= w->lead && s->head_seq_no >= w->head);
	assert(s->next_spm_seq_no >= w->spm && s->next_qcc_seq_no >= w->qcc &&
	       s->next_poll_seq_no >= w->poll);
	assert(s->head_seq_no <= s->lead_seq_no + 1 && s->lead_seq_no < s->next_seq_no);
	assert(s->trail_seq_no <= s->lead_seq_no && s->trail_seq_no + 1 >= s->head_seq_no);
	assert(s->next_seq_no - s->head_seq_no <= s->config.list_max);
	assert(s->window >= 1 && s->window <= s->config.max_window && s->ceiling <= s->config.max_window);
	w->lead = s->lead_seq_no;
	w->head = s->head_seq_no;
	w->spm = s->next_spm_seq_no;
	w->qcc = s->next_qcc_seq_no;
	w->poll = s->next_poll_seq_no;
}

static void check_pass(const struct server *s)
{
	assert(s->pass.n <= SERVER_PASS_RANGES_MAX && s->pass_fed <= s->pass_blocks);
	for (uint32_t i = 0; i < s->pass.n; i++) {
		assert(s->pass.v[i].first >= 1 && s->pass.v[i].last <= RIG_BLOCKS);
		assert(s->pass.v[i].first <= s->pass.v[i].last);
		assert(i == 0 || s->pass.v[i - 1].last + 1 < s->pass.v[i].first);
	}
}

static void check_packets(const struct world *w)
{
	for (uint32_t i = 0; i < w->r.out.packet_count; i++) {
		const struct out_packet *p = &w->r.out.packets[i];

		assert(p->block_no <= RIG_BLOCKS);
		assert(p->block_no == 0 || (p->seq_no >= 1 && p->seq_no <= w->r.server->lead_seq_no));
	}
	rig_read_all(&w->r);
}

static void pass_time(struct world *w)
{
	w->r.now += below(w, 4) ? below(w, 2 * NS_PER_MS) : below(w, 300 * NS_PER_MS);
	if (below(w, 1000) == 1)
		w->r.now += below(w, 70) * NS_PER_S;
}

static void do_something(struct world *w)
{
	if (below(w, 4) == 0)
		rig_tick(&w->r, w->r.now);
	else if (below(w, 6) == 0)
		command(w);
	else if (below(w, 8) == 0)
		rig_feed(&w->r, (uint32_t)below(w, 100));
	else
		send_something(w);
}

/* Of what the server sends: what clients send has been verified before it comes here. */
static void choose_mode(struct world *w)
{
	static const uint8_t key[24] = "one key of one lab, that";
	struct server_config *c = &w->r.config;

	switch (below(w, 4)) {
	case 0:
		security_init_none(&c->server_security);
		break;
	case 1:
		security_init_hash(&c->server_security, key, sizeof(key), SECURITY_HMAC_A);
		break;
	default:
		security_init_checksum(&c->server_security);
	}
	c->client_security = c->server_security;
}

static void open_world(struct world *w, struct storm_choices *choices)
{
	memset(w, 0, sizeof(*w));
	w->choices = choices;
	rig_config(&w->r);
	choose_mode(w);
	w->r.config.list_max = 64;
	w->r.config.exp_max_window = 8;
	w->r.config.max_window = 24;
	w->r.config.lower_session_id = 7;
	w->r.config.lower_multicast = w->r.config.multicast;
	w->r.config.lower_unicast = w->r.config.unicast;
	rig_start(&w->r, OUT_PACKETS);
}

struct server_storm_result server_storm_run(struct storm_choices *choices, uint64_t steps)
{
	struct world w;

	open_world(&w, choices);
	while (!choices->over && w.r.server->state != SERVER_TERMINATED && w.result.steps < steps) {
		w.result.steps++;
		pass_time(&w);
		do_something(&w);
		check_lists(w.r.server);
		check_numbers(&w);
		check_pass(w.r.server);
		check_packets(&w);
		w.result.joined += rig_count_events(&w.r, OUT_CLIENT_JOINED);
		w.result.masters += rig_count_events(&w.r, OUT_MASTER);
		if (below(&w, 3) || w.r.out.event_count > 0)
			rig_clear(&w.r);
	}
	w.result.odata = w.r.server->stats.odata;
	w.result.rdata = w.r.server->stats.rdata;
	w.result.passes = w.r.server->stats.passes;
	rig_stop(&w.r);
	return w.result;
}
