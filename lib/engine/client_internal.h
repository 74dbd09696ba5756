/* What the files of the client engine share; nobody else includes it. */
#ifndef WDSCAST_ENGINE_CLIENT_INTERNAL_H
#define WDSCAST_ENGINE_CLIENT_INTERNAL_H

#include "engine/client.h"

/* E16: numbers do not wrap in practice. One beyond this is no number of a server's, and refused. */
#define CLIENT_SEQ_NO_MAX (1ull << 62)

static inline bool client_is_master(const struct client *c)
{
	return c->master_client_id == c->client_id;
}

static inline void client_arm(struct client *c, enum client_timer timer, ns_t at)
{
	c->timer[timer] = at;
	c->due_at = ns_min(c->due_at, at);
}

static inline void client_disarm(struct client *c, enum client_timer timer)
{
	c->timer[timer] = NS_NEVER; /* due_at may stay early: then a step finds nothing due */
}

static inline bool client_is_armed(const struct client *c, enum client_timer timer)
{
	return c->timer[timer] != NS_NEVER;
}

/* client.c */
void client_disarm_all(struct client *c);
void client_event(const struct client *c, enum out_event_type type, struct outq *out);
/* A moment in from_ms..to_ms from now, at random to the nanosecond. */
ns_t client_random_after(struct client *c, ns_t now, uint64_t from_ms, uint64_t to_ms);
struct mt_head client_head(const struct client *c, ns_t now);
/* End, seal and address what was written to *w; false when it did not fit. */
bool client_send(const struct client *c, const struct writer *w, struct outq *out);

/* client_initiate.c */
void client_initiate_due(struct client *c, ns_t now, struct outq *out);
void client_initiate_until_due(struct client *c, ns_t now, struct outq *out);
void client_on_msi(struct client *c, const struct client_in *in, ns_t now, struct outq *out);
bool client_endpoints_are_sane(const struct endpoint *multicast, const struct endpoint *server);

/* client_join.c */
void client_accept(struct client *c, struct bitmap *blocks, ns_t now, struct outq *out);
void client_join_due(struct client *c, ns_t now, struct outq *out);
void client_rejoin_due(struct client *c, ns_t now, struct outq *out);
void client_on_joinack(struct client *c, const struct mt_packet *p, ns_t now, struct outq *out);

/* client_data.c */
void client_on_spm(struct client *c, const struct mt_packet *p, ns_t now, struct outq *out);
void client_on_data(struct client *c, const struct client_in *in, ns_t now, struct outq *out);
enum client_want client_wants_data(struct client *c, const struct mt_data *d, struct ma_data *block);

/* client_missing.c: the Missing ODATA List, 3.2.1.3.1 */
void client_missing_begin(struct client *c, uint64_t received);
void client_missing_raise(struct client *c, uint64_t trail);
void client_missing_lead(struct client *c, uint64_t lead);
void client_missing_fill(struct client *c, uint64_t seq_no);

/* 3.2.1.3.1.1. It rises a few times a second, and is asked with each packet. */
static inline void client_missing_trail(struct client *c, uint64_t trail)
{
	if (trail > c->missing_start)
		client_missing_raise(c, trail);
}

/* 3.2.1.3.1.2 and .3 together for a packet that came. The next in order touches no list. */
static inline void client_missing_receive(struct client *c, uint64_t seq_no)
{
	if (seq_no == c->missing_end + 1)
		c->missing_end = seq_no;
	else
		client_missing_fill(c, seq_no);
}

/* 3.2.1.3.1.4 */
static inline uint64_t client_missing_continuous(const struct client *c)
{
	return c->missing.n == 0 ? c->missing_end : c->missing.v[0].first - 1;
}

/* client_feedback.c */
uint64_t client_loss_rate_field(const struct client *c);
void client_begin_nacks(struct client *c, ns_t now);
void client_nack_due(struct client *c, ns_t now, struct outq *out);
void client_nack_sooner(struct client *c, ns_t now);
void client_zero_nack_due(struct client *c, ns_t now, struct outq *out);
/* A block found no slot: the server is asked to slow down. */
void client_refuse(struct client *c, ns_t now);

/* NACK management, 3.2.5.12 */
static inline void client_manage_nacks(struct client *c, ns_t now)
{
	if (c->missing.n > 0 && !client_is_armed(c, CLIENT_TIMER_NACK))
		client_begin_nacks(c, now);
}

/* client_status.c */
void client_on_qcc(struct client *c, const struct mt_packet *p, ns_t now);
void client_qcc_due(struct client *c, ns_t now, struct outq *out);
void client_force_qcc_due(struct client *c, ns_t now, struct outq *out);
void client_on_poll(struct client *c, const struct mt_packet *p, ns_t now);
void client_poll_due(struct client *c, ns_t now, struct outq *out);
/* The QCR that answers a JOINACK, 2.2.8.1. */
void client_send_join_qcr(struct client *c, uint64_t server_time, ns_t now, struct outq *out);

/* client_ack.c */
/* MasterClientId of an SPM, ODATA or RDATA. */
void client_change_master(struct client *c, uint32_t master_client_id);
/* These do nothing when another is the master. */
void client_ack_data(struct client *c, uint64_t server_time, ns_t now, struct outq *out);
void client_ack_spm(struct client *c, uint64_t server_time, ns_t now, struct outq *out);
void client_ack_held(struct client *c, ns_t now, struct outq *out);
void client_ack_last(struct client *c, uint64_t server_time, ns_t now, struct outq *out);

static inline void client_set_master(struct client *c, uint32_t master_client_id)
{
	if (master_client_id != c->master_client_id)
		client_change_master(c, master_client_id);
}

/* client_leave.c */
void client_finish(struct client *c, uint32_t win32, uint8_t leave_reason, ns_t now, struct outq *out);
void client_inactive_due(struct client *c, ns_t now, struct outq *out);
void client_leave_due(struct client *c, ns_t now, struct outq *out);
void client_on_kick(struct client *c, const struct mt_kick *p, ns_t now, struct outq *out);
void client_on_demote(struct client *c, const struct mt_demote *p, ns_t now);

#endif
