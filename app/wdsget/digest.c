#include "digest.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/evp.h>
#include <stdlib.h>
#include <unistd.h>

#define READ_BYTES (1u << 20)

struct digest {
	EVP_MD_CTX *context;
};

struct digest *digest_new(void)
{
	struct digest *d = calloc(1, sizeof(*d));

	if (d == NULL)
		return NULL;
	d->context = EVP_MD_CTX_new();
	if (d->context != NULL && EVP_DigestInit_ex(d->context, EVP_sha256(), NULL) == 1)
		return d;
	digest_free(d);
	return NULL;
}

bool digest_add(struct digest *d, const void *bytes, size_t len)
{
	return EVP_DigestUpdate(d->context, bytes, len) == 1;
}

bool digest_end(struct digest *d, uint8_t out[32])
{
	return EVP_DigestFinal_ex(d->context, out, NULL) == 1;
}

void digest_free(struct digest *d)
{
	if (d == NULL)
		return;
	EVP_MD_CTX_free(d->context);
	free(d);
}

static bool add_file(struct digest *d, int fd, uint64_t size, uint8_t *buffer)
{
	for (uint64_t at = 0; at < size;) {
		size_t want = size - at < READ_BYTES ? (size_t)(size - at) : READ_BYTES;
		ssize_t got = pread(fd, buffer, want, (off_t)at);

		if (got == 0)
			errno = EIO; /* shorter than it was written */
		if (got == 0 || (got < 0 && errno != EINTR))
			return false;
		if (got > 0 && !digest_add(d, buffer, (size_t)got))
			return false;
		at += got > 0 ? (uint64_t)got : 0;
	}
	return true;
}

bool digest_file(int fd, uint64_t size, uint8_t out[32])
{
	struct digest *d = digest_new();
	uint8_t *buffer = malloc(READ_BYTES);
	bool done = false;

	errno = ENOMEM;
	if (d != NULL && buffer != NULL) {
		posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED); /* synced before: so the pages can go */
		done = add_file(d, fd, size, buffer) && digest_end(d, out);
	}
	free(buffer);
	digest_free(d);
	return done;
}
