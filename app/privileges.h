/*
 * A program that listens to a network gives away what it does not need: capabilities, the right to gain any, and
 * system calls that only an attacker would make. Both programs; the library leaves that to who links it.
 */
#ifndef APP_PRIVILEGES_H
#define APP_PRIVILEGES_H

#include <stdbool.h>

/*
 * First, while there is one thread: keep what a port of that SPEC needs to be opened, and access to files.
 * Nothing that this process ever starts can gain more.
 */
void privileges_begin(const char *port);

/*
 * All is open. port: the SPEC of what really is, which `auto` leaves to the machine; writes: there are files yet to be
 * written. From here on no thread of the process, old or new, has a capability but what such a port needs while it
 * runs, and none starts a program, loads code into the kernel, mounts, traces or becomes somebody else. What cannot be
 * given up is told on standard error.
 */
void privileges_seal(const char *port, bool writes);

#endif
