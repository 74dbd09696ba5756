/* Every test program is one suite: a table of named tests, run by CUnit. */
#ifndef WDSCAST_TESTS_SUPPORT_SUITE_H
#define WDSCAST_TESTS_SUPPORT_SUITE_H

#include <CUnit/CUnit.h>
#include <stddef.h>

struct suite_test {
	const char *name; /* the behaviour, in words */
	void (*run)(void);
};

/*
 * Run the tests (only those whose name contains argv[1], if given), print CUnit's summary and the line
 * "@tests PASSED FAILED" that tests/run adds up. Returns the exit code of main().
 */
int suite_main(int argc, char **argv, const char *name, const struct suite_test *tests, size_t count);

#define SUITE_TEST(function) { #function, function }
#define SUITE_MAIN(name, tests)                                                              \
	int main(int argc, char **argv)                                                      \
	{                                                                                    \
		return suite_main(argc, argv, name, tests, sizeof(tests) / sizeof(tests[0])); \
	}

#endif
