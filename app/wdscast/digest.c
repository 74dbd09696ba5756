#include "digest.h"

#include <errno.h>
#include <fts.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "content/content.h"
#include "content/name.h"
#include "options.h"

#define CHUNK_BYTES (1u << 20)

static bool sum_content(struct content_object *o, uint8_t *buf, EVP_MD_CTX *sum)
{
	uint64_t size = content_size(o);

	for (uint64_t at = 0; at < size; at += CHUNK_BYTES) {
		size_t n = size - at < CHUNK_BYTES ? (size_t)(size - at) : CHUNK_BYTES;

		if (!content_read(o, at, buf, n) || EVP_DigestUpdate(sum, buf, n) != 1)
			return false;
	}
	return true;
}

static bool sum_object(struct content_object *o, uint8_t digest[32])
{
	EVP_MD_CTX *sum = EVP_MD_CTX_new();
	uint8_t *buf = malloc(CHUNK_BYTES);
	bool ok = sum != NULL && buf != NULL && EVP_DigestInit_ex(sum, EVP_sha256(), NULL) == 1 &&
	          sum_content(o, buf, sum) && EVP_DigestFinal_ex(sum, digest, NULL) == 1;

	free(buf);
	EVP_MD_CTX_free(sum);
	return ok;
}

/* path is NAMESPACE/OBJECT: wherever it is cut, it means the same file. */
static bool print_object(struct content_root *root, const char *path)
{
	char name_space[NAME_PATH_BYTES];
	const char *slash = strchr(path, '/');
	struct content_object *o;
	uint8_t digest[32];
	uint32_t win32;
	bool ok;

	snprintf(name_space, sizeof(name_space), "%.*s", (int)(slash - path), path);
	win32 = content_open(root, name_space, slash + 1, &o);
	if (win32 != 0) {
		fprintf(stderr, "wdscast: %s: %s\n", path, wdscast_error_text(win32));
		return false;
	}
	ok = sum_object(o, digest);
	content_close(o);
	if (!ok) {
		fprintf(stderr, "wdscast: %s: the file was changed or cannot be read\n", path);
		return false;
	}
	for (unsigned i = 0; i < sizeof(digest); i++)
		printf("%02x", digest[i]);
	printf("  %s\n", path);
	return true;
}

static int by_name(const FTSENT **a, const FTSENT **b)
{
	return strcmp((*a)->fts_name, (*b)->fts_name);
}

/* Files that lie directly in the root are in no namespace and not served. */
static bool print_all(struct content_root *root, char *dir)
{
	char *const paths[] = { dir, NULL };
	FTS *walk = fts_open(paths, FTS_PHYSICAL | FTS_NOCHDIR, by_name);
	size_t skip = strlen(dir);
	bool ok = walk != NULL;
	const FTSENT *e;

	while (walk != NULL && (e = fts_read(walk)) != NULL) {
		const char *path = e->fts_path + skip;

		while (*path == '/')
			path++;
		if (e->fts_info == FTS_F && e->fts_level > 1 && !name_is_metadata(path))
			ok = print_object(root, path) && ok;
		if (e->fts_info == FTS_DNR || e->fts_info == FTS_ERR) {
			fprintf(stderr, "wdscast: %s: %s\n", e->fts_path, strerror(e->fts_errno));
			ok = false;
		}
	}
	if (walk != NULL)
		fts_close(walk);
	return ok;
}

int digest_print(const char *dir, const char *of)
{
	struct content_root *root = content_root_open(dir);
	char *copy = strdup(dir);
	bool ok;

	if (root == NULL || copy == NULL) {
		fprintf(stderr, "wdscast: %s: %s\n", dir, strerror(errno));
		content_root_close(root);
		free(copy);
		return EXIT_NOT_STARTED;
	}
	ok = of != NULL ? print_object(root, of) : print_all(root, copy);
	free(copy);
	content_root_close(root);
	return ok ? 0 : EXIT_FAILED;
}
