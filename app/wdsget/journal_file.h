/*
 * The journal's file: lines of text, each with a check of its own (a digest of it and of the journal's random
 * name), so that what a power cut left half written, or left over from an older journal, is never believed.
 * First what is being received, as JSON; then "+ START END", a range that is on the disk; or "!", from where
 * on nobody but a digest of the whole can tell that all is of one content.
 */
#ifndef WDSGET_JOURNAL_FILE_H
#define WDSGET_JOURNAL_FILE_H

#include "options.h"
#include "spans.h"

enum { JOURNAL_ID_CHARS = 32, JOURNAL_STAMP_CHARS = 32 };

/* Which object, from where; and whatever tells its content from others of that name. */
struct journal_object {
	char server[256], name_space[NAME_CHARS], object[NAME_CHARS];
	uint64_t size;
	uint32_t block_bytes;
	uint32_t session_id;                /* of the server's session; 0: no longer of one alone */
	char stamp[JOURNAL_STAMP_CHARS + 1]; /* of the content, in hexadecimal; "": the server has none */
};

struct journal_image {
	char id[JOURNAL_ID_CHARS + 1]; /* random */
	uint64_t inode;                /* of the file that it tells of */
	struct journal_object object;
	bool mixed;                    /* it has a "!" */
	struct spans done;
	uint64_t good_bytes;           /* of the journal: what is after them makes no sense */
};

enum journal_found { JOURNAL_NONE, JOURNAL_GOOD, JOURNAL_DAMAGED };

/* What the journal says; `done` is to be freed. JOURNAL_DAMAGED: not even its first line can be believed. */
enum journal_found journal_file_read(int fd, struct journal_image *out);
/* These append, and do not sync. False: errno. */
bool journal_file_write_head(int fd, struct journal_image *image);
bool journal_file_write_done(int fd, const struct journal_image *image, const struct spans *done);
bool journal_file_write_mixed(int fd, const struct journal_image *image);

#endif
