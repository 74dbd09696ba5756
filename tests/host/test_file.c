/* Small files: whole, and secret ones only when they are. */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "support/suite.h"

static char dir[64], path[80];

static void make(const char *text, mode_t mode)
{
	FILE *f;

	snprintf(dir, sizeof(dir), "/tmp/wdscast-file-XXXXXX");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir));
	snprintf(path, sizeof(path), "%s/file", dir);
	f = fopen(path, "w");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	fputs(text, f);
	fclose(f);
	chmod(path, mode);
}

static void done(void)
{
	unlink(path);
	rmdir(dir);
}

static void a_file_is_read_whole(void)
{
	char bytes[8];
	size_t len;

	make("12345678", 0600);
	CU_ASSERT_EQUAL(host_read_file(path, true, bytes, 8, &len), HOST_FILE_READ);
	CU_ASSERT_EQUAL(len, 8);
	CU_ASSERT_EQUAL(memcmp(bytes, "12345678", 8), 0);
	CU_ASSERT_EQUAL(host_read_file(path, true, bytes, 7, &len), HOST_FILE_LARGE);
	done();
	make("", 0600);
	CU_ASSERT_EQUAL(host_read_file(path, true, bytes, 8, &len), HOST_FILE_READ);
	CU_ASSERT_EQUAL(len, 0);
	done();
}

static void a_secret_is_its_owners_alone(void)
{
	static const mode_t exposed[] = { 0640, 0620, 0604, 0602, 0601, 0610, 0644, 0666 };
	char bytes[8];
	size_t len;

	make("x", 0600);
	for (size_t i = 0; i < sizeof(exposed) / sizeof(exposed[0]); i++) {
		chmod(path, exposed[i]);
		CU_ASSERT_EQUAL(host_read_file(path, true, bytes, 8, &len), HOST_FILE_EXPOSED);
		CU_ASSERT_EQUAL(host_read_file(path, false, bytes, 8, &len), HOST_FILE_READ);
	}
	chmod(path, 0400);
	CU_ASSERT_EQUAL(host_read_file(path, true, bytes, 8, &len), HOST_FILE_READ);
	done();
}

static void what_is_no_file_is_not_waited_for(void)
{
	char bytes[8];
	size_t len;

	make("x", 0600);
	CU_ASSERT_EQUAL(host_read_file(dir, false, bytes, 8, &len), HOST_FILE_SPECIAL);
	unlink(path);
	CU_ASSERT_EQUAL(host_read_file(path, false, bytes, 8, &len), HOST_FILE_FAILED);
	CU_ASSERT_EQUAL(errno, ENOENT);
	CU_ASSERT_EQUAL_FATAL(mkfifo(path, 0600), 0);
	CU_ASSERT_EQUAL(host_read_file(path, false, bytes, 8, &len), HOST_FILE_SPECIAL);
	done();
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_file_is_read_whole),
	SUITE_TEST(a_secret_is_its_owners_alone),
	SUITE_TEST(what_is_no_file_is_not_waited_for),
};
SUITE_MAIN("host/file", tests)
