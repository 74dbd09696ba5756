#include "content/content.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "content/tree.h"
#include "support/suite.h"
#include "wdserror.h"

static struct content_root *root;

static void with_tree(void)
{
	const char *dir = tree_make();

	tree_file("outside", 10, 1);
	tree_folder("root");
	tree_folder("root/images");
	tree_folder("root/images/deep");
	tree_folder("root/WDS:default");
	tree_folder("root/WDS:default/install.wim");
	tree_folder("root/WDS:default/install.wim/1");
	tree_file("root/at_top", 3, 2);
	tree_file("root/images/a.wim", 5000, 3);
	tree_file("root/images/deep/b.wim", 7, 4);
	tree_file("root/images/empty", 0, 0);
	tree_file("root/WDS:default/install.wim/1/install.wim", 9, 5);
	(void)dir;
	root = content_root_open("root");
	CU_ASSERT_PTR_NOT_NULL_FATAL(root);
}

static void done(void)
{
	content_root_close(root);
	tree_remove();
}

static uint32_t try_open(const char *name_space, const char *object)
{
	struct content_object *o = NULL;
	uint32_t win32 = content_open(root, name_space, object, &o);

	if (win32 == 0)
		content_close(o);
	return win32;
}

static struct content_object *must_open(const char *name_space, const char *object)
{
	struct content_object *o = NULL;

	CU_ASSERT_EQUAL_FATAL(content_open(root, name_space, object, &o), 0);
	return o;
}

static void a_file_is_read_as_it_is(void)
{
	uint8_t want[5000], got[5000];
	struct content_object *o;

	with_tree();
	o = must_open("images", "a.wim");
	tree_fill(want, sizeof(want), 3);
	CU_ASSERT_EQUAL(content_size(o), 5000);
	CU_ASSERT(content_read(o, 0, got, 5000));
	CU_ASSERT_EQUAL(memcmp(got, want, 5000), 0);
	CU_ASSERT(content_read(o, 4990, got, 10));
	CU_ASSERT_EQUAL(memcmp(got, want + 4990, 10), 0);
	content_close(o);
	done();
}

static void metadata_is_no_object(void)
{
	with_tree();
	tree_file("root/images/a.wim.wdsmeta", 5, 6);
	CU_ASSERT_EQUAL(try_open("images", "a.wim"), 0);
	CU_ASSERT_EQUAL(try_open("images", "a.wim.wdsmeta"), WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("images", "A.WIM.WDSMETA"), WDSMCS_E_CONTENT_NOT_FOUND);
	done();
}

static void namespaces_and_objects_may_be_paths(void)
{
	with_tree();
	CU_ASSERT_EQUAL(try_open("images", "deep/b.wim"), 0);
	CU_ASSERT_EQUAL(try_open("images", "deep\\b.wim"), 0);
	CU_ASSERT_EQUAL(try_open("images/deep", "b.wim"), 0);
	CU_ASSERT_EQUAL(try_open("WDS:default/install.wim/1", "install.wim"), 0);
	CU_ASSERT_EQUAL(try_open("images", "empty"), 0);
	done();
}

static void what_is_not_there_is_told_apart(void)
{
	with_tree();
	CU_ASSERT_EQUAL(try_open("none", "a.wim"), WDSMCS_E_NAMESPACE_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("at_top", "a.wim"), WDSMCS_E_NAMESPACE_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("", "a.wim"), WDSMCS_E_NAMESPACE_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("images", "none"), WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("images", ""), WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("images", "deep"), WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("images", "a.wim/x"), WDSMCS_E_CONTENT_NOT_FOUND);
	done();
}

static void no_name_leads_out_of_the_root(void)
{
	static const char *const names[] = { "../outside", "..\\..\\outside", "deep/../../../outside", "..",
		                             "/etc/passwd", "deep//b.wim", "./a.wim", "deep/b.wim/" };
	char long_name[5000];

	with_tree();
	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
		CU_ASSERT_EQUAL(try_open("images", names[i]), WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("..", "outside"), WDSMCS_E_NAMESPACE_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open(".", "at_top"), WDSMCS_E_NAMESPACE_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("/", "at_top"), WDSMCS_E_NAMESPACE_NOT_FOUND);
	memset(long_name, 'a', sizeof(long_name) - 1);
	long_name[sizeof(long_name) - 1] = '\0';
	CU_ASSERT_EQUAL(try_open("images", long_name), WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open(long_name, "a.wim"), WDSMCS_E_NAMESPACE_NOT_FOUND);
	done();
}

static void links_are_followed_only_below_the_root(void)
{
	with_tree();
	tree_link("../../outside", "root/images/out");
	tree_link("/etc", "root/etc");
	tree_link("..", "root/up");
	tree_link("deep/b.wim", "root/images/in");
	tree_link("images", "root/alias");
	CU_ASSERT_EQUAL(try_open("images", "out"), WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("etc", "passwd"), WDSMCS_E_NAMESPACE_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("up", "outside"), WDSMCS_E_NAMESPACE_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("images", "in"), 0);
	CU_ASSERT_EQUAL(try_open("alias", "a.wim"), 0);
	done();
}

static void only_regular_files_are_objects(void)
{
	with_tree();
	CU_ASSERT_EQUAL_FATAL(mkfifo("root/images/pipe", 0644), 0);
	tree_link("/dev/zero", "root/images/zero");
	CU_ASSERT_EQUAL(try_open("images", "pipe"), WDSMCS_E_CONTENT_NOT_FOUND);
	CU_ASSERT_EQUAL(try_open("images", "zero"), WDSMCS_E_CONTENT_NOT_FOUND);
	done();
}

static void case_matters_only_when_both_are_there(void)
{
	struct content_object *exact, *folded, *other;

	with_tree();
	tree_file("root/images/A.wim", 11, 6);
	exact = must_open("images", "a.wim");
	other = must_open("images", "A.wim");
	folded = must_open("IMAGES/Deep", "B.WIM");
	CU_ASSERT_EQUAL(content_size(exact), 5000);
	CU_ASSERT_EQUAL(content_size(other), 11);
	CU_ASSERT_EQUAL(content_size(folded), 7);
	tree_file("root/images/C.wim", 12, 6);
	tree_file("root/images/c.WIM", 13, 6);
	content_close(folded);
	folded = must_open("images", "c.wim"); /* neither is exact: the least */
	CU_ASSERT_EQUAL(content_size(folded), 12);
	content_close(exact);
	content_close(other);
	content_close(folded);
	done();
}

static void two_names_of_one_file_are_the_same(void)
{
	struct content_object *a, *b, *c;

	with_tree();
	CU_ASSERT_EQUAL_FATAL(link("root/images/a.wim", "root/images/deep/hard"), 0);
	a = must_open("images", "a.wim");
	b = must_open("IMAGES", "deep/hard");
	c = must_open("images", "deep/b.wim");
	CU_ASSERT(content_same(a, b));
	CU_ASSERT_FALSE(content_same(a, c));
	content_close(a);
	content_close(b);
	content_close(c);
	done();
}

static void a_changed_file_is_never_read_again(void)
{
	uint8_t got[100];
	struct content_object *o, *again;

	with_tree();
	o = must_open("images", "a.wim");
	CU_ASSERT(content_read(o, 0, got, 100));
	CU_ASSERT_EQUAL(truncate("root/images/a.wim", 4000), 0);
	CU_ASSERT_FALSE(content_read(o, 0, got, 100));
	CU_ASSERT_EQUAL(truncate("root/images/a.wim", 5000), 0);
	CU_ASSERT_FALSE(content_read(o, 0, got, 100));
	again = must_open("images", "a.wim");
	CU_ASSERT(content_read(again, 0, got, 100));
	CU_ASSERT_FALSE(content_same(o, again));
	tree_file("root/images/a.wim", 5000, 99); /* the same size, other bytes */
	CU_ASSERT_FALSE(content_read(again, 0, got, 100));
	content_close(o);
	content_close(again);
	done();
}

/* The name belongs to another file now: who asks from here on gets that, and nobody gets some of each. */
static void a_replaced_file_is_not_read_on(void)
{
	uint8_t got[5000];
	struct content_object *o, *again;

	with_tree();
	o = must_open("images", "a.wim");
	CU_ASSERT(content_read(o, 0, got, 5000));
	tree_file("root/images/new", 5000, 98);
	CU_ASSERT_EQUAL(rename("root/images/new", "root/images/a.wim"), 0);
	CU_ASSERT_FALSE(content_read(o, 0, got, 5000));
	again = must_open("images", "a.wim");
	CU_ASSERT_FALSE(content_same(o, again));
	CU_ASSERT(content_read(again, 0, got, 5000));
	content_close(o);
	content_close(again);
	done();
}

/* As cp -p and rsync leave it. */
static void a_change_shows_whatever_the_modification_time(void)
{
	struct timespec times[2];
	struct content_object *o;
	uint8_t got[100];
	struct stat st;

	with_tree();
	o = must_open("images", "a.wim");
	CU_ASSERT_EQUAL(stat("root/images/a.wim", &st), 0);
	times[0] = st.st_atim;
	times[1] = st.st_mtim;
	usleep(20000); /* the clock of files ticks every 10 ms at the most */
	tree_file("root/images/a.wim", 5000, 99);
	CU_ASSERT_EQUAL(utimensat(AT_FDCWD, "root/images/a.wim", times, 0), 0);
	CU_ASSERT_FALSE(content_read(o, 0, got, 100));
	content_close(o);
	done();
}

static void reading_beyond_the_end_fails(void)
{
	uint8_t got[100];
	struct content_object *o;

	with_tree();
	o = must_open("images", "a.wim");
	CU_ASSERT_FALSE(content_read(o, 4950, got, 100));
	content_close(o);
	done();
}

/* Else a second change within one tick of the clock would leave no trace. */
static void a_file_that_was_changed_just_now_is_waited_for(void)
{
	struct content_object *o;
	struct timespec now;
	struct stat st;
	char byte;

	with_tree();
	tree_file("root/images/new", 100, 1);
	o = must_open("images", "new");
	clock_gettime(CLOCK_REALTIME, &now);
	CU_ASSERT_EQUAL_FATAL(stat("root/images/new", &st), 0);
	CU_ASSERT((now.tv_sec - st.st_ctim.tv_sec) * 1000000000 + now.tv_nsec - st.st_ctim.tv_nsec >= 20000000);
	tree_file("root/images/new", 100, 2);
	CU_ASSERT_FALSE(content_read(o, 0, &byte, 1));
	content_close(o);
	done();
}

/* A process that writes the first byte again and again. */
static pid_t write_always(const char *path)
{
	pid_t pid = fork();
	int fd;

	if (pid != 0)
		return pid;
	fd = open(path, O_WRONLY);
	for (time_t end = time(NULL) + 20; time(NULL) < end;)
		if (pwrite(fd, "x", 1, 0) != 1)
			break;
	_exit(0);
}

static void a_file_that_is_being_written_is_refused(void)
{
	uint32_t code = 0;
	pid_t writer;

	with_tree();
	writer = write_always("root/images/a.wim");
	/* A writer that gets no processor for a tick of that clock does not write: then it may be opened. */
	for (unsigned i = 0; i < 100 && code != ERROR_SHARING_VIOLATION; i++) {
		usleep(100000);
		code = try_open("images", "a.wim");
	}
	CU_ASSERT_EQUAL(code, ERROR_SHARING_VIOLATION);
	kill(writer, SIGKILL);
	waitpid(writer, NULL, 0);
	CU_ASSERT_EQUAL(try_open("images", "a.wim"), 0);
	done();
}

static void a_file_without_a_name_is_not_read_on(void)
{
	struct content_object *o;
	char byte;

	with_tree();
	o = must_open("images", "a.wim");
	CU_ASSERT(content_read(o, 0, &byte, 1));
	unlink("root/images/a.wim");
	CU_ASSERT_FALSE(content_read(o, 0, &byte, 1));
	content_close(o);
	done();
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_file_is_read_as_it_is),
	SUITE_TEST(metadata_is_no_object),
	SUITE_TEST(namespaces_and_objects_may_be_paths),
	SUITE_TEST(what_is_not_there_is_told_apart),
	SUITE_TEST(no_name_leads_out_of_the_root),
	SUITE_TEST(links_are_followed_only_below_the_root),
	SUITE_TEST(only_regular_files_are_objects),
	SUITE_TEST(case_matters_only_when_both_are_there),
	SUITE_TEST(two_names_of_one_file_are_the_same),
	SUITE_TEST(a_changed_file_is_never_read_again),
	SUITE_TEST(a_replaced_file_is_not_read_on),
	SUITE_TEST(a_file_that_was_changed_just_now_is_waited_for),
	SUITE_TEST(a_file_that_is_being_written_is_refused),
	SUITE_TEST(a_file_without_a_name_is_not_read_on),
	SUITE_TEST(a_change_shows_whatever_the_modification_time),
	SUITE_TEST(reading_beyond_the_end_fails),
};
SUITE_MAIN("content/content", tests)
