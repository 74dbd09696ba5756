#include "port/spec.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "port/xdp_maps.h"

enum { VLAN_MAX = 4094, MTU_MIN = 576, MTU_MAX = 9600 };

/* What a kind takes. */
static const struct kind {
	const char *text;
	enum spec_kind kind;
	bool needs_name, may_have_name;
	const char *name_is; /* for the error line */
	const char *options; /* between commas */
} kinds[] = {
	{ "auto", SPEC_AUTO, false, true, "an interface", ",vlan," },
	{ "kernel", SPEC_KERNEL, false, true, "an interface", "," },
	{ "af_packet", SPEC_AF_PACKET, true, true, "an interface", ",vlan," },
	{ "af_xdp", SPEC_AF_XDP, true, true, "an interface", ",vlan,queue," },
	{ "memif", SPEC_MEMIF, true, true, "a path", ",server,mtu," },
	{ "pcap", SPEC_PCAP, true, true, "a file", "," },
	{ "pci", SPEC_PCI, true, true, "a PCI address", ",vlan,mtu," },
};

enum wdscast_err port_fail(enum wdscast_err err, char *why, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	vsnprintf(why, PORT_WHY_BYTES, format, args);
	va_end(args);
	return err;
}

static const struct kind *find_kind(const char *text, size_t len)
{
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strlen(kinds[i].text) == len && memcmp(kinds[i].text, text, len) == 0)
			return &kinds[i];
	return NULL;
}

static bool takes_option(const struct kind *kind, const char *key, size_t len)
{
	char wanted[16];

	if (len == 0 || len > sizeof(wanted) - 3)
		return false;
	snprintf(wanted, sizeof(wanted), ",%.*s,", (int)len, key);
	return strstr(kind->options, wanted) != NULL;
}

/* A whole number of min..max and nothing else. */
static bool read_number(const char *text, unsigned long min, unsigned long max, unsigned long *out)
{
	char *end;

	if (*text < '0' || *text > '9')
		return false;
	*out = strtoul(text, &end, 10);
	return *end == '\0' && *out >= min && *out <= max;
}

/* Option is "key" or "key=value". */
static enum wdscast_err read_option(const char *text, const char *option, const struct kind *kind, struct spec *out,
                                    char *why)
{
	size_t len = strcspn(option, "=");
	const char *value = option[len] == '=' ? option + len + 1 : "";
	unsigned long number;

	if (!takes_option(kind, option, len))
		return port_fail(WDSCAST_EINVAL, why, "%s: %s takes no option \"%s\"", text, kind->text, option);
	if (strcmp(option, "server") == 0) {
		out->server = true;
	} else if (len == 4 && memcmp(option, "vlan", 4) == 0) {
		if (!read_number(value, 1, VLAN_MAX, &number))
			return port_fail(WDSCAST_EINVAL, why, "%s: vlan is a number from 1 to %d", text, VLAN_MAX);
		out->vlan = (uint16_t)number;
	} else if (len == 5 && memcmp(option, "queue", 5) == 0) {
		if (!read_number(value, 0, XDP_QUEUES_MAX - 1, &number))
			return port_fail(WDSCAST_EINVAL, why, "%s: queue is a number from 0 to %d", text,
			                 XDP_QUEUES_MAX - 1);
		out->one_queue = true;
		out->queue = (uint16_t)number;
	} else if (len == 3 && memcmp(option, "mtu", 3) == 0) {
		if (!read_number(value, MTU_MIN, MTU_MAX, &number))
			return port_fail(WDSCAST_EINVAL, why, "%s: mtu is a number from %d to %d", text, MTU_MIN,
			                 MTU_MAX);
		out->mtu = (uint32_t)number;
	} else {
		return port_fail(WDSCAST_EINVAL, why, "%s: \"%s\" is not understood", text, option);
	}
	return WDSCAST_OK;
}

enum wdscast_err spec_parse(const char *text, struct spec *out, char *why)
{
	size_t kind_len = strcspn(text, ":,");
	const struct kind *kind = find_kind(text, kind_len);
	const char *name = text[kind_len] == ':' ? text + kind_len + 1 : text + kind_len;
	size_t name_len = strcspn(name, ",");
	char options[128], *rest = options;
	enum wdscast_err err = WDSCAST_OK;

	memset(out, 0, sizeof(*out));
	if (kind == NULL)
		return port_fail(WDSCAST_EINVAL, why, "%s: no such kind of port; there are auto, kernel, af_packet, "
		                 "af_xdp, memif, pcap and pci", text[0] != '\0' ? text : "(empty)");
	out->kind = kind->kind;
	if (name_len == 0 && (kind->needs_name || text[kind_len] == ':'))
		return port_fail(WDSCAST_EINVAL, why, "%s: %s needs %s after the colon", text, kind->text, kind->name_is);
	if (name_len >= sizeof(out->name) || strlen(name) - name_len >= sizeof(options))
		return port_fail(WDSCAST_EINVAL, why, "%.100s...: too long", text);
	memcpy(out->name, name, name_len);
	snprintf(options, sizeof(options), "%s", name + name_len);
	if (*rest == ',')
		for (rest++; err == WDSCAST_OK && rest != NULL;)
			err = read_option(text, strsep(&rest, ","), kind, out, why);
	return err;
}

/* Hexadecimal digits of a number up to max, and what ends them. */
static bool read_hex(const char **at, unsigned long max, char end, unsigned long *out)
{
	size_t digits = strspn(*at, "0123456789abcdefABCDEF");

	if (digits == 0 || digits > 4 || (*at)[digits] != end)
		return false;
	*out = strtoul(*at, NULL, 16);
	*at += digits + 1;
	return *out <= max;
}

bool spec_pci_address(const char *text, char out[SPEC_PCI_BYTES])
{
	bool has_domain = strchr(text, ':') != strrchr(text, ':');
	unsigned long domain = 0, bus, device, function;

	if ((has_domain && !read_hex(&text, 0xffff, ':', &domain)) || !read_hex(&text, 0xff, ':', &bus) ||
	    !read_hex(&text, 0x1f, '.', &device) || !read_hex(&text, 7, '\0', &function))
		return false;
	snprintf(out, SPEC_PCI_BYTES, "%04lx:%02lx:%02lx.%lx", domain, bus, device, function);
	return true;
}
