/* SHA-256 of a stream, and of what a file descriptor has on its disk. */
#ifndef WDSGET_DIGEST_H
#define WDSGET_DIGEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct digest;
struct digest *digest_new(void);
bool digest_add(struct digest *d, const void *bytes, size_t len);
bool digest_end(struct digest *d, uint8_t out[32]);
void digest_free(struct digest *d);

/* Reads size bytes from the disk, not from the memory they were written to. errno on failure. */
bool digest_file(int fd, uint64_t size, uint8_t out[32]);

#endif
