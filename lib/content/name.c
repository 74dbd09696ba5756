#include "content/name.h"

#include <string.h>

struct text {
	char *at, *end;
	bool full;
};

static void put(struct text *t, uint32_t byte)
{
	if (t->at == t->end)
		t->full = true;
	else
		*t->at++ = (char)byte;
}

static void put_utf8(struct text *t, uint32_t c)
{
	if (c < 0x80) {
		put(t, c);
		return;
	}
	if (c < 0x800) {
		put(t, 0xc0 | c >> 6);
	} else if (c < 0x10000) {
		put(t, 0xe0 | c >> 12);
		put(t, 0x80 | (c >> 6 & 0x3f));
	} else {
		put(t, 0xf0 | c >> 18);
		put(t, 0x80 | (c >> 12 & 0x3f));
		put(t, 0x80 | (c >> 6 & 0x3f));
	}
	put(t, 0x80 | (c & 0x3f));
}

bool name_from_utf16(const uint16_t *units, size_t count, char *out, size_t out_bytes)
{
	struct text t = { out, out + out_bytes, false };

	for (size_t i = 0; i < count; i++) {
		uint32_t c = units[i];

		if (c < 0x20 || c == 0x7f || (c >= 0xdc00 && c < 0xe000))
			return false;
		if (c >= 0xd800 && c < 0xdc00) {
			if (++i == count || units[i] < 0xdc00 || units[i] >= 0xe000)
				return false;
			c = 0x10000 + ((c - 0xd800) << 10) + (units[i] - 0xdc00u);
		}
		put_utf8(&t, c);
	}
	put(&t, 0);
	return !t.full;
}

static bool is_separator(char c)
{
	return c == '/' || c == '\\';
}

static bool is_component(const char *c, size_t len)
{
	return len > 0 && !(len == 1 && c[0] == '.') && !(len == 2 && c[0] == '.' && c[1] == '.');
}

bool name_to_path(const char *name, char *out, size_t out_bytes, size_t *len)
{
	size_t n = strlen(name), start = 0;

	if (n >= out_bytes)
		return false;
	for (size_t i = 0; i <= n; i++) {
		if (i < n && !is_separator(name[i])) {
			out[i] = name[i];
			continue;
		}
		if (!is_component(name + start, i - start))
			return false;
		out[i] = i < n ? '/' : '\0';
		start = i + 1;
	}
	*len = n;
	return true;
}

static char fold(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

bool name_equal_fold(const char *a, const char *b, size_t b_len)
{
	if (strlen(a) != b_len)
		return false;
	for (size_t i = 0; i < b_len; i++)
		if (fold(a[i]) != fold(b[i]))
			return false;
	return true;
}
