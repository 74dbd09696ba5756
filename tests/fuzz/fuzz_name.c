/*
 * Any UTF-16 from the wire as a namespace and an object: as text, and as a path below the root. What becomes text
 * becomes the same units again; no path leads out, whatever it is made of.
 */
#include "content/name.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "wdscast.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { UNITS_MAX = 511 };

/* Room for just what is needed, so that a byte more is seen. */
static char *text_of(const char16_t *name)
{
	size_t need = wdscast_utf8(name, NULL, 0);
	char *text = need > 0 ? malloc(need) : NULL;

	assert(need <= NAME_TEXT_BYTES);
	if (text != NULL)
		assert(wdscast_utf8(name, text, need) == need && strlen(text) == need - 1);
	return text;
}

static void check_text(const char16_t *name, size_t units, const char *text)
{
	char16_t again[UNITS_MAX + 1];

	assert(wdscast_utf16(text, NULL, 0) == units + 1);
	assert(wdscast_utf16(text, again, units + 1) == units + 1);
	assert(memcmp(name, again, (units + 1) * sizeof(again[0])) == 0);
}

static void check_path(const char *path, size_t len)
{
	assert(strlen(path) == len && len > 0 && strchr(path, '\\') == NULL);
	for (const char *at = path;; at++) {
		size_t n = strcspn(at, "/");

		assert(n > 0 && !(n == 1 && at[0] == '.') && !(n == 2 && at[0] == '.' && at[1] == '.'));
		at += n;
		if (*at == '\0')
			return;
	}
}

static void try_path(const char *text)
{
	size_t len = 0, room = strlen(text) + 1;
	char *path = malloc(room);

	if (path == NULL)
		abort();
	if (name_to_path(text, path, room, &len)) {
		check_path(path, len);
		assert(name_equal_fold(text, text, strlen(text)));
		name_is_metadata(path);
	}
	assert(!name_to_path(text, path, room - 1, &len));
	free(path);
}

/* Bytes from here as text of ours, which may be no UTF-8 at all. */
static void try_utf8(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1);
	char16_t *name;
	size_t need;

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	need = wdscast_utf16(text, NULL, 0);
	if (need > 0) {
		name = malloc(need * sizeof(*name));
		assert(name != NULL && wdscast_utf16(text, name, need) == need);
		assert(wdscast_utf8(name, NULL, 0) == strlen(text) + 1);
		free(name);
	}
	try_path(text);
	free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char16_t name[UNITS_MAX + 1] = { 0 };
	size_t units = 0;
	char *text;

	for (; units < UNITS_MAX && 2 * units + 1 < size; units++) {
		name[units] = (char16_t)(data[2 * units] | data[2 * units + 1] << 8);
		if (name[units] == 0)
			break;
	}
	text = text_of(name);
	if (text != NULL) {
		check_text(name, units, text);
		try_path(text);
		free(text);
	}
	try_utf8(data, size);
	return 0;
}
