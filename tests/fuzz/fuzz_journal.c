/*
 * Any bytes as wdsget's journal. As they are; and each line with the check that makes it believed, which chance
 * would never get right. What is read lies within the object and in order.
 */
#include "wdsget/journal_file.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "wdsget/digest.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { CHECK_BYTES = 8, LINES_MAX = 64 };

/* The id of the first line, if it names one; a check is over it and the line. */
static const char *id_of(const char *line, size_t len, char id[JOURNAL_ID_CHARS + 1])
{
	static const char name[] = "\"id\":\"";
	const char *at = memmem(line, len, name, sizeof(name) - 1);
	size_t n = 0;

	id[0] = '\0';
	if (at == NULL)
		return id;
	for (at += sizeof(name) - 1; at < line + len && *at != '"' && n < JOURNAL_ID_CHARS; at++)
		id[n++] = *at;
	id[n] = '\0';
	return id;
}

static void append_checked(FILE *f, const char *id, const char *line, size_t len)
{
	struct digest *d = digest_new();
	uint8_t sum[SHA256_BYTES];

	if (d == NULL || !digest_add(d, id, strlen(id)) || !digest_add(d, line, len) || !digest_end(d, sum))
		abort();
	digest_free(d);
	fwrite(line, 1, len, f);
	fputc(' ', f);
	for (unsigned i = 0; i < CHECK_BYTES; i++)
		fprintf(f, "%02x", sum[i]);
	fputc('\n', f);
}

/* Each line of the input with its check; to be freed. */
static char *repaired(const char *text, size_t size, size_t *len)
{
	char *out = NULL, id[JOURNAL_ID_CHARS + 1] = "";
	FILE *f = open_memstream(&out, len);
	const char *end = text + size;

	if (f == NULL)
		abort();
	for (unsigned i = 0; text < end && i < LINES_MAX; i++) {
		const char *newline = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((newline != NULL ? newline : end) - text);

		if (i == 0)
			id_of(text, n, id);
		append_checked(f, id, text, n);
		text += n + (newline != NULL);
	}
	fclose(f);
	return out;
}

static void check(const struct journal_image *image, size_t len)
{
	const struct spans *done = &image->done;

	assert(image->good_bytes > 0 && image->good_bytes <= len);
	for (size_t i = 0; i < done->n; i++) {
		assert(done->v[i].start < done->v[i].end && done->v[i].end <= image->object.size);
		assert(i == 0 || done->v[i].start > done->v[i - 1].end);
	}
}

static void read_journal(const char *text, size_t len)
{
	static int fd = -1;
	struct journal_image image;

	if (fd < 0)
		fd = memfd_create("journal", MFD_CLOEXEC);
	if (fd < 0 || ftruncate(fd, 0) != 0 || pwrite(fd, text, len, 0) != (ssize_t)len)
		abort();
	if (journal_file_read(fd, &image) == JOURNAL_GOOD)
		check(&image, len);
	spans_free(&image.done);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	size_t len = 0;
	char *checked = repaired((const char *)data, size, &len);

	if (size > 0)
		read_journal((const char *)data, size);
	read_journal(checked, len);
	free(checked);
	return 0;
}
