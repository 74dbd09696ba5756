/*
 * A server in this process, on a network of world_wire.h, and consumers of the API that write down what happens
 * to them. Real threads, real time.
 */
#ifndef WDSCAST_TESTS_API_WORLD_H
#define WDSCAST_TESTS_API_WORLD_H

#include <stdatomic.h>

#include "api/api_internal.h"
#include "content/tree.h"
#include "run/serve_host.h"
#include "run_room/rig.h"
#include "support/port_mem.h"
#include "support/suite.h"
#include "wdscast.h"
#include "wdserror.h"

enum { WORLD_LOG = 64, WORLD_HELD = 4096 };

#define WORLD_SERVER u"10.77.0.1"

/* suite_main() where the network can be had. */
int world_main(int argc, char **argv, const char *name, const struct suite_test *tests, size_t count);
/* What the client is told of its ports with, from the next start on; NULL: it is not. */
extern void (*world_on_port)(const char *spec);
/* A server with an empty folder "root"; the client is configured for its network, not initialized. */
void world_start(void);
/* The same and Initialize. */
void world_start_initialized(void);
/* What was initialized is shut down before. */
void world_stop(void);
void world_stop_shut_down(void);
/* A client, initialized, and a server that a test speaks for: server's port and object are set. */
void world_start_scripted(struct rig *server);
void world_stop_scripted(struct rig *server);
/* The object "o" of namespace "ns": len bytes, as tree_fill() with this seed makes them. */
void world_object(size_t len, unsigned seed);
/* A consumer gets every so many frames of the server lost. */
void world_lose_one_in(unsigned n);

struct consumer;
typedef void consumer_hook(struct consumer *c);

struct consumer {
	HANDLE session;
	struct host_mutex *lock;
	_Atomic unsigned inside;         /* callbacks that run: never more than one */
	_Atomic bool overlapped, wrong_handle;

	/* The lock's. N negotiate, S start, X startex, M metadata, C contents, D complete. */
	char log[WORLD_LOG];
	unsigned log_len;
	unsigned contents;
	uint64_t size, bytes;
	uint32_t block_bytes;
	DWORD result;
	char why[256];
	bool wrong_bytes, twice, after_complete;
	uint8_t *seen;                   /* of each block */
	uint64_t outstanding, most_outstanding;
	struct { void *bytes; ULONG len; uint64_t offset; } held[WORLD_HELD];
	unsigned held_count;

	/* Set before the start. */
	const uint8_t *expected;         /* NULL: not looked at */
	uint32_t cache_bytes;            /* 0: 1 MiB */
	_Atomic bool holds;              /* keeps blocks for consumer_complete_held() */
	bool references;                 /* and adds a reference to each */
	consumer_hook *on_negotiate, *on_start, *on_contents, *on_complete;
	HANDLE negotiate_key;            /* of the SessionNegotiate that runs */
	void *arg;
};

/* A session on object "o" with every callback registered but Metadata's; not started. */
struct consumer *consumer_new(void);
/* As consumer_new() with another request. */
struct consumer *consumer_new_for(const char16_t *server, const char16_t *name_space, const char16_t *object,
                                  uint32_t cache_bytes);
void consumer_register(struct consumer *c, TRANSPORTCLIENT_CALLBACK_ID id);
void consumer_start(struct consumer *c);
/* Until it is complete: false after 20 s. */
bool consumer_wait(struct consumer *c);
/* CompleteReceive for all that is held; and ReleaseBuffer when it was referenced. */
void consumer_complete_held(struct consumer *c);
/* Closes, and checks that callbacks came one at a time, in order, with the right handle. */
void consumer_free(struct consumer *c);
/* These two read under the lock. */
unsigned consumer_contents(struct consumer *c);
bool consumer_is_complete(struct consumer *c);

/* Waits until the condition is true: a failure after 20 s. */
#define WORLD_UNTIL(condition)                                                         \
	do {                                                                           \
		bool is_ = (condition);                                                \
                                                                                       \
		for (unsigned tries_ = 0; !is_ && tries_ < 20000; tries_++) {          \
			host_nap(NS_PER_MS);                                           \
			is_ = (condition);                                             \
		}                                                                      \
		CU_ASSERT_FATAL(is_);                                                  \
	} while (0)

#endif
