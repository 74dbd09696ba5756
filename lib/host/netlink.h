/* Questions to the kernel's routing socket (rtnetlink); of this room only. */
#ifndef WDSCAST_HOST_NETLINK_H
#define WDSCAST_HOST_NETLINK_H

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <stdint.h>

/* Called for each message of an answer; attributes: see netlink_attribute(). */
typedef void netlink_each(void *arg, const struct nlmsghdr *message);

/*
 * Send a request, whose nlmsg_len is set, and give each message of the answer to `each`. False when the
 * kernel refuses it.
 */
bool netlink_ask(struct nlmsghdr *request, netlink_each *each, void *arg);

/* Append an attribute to a request in a buffer that has room for it. */
void netlink_add(struct nlmsghdr *request, unsigned short type, const void *data, unsigned short len);

/* The data of the first attribute of that type, at least min bytes; NULL when it has none. fixed: bytes of
 * the message's own struct (ifinfomsg, ...) before its attributes. */
const void *netlink_attribute(const struct nlmsghdr *message, unsigned fixed, unsigned short type, unsigned min);
/* The same within the data of an attribute that holds others. */
const void *netlink_nested(const void *data, unsigned short type, unsigned min);

#endif
