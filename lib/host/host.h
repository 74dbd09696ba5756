/*
 * The machine: threads, memory, clock, interfaces, names. The only room that sees libnuma and pthread.
 */
#ifndef WDSCAST_HOST_HOST_H
#define WDSCAST_HOST_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/address.h"
#include "base/time.h"

/* ---- clock ---- */

/* CLOCK_MONOTONIC. */
ns_t host_now(void);
/* Sleep about this long. */
void host_nap(ns_t ns);
/* A seed that differs from run to run. */
uint64_t host_random(void);

/* ---- threads ---- */

struct host_thread;

/*
 * Start a thread. core: to pin it to, or -1. name: at most 15 characters. NULL on failure. Signals but SIGSYS are
 * blocked in it: they are the program's.
 */
struct host_thread *host_thread_start(const char *name, int core, void (*run)(void *), void *arg);
/* Wait for its end and free it. */
void host_thread_join(struct host_thread *t);
/* Call end when the calling thread ends, however it was started. One function a thread, once. */
void host_thread_at_end(void (*end)(void));
/* An opaque number of the calling thread, never 0. */
uintptr_t host_thread_self(void);
/* Cores this process may use; cores[] gets up to max of them. */
unsigned host_cores(int *cores, unsigned max);

struct host_mutex;
struct host_mutex *host_mutex_new(void);
void host_mutex_free(struct host_mutex *m);
void host_lock(struct host_mutex *m);
void host_unlock(struct host_mutex *m);
struct host_cond;
struct host_cond *host_cond_new(void);
void host_cond_free(struct host_cond *c);
/* Wait until woken or until host_now() >= deadline (NS_NEVER: without end). False on the deadline. */
bool host_cond_wait(struct host_cond *c, struct host_mutex *m, ns_t deadline);
void host_cond_broadcast(struct host_cond *c);

/*
 * A bell: one thread sleeps on it, another wakes it without ever waiting. The waker pays a system call
 * only when the sleeper is asleep.
 */
struct host_bell {
	_Atomic uint32_t state; /* 0 awake, 1 asleep, 2 rung; a futex */
};
void host_bell_init(struct host_bell *b);
/* Sleep until rung or until the deadline. The caller looks at its work once more after host_bell_arm(). */
void host_bell_arm(struct host_bell *b);
void host_bell_disarm(struct host_bell *b);
void host_bell_wait(struct host_bell *b, ns_t deadline);
void host_bell_ring(struct host_bell *b);

/*
 * A doze: a sleep that ends when a descriptor can be read (a port's, where there is one), when another thread
 * wakes it, or at the deadline. The waker pays a system call only when the sleeper sleeps.
 */
struct host_doze {
	_Atomic uint32_t asleep;
	int fd; /* an eventfd */
};
bool host_doze_open(struct host_doze *d);
void host_doze_close(struct host_doze *d);
/* Sleep until woken. The caller looks at its work once more after host_doze_arm(). fd: -1 for none. */
void host_doze_arm(struct host_doze *d);
void host_doze_disarm(struct host_doze *d);
void host_doze_wait(struct host_doze *d, int fd, ns_t deadline);
/* After the work was published. */
void host_doze_wake(struct host_doze *d);

/* ---- memory ---- */

/*
 * Zeroed memory on a NUMA node (-1: any), on huge pages when there are any free, else with transparent
 * huge pages asked for. Pages are touched only as they are used, but for huge ones. NULL on failure.
 */
void *host_alloc(size_t bytes, int node);
void host_free(void *p, size_t bytes);

/* ---- files ---- */

enum host_file {
	HOST_FILE_READ,
	HOST_FILE_FAILED,  /* errno tells */
	HOST_FILE_SPECIAL, /* no regular file */
	HOST_FILE_FOREIGN, /* is to be a secret, but belongs to neither root nor who runs this */
	HOST_FILE_EXPOSED, /* is to be a secret, but others than its owner may read or write it */
	HOST_FILE_LARGE,   /* more than max bytes */
};
/*
 * A small file, whole. Of a secret one the bytes are in no other buffer of this process; one that systemd hands over in
 * $CREDENTIALS_DIRECTORY is none the less a secret for what its ACL looks like.
 */
enum host_file host_read_file(const char *path, bool secret, void *out, size_t max, size_t *len);
/* Forget it: no compiler leaves this out. */
void host_wipe(void *p, size_t bytes);

/* ---- interfaces and names ---- */

struct host_interface {
	char name[16];
	unsigned index;
	bool up, loopback, multicast, has_carrier;
	struct mac_addr mac;
	uint32_t mtu;
	int node;
	unsigned parent; /* of a VLAN: its interface's index; 0: is none */
	uint16_t vlan;
	struct ip_addr ip4, gateway4, ip6, gateway6; /* the first of each; ip6 link-local only if no other */
	uint8_t prefix4, prefix6;
	char driver[32], pci[16]; /* "" when it has none */
};

/* False when there is no such interface. */
bool host_interface(const char *name, struct host_interface *out);
/* The interface by which the kernel would reach an address; out's ip4 or ip6 is the source it would use. */
bool host_route(const struct ip_addr *to, struct host_interface *out);
/* The kernel has asked for the hardware address of the next hop to it, and nobody has answered. */
bool host_neighbour_fails(const struct ip_addr *to);
/* All interfaces, up to max; returns how many. */
unsigned host_interfaces(struct host_interface *out, unsigned max);
/* Give an interface an address, to be used at once. False when the kernel refuses. */
bool host_add_address(unsigned index, const struct ip_addr *ip, uint8_t prefix);
/* A host name or a numeric address. family: 4, 6, or 0 for either, IPv4 first. False when there is none. */
bool host_resolve(const char *name, int family, struct ip_addr *out);
/* This machine's name in UTF-16, at most 15 characters and a NUL, as ClientName wants it. */
void host_name(uint16_t name[16]);

/* Load in percent since the last call for that state, 255 when unknown: for QCR, MS-WDSMT 2.2.8.4. */
struct host_load_state { uint64_t cpu_busy, cpu_all, net_bytes; ns_t at; };
void host_load(struct host_load_state *state, const char *interface, uint8_t *cpu, uint8_t *mem, uint8_t *net);

#endif
