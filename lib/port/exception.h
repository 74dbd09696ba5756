/*
 * The kernel's way past a port that took its card: a tap interface with the card's MAC. Every frame that is
 * no datagram of our sessions goes to it, and what the kernel sends there goes out by the card. So DHCP, ssh
 * and DNS go on, and the kernel answers ARP and reports membership as it did on the card.
 *
 * Threads: exception_open(), _let_in(), _shut_out() and _close() are the control side's; exception_take()
 * the workers', exception_read() that of one.
 */
#ifndef WDSCAST_PORT_EXCEPTION_H
#define WDSCAST_PORT_EXCEPTION_H

#include "port/port.h"

#define EXCEPTION_DESTINATIONS_MAX 512

struct exception {
	int fd;
	unsigned ifindex;
	char name[16];
	struct exception_use {
		struct endpoint to; /* port 0: a group's fragments */
		unsigned users;     /* 0: unused */
	} uses[EXCEPTION_DESTINATIONS_MAX];
	/* The same for the workers, as one number each, 0 being none. They order nothing: a frame more or less
	 * is none when a session begins or ends. */
	_Atomic uint64_t keys[EXCEPTION_DESTINATIONS_MAX];
	_Atomic uint32_t key_count; /* that were ever in use */
	_Atomic uint64_t to_kernel, from_kernel, dropped; /* frames */
};

/*
 * The tap, up, with our MAC, MTU and addresses, so that UDP ports of these can be held. NULL: *err, and `why`
 * has a line that begins with spec.
 */
struct exception *exception_open(const struct port_info *info, const char *spec, enum wdscast_err *err, char *why);
void exception_close(struct exception *e);

/* Datagrams to there are ours; of a group, fragments too. Counted. False: too many. */
bool exception_let_in(struct exception *e, const struct endpoint *to);
void exception_shut_out(struct exception *e, const struct endpoint *to);

/* True: the frame is the kernel's alone, and has gone to it. False: it is ours too; ARP and ND are both's. */
bool exception_take(struct exception *e, const uint8_t *frame, uint32_t len);
/* A frame that the kernel sends; 0: none. */
uint32_t exception_read(struct exception *e, uint8_t *frame, uint32_t room);

#endif
