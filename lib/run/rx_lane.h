/* Inside the worker: one lane's share of a turn (rx_lane.c), and its place in the table (rx.c). */
#ifndef WDSCAST_RUN_RX_LANE_H
#define WDSCAST_RUN_RX_LANE_H

#include "run/rx.h"

void rx_lane_datagram(struct rx *rx, struct lane *lane, const struct net_datagram *d, ns_t now);
/* Packets of the burst that waited to be verified together. */
void rx_lane_settle(struct rx *rx, struct lane *lane, ns_t now);
/* One engine step, and what came out of it. */
void rx_lane_step(struct rx *rx, struct lane *lane, const struct client_in *in, ns_t now);
void rx_lane_accept(struct rx *rx, struct lane *lane, ns_t now);
/* Its timers if they are due, and its share of rx.deadline. */
void rx_lane_tick(struct rx *rx, struct lane *lane, ns_t now);
void rx_lane_room(struct rx *rx, struct lane *lane, ns_t now);
/* The session is over and its last packet sent: the lane goes back to the control side. */
void rx_lane_detach(struct rx *rx, struct lane *lane, ns_t now);

/* For who reads the counters now, and not some time in a second. */
void rx_copy_counters(struct rx *rx, ns_t now);
void rx_place(struct rx *rx, struct lane_place *place, struct lane *lane, const struct endpoint *at);
void rx_unplace(struct rx *rx, struct lane_place *place);

#endif
