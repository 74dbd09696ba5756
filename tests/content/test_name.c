#include "content/name.h"

#include <string.h>

#include "support/suite.h"

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
	SUITE_TEST(a_path_has_no_odd_components),
};
SUITE_MAIN("content/name", tests)
