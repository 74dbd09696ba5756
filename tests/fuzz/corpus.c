#include "corpus.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const char *root;

static void fail(const char *path)
{
	perror(path);
	exit(EXIT_FAILURE);
}

void corpus_target(const char *target)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", root, target);
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		fail(path);
}

void corpus_save(const char *target, const char *name, const void *bytes, size_t len)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", root, target, name);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
		fail(path);
}

void corpus_init(const char *dir)
{
	root = dir;
	corpus_target("");
}

void corpus_text(const char *target, const char *name, const char *text)
{
	corpus_save(target, name, text, strlen(text));
}
