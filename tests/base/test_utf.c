#include <string.h>

#include "support/suite.h"
#include "wdscast.h"

static const char utf8[] = "WDS:d\xc3\xa9""fault/\xe2\x82\xac/\xf0\x9f\x92\xbf";
static const char16_t utf16[] = u"WDS:d\u00e9fault/\u20ac/\U0001f4bf";

static void both_ways_round_trip(void)
{
	char16_t wide[32];
	char narrow[64];

	CU_ASSERT_EQUAL(wdscast_utf16(utf8, wide, 32), sizeof(utf16) / sizeof(utf16[0]));
	CU_ASSERT_EQUAL(memcmp(wide, utf16, sizeof(utf16)), 0);
	CU_ASSERT_EQUAL(wdscast_utf8(utf16, narrow, 64), sizeof(utf8));
	CU_ASSERT_STRING_EQUAL(narrow, utf8);
}

static void too_small_a_place_is_not_written(void)
{
	char16_t wide[2] = { 7, 7 };
	char narrow[2] = { 7, 7 };

	CU_ASSERT_EQUAL(wdscast_utf16("ab", wide, 2), 3);
	CU_ASSERT_EQUAL(wide[0], 7);
	CU_ASSERT_EQUAL(wdscast_utf16("ab", NULL, 0), 3);
	CU_ASSERT_EQUAL(wdscast_utf8(u"ab", narrow, 2), 3);
	CU_ASSERT_EQUAL(narrow[0], 7);
	CU_ASSERT_EQUAL(wdscast_utf16("", wide, 1), 1);
	CU_ASSERT_EQUAL(wide[0], 0);
}

static void what_is_not_unicode_is_refused(void)
{
	static const char *const bad[] = { "\x80", "\xc0\x80", "\xc3", "\xe0\x80\x80", "\xed\xa0\x80",
		                           "\xf4\x90\x80\x80", "\xf8\x88\x80\x80\x80", "a\xe2\x82" };
	static const char16_t lone_high[] = { 0xd800, 'a', 0 }, lone_low[] = { 0xdc00, 0 }, cut[] = { 'a', 0xdbff, 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(wdscast_utf16(bad[i], NULL, 0), 0);
	CU_ASSERT_EQUAL(wdscast_utf8(lone_high, NULL, 0), 0);
	CU_ASSERT_EQUAL(wdscast_utf8(lone_low, NULL, 0), 0);
	CU_ASSERT_EQUAL(wdscast_utf8(cut, NULL, 0), 0);
	CU_ASSERT_EQUAL(wdscast_utf16(NULL, NULL, 0), 0);
	CU_ASSERT_EQUAL(wdscast_utf8(NULL, NULL, 0), 0);
}

static const struct suite_test tests[] = {
	SUITE_TEST(both_ways_round_trip),
	SUITE_TEST(too_small_a_place_is_not_written),
	SUITE_TEST(what_is_not_unicode_is_refused),
};
SUITE_MAIN("base/utf", tests)
