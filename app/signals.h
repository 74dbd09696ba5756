/* The signals that end a program which waits for them. */
#ifndef WDSCAST_APP_SIGNALS_H
#define WDSCAST_APP_SIGNALS_H

#include <signal.h>

/* Before threads are started: for sigtimedwait(). A reader of our lines that leaves is no reason to end. */
void signals_block(sigset_t *ours);

#endif
