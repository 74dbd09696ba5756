/*
 * Ports that share their interface with the kernel: kernel sockets that join groups, so that the kernel
 * reports membership and programs the card's filter, and that hold UDP ports, so that nobody else gets
 * them and the kernel does not answer with ICMP. They are never read: a filter drops all they would get.
 * Control side only.
 */
#ifndef WDSCAST_PORT_MEMBERSHIP_H
#define WDSCAST_PORT_MEMBERSHIP_H

#include "port/port.h"

#define MEMBERSHIP_MAX 256 /* groups and UDP ports, together */

struct membership {
	unsigned ifindex;
	struct membership_entry {
		struct endpoint endpoint; /* a group's has port 0 */
		unsigned users;           /* 0: unused */
		int fd;
	} entries[MEMBERSHIP_MAX];
};

void membership_init(struct membership *m, unsigned ifindex);
enum wdscast_err membership_join(struct membership *m, const struct ip_addr *group);
void membership_leave(struct membership *m, const struct ip_addr *group);
/* Port 0: any free one, set on success. */
enum wdscast_err membership_reserve(struct membership *m, struct endpoint *local);
void membership_unreserve(struct membership *m, const struct endpoint *local);
/* Whether this machine has the address. */
bool membership_has_address(const struct ip_addr *ip);
void membership_close(struct membership *m);

#endif
