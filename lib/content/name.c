#include "content/name.h"

#include <string.h>

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

bool name_is_metadata(const char *name)
{
	static const char suffix[] = ".wdsmeta";
	size_t len = strlen(name), suffix_len = sizeof(suffix) - 1;

	return len >= suffix_len && name_equal_fold(name + len - suffix_len, suffix, suffix_len);
}
