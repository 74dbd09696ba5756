#include "content/tree.h"

#include <fcntl.h>
#include <ftw.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/rng.h"

static char root[256], before[4096];

static void must(int ok, const char *what)
{
	if (!ok) {
		perror(what);
		abort();
	}
}

const char *tree_make(void)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(root, sizeof(root), "%s/wdscast-tree-XXXXXX", tmp != NULL ? tmp : "/tmp");
	must(mkdtemp(root) != NULL, "mkdtemp");
	must(getcwd(before, sizeof(before)) != NULL, "getcwd");
	must(chdir(root) == 0, "chdir");
	return root;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *at)
{
	(void)st, (void)type, (void)at;
	return remove(path);
}

void tree_remove(void)
{
	must(chdir(before) == 0, "chdir");
	must(nftw(root, remove_one, 16, FTW_DEPTH | FTW_PHYS) == 0, "nftw");
}

void tree_folder(const char *path)
{
	must(mkdir(path, 0755) == 0, path);
}

void tree_fill(void *to, size_t len, unsigned seed)
{
	struct rng rng = { seed };
	uint8_t *p = to;

	for (size_t i = 0; i < len; i++)
		p[i] = (uint8_t)rng_next(&rng);
}

void tree_file(const char *path, size_t len, unsigned seed)
{
	uint8_t *data = malloc(len + 1);
	int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);

	must(data != NULL && fd >= 0, path);
	tree_fill(data, len, seed);
	must(write(fd, data, len) == (ssize_t)len, path);
	close(fd);
	free(data);
}

void tree_link(const char *target, const char *path)
{
	must(symlink(target, path) == 0, path);
}
