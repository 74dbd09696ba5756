/*
 * How DPDK's EAL is started: the arguments, chosen once a process by looking at the machine first, because
 * a start that failed cannot be tried again.
 */
#ifndef WDSCAST_PORT_EAL_ARGUMENTS_H
#define WDSCAST_PORT_EAL_ARGUMENTS_H

#include <stdbool.h>

#define EAL_ARGUMENTS_MAX 16

struct eal_arguments {
	int count;
	char *v[EAL_ARGUMENTS_MAX + 1];
	char text[EAL_ARGUMENTS_MAX][48];
	bool huge;      /* on huge pages */
	char note[128]; /* for the user when not */
};

void eal_choose_arguments(struct eal_arguments *a);

/*
 * EAL makes a directory for its run-time files, of which there are none in the mode we use. Between
 * enter() and leave() no other process of ours takes its parent away; leave() removes what was made.
 */
int eal_directory_enter(void);
void eal_directory_leave(int lock, const char *directory);

#endif
