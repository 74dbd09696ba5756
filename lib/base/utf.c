/* UTF-8 and UTF-16, RFC 3629 and RFC 2781: overlong forms, lone surrogates and what lies beyond U+10FFFF
 * are refused. */
#include <stdbool.h>

#include "wdscast.h"

#define SURROGATE_HIGH 0xd800u
#define SURROGATE_LOW 0xdc00u
#define SURROGATE_END 0xe000u

/* The character at *at, which moves on; 0 at the end or when it is not valid (*valid tells). */
static uint32_t next_utf8(const uint8_t **at, bool *valid)
{
	static const uint32_t least[] = { 0, 0x80, 0x800, 0x10000 };
	const uint8_t *p = *at;
	unsigned more = p[0] < 0x80 ? 0 : p[0] < 0xe0 ? 1 : p[0] < 0xf0 ? 2 : 3;
	uint32_t c = more == 0 ? p[0] : p[0] & (0x3fu >> more);

	*valid = p[0] < 0x80 || (p[0] >= 0xc2 && p[0] <= 0xf4);
	for (unsigned i = 1; *valid && i <= more; i++) {
		*valid = (p[i] & 0xc0) == 0x80;
		c = c << 6 | (p[i] & 0x3f);
	}
	*valid = *valid && c >= least[more] && c <= 0x10ffff && (c < SURROGATE_HIGH || c >= SURROGATE_END);
	*at = p + 1 + more;
	return *valid ? c : 0;
}

static uint32_t next_utf16(const char16_t **at, bool *valid)
{
	uint32_t c = *(*at)++;

	*valid = c < SURROGATE_LOW || c >= SURROGATE_END;
	if (c < SURROGATE_HIGH || c >= SURROGATE_LOW)
		return *valid ? c : 0;
	uint32_t low = **at;

	*valid = low >= SURROGATE_LOW && low < SURROGATE_END;
	if (!*valid)
		return 0;
	(*at)++;
	return 0x10000 + ((c - SURROGATE_HIGH) << 10 | (low - SURROGATE_LOW));
}

static unsigned put_utf16(uint32_t c, char16_t *out)
{
	if (c < 0x10000) {
		out[0] = (char16_t)c;
		return 1;
	}
	c -= 0x10000;
	out[0] = (char16_t)(SURROGATE_HIGH + (c >> 10));
	out[1] = (char16_t)(SURROGATE_LOW + (c & 0x3ff));
	return 2;
}

static unsigned put_utf8(uint32_t c, char *out)
{
	unsigned more = c < 0x80 ? 0 : c < 0x800 ? 1 : c < 0x10000 ? 2 : 3;
	static const uint8_t lead[] = { 0, 0xc0, 0xe0, 0xf0 };

	for (unsigned i = more; i > 0; i--, c >>= 6)
		out[i] = (char)(0x80 | (c & 0x3f));
	out[0] = (char)(lead[more] | c);
	return more + 1;
}

/* Runs over the text once; writes when out is not NULL. The units needed with the NUL, or 0. */
static size_t utf8_to_16(const char *utf8, char16_t *out)
{
	const uint8_t *at = (const uint8_t *)utf8;
	char16_t unit[2];
	size_t n = 0;

	for (bool valid = true;;) {
		uint32_t c = next_utf8(&at, &valid);

		if (!valid)
			return 0;
		n += put_utf16(c, out != NULL ? out + n : unit);
		if (c == 0)
			return n;
	}
}

static size_t utf16_to_8(const char16_t *at, char *out)
{
	char bytes[4];
	size_t n = 0;

	for (bool valid = true;;) {
		uint32_t c = next_utf16(&at, &valid);

		if (!valid)
			return 0;
		n += put_utf8(c, out != NULL ? out + n : bytes);
		if (c == 0)
			return n;
	}
}

size_t wdscast_utf16(const char *utf8, char16_t *out, size_t max)
{
	size_t need = utf8 == NULL ? 0 : utf8_to_16(utf8, NULL);

	if (need > 0 && need <= max && out != NULL)
		utf8_to_16(utf8, out);
	return need;
}

size_t wdscast_utf8(const char16_t *utf16, char *out, size_t max)
{
	size_t need = utf16 == NULL ? 0 : utf16_to_8(utf16, NULL);

	if (need > 0 && need <= max && out != NULL)
		utf16_to_8(utf16, out);
	return need;
}
