/* The file that a download is in until it is whole. */
#ifndef WDSGET_TEMPORARY_H
#define WDSGET_TEMPORARY_H

/*
 * Create it, for this process alone; name is .TARGET.wdsget-PID. What processes that were killed have left of
 * the same target in the directory goes. -1 and errno.
 */
int temporary_create(const char *directory, const char *name);

#endif
