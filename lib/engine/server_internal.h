/* What the files of the server engine share. */
#ifndef WDSCAST_ENGINE_SERVER_INTERNAL_H
#define WDSCAST_ENGINE_SERVER_INTERNAL_H

#include "engine/server.h"

#define SERVER_RTT_MAX_MS 2000             /* no peer makes us wait for it longer than this */
#define SERVER_RTT_MIN_NS (50 * NS_PER_US) /* below it we would measure our own scheduling */

/* What a client said that it lacks. */
struct server_answer {
	uint32_t time_in_session_s;
	uint16_t count;
	struct range ranges[MA_RANGES_MAX];
};

static inline ns_t server_ms(uint64_t ms)
{
	return ms * NS_PER_MS;
}

static inline uint16_t server_u16(uint64_t v)
{
	return v > UINT16_MAX ? UINT16_MAX : (uint16_t)v;
}

static inline struct server_entry *server_entry(const struct server *s, uint64_t seq_no)
{
	return &s->list[seq_no & (s->config.list_max - 1)];
}

/*
 * The master's round trip: the finer measure, but that comes only with ACKs of packets sent once, which are
 * few when much is lost; MCRTT comes with every ACK, and is less than a millisecond too long.
 */
static inline ns_t server_rtt(const struct server *s)
{
	ns_t at_least = server_ms(s->master_rtt_ms - 1);

	return s->master_rtt_ns > at_least ? s->master_rtt_ns : at_least;
}

/* server_out.c */
struct mt_head server_head(const struct server *s, ns_t now);
/* Seal what w has and send it to `to`. */
void server_send(struct server *s, const struct writer *w, const struct endpoint *to, struct outq *out);
void server_event(const struct server_client *c, enum out_event_type type, uint8_t reason, struct outq *out);
/* How many elements of that size fit a control packet beside its fixed bytes. */
uint32_t server_fits(const struct server *s, uint32_t fixed_bytes, uint32_t element_bytes);

/* server_join.c */
void server_on_join(struct server *s, const struct server_in *in, ns_t now, struct outq *out);
void server_on_qcr(struct server *s, const struct server_in *in, ns_t now, struct outq *out);
void server_run_join_acks(struct server *s, ns_t now, struct outq *out);

/* server_lists.c */
struct server_client *server_find(struct server *s, uint32_t client_id);
/*
 * Who may speak in the name of that ClientId: the client from where it joined (3.2.3: it sends from one place).
 * Everybody hears the ClientIds of a group, so a packet from elsewhere says nothing of the client. NULL, and
 * counted, when there is no such client, or it is not there.
 */
struct server_client *server_find_sender(struct server *s, uint32_t client_id, const struct endpoint *from);
/* The same, and it is active. */
struct server_client *server_find_active_sender(struct server *s, uint32_t client_id, const struct endpoint *from);
uint32_t server_active_rtt_ms(const struct server *s);
void server_forget(struct server *s, struct server_client *c, enum out_event_type type, uint8_t reason,
                   ns_t now, struct outq *out);
/* c is on another list already. */
void server_not_active(struct server *s, struct server_client *c, ns_t now, struct outq *out);
void server_on_leave(struct server *s, const struct server_in *in, ns_t now, struct outq *out);
void server_on_kick(struct server *s, const struct server_in *in, ns_t now, struct outq *out);
void server_on_demote(struct server *s, const struct server_in *in, ns_t now, struct outq *out);
void server_on_close(struct server *s, const struct server_in *in, ns_t now, struct outq *out);
void server_run_kicks(struct server *s, ns_t now, struct outq *out);
void server_run_demotes(struct server *s, ns_t now, struct outq *out);
void server_run_cleanup_clients(struct server *s, ns_t now, struct outq *out);

/* server_qcc.c */
void server_enter_qcc(struct server *s, ns_t now, struct outq *out);
void server_run_qcc(struct server *s, ns_t now, struct outq *out);
void server_set_master(struct server *s, const struct server_client *c, double loss_rate, struct outq *out);

void server_fail_master(struct server *s, ns_t now);
static inline bool server_is_shunned(const struct server_client *c, ns_t now)
{
	return now < c->shunned_until;
}

/* server_data.c */
void server_enter_data(struct server *s, ns_t now, struct outq *out);
void server_leave_data(struct server *s);
void server_send_spm(struct server *s, ns_t now, struct outq *out);
void server_run_spm(struct server *s, ns_t now, struct outq *out);
void server_run_cleanup_list(struct server *s, ns_t now, struct outq *out);
void server_give_up_in_flight(struct server *s);

/* server_window.c */
void server_append(struct server *s, uint64_t block_no);
uint32_t server_list_room(const struct server *s);
uint32_t server_sendable(const struct server *s);
void server_send_window(struct server *s, ns_t now, struct outq *out);
bool server_send_data(struct server *s, uint64_t seq_no, enum mt_opcode opcode, ns_t now, struct outq *out);
void server_on_ack(struct server *s, const struct server_in *in, ns_t now, struct outq *out);
void server_on_congestion(struct server *s, double lost_part);
/* Packets to the master wait in a queue of its way. */
bool server_is_queueing(const struct server *s);
void server_arm_probe(struct server *s, ns_t now);
void server_run_probe(struct server *s, ns_t now, struct outq *out);

/* server_repair.c */
void server_on_nack(struct server *s, const struct server_in *in, ns_t now, struct outq *out);

/* Would it be no faster than the master, by the measure of 3.1.5.9.6.1? */
bool server_is_as_slow_as_master(const struct server *s, const struct server_client *c);

/* server_slow.c */
void server_begin_slow(struct server *s, ns_t now);
void server_run_slow(struct server *s, ns_t now, struct outq *out);

/* server_pass.c */
void server_start_query(struct server *s, ns_t now, struct outq *out);
void server_run_query(struct server *s, ns_t now, struct outq *out);
void server_on_pollack(struct server *s, const struct server_in *in, ns_t now, struct outq *out);
void server_on_data(struct server *s, uint64_t block_no, ns_t now, struct outq *out);
void server_pass_lost_client(struct server *s, struct server_client *c, ns_t now, struct outq *out);
void server_abandon_pass(struct server *s);
void server_check_pass(struct server *s, ns_t now, struct outq *out);

#endif
