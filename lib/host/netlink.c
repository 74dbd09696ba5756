#include "host/netlink.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_BYTES = 32768 }; /* the kernel never makes a larger message of a dump */

enum answer { ANSWER_MORE, ANSWER_DONE, ANSWER_REFUSED };

static enum answer read_messages(const struct nlmsghdr *m, unsigned left, bool dump, netlink_each *each, void *arg)
{
	for (; NLMSG_OK(m, left); m = NLMSG_NEXT(m, left)) {
		if (m->nlmsg_type == NLMSG_DONE)
			return ANSWER_DONE;
		if (m->nlmsg_type == NLMSG_ERROR) /* 0 is the acknowledgement that was asked for */
			return ((const struct nlmsgerr *)NLMSG_DATA(m))->error == 0 ? ANSWER_DONE : ANSWER_REFUSED;
		each(arg, m);
	}
	return dump ? ANSWER_MORE : ANSWER_DONE;
}

static bool read_answer(int fd, bool dump, netlink_each *each, void *arg)
{
	struct nlmsghdr *buffer = malloc(ANSWER_BYTES);
	enum answer answer = buffer != NULL ? ANSWER_MORE : ANSWER_REFUSED;

	while (answer == ANSWER_MORE) {
		ssize_t n = recv(fd, buffer, ANSWER_BYTES, 0);

		answer = n > 0 ? read_messages(buffer, (unsigned)n, dump, each, arg) : ANSWER_REFUSED;
	}
	free(buffer);
	return answer == ANSWER_DONE;
}

bool netlink_ask(struct nlmsghdr *request, netlink_each *each, void *arg)
{
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	bool dump = (request->nlmsg_flags & NLM_F_DUMP) == NLM_F_DUMP, ok;

	if (fd < 0)
		return false;
	ok = send(fd, request, request->nlmsg_len, 0) == (ssize_t)request->nlmsg_len &&
	     read_answer(fd, dump, each, arg);
	close(fd);
	return ok;
}

void netlink_add(struct nlmsghdr *request, unsigned short type, const void *data, unsigned short len)
{
	struct rtattr *a = (struct rtattr *)((char *)request + NLMSG_ALIGN(request->nlmsg_len));

	a->rta_type = type;
	a->rta_len = (unsigned short)RTA_LENGTH(len);
	memcpy(RTA_DATA(a), data, len);
	request->nlmsg_len = NLMSG_ALIGN(request->nlmsg_len) + RTA_ALIGN(a->rta_len);
}

static const void *find(const struct rtattr *a, int left, unsigned short type, unsigned min)
{
	for (; RTA_OK(a, left); a = RTA_NEXT(a, left))
		if ((a->rta_type & NLA_TYPE_MASK) == type && RTA_PAYLOAD(a) >= min)
			return RTA_DATA(a);
	return NULL;
}

const void *netlink_attribute(const struct nlmsghdr *message, unsigned fixed, unsigned short type, unsigned min)
{
	const char *at = (const char *)NLMSG_DATA(message) + NLMSG_ALIGN(fixed);

	return find((const struct rtattr *)at, (int)message->nlmsg_len - (int)NLMSG_SPACE(fixed), type, min);
}

const void *netlink_nested(const void *data, unsigned short type, unsigned min)
{
	const struct rtattr *outer = (const struct rtattr *)((const char *)data - RTA_LENGTH(0));

	return find(data, (int)RTA_PAYLOAD(outer), type, min);
}
