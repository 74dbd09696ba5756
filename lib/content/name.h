/* Names from the wire, as paths below the root. */
#ifndef WDSCAST_CONTENT_NAME_H
#define WDSCAST_CONTENT_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define NAME_TEXT_BYTES 1536 /* the longest name of the wire, 511 units of UTF-16, as UTF-8 with its NUL */
#define NAME_PATH_BYTES 4096 /* a path below the root, NUL included */

/*
 * A name as a relative path: '\\' becomes '/'. False for an empty name, an absolute one, and one with a
 * component that is empty, "." or "..". out may be followed by another name: returns its length in *len.
 */
bool name_to_path(const char *name, char *out, size_t out_bytes, size_t *len);

/* Equal but for the case of ASCII letters. */
bool name_equal_fold(const char *a, const char *b, size_t b_len);

/* OBJECT.wdsmeta, in any case of letters: what belongs to an object, and is none. */
bool name_is_metadata(const char *name);

#endif
