/* What this machine has to receive and send by: for `wdsget ports`, and for what `auto` looks at. */
#ifndef WDSCAST_PORT_PORT_LIST_H
#define WDSCAST_PORT_PORT_LIST_H

#include "port/port.h"

/*
 * Every way on every interface and network card, the fastest first of each interface. Returns how many there are; the
 * first `max` are written. May read sysfs and open sockets, which it closes again. Any thread.
 */
unsigned port_list(struct wdscast_port_way *out, unsigned max);
/* Network cards bound to vfio-pci; returns how many, the address of the first in `first` (16 bytes). */
unsigned port_bound_cards(char first[16]);

#endif
