/* What must hold: at each step, of what is sent, of timers, and at the end. Comes with sim.h. */
#ifndef WDSCAST_TESTS_SIM_CHECK_H
#define WDSCAST_TESTS_SIM_CHECK_H

void sim_check_client(struct sim *s, uint32_t client);
void sim_check_server(struct sim *s, uint32_t session);
void sim_check_server_deadline(struct sim *s, uint32_t session);
/* Of a data packet that the server is about to send. */
void sim_check_sent(struct sim *s, uint32_t session, const struct out_packet *p);
/* Any packet of the server's, with the events of its step still there. */
void sim_check_named(struct sim *s, uint32_t session, const struct sim_datagram *d);
/* The server has sent a POLL: what was said before counts no more. */
void sim_check_polled(struct sim *s, uint32_t session);
/* Packets that verified are about to be stepped. */
void sim_check_pollack(struct sim *s, uint32_t session, const struct mt_pollack *p, const struct endpoint *from);
void sim_check_nacked(struct sim *s, uint32_t session, const struct mt_nack *n, const struct endpoint *from);
void sim_check_taken(struct sim_client *c, const struct mt_packet *p);
/* Who has sent an ACK that was accepted, when that client was the master. */
void sim_check_acked(struct sim *s, uint32_t session, uint32_t master, const struct endpoint *from);
/* A client has sent an ACK. */
void sim_check_acks(struct sim *s, uint32_t client);

/* Every so often: timers that are not armed make no step. */
void sim_watch(struct sim *s);
void sim_check_client_times(struct sim *s, uint32_t client);
void sim_check_server_times(struct sim *s, uint32_t session);
/* Before its cable or the server changes: for how long it has been cut off. */
void sim_note_cut(struct sim *s, struct sim_client *c);
/* A client is about to take a packet. */
void sim_note_asked(struct sim *s, struct sim_client *c, const struct mt_packet *p);
/* It gives up: was it cut off for as long as its state stands? */
bool sim_may_time_out(struct sim *s, struct sim_client *c);
void sim_note_heard(struct sim *s, struct sim_client *c);
void sim_check_end(struct sim *s);

#endif
