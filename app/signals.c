#include "signals.h"

void signals_block(sigset_t *ours)
{
	sigemptyset(ours);
	sigaddset(ours, SIGTERM);
	sigaddset(ours, SIGINT);
	sigaddset(ours, SIGHUP);
	sigprocmask(SIG_BLOCK, ours, NULL);
	signal(SIGPIPE, SIG_IGN);
}
