/* The worker's half of port_kernel.h: receiving and sending, many datagrams a system call. */
#include <errno.h>
#include <netinet/udp.h>
#include <netinet/in.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "port/port_kernel.h"

#define READY_MAX 16
#define CONTROL_BYTES (CMSG_SPACE(sizeof(int)) + CMSG_SPACE(sizeof(uint32_t)))

static void add(_Atomic uint64_t *counter, uint64_t n)
{
	/* one writer: no need for a locked addition */
	atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n, memory_order_relaxed);
}

/* Close what the control side has ended: only here is it sure that nobody uses it. */
static void close_ending(struct port_kernel *k)
{
	for (unsigned i = 0; i < KERNEL_SOCKETS; i++) {
		struct kernel_socket *s = &k->sockets[i];

		if (atomic_load_explicit(&s->state, memory_order_acquire) != KERNEL_ENDING)
			continue;
		close(s->fd);
		atomic_store_explicit(&s->state, KERNEL_FREE, memory_order_release); /* K3 */
		atomic_fetch_sub_explicit(&k->ending, 1, memory_order_relaxed);
	}
}

/* What the kernel tells beside the bytes: the size of a train's datagrams, and what it had to drop. */
static void read_control(struct port_kernel *k, struct kernel_socket *s, struct msghdr *h, struct kernel_message *m)
{
	for (struct cmsghdr *c = CMSG_FIRSTHDR(h); c != NULL; c = CMSG_NXTHDR(h, c)) {
		uint32_t value;

		memcpy(&value, CMSG_DATA(c), sizeof(value));
		if (c->cmsg_level == SOL_UDP && c->cmsg_type == UDP_GRO) {
			m->segment = value;
		} else if (c->cmsg_level == SOL_SOCKET && c->cmsg_type == SO_RXQ_OVFL) {
			add(&k->rx_missed, value - s->overflow);
			s->overflow = value;
		}
	}
}

/* Fill the free messages from one socket. */
static void receive(struct port_kernel *k, struct kernel_socket *s)
{
	uint32_t first = k->message_count, room = KERNEL_MESSAGES - first;
	_Alignas(struct cmsghdr) uint8_t control[KERNEL_MESSAGES][CONTROL_BYTES];
	struct sockaddr_storage from[KERNEL_MESSAGES];
	struct mmsghdr headers[KERNEL_MESSAGES];
	struct iovec iov[KERNEL_MESSAGES];
	int n;

	for (uint32_t i = 0; i < room; i++) {
		iov[i] = (struct iovec){ k->messages[first + i].bytes, KERNEL_MESSAGE_BYTES };
		headers[i].msg_hdr = (struct msghdr){ .msg_name = &from[i],
			                              .msg_namelen = sizeof(from[i]),
			                              .msg_iov = &iov[i],
			                              .msg_iovlen = 1,
			                              .msg_control = control[i],
			                              .msg_controllen = CONTROL_BYTES };
	}
	n = recvmmsg(s->fd, headers, room, MSG_DONTWAIT, NULL);
	for (int i = 0; i < n; i++) {
		struct kernel_message *m = &k->messages[first + (uint32_t)i];

		m->len = headers[i].msg_len;
		m->segment = m->len;
		m->at = 0;
		kernel_endpoint(&from[i], &m->from);
		m->to = s->local;
		read_control(k, s, &headers[i].msg_hdr, m);
		if (m->segment == 0)
			m->segment = m->len;
	}
	if (n > 0)
		k->message_count += (uint32_t)n;
}

static void receive_ready(struct port_kernel *k)
{
	struct epoll_event ready[READY_MAX];
	int n = epoll_wait(k->epoll, ready, READY_MAX, 0);

	k->message_count = k->message_next = 0;
	for (int i = 0; i < n && k->message_count < KERNEL_MESSAGES; i++) {
		struct kernel_socket *s = ready[i].data.ptr;

		if (atomic_load_explicit(&s->state, memory_order_acquire) == KERNEL_LIVE) /* K2 */
			receive(k, s);
	}
}

/* Cut the trains into datagrams. */
static uint32_t deliver(struct port_kernel *k, struct frame *v, uint32_t n)
{
	uint32_t count = 0;
	uint64_t bytes = 0;

	while (count < n && k->message_next < k->message_count) {
		struct kernel_message *m = &k->messages[k->message_next];
		uint32_t left = m->len - m->at;

		if (left > 0) {
			struct frame *f = &v[count++];

			f->data = m->bytes + m->at;
			f->len = left < m->segment ? left : m->segment;
			f->flags = PORT_L4_GOOD;
			f->owner = m;
			f->from = m->from;
			f->to = m->to;
			m->at += f->len;
			bytes += f->len;
		}
		if (m->at == m->len)
			k->message_next++;
	}
	k->outstanding += count;
	add(&k->rx_frames, count);
	add(&k->rx_bytes, bytes);
	return count;
}

uint32_t kernel_rx(struct port *p, uint16_t queue, struct frame *v, uint32_t n)
{
	struct port_kernel *k = (struct port_kernel *)p;

	(void)queue;
	if (atomic_load_explicit(&k->ending, memory_order_acquire) > 0)
		close_ending(k);
	/* the buffers are used again only when all that was cut from them has come back */
	if (k->message_next == k->message_count && k->outstanding == 0)
		receive_ready(k);
	return deliver(k, v, n);
}

void kernel_free(struct port *p, uint16_t queue, struct frame *v, uint32_t n)
{
	struct port_kernel *k = (struct port_kernel *)p;

	(void)queue;
	(void)v;
	k->outstanding -= n;
}

static uint32_t packet_len(const struct port_packet *p)
{
	return p->head_len + p->body_len + p->tail_len;
}

/* Up to three pieces into iov. */
static unsigned add_pieces(struct iovec *iov, const struct port_packet *p)
{
	unsigned n = 0;

	if (p->head_len > 0)
		iov[n++] = (struct iovec){ (void *)(uintptr_t)p->head, p->head_len };
	if (p->body_len > 0)
		iov[n++] = (struct iovec){ (void *)(uintptr_t)p->body, p->body_len };
	if (p->tail_len > 0)
		iov[n++] = (struct iovec){ (void *)(uintptr_t)p->tail, p->tail_len };
	return n;
}

/*
 * How many packets from the first on can go as one train: same way, same size, only the last shorter,
 * each without fragments, all within the largest datagram.
 */
static uint32_t train_len(const struct port_kernel *k, const struct port_packet *v, uint32_t n)
{
	uint32_t size = packet_len(&v[0]), total = size, count = 1;
	uint32_t headers = v[0].to->ip.len == 4 ? 28 : 48;

	if (!k->batch_send || size + headers > k->port.info.mtu)
		return 1;
	while (count < n && count < KERNEL_SEGMENTS) {
		uint32_t len = packet_len(&v[count]);

		if (len > size || total + len > 65535 - headers || !endpoint_equal(v[count].to, v[0].to) ||
		    !endpoint_equal(v[count].from, v[0].from))
			break;
		total += len;
		count++;
		if (len < size)
			break;
	}
	return count;
}

struct train {
	struct iovec iov[KERNEL_SEGMENTS * 3];
	struct sockaddr_storage to;
	_Alignas(struct cmsghdr) uint8_t control[CMSG_SPACE(sizeof(uint16_t))];
	struct msghdr header;
};

static void build_train(struct port_kernel *k, struct train *t, const struct port_packet *v, uint32_t count)
{
	unsigned pieces = 0;

	for (uint32_t i = 0; i < count; i++)
		pieces += add_pieces(t->iov + pieces, &v[i]);
	t->header = (struct msghdr){ .msg_name = &t->to,
		                     .msg_namelen = kernel_address(v[0].to, k->ifindex, &t->to),
		                     .msg_iov = t->iov,
		                     .msg_iovlen = pieces };
	if (count > 1) {
		uint16_t size = (uint16_t)packet_len(&v[0]);
		struct cmsghdr *c;

		memset(t->control, 0, sizeof(t->control));
		t->header.msg_control = t->control;
		t->header.msg_controllen = sizeof(t->control);
		c = CMSG_FIRSTHDR(&t->header);
		c->cmsg_level = SOL_UDP;
		c->cmsg_type = UDP_SEGMENT;
		c->cmsg_len = CMSG_LEN(sizeof(size));
		memcpy(CMSG_DATA(c), &size, sizeof(size));
	}
}

/* A full socket keeps the packet for the next turn; any other failure is a loss on the way. */
static bool is_full(int error)
{
	return error == EAGAIN || error == EWOULDBLOCK || error == ENOBUFS;
}

uint32_t kernel_tx(struct port *p, uint16_t queue, const struct port_packet *v, uint32_t n)
{
	struct port_kernel *k = (struct port_kernel *)p;
	uint32_t sent = 0;

	(void)queue;
	while (sent < n) {
		struct kernel_socket *s = kernel_find(k, v[sent].from);
		uint32_t count = train_len(k, v + sent, n - sent);
		struct train t;
		ssize_t bytes;

		build_train(k, &t, v + sent, count);
		errno = 0;
		bytes = s == NULL ? -1 : sendmsg(s->fd, &t.header, MSG_DONTWAIT | MSG_NOSIGNAL);
		if (bytes < 0 && is_full(errno))
			break;
		if (bytes < 0 && count > 1 && (errno == EIO || errno == EINVAL)) {
			k->batch_send = false; /* an interface without checksum offload refuses trains */
			continue;
		}
		sent += count;
		add(bytes < 0 ? &k->tx_dropped : &k->tx_frames, count);
		if (bytes > 0)
			add(&k->tx_bytes, (uint64_t)bytes);
	}
	return sent;
}
