#include "port/port_list.h"

#include <dirent.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "host/host.h"
#include "port/packet_socket.h"
#include "port/xdp.h"

#define PCI_DEVICES "/sys/bus/pci/devices"
#define INTERFACES_MAX 256

struct list {
	struct wdscast_port_way *out;
	unsigned max, count;
};

/* The next entry, or a place that nobody reads when the list is full. */
static struct wdscast_port_way *add(struct list *l, const char *kind, const char *name)
{
	static _Thread_local struct wdscast_port_way beyond;
	struct wdscast_port_way *w = l->count < l->max ? &l->out[l->count] : &beyond;

	l->count++;
	memset(w, 0, sizeof(*w));
	snprintf(w->spec, sizeof(w->spec), "%.10s:%.48s", kind, name);
	return w;
}

__attribute__((format(printf, 2, 3))) static void lacks(struct wdscast_port_way *w, const char *format, ...)
{
	size_t at = strlen(w->missing);
	va_list args;

	if (at > 0 && at + 2 < sizeof(w->missing))
		at += (size_t)snprintf(w->missing + at, sizeof(w->missing) - at, "; ");
	va_start(args, format);
	vsnprintf(w->missing + at, sizeof(w->missing) - at, format, args);
	va_end(args);
}

static void describe_interface(struct wdscast_port_way *w, const struct host_interface *i, const char *how)
{
	char ip4[IP_ADDR_TEXT], ip6[IP_ADDR_TEXT];

	snprintf(w->what, sizeof(w->what), "%s; %s, MTU %u%s%s%s%s", how, i->driver[0] != '\0' ? i->driver : "virtual",
	         (unsigned)i->mtu, i->ip4.len + i->ip6.len != 0 ? ", " : "", i->ip4.len != 0 ? ip_text(&i->ip4, ip4) : "",
	         i->ip4.len != 0 && i->ip6.len != 0 ? ", " : "", i->ip6.len != 0 ? ip_text(&i->ip6, ip6) : "");
	if (!i->up)
		lacks(w, "the interface is down");
	else if (!i->has_carrier && !i->loopback)
		lacks(w, "there is no link");
	if (i->ip4.len == 0 && i->ip6.len == 0)
		lacks(w, "it has no IP address");
}

static void add_xdp(struct list *l, const struct host_interface *i)
{
	struct wdscast_port_way *w = add(l, "af_xdp", i->name);
	int object = xdp_open_object();

	describe_interface(w, i, xdp_driver_has_zero_copy(i->driver) ? "the driver's rings by DPDK, without copies" :
	                                                               "the driver's rings by DPDK, beside the kernel");
	if (i->mtu > XDP_MTU_MAX)
		lacks(w, "its MTU is above %d", XDP_MTU_MAX);
	if (xdp_is_taken(i->index))
		lacks(w, "it has an XDP program of somebody else (ip link set %s xdp off)", i->name);
	if (object < 0)
		lacks(w, "the XDP program is not installed");
	else
		close(object);
	if (geteuid() != 0)
		lacks(w, "it needs root");
	w->usable = w->missing[0] == '\0';
}

static void add_interface(struct list *l, const struct host_interface *i)
{
	struct wdscast_port_way *w = add(l, "kernel", i->name);

	describe_interface(w, i, "kernel sockets, segments batched");
	w->usable = w->missing[0] == '\0';
	if (i->loopback)
		return;
	w = add(l, "af_packet", i->name);
	describe_interface(w, i, "packet sockets by DPDK");
	if (!packet_allowed())
		lacks(w, "it needs root or CAP_NET_RAW");
	w->usable = w->missing[0] == '\0';
	add_xdp(l, i);
}

/* The text of a small file of a device, without its newline; "" when it is not there. */
static void read_attribute(const char *device, const char *name, char *out, size_t bytes)
{
	char path[256];
	FILE *f;

	out[0] = '\0';
	snprintf(path, sizeof(path), PCI_DEVICES "/%.31s/%.31s", device, name);
	f = fopen(path, "re");
	if (f == NULL)
		return;
	if (fgets(out, (int)bytes, f) == NULL)
		out[0] = '\0';
	out[strcspn(out, "\n")] = '\0';
	fclose(f);
}

/* The last part of where a device's link leads, such as its driver's name; "" when there is no such link. */
static void read_link(const char *device, const char *name, char *out, size_t bytes)
{
	char path[256], target[256];
	ssize_t n;

	snprintf(path, sizeof(path), PCI_DEVICES "/%.31s/%.31s", device, name);
	n = readlink(path, target, sizeof(target) - 1);
	target[n > 0 ? n : 0] = '\0';
	snprintf(out, bytes, "%.31s", strrchr(target, '/') != NULL ? strrchr(target, '/') + 1 : target);
}

static bool is_network_card(const char *device)
{
	char class[16];

	read_attribute(device, "class", class, sizeof(class));
	return strncmp(class, "0x02", 4) == 0;
}

static void add_card(struct list *l, const char *device)
{
	struct wdscast_port_way *w = add(l, "pci", device);
	char driver[64], group[32], vendor[16], id[16];

	read_link(device, "driver", driver, sizeof(driver));
	read_link(device, "iommu_group", group, sizeof(group));
	read_attribute(device, "vendor", vendor, sizeof(vendor));
	read_attribute(device, "device", id, sizeof(id));
	snprintf(w->what, sizeof(w->what), "the card itself by DPDK; %s:%s, driver %.48s", vendor, id,
	         driver[0] != '\0' ? driver : "none");
	if (strcmp(driver, "vfio-pci") != 0 && strncmp(driver, "mlx", 3) != 0)
		lacks(w, "bind it with drivers-config/nic bind %.31s", device);
	if (group[0] == '\0')
		lacks(w, "there is no IOMMU (intel_iommu=on or amd_iommu=on)");
	if (geteuid() != 0)
		lacks(w, "it needs root");
	w->usable = w->missing[0] == '\0';
}

static void add_cards(struct list *l)
{
	struct dirent **names;
	int n = scandir(PCI_DEVICES, &names, NULL, alphasort);

	for (int i = 0; i < n; i++) {
		if (names[i]->d_name[0] != '.' && is_network_card(names[i]->d_name))
			add_card(l, names[i]->d_name);
		free(names[i]);
	}
	if (n >= 0)
		free(names);
}

unsigned port_list(struct wdscast_port_way *out, unsigned max)
{
	struct host_interface *all = calloc(INTERFACES_MAX, sizeof(*all));
	unsigned n = all != NULL ? host_interfaces(all, INTERFACES_MAX) : 0;
	struct list l = { out, max, 0 };

	for (unsigned i = 0; i < n; i++)
		add_interface(&l, &all[i]);
	free(all);
	add_cards(&l);
	return l.count;
}

unsigned port_bound_cards(char first[16])
{
	struct wdscast_port_way all[64];
	unsigned n = port_list(all, 64), bound = 0;

	for (unsigned i = 0; i < n && i < 64; i++)
		if (strncmp(all[i].spec, "pci:", 4) == 0 && all[i].usable && bound++ == 0)
			snprintf(first, 16, "%.15s", all[i].spec + 4);
	return bound;
}
