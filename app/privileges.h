/*
 * A program that listens to a network gives away what it does not need: capabilities, the right to gain any, and
 * system calls that only an attacker would make. Both programs; the library leaves that to who links it.
 */
#ifndef APP_PRIVILEGES_H
#define APP_PRIVILEGES_H

/*
 * First, while there is one thread: keep what a port of that SPEC needs to be opened, and access to files.
 * Nothing that this process ever starts can gain more.
 */
void privileges_begin(const char *port);

/* Before that: the port has an exception tap, and with it a share of the kernel's network. */
void privileges_allow_tap(void);

/*
 * All is open. From here on no thread of the process, old or new, starts a program, loads code into the kernel,
 * mounts, traces or becomes somebody else. The calling thread, and those that it starts, keep what the port needs
 * while it runs.
 */
void privileges_seal(const char *port);

#endif
