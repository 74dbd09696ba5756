/*
 * The port of UDP sockets: for machines where nothing else may be used. No privilege, no huge pages.
 * It delivers datagrams: the kernel does ARP, membership, fragments and checksums.
 *
 * Sockets: one for each UDP port that is reserved (it sends, and receives what comes to us) and one for
 * each group that is joined. The control side makes and ends them, the worker uses them; so a socket is
 * closed by the worker, or by close() when there is no worker any more.
 */
#ifndef WDSCAST_PORT_PORT_KERNEL_H
#define WDSCAST_PORT_PORT_KERNEL_H

#include <stdatomic.h>
#include <sys/socket.h>

#include "host/host.h"
#include "port/port.h"

#define KERNEL_SOCKETS 256
#define KERNEL_MESSAGES 8         /* datagrams, or trains of them, a system call receives */
#define KERNEL_MESSAGE_BYTES 65536
#define KERNEL_SEGMENTS 64        /* UDP_MAX_SEGMENTS */

enum kernel_socket_state {
	KERNEL_FREE,   /* the control side may take it */
	KERNEL_LIVE,   /* K1: the control side publishes fd (release); pairs with K2, the worker's acquire */
	KERNEL_ENDING, /* the worker is to close it; K3 (release) gives it back, pairs with K4 */
};

struct kernel_socket {
	_Atomic int state;
	int fd;
	unsigned users;        /* control side: joins or reservations of the same endpoint */
	struct endpoint local; /* what it is bound to: where its datagrams were sent to */
	struct ip_addr source; /* of a source-specific group; len 0: any */
	uint32_t overflow;     /* worker: SO_RXQ_OVFL as last seen */
};

/* What a receive call brought, delivered piece by piece: a train is datagrams of one size (UDP_GRO). */
struct kernel_message {
	uint8_t *bytes;
	uint32_t len, at, segment;
	struct endpoint from, to;
};

struct port_kernel {
	struct port port;
	unsigned ifindex;
	int epoll;
	bool batch_send;                 /* UDP_SEGMENT works here */
	struct kernel_socket sockets[KERNEL_SOCKETS];
	struct host_mutex *lock;         /* of the control side's calls */
	_Atomic uint32_t ending;         /* sockets that the worker is to close */

	/* the worker's */
	struct kernel_message messages[KERNEL_MESSAGES];
	uint32_t message_count, message_next, outstanding;
	void *buffers;
	_Atomic uint64_t rx_frames, rx_bytes, rx_missed, tx_frames, tx_bytes, tx_dropped;
};

/* The socket bound to this endpoint, or NULL. Any side, of sockets that are live. */
struct kernel_socket *kernel_find(struct port_kernel *k, const struct endpoint *local);
socklen_t kernel_address(const struct endpoint *e, unsigned ifindex, struct sockaddr_storage *out);
void kernel_endpoint(const struct sockaddr_storage *a, struct endpoint *out);

uint32_t kernel_rx(struct port *p, uint16_t queue, struct frame *v, uint32_t n);
void kernel_free(struct port *p, uint16_t queue, struct frame *v, uint32_t n);
uint32_t kernel_tx(struct port *p, uint16_t queue, const struct port_packet *v, uint32_t n);

/* ifname: NULL for the interface of the route to config->peer. */
enum wdscast_err port_kernel_open(const struct port_config *config, const char *ifname, struct port **out, char *why);

#endif
