/* What the server sends beside what it was asked for, and who it says is the Master Client. */
#include "sim.h"

#define ULL(x) ((unsigned long long)(x))

static uint64_t words_of(const struct sim *s)
{
	return (s->total_blocks + 63) / 64;
}

static bool is_at(const struct server_client *c, const struct endpoint *from)
{
	return c != NULL && c->list == SERVER_ACTIVE && endpoint_equal(&c->from, from);
}

void sim_check_polled(struct sim *s, uint32_t session)
{
	struct sim_wanted *w = &s->servers[session].wanted;

	memset(w->blocks, 0, words_of(s) * sizeof(w->blocks[0]));
	memset(w->answers, 0, sizeof(w->answers));
}

void sim_check_pollack(struct sim *s, uint32_t session, const struct mt_pollack *p,
                       const struct endpoint *from)
{
	const struct server *e = &s->servers[session].engine;
	struct sim_wanted *w = &s->servers[session].wanted;
	const struct server_client *c = server_find_client(e, p->client_id);
	struct sim_answer *answer;
	struct ma_packet ma;

	if (!is_at(c, from) || e->pass_state != SERVER_QUERY || p->poll_seq_no + 1 != e->next_poll_seq_no ||
	    !ma_read(p->app_data, p->app_data_len, &ma) || ma.opcode != MA_CNT_CIR)
		return;
	answer = &w->answers[c - e->clients];
	*answer = (struct sim_answer){ .client_id = c->client_id };
	for (uint16_t i = 0; i < ma.cntcir.count; i++) {
		uint64_t first = be64_get(ma.cntcir.ranges[i].first),
		         last = be64_get(ma.cntcir.ranges[i].last);

		if (last > s->total_blocks)
			last = s->total_blocks;
		for (first = first > 0 ? first : 1; first <= last; first++) {
			w->blocks[(first - 1) / 64] |= 1ull << (first - 1) % 64;
			answer->last = first > answer->last ? first : answer->last;
		}
	}
}

/* A pass goes on to the last block that somebody who is still there lacks. */
static bool is_awaited(const struct sim_server *h, uint64_t block_no)
{
	for (uint32_t i = 0; i < SERVER_CLIENTS_MAX; i++) {
		const struct server_client *c = &h->engine.clients[i];
		const struct sim_answer *answer = &h->wanted.answers[i];

		if (c->list == SERVER_ACTIVE && c->client_id == answer->client_id && block_no <= answer->last)
			return true;
	}
	return false;
}

/* Does anybody lack it? From now on it is on its way to all who do. */
static bool take_wanted(struct sim_server *h, uint64_t block_no)
{
	uint64_t *word = &h->wanted.blocks[(block_no - 1) / 64], bit = 1ull << (block_no - 1) % 64;
	bool wanted = (*word & bit) != 0 && is_awaited(h, block_no);

	*word &= ~bit;
	return wanted;
}

/* An ODATA is asked for by POLLACK, an RDATA by NACK, or it is the probe of what the tail was before the
 * step. */
void sim_check_sent(struct sim *s, uint32_t session, const struct out_packet *p)
{
	struct sim_server *h = &s->servers[session];
	uint8_t *nacked = &h->nacked[p->seq_no & (h->engine.config.list_max - 1)];

	if (!p->repair && !take_wanted(h, p->block_no))
		sim_fail(s, "session %u sends block %llu, which nobody lacks", session, ULL(p->block_no));
	if (p->repair && !*nacked && p->seq_no != h->lead_seq_no)
		sim_fail(s, "session %u repeats %llu, which nobody asked for", session, ULL(p->seq_no));
	*nacked = 0;
}

void sim_check_nacked(struct sim *s, uint32_t session, const struct mt_nack *n, const struct endpoint *from)
{
	struct sim_server *h = &s->servers[session];
	const struct server *e = &h->engine;

	if (!is_at(server_find_client(e, n->client_id), from))
		return;
	for (uint16_t i = 0; i < n->count; i++) {
		uint64_t first = be64_get(n->ranges[i].start), last = be64_get(n->ranges[i].end);

		if (first < e->head_seq_no)
			first = e->head_seq_no;
		if (last > e->lead_seq_no)
			last = e->lead_seq_no;
		for (; first <= last; first++)
			h->nacked[first & (e->config.list_max - 1)] = 1;
	}
}

void sim_check_acked(struct sim *s, uint32_t session, uint32_t master, const struct endpoint *from)
{
	const struct server_client *c = server_find_client(&s->servers[session].engine, master);

	if (c != NULL && !endpoint_equal(&c->from, from))
		sim_fail(s, "session %u takes an ACK from another than its Master Client", session);
}

/* The Master Client that a packet names; false: it is of a kind that names none. */
static bool names_master(const struct mt_packet *p, uint32_t *client_id)
{
	switch (p->opcode) {
	case MT_SPM:
		*client_id = p->spm.master_client_id;
		return true;
	case MT_ODATA:
	case MT_RDATA:
		*client_id = p->data.client_id;
		return true;
	default:
		return false;
	}
}

/* Of the step that has just been made: did it make that client the master? */
static bool was_made_master(const struct sim *s, uint32_t client_id)
{
	for (uint32_t i = 0; i < s->out.event_count; i++)
		if (s->out.events[i].type == OUT_MASTER && s->out.events[i].client_id == client_id)
			return true;
	return false;
}

/* At most one: who was named stays it until another is made it, and is not named after that. */
void sim_check_named(struct sim *s, uint32_t session, const struct sim_datagram *d)
{
	struct sim_server *h = &s->servers[session];
	struct mt_packet p;
	uint32_t named;

	if (mt_read(d->bytes, d->len, &p) != MT_READ_OK || !names_master(&p, &named) || named == h->master)
		return;
	if (named != 0 && !was_made_master(s, named))
		sim_fail(s, "session %u names %u as Master Client, but %u is it", session, named, h->master);
	h->master = named;
}

/* A packet that a client takes, before it does. An SPM that is not news is not taken. */
void sim_check_taken(struct sim_client *c, const struct mt_packet *p)
{
	uint32_t named;

	if (c->engine.state == CLIENT_REGULAR && names_master(p, &named) &&
	    (p->opcode != MT_SPM || p->spm.spm_seq_no > c->engine.last_spm_seq_no))
		c->master_is_me = named == c->engine.client_id;
}

void sim_check_acks(struct sim *s, uint32_t client)
{
	if (!s->clients[client].master_is_me)
		sim_fail(s,
		         "client %u sends an ACK, but the last it heard is that another is the Master Client",
		         client);
}
