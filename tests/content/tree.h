/* A folder of files for one test, made under the temporary directory and removed after it. */
#ifndef WDSCAST_TESTS_CONTENT_TREE_H
#define WDSCAST_TESTS_CONTENT_TREE_H

#include <stddef.h>

/* Make the folder and go into it: paths below are relative to it. Returns its absolute path. */
const char *tree_make(void);
void tree_remove(void);

void tree_folder(const char *path);
/* len bytes that depend on seed alone. */
void tree_file(const char *path, size_t len, unsigned seed);
void tree_fill(void *to, size_t len, unsigned seed);
void tree_link(const char *target, const char *path);

#endif
