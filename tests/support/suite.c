#include "support/suite.h"

#include <CUnit/Basic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int suite_main(int argc, char **argv, const char *name, const struct suite_test *tests, size_t count)
{
	unsigned failed, run;
	CU_pSuite suite;

	setvbuf(stdout, NULL, _IOLBF, 0);
	if (CU_initialize_registry() != CUE_SUCCESS)
		return EXIT_FAILURE;
	suite = CU_add_suite(name, NULL, NULL);
	for (size_t i = 0; suite != NULL && i < count; i++) {
		if (argc > 1 && strstr(tests[i].name, argv[1]) == NULL)
			continue;
		if (CU_add_test(suite, tests[i].name, tests[i].run) == NULL)
			return EXIT_FAILURE;
	}
	CU_basic_set_mode(CU_BRM_VERBOSE);
	CU_basic_run_tests();
	run = CU_get_number_of_tests_run();
	failed = CU_get_number_of_tests_failed();
	printf("@tests %u %u\n", run - failed, failed);
	CU_cleanup_registry();
	return run == 0 || failed > 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}
