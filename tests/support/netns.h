/*
 * Network namespaces for tests: without a name, held by processes alone, and so gone with the test
 * however it ends.
 */
#ifndef WDSCAST_TESTS_SUPPORT_NETNS_H
#define WDSCAST_TESTS_SUPPORT_NETNS_H

#include <stdbool.h>
#include <sys/types.h>

/* Put the calling process into a fresh namespace, loopback up. False when it may not. */
bool netns_enter(void);
/* A process that does nothing but hold another fresh namespace, until netns_release() or our end. -1: failed. */
pid_t netns_hold(void);
void netns_release(pid_t holder);
/* The calling thread enters the holder's namespace... */
bool netns_join(pid_t holder);
/* ... and comes back to the one of netns_enter(). */
bool netns_home(void);
/* Run a shell command, printf-like, in the caller's namespace or in the holder's; true: it succeeded. */
bool netns_run(const char *format, ...) __attribute__((format(printf, 1, 2)));
bool netns_run_in(pid_t holder, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* For main(): in a namespace of its own, or the exit code of a skipped test, said aloud. */
#define NETNS_EXIT_SKIPPED 77
int netns_main_enter(const char *name);

#endif
