/* Random and hostile packets, at random times: whatever comes, what holds must hold. */
#include "server_rig.h"

#include "base/rng.h"

enum { CLIENTS = 210, STEPS = 20000, OUT_PACKETS = 64 };

struct world {
	struct rig r;
	struct rng rng;
	uint64_t lead, next, head, spm, qcc, poll;
};

static uint64_t below(struct world *w, uint64_t n)
{
	return rng_below(&w->rng, n);
}

/* A number near one that matters, or anything. */
static uint64_t number(struct world *w, uint64_t around)
{
	switch (below(w, 8)) {
	case 0:
		return rng_next(&w->rng);
	case 1:
		return UINT64_MAX - below(w, 3);
	case 2:
		return below(w, 3);
	default:
		return around + below(w, 9) - 4;
	}
}

static uint32_t ranges(struct world *w, struct range *v, uint64_t around)
{
	uint32_t n = (uint32_t)below(w, 5);

	for (uint32_t i = 0; i < n; i++) {
		v[i].first = number(w, around);
		v[i].last = below(w, 3) ? v[i].first + below(w, 40) : number(w, around);
		if (v[i].last < v[i].first)
			v[i].last = v[i].first;
	}
	return n;
}

static void send_nack(struct world *w, uint32_t client)
{
	struct range v[8];
	uint32_t n = ranges(w, v, w->r.server->lead_seq_no);

	rig_nack(&w->r, client, (double)below(w, 1000) / 700, v, (uint16_t)n);
}

static void send_pollack(struct world *w, uint32_t client)
{
	struct range v[8];
	uint32_t n = ranges(w, v, 50), seconds = (uint32_t)(below(w, 9) ? below(w, 100) : rng_next(&w->rng));

	rig_pollack(&w->r, client, below(w, 5) ? w->r.server->next_poll_seq_no - 1 : number(w, 1), seconds, v,
	            (uint16_t)n);
}

static void send_something(struct world *w)
{
	struct server *s = w->r.server;
	uint32_t client = (uint32_t)below(w, below(w, 2) ? CLIENTS : 6);
	uint64_t now_ms = ns_to_ms(w->r.now);

	switch (below(w, 12)) {
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
		w->r.ids[CLIENTS] = below(w, 9) ? s->master_client_id : (uint32_t)rng_next(&w->rng);
		rig_ack(&w->r, CLIENTS, number(w, below(w, 2) ? s->lead_seq_no : s->trail_seq_no),
		        number(w, now_ms));
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

static void check(struct world *w)
{
	const struct server *s = w->r.server;
	uint32_t active = 0, all = 0, masters = 0;

	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		all += s->clients[i].list != SERVER_NONE;
		active += s->clients[i].list == SERVER_ACTIVE;
		masters +=
		        s->clients[i].list != SERVER_NONE && s->clients[i].client_id == s->master_client_id;
	}
	CU_ASSERT_EQUAL_FATAL(all, s->client_count);
	CU_ASSERT_EQUAL_FATAL(active, s->active_count);
	CU_ASSERT_FATAL(masters <= 1);
	CU_ASSERT_FATAL(s->state != SERVER_DATA || masters == 1);
	CU_ASSERT_FATAL((active == 0) == (s->pass_state == SERVER_IDLE));
	CU_ASSERT_FATAL(s->lead_seq_no >= w->lead && s->next_seq_no >= w->next && s->head_seq_no >= w->head);
	CU_ASSERT_FATAL(s->next_spm_seq_no >= w->spm && s->next_qcc_seq_no >= w->qcc);
	CU_ASSERT_FATAL(s->next_poll_seq_no >= w->poll);
	CU_ASSERT_FATAL(s->head_seq_no <= s->lead_seq_no + 1 && s->lead_seq_no < s->next_seq_no);
	CU_ASSERT_FATAL(s->trail_seq_no <= s->lead_seq_no && s->trail_seq_no + 1 >= s->head_seq_no);
	CU_ASSERT_FATAL(s->next_seq_no - s->head_seq_no <= s->config.list_max);
	CU_ASSERT_FATAL(s->window >= 1 && s->window <= s->config.max_window);
	CU_ASSERT_FATAL(s->pass.n <= SERVER_PASS_RANGES_MAX && s->pass_fed <= s->pass_blocks);
	for (uint32_t i = 0; i < s->pass.n; i++)
		CU_ASSERT_FATAL(s->pass.v[i].first >= 1 && s->pass.v[i].first <= s->pass.v[i].last &&
		                s->pass.v[i].last <= RIG_BLOCKS);
	w->lead = s->lead_seq_no;
	w->next = s->next_seq_no;
	w->head = s->head_seq_no;
	w->spm = s->next_spm_seq_no;
	w->qcc = s->next_qcc_seq_no;
	w->poll = s->next_poll_seq_no;
}

static void check_packets(struct world *w)
{
	for (uint32_t i = 0; i < w->r.out.packet_count; i++) {
		const struct out_packet *p = &w->r.out.packets[i];

		CU_ASSERT_FATAL(p->head_at + p->head_len <= w->r.out.bytes_max);
		CU_ASSERT_FATAL(p->tail_at + p->tail_len <= w->r.out.bytes_max);
		CU_ASSERT_FATAL(p->block_no <= RIG_BLOCKS);
		if (p->block_no != 0) {
			CU_ASSERT_FATAL(p->seq_no >= 1 && p->seq_no <= w->r.server->lead_seq_no);
		}
	}
}

static void whatever_comes_what_holds_must_hold(void)
{
	for (uint64_t seed = 1; seed <= 20; seed++) {
		struct world w = { .rng = { seed } };

		rig_config(&w.r);
		w.r.config.list_max = 64;
		w.r.config.exp_max_window = 8;
		w.r.config.max_window = 24;
		w.r.config.lower_session_id = 7;
		w.r.config.seed = seed;
		rig_start(&w.r, OUT_PACKETS);
		for (unsigned i = 0; i < STEPS && w.r.server->state != SERVER_TERMINATED; i++) {
			w.r.now += below(&w, 4) ? below(&w, 2 * NS_PER_MS) : below(&w, 300 * NS_PER_MS);
			if (below(&w, 1000) == 0)
				w.r.now += below(&w, 70) * NS_PER_S;
			if (below(&w, 4) == 0)
				rig_tick(&w.r, w.r.now);
			else if (below(&w, 6) == 0)
				command(&w);
			else if (below(&w, 8) == 0)
				rig_feed(&w.r, (uint32_t)below(&w, 100));
			else
				send_something(&w);
			check(&w);
			check_packets(&w);
			if (below(&w, 3) || w.r.out.event_count > 0)
				rig_clear(&w.r);
		}
		CU_ASSERT(w.lead > 0);
		rig_stop(&w.r);
	}
}

static const struct suite_test tests[] = { SUITE_TEST(whatever_comes_what_holds_must_hold) };
SUITE_MAIN("engine/server_random", tests)
