/* port_open() for tests: "mem:HUB[,datagrams][,kernel][,mtu=N]". See port_mem.h. */
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/port_mem.h"

enum { HUBS_MAX = 64 };

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
	char name[64];
	struct port_mem_hub *hub;
} hubs[HUBS_MAX];

struct port_mem_hub *port_mem_hub_named(const char *name)
{
	struct port_mem_hub *hub;
	unsigned i = 0;

	pthread_mutex_lock(&lock);
	while (hubs[i].hub != NULL && strcmp(hubs[i].name, name) != 0)
		if (++i == HUBS_MAX)
			abort();
	if (hubs[i].hub == NULL) {
		snprintf(hubs[i].name, sizeof(hubs[i].name), "%s", name);
		hubs[i].hub = port_mem_hub_new();
	}
	hub = hubs[i].hub;
	pthread_mutex_unlock(&lock);
	return hub;
}

static bool read_option(const char *text, struct port_mem_config *c)
{
	if (strcmp(text, "datagrams") == 0)
		c->delivers = PORT_DATAGRAMS;
	else if (strcmp(text, "kernel") == 0)
		c->has_kernel = true;
	else if (strncmp(text, "mtu=", 4) == 0)
		c->mtu = (uint32_t)strtoul(text + 4, NULL, 10);
	else
		return false;
	return true;
}

enum wdscast_err port_open(const struct port_config *config, struct port **out, char *why)
{
	struct port_mem_config c = { .ip4 = config->ip4, .gateway4 = config->gateway4, .prefix4 = config->prefix4,
		                     .ip6 = config->ip6, .gateway6 = config->gateway6, .prefix6 = config->prefix6 };
	char text[128], *rest = text, *kind, *hub;
	bool known;

	snprintf(text, sizeof(text), "%s", config->spec != NULL ? config->spec : "");
	kind = strsep(&rest, ":");
	hub = strsep(&rest, ",");
	known = strcmp(kind, "mem") == 0 && hub != NULL;
	while (known && rest != NULL)
		known = read_option(strsep(&rest, ","), &c);
	if (!known) {
		snprintf(why, PORT_WHY_BYTES, "%s: no port of memory", config->spec);
		return WDSCAST_EINVAL;
	}
	*out = port_mem_new(port_mem_hub_named(hub), &c);
	snprintf((*out)->info.spec, sizeof((*out)->info.spec), "%s", config->spec);
	return WDSCAST_OK;
}
