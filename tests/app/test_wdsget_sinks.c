/* Where wdsget's bytes go: spans, and a file that is there whole or not at all. */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content/tree.h"
#include "support/suite.h"
#include "wdsget/disk.h"
#include "wdsget/sink.h"
#include "wdsget/spans.h"

static void spans_grow_together(void)
{
	struct spans s = { 0 };

	CU_ASSERT(spans_add(&s, 10, 20));
	CU_ASSERT(spans_add(&s, 30, 40));
	CU_ASSERT(spans_add(&s, 0, 5));
	CU_ASSERT_EQUAL(s.n, 3);
	CU_ASSERT_EQUAL(spans_end(&s, 0), 5);
	CU_ASSERT_EQUAL(spans_end(&s, 5), 5);
	CU_ASSERT_EQUAL(spans_end(&s, 35), 40);
	CU_ASSERT(spans_add(&s, 20, 30)); /* touches both */
	CU_ASSERT_EQUAL(s.n, 2);
	CU_ASSERT_EQUAL(spans_end(&s, 10), 40);
	CU_ASSERT(spans_add(&s, 3, 100));
	CU_ASSERT_EQUAL(s.n, 1);
	CU_ASSERT_EQUAL(s.v[0].start, 0);
	CU_ASSERT_EQUAL(s.v[0].end, 100);
	spans_free(&s);
}

static void many_spans_end_as_one(void)
{
	struct spans s = { 0 };

	for (uint64_t i = 0; i < 1000; i++)
		CU_ASSERT(spans_add(&s, i * 7 % 1000, i * 7 % 1000 + 1));
	CU_ASSERT_EQUAL(s.n, 1);
	CU_ASSERT_EQUAL(spans_end(&s, 0), 1000);
	spans_free(&s);
}

/* Eight writes under way at once, the last first, each of two pieces. */
static void write_many(bool ring)
{
	static uint8_t bytes[WRITER_DEPTH * 8192], back[sizeof(bytes)];
	struct iovec piece[WRITER_DEPTH][2];
	struct write writes[WRITER_DEPTH], *w;
	struct writer *writer;
	char name[] = "/tmp/wdsget-writer-XXXXXX";
	int fd = mkstemp(name);
	unsigned reaped = 0;

	unlink(name);
	for (unsigned i = 0; i < sizeof(bytes); i++)
		bytes[i] = (uint8_t)(i * 31 + i / 251);
	if (!ring)
		setenv("WDSGET_NO_IO_URING", "1", 1);
	writer = writer_new();
	unsetenv("WDSGET_NO_IO_URING");
	CU_ASSERT_PTR_NOT_NULL_FATAL(writer);
	CU_ASSERT_PTR_NULL(writer_reap(writer, true));
	for (unsigned i = WRITER_DEPTH; i-- > 0;) {
		piece[i][0] = (struct iovec){ bytes + i * 8192, 1000 };
		piece[i][1] = (struct iovec){ bytes + i * 8192 + 1000, 7192 };
		writes[i] = (struct write){ .fd = fd, .plain_fd = fd, .offset = i * 8192ull, .len = 8192, .pieces = 2, .piece = piece[i] };
		writer_submit(writer, &writes[i]);
	}
	while ((w = writer_reap(writer, true)) != NULL) {
		CU_ASSERT_EQUAL(w->error, 0);
		reaped++;
	}
	CU_ASSERT_EQUAL(reaped, WRITER_DEPTH);
	CU_ASSERT_EQUAL(pread(fd, back, sizeof(back), 0), sizeof(back));
	CU_ASSERT_EQUAL(memcmp(back, bytes, sizeof(back)), 0);
	close(fd);
	writer_free(writer);
}

static void many_writes_are_under_way_at_once(void)
{
	write_many(true);
}

static void they_are_written_without_io_uring_too(void)
{
	write_many(false);
}

/* /dev/full takes nothing. */
static void a_write_that_fails_tells_why(void)
{
	struct writer *writer = writer_new();
	struct iovec piece = { "x", 1 };
	int fd = open("/dev/full", O_WRONLY | O_CLOEXEC);
	struct write write = { .fd = fd, .plain_fd = fd, .len = 1, .pieces = 1, .piece = &piece };

	writer_submit(writer, &write);
	CU_ASSERT_PTR_EQUAL(writer_reap(writer, true), &write);
	CU_ASSERT_EQUAL(write.error, ENOSPC);
	close(write.fd);
	writer_free(writer);
}

/* A writer whose ring the kernel does not know any more: every call for it fails, and goes on failing. NULL: no rings here. */
static struct writer *writer_without_its_kernel(void (*before)(struct writer *w, void *arg), void *arg)
{
	int nothing = open("/dev/null", O_RDWR | O_CLOEXEC), next = dup(nothing);
	char path[64], what[64] = "";
	struct writer *w;

	close(next); /* the number that the ring's is going to have */
	w = writer_new();
	snprintf(path, sizeof(path), "/proc/self/fd/%d", next);
	if (readlink(path, what, sizeof(what) - 1) < 0 || strcmp(what, "anon_inode:[io_uring]") != 0) {
		fprintf(stderr, "no io_uring here\n");
		writer_free(w);
		close(nothing);
		return NULL;
	}
	if (before != NULL)
		before(w, arg);
	CU_ASSERT_EQUAL(dup2(nothing, next), next);
	close(nothing);
	return w;
}

static void a_ring_that_takes_nothing_is_done_without(void)
{
	struct writer *writer = writer_without_its_kernel(NULL, NULL);
	struct iovec piece = { "abc", 3 };
	FILE *f = tmpfile();
	struct write write = { .fd = fileno(f), .plain_fd = fileno(f), .len = 3, .pieces = 1, .piece = &piece };
	char back[4] = "";

	if (writer == NULL)
		return;
	for (unsigned i = 0; i < WRITER_DEPTH + 1; i++) {
		write.offset = i;
		writer_submit(writer, &write);
		CU_ASSERT_PTR_EQUAL(writer_reap(writer, true), &write);
		CU_ASSERT_EQUAL(write.error, 0);
	}
	CU_ASSERT_PTR_NULL(writer_reap(writer, true));
	CU_ASSERT_EQUAL(pread(fileno(f), back, 3, WRITER_DEPTH), 3);
	CU_ASSERT_STRING_EQUAL(back, "abc");
	fclose(f);
	writer_free(writer);
}

static void submit(struct writer *w, void *write)
{
	writer_submit(w, write);
	CU_ASSERT_PTR_NULL(writer_reap(w, false));
}

/* Under way, and for long: into a pipe that is full. */
static void a_ring_that_never_answers_fails_what_is_under_way(void)
{
	static char bytes[1 << 16];
	struct iovec piece = { bytes, 1 };
	struct write one = { .len = 1, .pieces = 1, .piece = &piece };
	struct writer *writer;
	int ends[2];

	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	CU_ASSERT_EQUAL_FATAL(fcntl(ends[1], F_SETPIPE_SZ, sizeof(bytes)), sizeof(bytes));
	CU_ASSERT_EQUAL(write(ends[1], bytes, sizeof(bytes)), sizeof(bytes));
	one.fd = one.plain_fd = ends[1];
	writer = writer_without_its_kernel(submit, &one);
	if (writer != NULL) {
		CU_ASSERT_PTR_EQUAL(writer_reap(writer, true), &one);
		CU_ASSERT(one.error == EBADF || one.error == EOPNOTSUPP);
		CU_ASSERT_PTR_NULL(writer_reap(writer, true));
		writer_free(writer);
	}
	close(ends[0]);
	close(ends[1]);
}

/* Of a large file, on a disk: what lies right goes past the cache, the rest through it, and all arrives. */
static void large_files_bypass_the_cache_where_they_can(void)
{
	enum { PARTS = DISK_BEHIND + 8, PART = 8192 };
	char name[] = "wdsget-disk-XXXXXX";
	uint8_t *bytes = aligned_alloc(4096, PART * 2), *back = malloc(PART);
	int fd = mkstemp(name);
	struct disk disk;

	unlink(name);
	memset(bytes, 7, PART * 2);
	disk_begin(&disk, fd, true);
	CU_ASSERT(disk_reserve(&disk, PARTS * PART));
	for (unsigned i = 0; i < PARTS; i++) {
		struct iovec piece = { bytes + (i % 3 == 0 ? 1 : 0), PART };
		struct write w = { .offset = i * (uint64_t)PART, .len = PART, .pieces = 1, .piece = &piece };

		memset(piece.iov_base, (int)i, PART);
		disk_choose(&disk, &w);
		CU_ASSERT_EQUAL(w.plain_fd, fd);
		CU_ASSERT_EQUAL(w.fd, disk.direct >= 0 && i % 3 != 0 ? disk.direct : fd);
		CU_ASSERT_EQUAL(pwrite(w.fd, piece.iov_base, PART, (off_t)w.offset), PART);
		disk_wrote(&disk, w.offset, w.len);
	}
	for (unsigned i = 0; i < PARTS; i++) {
		CU_ASSERT_EQUAL(pread(fd, back, PART, (off_t)i * PART), PART);
		CU_ASSERT(back[0] == i && back[PART - 1] == i);
	}
	disk_close(&disk);
	close(fd);
	free(bytes);
	free(back);
}

static unsigned files_here(void)
{
	FILE *p = popen("ls -A | wc -l", "r");
	unsigned n = 0;

	CU_ASSERT_EQUAL(fscanf(p, "%u", &n), 1);
	pclose(p);
	return n;
}

static void write_two(struct sink *s)
{
	struct iovec second[] = { { "ef", 2 }, { "g", 1 } }, first = { "abcd", 4 };

	CU_ASSERT_FATAL(s->ops->begin(s, 7));
	CU_ASSERT(s->ops->write(s, 4, second, 2, 3));
	CU_ASSERT(s->ops->write(s, 0, &first, 1, 4));
}

static void a_file_has_its_name_when_it_is_whole(void)
{
	static const uint8_t abc[4] = { 0x7d, 0x1a, 0x54, 0x12 }; /* of SHA-256("abcdefg") */
	char why[SINK_WHY_BYTES], text[16] = "";
	uint8_t digest[32];
	struct sink *s;
	FILE *f;

	tree_make();
	s = sink_open("target", "o", true, false, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	write_two(s);
	CU_ASSERT_EQUAL(access("target", F_OK), -1);
	CU_ASSERT(s->ops->sync(s));
	CU_ASSERT(s->ops->digest(s, digest));
	CU_ASSERT_EQUAL(memcmp(digest, abc, sizeof(abc)), 0);
	CU_ASSERT(s->ops->commit(s));
	s->ops->close(s);
	f = fopen("target", "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_PTR_NOT_NULL(fgets(text, sizeof(text), f));
	fclose(f);
	CU_ASSERT_STRING_EQUAL(text, "abcdefg");
	CU_ASSERT_EQUAL(files_here(), 1);
	tree_remove();
}

/* As many bytes as it should have, and yet one is missing: whoever said that it is complete. */
static void a_file_with_a_gap_is_not_whole(void)
{
	struct iovec end = { "efg", 3 }, begin = { "a", 1 };
	char why[SINK_WHY_BYTES];
	struct sink *s;

	tree_make();
	s = sink_open("target", "o", false, false, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_FATAL(s->ops->begin(s, 7));
	CU_ASSERT(s->ops->write(s, 4, &end, 1, 3));
	CU_ASSERT(s->ops->write(s, 4, &end, 1, 3));
	CU_ASSERT(s->ops->write(s, 0, &begin, 1, 1));
	CU_ASSERT(!s->ops->sync(s));
	CU_ASSERT_PTR_NOT_NULL(strstr(s->why, "is not whole"));
	s->ops->close(s);
	CU_ASSERT_EQUAL(files_here(), 0);
	tree_remove();
}

static void a_device_with_a_gap_is_not_whole(void)
{
	struct iovec begin = { "abc", 3 };
	char why[SINK_WHY_BYTES];
	struct sink *s = sink_open("/dev/null", "o", false, false, why);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_FATAL(s->ops->begin(s, 4));
	CU_ASSERT(s->ops->write(s, 0, &begin, 1, 3));
	CU_ASSERT(!s->ops->sync(s));
	CU_ASSERT_STRING_EQUAL(s->why, "/dev/null is not whole");
	s->ops->close(s);
}

static void what_is_not_committed_leaves_nothing(void)
{
	char why[SINK_WHY_BYTES];
	struct sink *s;

	tree_make();
	tree_file("target", 3, 1); /* and what was there stays */
	s = sink_open("target", "o", false, false, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	write_two(s);
	s->ops->close(s);
	CU_ASSERT_EQUAL(files_here(), 1);
	struct stat st;

	CU_ASSERT_EQUAL(stat("target", &st), 0);
	CU_ASSERT_EQUAL(st.st_size, 3);
	tree_remove();
}

static void a_folder_gets_a_file_of_the_objects_name(void)
{
	char why[SINK_WHY_BYTES];
	struct sink *s;

	tree_make();
	tree_folder("d");
	s = sink_open("d", "o.img", false, false, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	write_two(s);
	CU_ASSERT(s->ops->commit(s));
	s->ops->close(s);
	CU_ASSERT_EQUAL(access("d/o.img", R_OK), 0);
	tree_remove();
}

static void what_cannot_be_written_is_told_at_once(void)
{
	char why[SINK_WHY_BYTES];

	tree_make();
	tree_file("ro", 1, 1);
	CU_ASSERT_EQUAL(chmod("ro", 0444), 0);
	CU_ASSERT_PTR_NULL(sink_open("ro", "o", false, false, why));
	CU_ASSERT_STRING_EQUAL(why, "ro exists and is read-only");
	CU_ASSERT_PTR_NULL(sink_open("missing/x", "o", false, false, why));
	CU_ASSERT_STRING_EQUAL(why, "cannot create a file in missing: No such file or directory");
	CU_ASSERT_EQUAL(files_here(), 1);
	tree_remove();
}

static void more_than_the_disk_has_is_refused(void)
{
	char why[SINK_WHY_BYTES];
	struct sink *s;

	tree_make();
	s = sink_open("target", "o", false, false, why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT(!s->ops->begin(s, 1ull << 60));
	CU_ASSERT_PTR_NOT_NULL(strstr(s->why, "not enough space"));
	s->ops->close(s);
	CU_ASSERT_EQUAL(files_here(), 0);
	tree_remove();
}

/* Standard output is a pipe here: what comes too early waits. */
static void standard_output_is_in_order(void)
{
	char why[SINK_WHY_BYTES], text[16] = "";
	int ends[2], out = dup(STDOUT_FILENO);
	struct sink *s = sink_open("-", "o", false, false, why);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	fflush(stdout);
	CU_ASSERT_EQUAL_FATAL(pipe(ends), 0);
	dup2(ends[1], STDOUT_FILENO);
	write_two(s);
	dup2(out, STDOUT_FILENO);
	close(out);
	close(ends[1]);
	CU_ASSERT_EQUAL(read(ends[0], text, sizeof(text) - 1), 7);
	CU_ASSERT_STRING_EQUAL(text, "abcdefg");
	CU_ASSERT(s->ops->sync(s));
	close(ends[0]);
	s->ops->close(s);
}

static void standard_output_with_a_gap_is_not_whole(void)
{
	struct iovec end = { "efg", 3 };
	char why[SINK_WHY_BYTES];
	struct sink *s = sink_open("-", "o", false, false, why);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	CU_ASSERT_FATAL(s->ops->begin(s, 7));
	CU_ASSERT(s->ops->write(s, 4, &end, 1, 3));
	CU_ASSERT(!s->ops->sync(s));
	CU_ASSERT_STRING_EQUAL(s->why, "standard output is not whole");
	s->ops->close(s);
}

static const struct suite_test tests[] = {
	SUITE_TEST(many_writes_are_under_way_at_once),
	SUITE_TEST(they_are_written_without_io_uring_too),
	SUITE_TEST(large_files_bypass_the_cache_where_they_can),
	SUITE_TEST(a_write_that_fails_tells_why),
	SUITE_TEST(a_ring_that_takes_nothing_is_done_without),
	SUITE_TEST(a_ring_that_never_answers_fails_what_is_under_way),
	SUITE_TEST(spans_grow_together),
	SUITE_TEST(many_spans_end_as_one),
	SUITE_TEST(a_file_has_its_name_when_it_is_whole),
	SUITE_TEST(a_file_with_a_gap_is_not_whole),
	SUITE_TEST(a_device_with_a_gap_is_not_whole),
	SUITE_TEST(what_is_not_committed_leaves_nothing),
	SUITE_TEST(a_folder_gets_a_file_of_the_objects_name),
	SUITE_TEST(what_cannot_be_written_is_told_at_once),
	SUITE_TEST(more_than_the_disk_has_is_refused),
	SUITE_TEST(standard_output_is_in_order),
	SUITE_TEST(standard_output_with_a_gap_is_not_whole),
};
SUITE_MAIN("app/wdsget_sinks", tests)
