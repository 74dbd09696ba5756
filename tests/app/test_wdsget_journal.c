/* wdsget --resume: what the journal says is true, whatever became of it. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "content/tree.h"
#include "support/suite.h"
#include "wdsget/journal.h"
#include "wdsget/sink.h"

#define PART ".target.wdsget-part"
#define JOURNAL ".target.wdsget-journal"

enum { SIZE = 1000 };

static const struct journal_object disk = { .server = "10.0.0.1",
	                                    .name_space = "images",
	                                    .object = "disk.img",
	                                    .size = SIZE,
	                                    .block_bytes = 100,
	                                    .session_id = 7,
	                                    .stamp = "00112233445566778899aabbccddeeff" };
static char why[SINK_WHY_BYTES];

static struct sink *open_target(void)
{
	struct sink *s = sink_open("target", "o", true, true, why);

	CU_ASSERT_PTR_NOT_NULL_FATAL(s);
	return s;
}

static void put(struct sink *s, uint64_t start, size_t len)
{
	static char bytes[SIZE];
	struct iovec piece = { bytes, len };

	memset(bytes, 'x', sizeof(bytes));
	CU_ASSERT(s->ops->write(s, start, &piece, 1, len));
}

/* Two ranges of the object are written; then it is interrupted. */
static void interrupt(const struct journal_object *o, bool has_digest)
{
	struct sink *s = open_target();

	CU_ASSERT_PTR_NOT_NULL_FATAL(s->ops->resume(s, o, has_digest));
	CU_ASSERT(s->ops->begin(s, o->size));
	put(s, 100, 200);
	put(s, 500, 100);
	s->ops->close(s);
}

/* So many bytes are taken for good; -1: nothing is, for it is refused. The line for the user is in why. */
static long take_up(const struct journal_object *o, bool has_digest)
{
	struct sink *s = open_target();
	const struct spans *done = s->ops->resume(s, o, has_digest);
	long n = done == NULL ? -1 : 0;

	for (size_t i = 0; done != NULL && i < done->n; i++)
		n += (long)(done->v[i].end - done->v[i].start);
	memcpy(why, s->why, sizeof(why));
	s->ops->close(s);
	return n;
}

static bool exists(const char *name)
{
	return access(name, F_OK) == 0;
}

static size_t read_journal(char *text, size_t max)
{
	FILE *f = fopen(JOURNAL, "r");
	size_t n = f == NULL ? 0 : fread(text, 1, max, f);

	if (f != NULL)
		fclose(f);
	return n;
}

static void write_journal(const char *text, size_t len)
{
	FILE *f = fopen(JOURNAL, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(f);
	CU_ASSERT_EQUAL(fwrite(text, 1, len, f), len);
	fclose(f);
}

static void what_was_written_is_there_after_an_interruption(void)
{
	tree_make();
	interrupt(&disk, false);
	CU_ASSERT(exists(PART) && exists(JOURNAL) && !exists("target"));
	CU_ASSERT_EQUAL(take_up(&disk, false), 300);
	CU_ASSERT_STRING_EQUAL(why, "");
	tree_remove();
}

static void another_block_size_does_not_matter(void)
{
	struct journal_object now = disk;

	tree_make();
	interrupt(&disk, false);
	now.block_bytes = 1385;
	now.session_id = 8;
	CU_ASSERT_EQUAL(take_up(&now, false), 300);
	tree_remove();
}

static void when_it_is_whole_the_file_is_alone(void)
{
	struct sink *s;

	tree_make();
	interrupt(&disk, false);
	s = open_target();
	CU_ASSERT_PTR_NOT_NULL(s->ops->resume(s, &disk, false));
	CU_ASSERT(s->ops->begin(s, SIZE));
	put(s, 0, 100);
	put(s, 300, 200);
	put(s, 600, 400);
	CU_ASSERT(s->ops->sync(s));
	CU_ASSERT(s->ops->commit(s));
	s->ops->close(s);
	CU_ASSERT(!exists(PART) && !exists(JOURNAL) && exists("target"));
	tree_remove();
}

static void what_is_not_whole_is_not_committed(void)
{
	struct sink *s;

	tree_make();
	s = open_target();
	CU_ASSERT_PTR_NOT_NULL(s->ops->resume(s, &disk, false));
	CU_ASSERT(s->ops->begin(s, SIZE));
	put(s, 0, SIZE - 1);
	CU_ASSERT_FALSE(s->ops->sync(s));
	s->ops->close(s);
	CU_ASSERT(exists(PART) && exists(JOURNAL) && !exists("target"));
	tree_remove();
}

static void what_is_wrong_is_not_kept(void)
{
	struct sink *s;

	tree_make();
	interrupt(&disk, false);
	s = open_target();
	CU_ASSERT_PTR_NOT_NULL(s->ops->resume(s, &disk, false));
	s->spoilt = true; /* as a digest that differs has it */
	s->ops->close(s);
	CU_ASSERT(!exists(PART) && !exists(JOURNAL));
	tree_remove();
}

static void nothing_received_leaves_nothing(void)
{
	struct sink *s;

	tree_make();
	s = open_target();
	s->ops->close(s);
	CU_ASSERT_EQUAL(take_up(&disk, false), 0);
	CU_ASSERT(!exists(PART) && !exists(JOURNAL));
	tree_remove();
}

/* However much of it a power cut left: never more than it said when it was whole. */
static void a_torn_journal_says_less_never_more(void)
{
	static char text[4096];
	long said, before = -1;
	size_t len;

	tree_make();
	interrupt(&disk, false);
	len = read_journal(text, sizeof(text));
	for (size_t cut = 0; cut <= len; cut++) {
		struct journal_image image;
		int fd;

		write_journal(text, cut);
		fd = open(JOURNAL, O_RDWR | O_APPEND);
		said = journal_file_read(fd, &image) == JOURNAL_GOOD ? 0 : -1;
		for (size_t i = 0; i < image.done.n; i++)
			said += (long)(image.done.v[i].end - image.done.v[i].start);
		CU_ASSERT(said >= before);
		CU_ASSERT(said <= 0 || said == 100 || said == 200 || said == 300);
		CU_ASSERT(image.good_bytes <= cut);
		before = said;
		spans_free(&image.done);
		close(fd);
	}
	CU_ASSERT_EQUAL(before, 300);
	tree_remove();
}

static void a_byte_that_changed_is_seen(void)
{
	static char text[4096];
	struct journal_image image;
	size_t len;

	tree_make();
	interrupt(&disk, false);
	len = read_journal(text, sizeof(text));
	for (size_t i = 0; i + 1 < len; i++) {
		uint64_t said = 0;
		int fd;

		text[i] ^= 1;
		write_journal(text, len);
		text[i] ^= 1;
		fd = open(JOURNAL, O_RDONLY);
		journal_file_read(fd, &image);
		for (size_t k = 0; k < image.done.n; k++)
			said += image.done.v[k].end - image.done.v[k].start;
		CU_ASSERT(said < 300);
		spans_free(&image.done);
		close(fd);
	}
	tree_remove();
}

static void a_journal_that_cannot_be_read_is_not_believed(void)
{
	tree_make();
	interrupt(&disk, false);
	write_journal("nonsense\n", 9);
	CU_ASSERT_EQUAL(take_up(&disk, false), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "cannot be read"));
	tree_remove();
}

static void lines_of_another_journal_are_not_believed(void)
{
	static char text[4096], other[4096];
	size_t len, other_len;

	tree_make();
	interrupt(&disk, false);
	len = read_journal(text, sizeof(text));
	CU_ASSERT_EQUAL(unlink(PART) + unlink(JOURNAL), 0);
	interrupt(&disk, false); /* the same again, of another random name */
	other_len = read_journal(other, sizeof(other));
	CU_ASSERT_EQUAL(len, other_len);
	memcpy(other, text, (size_t)(strchr(text, '\n') - text)); /* the head of the one, the lines of the other */
	write_journal(other, len);
	CU_ASSERT_EQUAL(take_up(&disk, true), 0);
	tree_remove();
}

static void a_journal_goes_on_after_its_torn_end(void)
{
	static char text[4096];
	struct sink *s;
	size_t len;

	tree_make();
	interrupt(&disk, false);
	len = read_journal(text, sizeof(text));
	write_journal(text, len - 5);
	s = open_target();
	CU_ASSERT_PTR_NOT_NULL(s->ops->resume(s, &disk, false));
	CU_ASSERT(s->ops->begin(s, SIZE));
	put(s, 700, 300);
	s->ops->close(s);
	CU_ASSERT(take_up(&disk, false) >= 300);
	tree_remove();
}

static void another_object_is_refused_and_nothing_touched(void)
{
	struct journal_object other = disk;

	tree_make();
	interrupt(&disk, false);
	strcpy(other.object, "other.img");
	CU_ASSERT_EQUAL(take_up(&other, true), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, JOURNAL " is of images disk.img from 10.0.0.1"));
	CU_ASSERT_EQUAL(take_up(&disk, false), 300);
	tree_remove();
}

static void another_content_of_that_name_starts_anew(void)
{
	struct journal_object now = disk;

	tree_make();
	interrupt(&disk, false);
	now.stamp[0] = '1';
	CU_ASSERT_EQUAL(take_up(&now, true), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "replaced or changed"));
	interrupt(&disk, false);
	now = disk;
	now.size = SIZE + 1;
	CU_ASSERT_EQUAL(take_up(&now, true), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "another size"));
	tree_remove();
}

/* A server without stamps: while its session lasts; else by the digest, from then on by it alone. */
static void a_content_that_nothing_identifies_needs_a_digest(void)
{
	struct journal_object plain = disk, later;

	tree_make();
	plain.stamp[0] = '\0';
	interrupt(&plain, false);
	CU_ASSERT_EQUAL(take_up(&plain, false), 300);
	later = plain;
	later.session_id = 8;
	CU_ASSERT_EQUAL(take_up(&later, false), -1);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "--sha256"));
	CU_ASSERT_EQUAL(take_up(&later, true), 300);
	CU_ASSERT_EQUAL(take_up(&plain, false), -1);
	CU_ASSERT_EQUAL(take_up(&plain, true), 300);
	tree_remove();
}

static void a_file_that_is_not_the_journals_is_not_believed(void)
{
	tree_make();
	interrupt(&disk, false);
	CU_ASSERT_EQUAL(truncate(PART, SIZE - 1), 0);
	CU_ASSERT_EQUAL(take_up(&disk, true), 0);
	interrupt(&disk, false);
	CU_ASSERT_EQUAL(rename(PART, "kept"), 0);
	tree_file(PART, SIZE, 1);
	CU_ASSERT_EQUAL(take_up(&disk, true), 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "not there as the journal tells"));
	interrupt(&disk, false);
	CU_ASSERT_EQUAL(unlink(PART), 0);
	CU_ASSERT_EQUAL(take_up(&disk, true), 0);
	tree_remove();
}

static void two_do_not_write_one_file(void)
{
	struct sink *s;

	tree_make();
	s = open_target();
	CU_ASSERT_PTR_NULL(sink_open("target", "o", true, true, why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "another wdsget"));
	s->ops->close(s);
	tree_remove();
}

static void only_regular_files_are_resumed(void)
{
	CU_ASSERT_PTR_NULL(sink_open("-", "o", false, true, why));
	CU_ASSERT_PTR_NULL(sink_open("null:", "o", false, true, why));
	CU_ASSERT_PTR_NULL(sink_open("/dev/null", "o", false, true, why));
	CU_ASSERT_PTR_NOT_NULL(strstr(why, "regular files"));
}

static const struct suite_test tests[] = {
	SUITE_TEST(what_was_written_is_there_after_an_interruption),
	SUITE_TEST(another_block_size_does_not_matter),
	SUITE_TEST(when_it_is_whole_the_file_is_alone),
	SUITE_TEST(what_is_not_whole_is_not_committed),
	SUITE_TEST(what_is_wrong_is_not_kept),
	SUITE_TEST(nothing_received_leaves_nothing),
	SUITE_TEST(a_torn_journal_says_less_never_more),
	SUITE_TEST(a_byte_that_changed_is_seen),
	SUITE_TEST(a_journal_that_cannot_be_read_is_not_believed),
	SUITE_TEST(lines_of_another_journal_are_not_believed),
	SUITE_TEST(a_journal_goes_on_after_its_torn_end),
	SUITE_TEST(another_object_is_refused_and_nothing_touched),
	SUITE_TEST(another_content_of_that_name_starts_anew),
	SUITE_TEST(a_content_that_nothing_identifies_needs_a_digest),
	SUITE_TEST(a_file_that_is_not_the_journals_is_not_believed),
	SUITE_TEST(two_do_not_write_one_file),
	SUITE_TEST(only_regular_files_are_resumed),
};
SUITE_MAIN("app/wdsget_journal", tests)
