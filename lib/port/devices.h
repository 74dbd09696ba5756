/* From a SPEC to the DPDK device that it names: what is checked first, addresses, the driver's arguments. */
#ifndef WDSCAST_PORT_DEVICES_H
#define WDSCAST_PORT_DEVICES_H

#include "port/spec.h"

/* config->spec is the text for error lines; note: what port_info.note begins with. */
enum wdscast_err device_open_af_packet(const struct spec *spec, const struct port_config *config, const char *note,
                                       struct port **out, char *why);
enum wdscast_err device_open_af_xdp(const struct spec *spec, const struct port_config *config, struct port **out,
                                    char *why);
enum wdscast_err device_open_memif(const struct spec *spec, const struct port_config *config, struct port **out,
                                   char *why);
enum wdscast_err device_open_pcap(const struct spec *spec, const struct port_config *config, struct port **out,
                                  char *why);
enum wdscast_err device_open_pci(const struct spec *spec, const struct port_config *config, struct port **out,
                                 char *why);

#endif
