#include "api/world_wire.h"

#include <stdio.h>
#include <stdlib.h>

static struct {
	struct port *port;
	struct content_root *root;
	struct serve *serve;
	struct serve_host host;
	uint8_t *object;
} world;

void (*world_on_port)(const char *spec);

static void configure(const char *spec)
{
	struct wdscast_options o = { .size = sizeof(o), .initiate_timeout_ms = 5000, .port = spec, .on_port = world_on_port };

	CU_ASSERT_EQUAL_FATAL(wdscast_configure(&o), WDSCAST_OK);
}

static void start_server(void)
{
	struct serve_host_config threads = { .worker_core = -1, .content_core = -1 };
	struct serve_config c;
	char why[PORT_WHY_BYTES];

	serve_config_defaults(&c);
	c.port = world.port;
	c.root = world.root;
	c.ip4 = world.port->info.ip4;
	c.cache_bytes = 4 << 20;
	c.seed = host_random();
	CU_ASSERT_EQUAL_FATAL(serve_new(&c, host_now(), &world.serve, why), WDSCAST_OK);
	CU_ASSERT_FATAL(serve_host_start(&world.host, world.serve, &threads));
}

void world_start(void)
{
	char spec[64];

	tree_make();
	tree_folder("root");
	tree_folder("root/ns");
	world.root = content_root_open("root");
	CU_ASSERT_PTR_NOT_NULL_FATAL(world.root);
	world.port = wire_enter(false, spec);
	start_server();
	wire_leave();
	configure(spec);
}

void world_start_initialized(void)
{
	world_start();
	CU_ASSERT_EQUAL_FATAL(WdsTransportClientInitialize(), ERROR_SUCCESS);
}

void world_stop_shut_down(void)
{
	world_lose_one_in(0);
	serve_host_stop(&world.host);
	serve_free(world.serve);
	content_root_close(world.root);
	port_close(world.port);
	free(world.object);
	world.object = NULL;
	tree_remove();
}

void world_stop(void)
{
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_SUCCESS);
	world_stop_shut_down();
}

void world_start_scripted(struct rig *server)
{
	char spec[64];

	server->server_port = wire_enter(true, spec);
	wire_leave();
	server->content_bytes = 10 * RIG_BLOCK;
	rig_introduce(server);
	configure(spec);
	CU_ASSERT_EQUAL_FATAL(WdsTransportClientInitialize(), ERROR_SUCCESS);
}

void world_stop_scripted(struct rig *server)
{
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_SUCCESS);
	port_close(server->server_port);
}

void world_object(size_t len, unsigned seed)
{
	tree_file("root/ns/o", len, seed);
	free(world.object);
	world.object = malloc(len + 1);
	tree_fill(world.object, len, seed);
}

void world_lose_one_in(unsigned n)
{
	wire_lose_one_in(n);
}

/* ---- the consumer ---- */

static void enter(struct consumer *c, HANDLE session, char event)
{
	if (atomic_fetch_add(&c->inside, 1) != 0)
		atomic_store(&c->overlapped, true);
	if (session != c->session)
		atomic_store(&c->wrong_handle, true);
	host_lock(c->lock);
	if (c->log_len > 0 && c->log[c->log_len - 1] == 'D')
		c->after_complete = true;
	if (c->log_len < WORLD_LOG - 1 && (event != 'C' || c->log_len == 0 || c->log[c->log_len - 1] != 'C'))
		c->log[c->log_len++] = event; /* contents are written down once in a row */
	host_unlock(c->lock);
}

static void leave(struct consumer *c, consumer_hook *hook)
{
	if (hook != NULL)
		hook(c);
	atomic_fetch_sub(&c->inside, 1);
}

static VOID CALLBACK on_negotiate(HANDLE session, PVOID caller, PTRANSPORTCLIENT_SESSION_INFO info, HANDLE key)
{
	struct consumer *c = caller;

	enter(c, session, 'N');
	CU_ASSERT_EQUAL(info->ulStructureLength, sizeof(*info));
	c->size = info->ullFileSize.QuadPart;
	c->block_bytes = info->ulBlockSize;
	c->negotiate_key = key;
	leave(c, c->on_negotiate);
}

static VOID CALLBACK on_start(HANDLE session, PVOID caller, PULARGE_INTEGER size)
{
	struct consumer *c = caller;

	enter(c, session, 'S');
	host_lock(c->lock);
	c->size = size->QuadPart;
	host_unlock(c->lock);
	leave(c, c->on_start);
}

static VOID CALLBACK on_start_ex(HANDLE session, PVOID caller, PTRANSPORTCLIENT_SESSION_INFO info)
{
	struct consumer *c = caller;

	enter(c, session, 'X');
	CU_ASSERT_EQUAL(info->ulStructureLength, sizeof(*info));
	host_lock(c->lock);
	c->size = info->ullFileSize.QuadPart;
	c->block_bytes = info->ulBlockSize;
	c->seen = calloc(c->size / c->block_bytes + 1, 1);
	host_unlock(c->lock);
	leave(c, NULL);
}

static VOID CALLBACK on_metadata(HANDLE session, PVOID caller, PVOID bytes, ULONG size)
{
	struct consumer *c = caller;

	(void)bytes;
	(void)size;
	enter(c, session, 'M');
	leave(c, NULL);
}

static void note(struct consumer *c, const uint8_t *bytes, ULONG len, uint64_t offset)
{
	c->contents++;
	c->bytes += len;
	c->outstanding += len;
	if (c->outstanding > c->most_outstanding)
		c->most_outstanding = c->outstanding;
	if (c->seen != NULL)
		c->twice = c->twice || c->seen[offset / c->block_bytes]++ != 0;
	if (c->expected != NULL)
		c->wrong_bytes = c->wrong_bytes || memcmp(bytes, c->expected + offset, len) != 0;
}

static VOID CALLBACK on_contents(HANDLE session, PVOID caller, PVOID bytes, ULONG len, PULARGE_INTEGER offset)
{
	struct consumer *c = caller;
	bool hold = atomic_load(&c->holds);

	enter(c, session, 'C');
	host_lock(c->lock);
	note(c, bytes, len, offset->QuadPart);
	if (hold && c->held_count < WORLD_HELD) {
		c->held[c->held_count].bytes = bytes;
		c->held[c->held_count].len = len;
		c->held[c->held_count++].offset = offset->QuadPart;
		if (c->references)
			CU_ASSERT_EQUAL(WdsTransportClientAddRefBuffer(bytes), ERROR_SUCCESS);
	}
	if (!hold)
		c->outstanding -= len;
	host_unlock(c->lock);
	if (!hold)
		CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(session, len, offset), ERROR_SUCCESS);
	leave(c, c->on_contents);
}

static VOID CALLBACK on_complete(HANDLE session, PVOID caller, DWORD code)
{
	struct consumer *c = caller;

	enter(c, session, 'D');
	host_lock(c->lock);
	c->result = code;
	snprintf(c->why, sizeof(c->why), "%s", wdscast_last_error_text());
	host_unlock(c->lock);
	leave(c, c->on_complete);
}

void consumer_register(struct consumer *c, TRANSPORTCLIENT_CALLBACK_ID id)
{
	static const uintptr_t calls[] = { (uintptr_t)on_start,    (uintptr_t)on_contents, (uintptr_t)on_complete,
		                           (uintptr_t)on_metadata, (uintptr_t)on_start_ex, (uintptr_t)on_negotiate };

	CU_ASSERT_EQUAL_FATAL(WdsTransportClientRegisterCallback(c->session, id, (PVOID)calls[id]), ERROR_SUCCESS);
}

struct consumer *consumer_new_for(const char16_t *server, const char16_t *name_space, const char16_t *object,
                                  uint32_t cache_bytes)
{
	struct consumer *c = calloc(1, sizeof(*c));
	WDS_TRANSPORTCLIENT_REQUEST r = { .ulLength = sizeof(r),
		                          .ulApiVersion = WDS_TRANSPORTCLIENT_CURRENT_API_VERSION,
		                          .ulAuthLevel = WDS_TRANSPORTCLIENT_NO_AUTH,
		                          .pwszServer = server,
		                          .pwszNamespace = name_space,
		                          .pwszObjectName = object,
		                          .ulCacheSize = cache_bytes,
		                          .ulProtocol = WDS_TRANSPORTCLIENT_PROTOCOL_MULTICAST };

	c->lock = host_mutex_new();
	c->expected = world.object;
	CU_ASSERT_EQUAL_FATAL(WdsTransportClientInitializeSession(&r, c, &c->session), ERROR_SUCCESS);
	return c;
}

struct consumer *consumer_new(void)
{
	struct consumer *c = consumer_new_for(WORLD_SERVER, u"ns", u"o", 1 << 20);

	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_COMPLETE);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_START);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_STARTEX);
	consumer_register(c, WDS_TRANSPORTCLIENT_RECEIVE_CONTENTS);
	consumer_register(c, WDS_TRANSPORTCLIENT_SESSION_NEGOTIATE);
	return c;
}

void consumer_start(struct consumer *c)
{
	CU_ASSERT_EQUAL_FATAL(WdsTransportClientStartSession(c->session), ERROR_SUCCESS);
}

bool consumer_wait(struct consumer *c)
{
	return WdsTransportClientWaitForCompletion(c->session, 20000) == ERROR_SUCCESS;
}

void consumer_complete_held(struct consumer *c)
{
	host_lock(c->lock);
	for (unsigned i = 0; i < c->held_count; i++) {
		ULARGE_INTEGER at = { .QuadPart = c->held[i].offset };

		CU_ASSERT_EQUAL(WdsTransportClientCompleteReceive(c->session, c->held[i].len, &at), ERROR_SUCCESS);
		if (c->references)
			CU_ASSERT_EQUAL(WdsTransportClientReleaseBuffer(c->held[i].bytes), ERROR_SUCCESS);
		c->outstanding -= c->held[i].len;
	}
	c->held_count = 0;
	host_unlock(c->lock);
}

void consumer_free(struct consumer *c)
{
	WdsTransportClientCloseSession(c->session);
	CU_ASSERT(!atomic_load(&c->overlapped));
	CU_ASSERT(!atomic_load(&c->wrong_handle));
	CU_ASSERT(!c->after_complete);
	CU_ASSERT(!c->twice);
	CU_ASSERT(!c->wrong_bytes);
	host_mutex_free(c->lock);
	free(c->seen);
	free(c);
}

unsigned consumer_contents(struct consumer *c)
{
	host_lock(c->lock);
	unsigned n = c->contents;

	host_unlock(c->lock);
	return n;
}

bool consumer_is_complete(struct consumer *c)
{
	host_lock(c->lock);
	bool complete = c->log_len > 0 && c->log[c->log_len - 1] == 'D';

	host_unlock(c->lock);
	return complete && atomic_load(&c->inside) == 0; /* that is the callback's last touch */
}
