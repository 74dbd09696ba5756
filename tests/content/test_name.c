#include "content/name.h"

#include <string.h>

#include "support/suite.h"

static void utf16_becomes_utf8(void)
{
	static const uint16_t units[] = { 'a', 0xe4, 0x20ac, 0xd83d, 0xde00, '/' };
	char out[NAME_TEXT_BYTES];

	CU_ASSERT(name_from_utf16(units, 6, out, sizeof(out)));
	CU_ASSERT_STRING_EQUAL(out, "a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80/");
	CU_ASSERT(name_from_utf16(units, 0, out, sizeof(out)));
	CU_ASSERT_STRING_EQUAL(out, "");
}

static void what_is_no_text_is_refused(void)
{
	static const uint16_t lone_high[] = { 0xd83d, 'a' }, lone_low[] = { 0xde00 }, at_end[] = { 'a', 0xd83d };
	static const uint16_t nul[] = { 'a', 0, 'b' }, newline[] = { 'a', '\n' };
	char out[NAME_TEXT_BYTES];

	CU_ASSERT_FALSE(name_from_utf16(lone_high, 2, out, sizeof(out)));
	CU_ASSERT_FALSE(name_from_utf16(lone_low, 1, out, sizeof(out)));
	CU_ASSERT_FALSE(name_from_utf16(at_end, 2, out, sizeof(out)));
	CU_ASSERT_FALSE(name_from_utf16(nul, 3, out, sizeof(out)));
	CU_ASSERT_FALSE(name_from_utf16(newline, 2, out, sizeof(out)));
}

static void text_that_does_not_fit_is_refused(void)
{
	static const uint16_t units[] = { 'a', 'b', 'c' }, euro[] = { 0x20ac };
	char out[4] = "", small[3] = "";

	CU_ASSERT(name_from_utf16(units, 3, out, 4));
	CU_ASSERT_FALSE(name_from_utf16(units, 3, out, 3));
	CU_ASSERT_FALSE(name_from_utf16(euro, 1, small, 3));
}

static void a_path_has_no_odd_components(void)
{
	static const char *const bad[] = { "", "/", "/a", "a/", "a//b", ".", "..", "a/..", "../a", "a/./b", "\\a" };
	static const char *const good[] = { "a", "a/b", "...", "a/..b", "WDS:default/install.wim/1" };
	char out[64];
	size_t len;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(name_to_path(bad[i], out, sizeof(out), &len));
	for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++) {
		CU_ASSERT(name_to_path(good[i], out, sizeof(out), &len));
		CU_ASSERT_STRING_EQUAL(out, good[i]);
		CU_ASSERT_EQUAL(len, strlen(good[i]));
	}
	CU_ASSERT(name_to_path("a\\b/c", out, sizeof(out), &len));
	CU_ASSERT_STRING_EQUAL(out, "a/b/c");
	CU_ASSERT_FALSE(name_to_path("abc", out, 3, &len));
	CU_ASSERT(name_to_path("abc", out, 4, &len));
}

static const struct suite_test tests[] = {
	SUITE_TEST(utf16_becomes_utf8),
	SUITE_TEST(what_is_no_text_is_refused),
	SUITE_TEST(text_that_does_not_fit_is_refused),
	SUITE_TEST(a_path_has_no_odd_components),
};
SUITE_MAIN("content/name", tests)
