/*
 * The ports in use, each with its worker: one for a SPEC, and for `auto` one for each interface that
 * leads to a server. Opened at the first session that needs it, closed at the last Shutdown.
 */
#include <stdio.h>

#include "api/api_internal.h"
#include "api/state.h"

#define PORTS_MAX 8

static struct {
	char key[160];
	struct worker *worker;
} ports[PORTS_MAX];
static uint32_t port_count;
static api_port_opener *opener = port_open;

void api_set_port_opener(api_port_opener *o)
{
	opener = o != NULL ? o : port_open;
}

static void make_key(const struct api_options *o, const struct ip_addr *server, char key[160])
{
	struct host_interface interface;

	if (strcmp(o->port, "auto") == 0 && host_route(server, &interface))
		snprintf(key, 160, "auto>%s", interface.name);
	else
		snprintf(key, 160, "%s", o->port);
}

static struct port *open_port(const struct api_options *o, const struct ip_addr *server, DWORD *code)
{
	struct port_config config = {
		.spec = o->port,
		.peer = *server,
		.ip4 = o->ip4,
		.gateway4 = o->gateway4,
		.prefix4 = o->prefix4,
		.ip6 = o->ip6,
		.gateway6 = o->gateway6,
		.prefix6 = o->prefix6,
		.queues = (uint16_t)(o->workers > 1 ? o->workers : 1),
		.tap = o->tap,
	};
	char why[PORT_WHY_BYTES] = "";
	struct port *port = NULL;
	enum wdscast_err err = opener(&config, &port, why);

	if (err == WDSCAST_OK)
		return port;
	*code = api_fail(api_code_of(err), "%s", why[0] != '\0' ? why : wdscast_strerror(err));
	return NULL;
}

static struct worker *open_worker(const struct api_options *o, const struct ip_addr *server, DWORD *code)
{
	struct worker_config config = { .poll = o->poll, .core = o->core, .workers = o->workers, .seed = host_random() };
	struct port *port = open_port(o, server, code);
	struct worker *worker;

	if (port == NULL)
		return NULL;
	if (o->on_port != NULL)
		o->on_port(port->info.spec);
	memcpy(config.more_cores, o->more_cores, sizeof(config.more_cores));
	worker = worker_new(port, &config);
	if (worker != NULL)
		return worker;
	port_close(port);
	*code = api_fail(ERROR_NOT_ENOUGH_MEMORY, "no memory or no thread for a worker on port %s", o->port);
	return NULL;
}

static struct worker *find_or_open(const struct api_options *o, const struct ip_addr *server, DWORD *code)
{
	char key[160];
	struct worker *worker;

	make_key(o, server, key);
	for (uint32_t i = 0; i < port_count; i++)
		if (strcmp(ports[i].key, key) == 0)
			return ports[i].worker;
	if (port_count == PORTS_MAX) {
		*code = api_fail(ERROR_NO_SYSTEM_RESOURCES, "more than %d ports in use", PORTS_MAX);
		return NULL;
	}
	worker = open_worker(o, server, code);
	if (worker != NULL) {
		memcpy(ports[port_count].key, key, sizeof(key));
		ports[port_count++].worker = worker;
	}
	return worker;
}

struct worker *api_worker_for(const struct api_options *o, const struct ip_addr *server, DWORD *code)
{
	struct worker *worker;

	state_lock_ports();
	worker = find_or_open(o, server, code);
	if (worker != NULL)
		worker = worker_choose(worker);
	state_unlock_ports();
	return worker;
}

void api_ports_close(void)
{
	state_lock_ports();
	while (port_count > 0)
		worker_free(ports[--port_count].worker);
	state_unlock_ports();
}

uint32_t wdscast_list_ports(struct wdscast_port_way *out, uint32_t max)
{
	return worker_list_ports(out, max);
}
