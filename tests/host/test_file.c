/* Small files: whole, and secret ones only when they are. */
#include "host/host.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
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

#define NOBODY 65534

static enum host_file read_secret(const char *from)
{
	char bytes[8];
	size_t len;

	return host_read_file(from, true, bytes, sizeof(bytes), &len);
}

/* The same, in a process of that user. */
static enum host_file read_secret_as(uid_t user, const char *from)
{
	int status = -1;
	pid_t pid = fork();

	if (pid == 0)
		_exit(setresuid(user, user, user) == 0 ? (int)read_secret(from) : 99);
	waitpid(pid, &status, 0);
	return WIFEXITED(status) ? (enum host_file)WEXITSTATUS(status) : (enum host_file)99;
}

/* Root may read what belongs to others, but they know it, and may put something else there. */
static void a_secret_belongs_to_root_or_to_who_reads_it(void)
{
	if (geteuid() != 0)
		return; /* nobody else can give a file away */
	make("x", 0600);
	CU_ASSERT_EQUAL(chmod(dir, 0755), 0);
	CU_ASSERT_EQUAL_FATAL(chown(path, NOBODY, 0), 0);
	CU_ASSERT_EQUAL(read_secret(path), HOST_FILE_FOREIGN);
	CU_ASSERT_EQUAL(read_secret_as(NOBODY, path), HOST_FILE_READ);
	chmod(path, 0644);
	CU_ASSERT_EQUAL(read_secret_as(NOBODY - 1, path), HOST_FILE_FOREIGN);
	done();
}

static void only_a_credential_may_be_read_by_a_group(void)
{
	static const mode_t wrong[] = { 0640, 0460, 0444, 0441, 0450, 04440 };
	char other[128];

	if (geteuid() != 0)
		return;
	make("x", 0440);
	CU_ASSERT_EQUAL(read_secret(path), HOST_FILE_EXPOSED);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	CU_ASSERT_EQUAL(read_secret(path), HOST_FILE_READ);
	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		chmod(path, wrong[i]);
		CU_ASSERT_EQUAL(read_secret(path), HOST_FILE_EXPOSED);
	}
	CU_ASSERT_EQUAL(chmod(path, 0440), 0);
	snprintf(other, sizeof(other), "%s/../%s/file", dir, strrchr(dir, '/') + 1);
	CU_ASSERT_EQUAL(read_secret(other), HOST_FILE_EXPOSED);
	dir[strlen(dir) - 1] ^= 1;
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	dir[strlen(dir) - 1] ^= 1;
	CU_ASSERT_EQUAL(read_secret(path), HOST_FILE_EXPOSED);
	CU_ASSERT_EQUAL(chown(path, NOBODY, 0), 0);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	CU_ASSERT_EQUAL(read_secret(path), HOST_FILE_FOREIGN);
	unsetenv("CREDENTIALS_DIRECTORY");
	done();
}

/* As systemd grants a credential to a service's user: r for the owner and, by name, for that user. */
static bool grant(uid_t user)
{
	struct {
		uint32_t version;
		struct {
			uint16_t tag, rights;
			uint32_t id;
		} entry[5];
	} acl = { 2, { { 0x01, 4, UINT32_MAX }, { 0x02, 4, user }, { 0x04, 0, UINT32_MAX },
		       { 0x10, 4, UINT32_MAX }, { 0x20, 0, UINT32_MAX } } };

	return setxattr(path, "system.posix_acl_access", &acl, sizeof(acl), 0) == 0;
}

static void a_service_reads_its_credential(void)
{
	struct stat st;

	if (geteuid() != 0)
		return;
	make("x", 0400);
	CU_ASSERT_EQUAL(chmod(dir, 0755), 0);
	setenv("CREDENTIALS_DIRECTORY", dir, 1);
	if (grant(NOBODY)) {
		CU_ASSERT_EQUAL(stat(path, &st), 0);
		CU_ASSERT_EQUAL(st.st_mode & 07777, 0440); /* the mask */
		CU_ASSERT_EQUAL(read_secret_as(NOBODY, path), HOST_FILE_READ);
		CU_ASSERT_EQUAL(read_secret_as(NOBODY - 1, path), HOST_FILE_FAILED);
	} else {
		CU_ASSERT_EQUAL(errno, EOPNOTSUPP); /* a file system without them */
	}
	unsetenv("CREDENTIALS_DIRECTORY");
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
	SUITE_TEST(a_secret_belongs_to_root_or_to_who_reads_it),
	SUITE_TEST(only_a_credential_may_be_read_by_a_group),
	SUITE_TEST(a_service_reads_its_credential),
	SUITE_TEST(what_is_no_file_is_not_waited_for),
};
SUITE_MAIN("host/file", tests)
