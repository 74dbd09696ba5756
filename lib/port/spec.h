/* The text that names a port: KIND[:NAME][,OPTION...]. See doc/ports.md. */
#ifndef WDSCAST_PORT_SPEC_H
#define WDSCAST_PORT_SPEC_H

#include "port/port.h"

enum spec_kind { SPEC_AUTO, SPEC_KERNEL, SPEC_AF_PACKET, SPEC_AF_XDP, SPEC_MEMIF, SPEC_PCAP, SPEC_PCI };

struct spec {
	enum spec_kind kind;
	char name[108]; /* interface, path or PCI address; "" when none is given */
	bool server;    /* memif */
	uint16_t vlan;  /* af_packet, af_xdp and pci; 0: untagged */
	bool one_queue; /* af_xdp: `queue` alone is served */
	uint16_t queue;
	uint32_t mtu;   /* memif and pci; 0: 1500 */
};

/* WDSCAST_EINVAL and one line in `why` that names the part that is wrong. */
enum wdscast_err spec_parse(const char *text, struct spec *out, char *why);

/* "01:00.0" or "0000:01:00.0", as sysfs writes it: SPEC_PCI_BYTES. False when it is none. */
#define SPEC_PCI_BYTES 13
bool spec_pci_address(const char *text, char out[SPEC_PCI_BYTES]);

/* Fill `why` and return err: the one line of a failure, "SPEC: reason". */
enum wdscast_err port_fail(enum wdscast_err err, char *why, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
