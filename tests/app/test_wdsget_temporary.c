/* Temporary files: made for one process alone, and what killed processes have left of them goes. */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "../content/tree.h"
#include "support/suite.h"
#include "wdsget/temporary.h"

static bool is_there(const char *path)
{
	return access(path, F_OK) == 0;
}

/* A process that makes the file `name` and lives on. */
static pid_t another(const char *name)
{
	int ready[2];
	pid_t pid;
	char byte = 0;

	CU_ASSERT_FATAL(pipe(ready) == 0);
	pid = fork();
	if (pid == 0) {
		byte = temporary_create(".", name) >= 0;
		if (write(ready[1], &byte, 1) == 1)
			pause();
		_exit(1);
	}
	CU_ASSERT_FATAL(pid > 0);
	CU_ASSERT(read(ready[0], &byte, 1) == 1);
	CU_ASSERT(byte == 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void kill_it(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void what_a_killed_process_left_goes(void)
{
	pid_t pid;
	int fd;

	tree_make();
	pid = another(".a.img.wdsget-1");
	kill_it(pid);
	CU_ASSERT(is_there(".a.img.wdsget-1"));
	fd = temporary_create(".", ".a.img.wdsget-2");
	CU_ASSERT(fd >= 0);
	CU_ASSERT(!is_there(".a.img.wdsget-1"));
	CU_ASSERT(is_there(".a.img.wdsget-2"));
	close(fd);
	tree_remove();
}

static void what_a_living_process_writes_stays(void)
{
	pid_t pid;
	int fd;

	tree_make();
	pid = another(".a.img.wdsget-1");
	fd = temporary_create(".", ".a.img.wdsget-2");
	CU_ASSERT(fd >= 0);
	CU_ASSERT(is_there(".a.img.wdsget-1"));
	kill_it(pid);
	close(fd);
	tree_remove();
}

static void only_temporary_files_of_the_same_target_go(void)
{
	static const char *const others[] = { ".b.img.wdsget-1", ".a.img.wdsget-part", ".a.img.wdsget-", "a.img",
		                              ".a.img.wdsget-1x", ".a.img.wdsget" };
	int fd;

	tree_make();
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		tree_file(others[i], 3, i);
	tree_folder(".a.img.wdsget-7");
	tree_link("a.img", ".a.img.wdsget-8");
	fd = temporary_create(".", ".a.img.wdsget-2");
	CU_ASSERT(fd >= 0);
	for (unsigned i = 0; i < sizeof(others) / sizeof(others[0]); i++)
		CU_ASSERT(is_there(others[i]));
	CU_ASSERT(is_there(".a.img.wdsget-7"));
	CU_ASSERT(is_there(".a.img.wdsget-8"));
	close(fd);
	tree_remove();
}

static void where_nothing_can_be_made_it_says_so(void)
{
	tree_make();
	errno = 0;
	CU_ASSERT_EQUAL(temporary_create("no/folder", ".a.wdsget-1"), -1);
	CU_ASSERT_EQUAL(errno, ENOENT);
	tree_folder(".a.wdsget-1");
	CU_ASSERT_EQUAL(temporary_create(".", ".a.wdsget-1"), -1);
	CU_ASSERT_EQUAL(errno, EEXIST);
	tree_remove();
}

static const struct suite_test tests[] = {
	SUITE_TEST(what_a_killed_process_left_goes),
	SUITE_TEST(what_a_living_process_writes_stays),
	SUITE_TEST(only_temporary_files_of_the_same_target_go),
	SUITE_TEST(where_nothing_can_be_made_it_says_so),
};
SUITE_MAIN("app/wdsget_temporary", tests)
