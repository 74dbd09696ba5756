/* Seeds of fuzz targets: files DIR/TARGET/NAME. What cannot be written ends the program. */
#ifndef WDSCAST_TESTS_FUZZ_CORPUS_H
#define WDSCAST_TESTS_FUZZ_CORPUS_H

#include <stddef.h>

/* The folder that all are in. */
void corpus_init(const char *dir);
/* Its folder; before its seeds. */
void corpus_target(const char *target);
void corpus_save(const char *target, const char *name, const void *bytes, size_t len);
void corpus_text(const char *target, const char *name, const char *text);

/* corpus_texts.c: what people write */
void corpus_texts(void);

#endif
