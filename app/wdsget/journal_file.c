#include "journal_file.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "digest.h"

enum { CHECK_BYTES = 8, CHECK_CHARS = 2 * CHECK_BYTES, VERSION = 1 };

#define FILE_BYTES_MAX (256u << 20) /* beyond any journal of ours */

/* The first bytes of the SHA-256 of the journal's name and the line. */
static bool make_check(const char *id, const char *line, size_t len, char out[CHECK_CHARS + 1])
{
	struct digest *d = digest_new();
	uint8_t sum[SHA256_BYTES];
	bool done = d != NULL && digest_add(d, id, strlen(id)) && digest_add(d, line, len) && digest_end(d, sum);

	for (unsigned i = 0; i < CHECK_BYTES && done; i++)
		snprintf(out + 2 * i, 3, "%02x", sum[i]);
	digest_free(d);
	return done;
}

/* ---- writing ---- */

static bool write_all(int fd, const char *bytes, size_t len)
{
	while (len > 0) {
		ssize_t done = write(fd, bytes, len);

		if (done < 0 && errno != EINTR)
			return false;
		bytes += done > 0 ? done : 0;
		len -= done > 0 ? (size_t)done : 0;
	}
	return true;
}

static bool write_line(FILE *f, const char *id, const char *line)
{
	char check[CHECK_CHARS + 1];

	return make_check(id, line, strlen(line), check) && fprintf(f, "%s %s\n", line, check) > 0;
}

/* Many lines are one write(). */
static bool write_lines(int fd, const char *id, const char *line, const struct spans *done)
{
	char *text = NULL, span[64];
	size_t len = 0;
	FILE *f = open_memstream(&text, &len);
	bool ok = f != NULL && (line == NULL || write_line(f, id, line));

	for (size_t i = 0; ok && done != NULL && i < done->n; i++) {
		snprintf(span, sizeof(span), "+ %" PRIu64 " %" PRIu64, done->v[i].start, done->v[i].end);
		ok = write_line(f, id, span);
	}
	ok = f != NULL && fclose(f) == 0 && ok;
	errno = ok ? 0 : ENOMEM;
	ok = ok && write_all(fd, text, len);
	free(text);
	return ok;
}

static bool make_id(char id[JOURNAL_ID_CHARS + 1])
{
	uint64_t random[2];

	if (getentropy(random, sizeof(random)) != 0)
		return false;
	snprintf(id, JOURNAL_ID_CHARS + 1, "%016" PRIx64 "%016" PRIx64, random[0], random[1]);
	return true;
}

bool journal_file_write_head(int fd, struct journal_image *image)
{
	const struct journal_object *o = &image->object;
	json_t *head;
	char *line;
	bool done;

	if (!make_id(image->id))
		return false;
	head = json_pack("{s:i, s:s, s:I, s:s, s:s, s:s, s:I, s:I, s:I, s:s}", "journal", VERSION, "id", image->id, "inode",
	                 (json_int_t)image->inode, "server", o->server, "namespace", o->name_space, "object", o->object,
	                 "size", (json_int_t)o->size, "block_bytes", (json_int_t)o->block_bytes, "session",
	                 (json_int_t)o->session_id, "stamp", o->stamp);
	line = head == NULL ? NULL : json_dumps(head, JSON_COMPACT);
	errno = ENOMEM;
	done = line != NULL && write_lines(fd, image->id, line, NULL);
	free(line);
	json_decref(head);
	return done;
}

bool journal_file_write_done(int fd, const struct journal_image *image, const struct spans *done)
{
	return write_lines(fd, image->id, NULL, done);
}

bool journal_file_write_mixed(int fd, const struct journal_image *image)
{
	return write_lines(fd, image->id, "!", NULL);
}

/* ---- reading ---- */

static bool take_text(json_t *head, const char *name, char *out, size_t max)
{
	const char *text = json_string_value(json_object_get(head, name));

	return text != NULL && snprintf(out, max, "%s", text) < (int)max;
}

static bool take_number(json_t *head, const char *name, uint64_t max, uint64_t *out)
{
	json_t *number = json_object_get(head, name);

	*out = (uint64_t)json_integer_value(number);
	return json_is_integer(number) && json_integer_value(number) >= 0 && *out <= max;
}

static bool take_head(json_t *head, struct journal_image *out)
{
	struct journal_object *o = &out->object;
	uint64_t version, block_bytes, session;

	if (!take_number(head, "journal", VERSION, &version) || version != VERSION ||
	    !take_text(head, "id", out->id, sizeof(out->id)) || !take_number(head, "inode", INT64_MAX, &out->inode) ||
	    !take_text(head, "server", o->server, sizeof(o->server)) ||
	    !take_text(head, "namespace", o->name_space, sizeof(o->name_space)) ||
	    !take_text(head, "object", o->object, sizeof(o->object)) || !take_number(head, "size", INT64_MAX, &o->size) ||
	    !take_number(head, "block_bytes", UINT32_MAX, &block_bytes) ||
	    !take_number(head, "session", UINT32_MAX, &session) || !take_text(head, "stamp", o->stamp, sizeof(o->stamp)))
		return false;
	o->block_bytes = (uint32_t)block_bytes;
	o->session_id = (uint32_t)session;
	return true;
}

/* The line without its check, which is right; false at the first that is not whole and right. */
static bool next_line(char **at, const char *end, char **line, char *check)
{
	char *newline = memchr(*at, '\n', (size_t)(end - *at));
	char *space = newline == NULL || newline - *at < CHECK_CHARS + 2 ? NULL : newline - CHECK_CHARS - 1;

	if (space == NULL || *space != ' ' || memchr(*at, '\0', (size_t)(newline - *at)) != NULL)
		return false;
	*line = *at;
	*space = '\0';
	memcpy(check, space + 1, CHECK_CHARS);
	check[CHECK_CHARS] = '\0';
	*at = newline + 1;
	return true;
}

static bool is_right(const char *id, const char *line, const char *check)
{
	char expected[CHECK_CHARS + 1];

	return make_check(id, line, strlen(line), expected) && strcmp(check, expected) == 0;
}

static bool read_head(const char *line, const char *check, struct journal_image *out)
{
	json_t *head = json_loads(line, 0, NULL);
	bool good = take_head(head, out) && is_right(out->id, line, check);

	json_decref(head);
	return good;
}

static bool read_entry(const char *line, const char *check, struct journal_image *out)
{
	uint64_t start, end;

	if (!is_right(out->id, line, check))
		return false;
	if (strcmp(line, "!") == 0) {
		out->mixed = true;
		return true;
	}
	return sscanf(line, "+ %" SCNu64 " %" SCNu64, &start, &end) == 2 && start < end && end <= out->object.size &&
	       spans_add(&out->done, start, end);
}

static enum journal_found parse(char *text, size_t len, struct journal_image *out)
{
	char check[CHECK_CHARS + 1], *line, *at = text;

	if (!next_line(&at, text + len, &line, check) || !read_head(line, check, out))
		return JOURNAL_DAMAGED;
	do
		out->good_bytes = (uint64_t)(at - text);
	while (next_line(&at, text + len, &line, check) && read_entry(line, check, out));
	return JOURNAL_GOOD;
}

/* All of a file of modest size; NULL: errno, or it is too large. */
static char *read_whole(int fd, size_t *len)
{
	off_t end = lseek(fd, 0, SEEK_END);
	char *text = end < 0 || end > (off_t)FILE_BYTES_MAX ? NULL : malloc((size_t)end + 1);
	size_t at = 0;

	while (text != NULL && at < (size_t)end) {
		ssize_t got = pread(fd, text + at, (size_t)end - at, (off_t)at);

		if (got == 0 || (got < 0 && errno != EINTR))
			break;
		at += got > 0 ? (size_t)got : 0;
	}
	*len = at;
	return text;
}

enum journal_found journal_file_read(int fd, struct journal_image *out)
{
	enum journal_found found;
	size_t len;
	char *text;

	*out = (struct journal_image){ 0 };
	text = read_whole(fd, &len);
	if (text == NULL)
		return JOURNAL_DAMAGED;
	found = parse(text, len, out);
	free(text);
	return found;
}
