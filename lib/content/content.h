/*
 * The server's namespaces and objects: `--root DIR`, each sub-folder of DIR a namespace, each file below
 * it an object, by its path from there. Reading ahead: content/prefetch.h. All of it may wait for the
 * disk: none of it runs on a worker.
 */
#ifndef WDSCAST_CONTENT_CONTENT_H
#define WDSCAST_CONTENT_CONTENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "wdscast.h"

struct content_root;   /* an opened --root */
struct content_object; /* an opened object: one file, its identity and size fixed at opening */

/* NULL on failure, errno set. */
struct content_root *content_root_open(const char *dir);
void content_root_close(struct content_root *r);

/*
 * Open an object. Names are UTF-8, with '/' as the separator ('\\' too); a namespace is one folder or a
 * path of folders. Nothing outside the root is reached: no "..", no absolute path, no symbolic link that
 * leads out (openat2() with RESOLVE_BENEATH). Only regular files. Matching is exact first, then without
 * case (ASCII), as Windows' administrators expect. A file NAME.wdsmeta is metadata of an object, and none
 * itself: the initiation over UDP has no room for metadata, so nobody gets what is in it. A file that was changed
 * just now is waited for, some 20 ms, until a further change would show in its times.
 * @return 0, or the Win32 code for the error packet: WDSMCS_E_NAMESPACE_NOT_FOUND,
 *         WDSMCS_E_CONTENT_NOT_FOUND, ERROR_ACCESS_DENIED, ERROR_NO_SYSTEM_RESOURCES;
 *         ERROR_SHARING_VIOLATION, it is being written all the time.
 */
uint32_t content_open(struct content_root *r, const char *name_space, const char *object, struct content_object **out);
void content_close(struct content_object *o);
uint64_t content_size(const struct content_object *o);
/* Two names of one file (same device and inode, same size and times). */
bool content_same(const struct content_object *a, const struct content_object *b);

#define CONTENT_STAMP_BYTES 16

/*
 * What tells this content from another that has or had its name: made of the file's inode, size and times.
 * The time of the inode's last change is among them, which nobody can set. False: it cannot be made.
 */
bool content_stamp(const struct content_object *o, uint8_t out[CONTENT_STAMP_BYTES]);

/*
 * Read exactly len bytes at an offset within the size. False when the file got shorter, was changed or
 * replaced since it was opened (size, times; links too), or the disk failed: the object is then spoilt for good.
 */
bool content_read(struct content_object *o, uint64_t offset, void *buf, size_t len);

#endif
