/* Frames that nobody ought to send, made to measure for a transfer that goes on. IPv4. */
#ifndef WDSCAST_TESTS_SUPPORT_HOSTILE_H
#define WDSCAST_TESTS_SUPPORT_HOSTILE_H

#include "base/address.h"
#include "base/bytes.h"
#include "base/rng.h"

/* What an attacker on the wire has seen of a session: hostile_look() at each frame that the server sends. */
struct hostile {
	struct mac_addr server_mac, victim_mac, group_mac;
	struct endpoint server, victim, group;
	uint32_t session_id, client_id;
	bool ready;    /* all of it is known */
	unsigned next, fragments; /* which kind comes next, and which fragment */
	struct rng rng;
};

void hostile_look(struct hostile *h, const uint8_t *frame, uint32_t len);
/* The same with the server as the victim. */
struct hostile hostile_to_server(const struct hostile *h);
/* The next frame, of another kind each time, into out[1514]. Its length. */
uint32_t hostile_frame(struct hostile *h, uint8_t *out);

#endif
