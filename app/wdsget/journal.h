/*
 * What makes an interrupted transfer one that can be gone on with: a file that tells which ranges of the
 * unfinished file are on the disk. A thread of its own syncs the data, then writes down what that made safe,
 * then syncs the journal; so the journal never tells of more than there is, whatever happens to the power.
 * The order of birth and death sees to the rest: the journal goes before the data that it tells of is
 * overwritten, and it comes when there is a file that it can name by its inode.
 */
#ifndef WDSGET_JOURNAL_H
#define WDSGET_JOURNAL_H

#include "journal_file.h"

enum { JOURNAL_WHY_BYTES = 512 };

struct journal;

/*
 * Reads what is there. data_fd: the unfinished file, open for writing and locked, in the same directory.
 * NULL: no memory.
 */
struct journal *journal_open(const char *path, int data_fd);

/*
 * The server told what it has: go on with what is there, or start anew. False: it is not known whether that
 * is the same content, or it is another object; nothing was changed, and why tells. On true `why` may have
 * a line for the user too. has_digest: the whole will be verified at the end.
 */
bool journal_begin(struct journal *j, const struct journal_object *now, bool has_digest, char why[JOURNAL_WHY_BYTES]);
/* After journal_begin(): what is there already. It grows; to be read before the first journal_note(). */
const struct spans *journal_done(const struct journal *j);

/* These bytes were written to the file. Any thread; does not wait for a disk. False: an earlier sync failed (errno). */
bool journal_note(struct journal *j, uint64_t start, uint64_t end);
/* All that was noted is on the disk, and the thread has ended. False: errno. */
bool journal_stop(struct journal *j);
/* After journal_stop(). */
bool journal_is_whole(const struct journal *j);
bool journal_has_some(const struct journal *j);
/* The file has its final name, or goes too: the journal has done its duty. */
void journal_remove(struct journal *j);
/* Stops it if need be. NULL is taken. */
void journal_close(struct journal *j);

#endif
