#include "api/world_wire.h"

#include <stdio.h>

static _Atomic unsigned frames, lost_one_in;
static unsigned hubs;

static bool lose(void *arg, const struct port_mem_passage *p)
{
	unsigned n = atomic_load(&lost_one_in);

	(void)arg;
	return n != 0 && p->from == 1 && atomic_fetch_add(&frames, 1) % n == n - 1;
}

struct port *wire_enter(bool scripted, char client_spec[64])
{
	struct port_mem_config datagrams = { .delivers = PORT_DATAGRAMS };
	struct port_mem_hub *hub;
	char name[32];

	snprintf(name, sizeof(name), "api%u", hubs++);
	snprintf(client_spec, 64, "mem:%s%s", name, scripted ? ",datagrams" : "");
	hub = port_mem_hub_named(name);
	port_mem_set_lose(hub, lose, NULL);
	return port_mem_new(hub, scripted ? &datagrams : NULL); /* number 1: 10.77.0.1 */
}

void wire_leave(void)
{
}

void wire_lose_one_in(unsigned n)
{
	atomic_store(&lost_one_in, n);
}

int world_main(int argc, char **argv, const char *name, const struct suite_test *tests, size_t count)
{
	return suite_main(argc, argv, name, tests, count);
}
