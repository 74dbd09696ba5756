/* port_open(): the SPEC, and what `auto` makes of it. */
#include "port/port.h"

#include <stdio.h>
#include <stdlib.h>

#include "host/host.h"
#include "port/devices.h"
#include "port/port_kernel.h"
#include "port/port_list.h"
#include "port/xdp.h"

enum { INTERFACES_MAX = 256 };

/* The interface of the default route; else the first that others can be reached on. */
static const char *choose_for_server(struct host_interface *out)
{
	struct host_interface *all = calloc(INTERFACES_MAX, sizeof(*all));
	unsigned n = all != NULL ? host_interfaces(all, INTERFACES_MAX) : 0;
	const char *reason = NULL;

	for (unsigned i = 0; i < n && reason == NULL; i++) {
		if (all[i].up && (all[i].gateway4.len != 0 || all[i].gateway6.len != 0)) {
			*out = all[i];
			reason = "it has the default route";
		}
	}
	for (unsigned i = 0; i < n && reason == NULL; i++) {
		if (all[i].up && all[i].has_carrier && all[i].multicast && !all[i].loopback) {
			*out = all[i];
			reason = "it is the first that is up";
		}
	}
	free(all);
	return reason;
}

struct choice {
	char spec[48], note[224];
	char xdp[32]; /* a SPEC to be tried first; "" when it is not worth it */
	bool kernel;
};

static enum wdscast_err choose_interface(const struct spec *spec, const struct port_config *config,
                                         struct host_interface *out, char *reason, size_t bytes, char *why)
{
	char peer[IP_ADDR_TEXT];
	const char *text;

	if (spec->name[0] != '\0') {
		snprintf(reason, bytes, "as told");
		if (!host_interface(spec->name, out))
			return port_fail(WDSCAST_ENODEV, why, "%s: there is no interface \"%s\"", config->spec, spec->name);
		return WDSCAST_OK;
	}
	if (config->peer.len != 0) {
		snprintf(reason, bytes, "it leads to %s", ip_text(&config->peer, peer));
		if (!host_route(&config->peer, out))
			return port_fail(WDSCAST_ENOROUTE, why, "%s: no interface leads to %s", config->spec, peer);
		return WDSCAST_OK;
	}
	text = choose_for_server(out);
	if (text == NULL)
		return port_fail(WDSCAST_ENODEV, why, "%s: no interface is up that others can be reached on", config->spec);
	snprintf(reason, bytes, "%s", text);
	return WDSCAST_OK;
}

static enum wdscast_err choose(const struct spec *spec, const struct port_config *config, struct choice *out, char *why)
{
	struct host_interface h;
	char reason[64], vlan[16] = "", card[16];
	const char *but = "";
	enum wdscast_err err;

	memset(out, 0, sizeof(*out));
	/* A bound card says nothing of the network it is on: it is taken when its address is told. */
	if (spec->name[0] == '\0' && config->ip4.len + config->ip6.len != 0 && port_bound_cards(card) == 1) {
		snprintf(out->spec, sizeof(out->spec), "pci:%s", card);
		snprintf(out->note, sizeof(out->note), "auto: %s, the only card that is bound", out->spec);
		return WDSCAST_OK;
	}
	err = choose_interface(spec, config, &h, reason, sizeof(reason), why);
	if (err != WDSCAST_OK)
		return err;
	/*
	 * Sockets with GSO and GRO carry three times what packet sockets do, and need no privilege; a tag
	 * they don't know.
	 */
	out->kernel = spec->vlan == 0 && (h.loopback || h.multicast);
	if (h.loopback)
		but = ", within this machine";
	else if (out->kernel)
		but = "; kernel sockets are the fastest way there";
	if (spec->vlan != 0)
		snprintf(vlan, sizeof(vlan), ",vlan=%u", (unsigned)spec->vlan);
	snprintf(out->spec, sizeof(out->spec), "%s:%s%s", out->kernel ? "kernel" : "af_packet", h.name, vlan);
	snprintf(out->note, sizeof(out->note), "auto: %s, for %s%s", out->spec, reason, but);
	if (spec->vlan == 0 && xdp_driver_has_zero_copy(h.driver))
		snprintf(out->xdp, sizeof(out->xdp), "af_xdp:%s", h.name);
	return WDSCAST_OK;
}

/* Only without copies is it faster than kernel sockets, and only when it is open one knows. */
static bool open_zero_copy(const struct choice *choice, const struct port_config *config, struct port **out)
{
	struct port_config c = *config;
	char why[PORT_WHY_BYTES];
	struct spec spec;

	c.spec = choice->xdp;
	if (choice->xdp[0] == '\0' || spec_parse(c.spec, &spec, why) != WDSCAST_OK ||
	    device_open_af_xdp(&spec, &c, out, why) != WDSCAST_OK)
		return false;
	if (!(*out)->info.zero_copy) {
		port_close(*out);
		return false;
	}
	snprintf((*out)->info.note, sizeof((*out)->info.note), "auto: %s, for the card writes into our buffers", c.spec);
	return true;
}

/* Before what the port itself has to say. */
static void say_choice(struct port *p, const char *choice)
{
	char note[100];

	snprintf(note, sizeof(note), "%s%.97s", p->info.note[0] != '\0' ? "; " : "", p->info.note);
	snprintf(p->info.note, sizeof(p->info.note), "%.150s%s", choice, note);
}

static enum wdscast_err open_auto(const struct spec *spec, const struct port_config *config, struct port **out,
                                  char *why)
{
	struct port_config chosen = *config;
	struct spec parsed;
	struct choice choice;
	enum wdscast_err err = choose(spec, config, &choice, why);

	if (err == WDSCAST_OK)
		err = spec_parse(choice.spec, &parsed, why);
	if (err != WDSCAST_OK)
		return err;
	if (open_zero_copy(&choice, config, out))
		return WDSCAST_OK;
	chosen.spec = choice.spec;
	if (parsed.kind == SPEC_PCI) {
		err = device_open_pci(&parsed, &chosen, out, why);
		if (err == WDSCAST_OK)
			say_choice(*out, choice.note);
		return err;
	}
	if (!choice.kernel)
		return device_open_af_packet(&parsed, &chosen, choice.note, out, why);
	err = port_kernel_open(&chosen, parsed.name, out, why);
	if (err == WDSCAST_OK)
		snprintf((*out)->info.note, sizeof((*out)->info.note), "%s", choice.note);
	return err;
}

enum wdscast_err port_open(const struct port_config *config, struct port **out, char *why)
{
	struct port_config c = *config;
	struct spec spec;
	enum wdscast_err err;

	why[0] = '\0';
	if (c.spec == NULL)
		c.spec = "auto";
	err = spec_parse(c.spec, &spec, why);
	if (err != WDSCAST_OK)
		return err;
	switch (spec.kind) {
	case SPEC_AUTO:
		return open_auto(&spec, &c, out, why);
	case SPEC_KERNEL:
		return port_kernel_open(&c, spec.name[0] != '\0' ? spec.name : NULL, out, why);
	case SPEC_AF_PACKET:
		return device_open_af_packet(&spec, &c, "", out, why);
	case SPEC_AF_XDP:
		return device_open_af_xdp(&spec, &c, out, why);
	case SPEC_MEMIF:
		return device_open_memif(&spec, &c, out, why);
	case SPEC_PCAP:
		return device_open_pcap(&spec, &c, out, why);
	case SPEC_PCI:
		return device_open_pci(&spec, &c, out, why);
	}
	return WDSCAST_EINVAL;
}
