/* What wdsget's command line means: the URL, the options, the default name of the file. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "support/suite.h"
#include "wdsget/options.h"
#include "wdsget/url.h"

static void a_url_is_decoded_part_by_part(void)
{
	struct options o = { 0 };

	CU_ASSERT_PTR_NULL(url_read("wds://srv:6000/WDS%3Adefault%2Fx/install.wim/1", &o));
	CU_ASSERT_STRING_EQUAL(o.server, "srv:6000");
	CU_ASSERT_STRING_EQUAL(o.name_space, "WDS:default/x");
	CU_ASSERT_STRING_EQUAL(o.object, "install.wim/1");
	CU_ASSERT_PTR_NULL(url_read("wds://[fd00::1]:7/n/%c3%a9", &o));
	CU_ASSERT_STRING_EQUAL(o.server, "[fd00::1]:7");
	CU_ASSERT_STRING_EQUAL(o.object, "\xc3\xa9");
}

static void a_url_that_is_none_is_told(void)
{
	static const char *const bad[] = { "http://s/n/o", "wds://s", "wds://s/n", "wds:///n/o", "wds://s//o", "wds://s/n/",
		                           "wds://s/n/%", "wds://s/n/%4", "wds://s/n/%zz", "wds://s/n/a%00b" };
	struct options o = { 0 };

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_PTR_NOT_NULL(url_read(bad[i], &o));
}

/* Reads a command line whose words are parted by single spaces; a ~ is a space within one. Complaints go nowhere. */
static int read_line(const char *line, struct options *o)
{
	static char words[512];
	char *argv[32] = { "wdsget" };
	int argc = 1, code, err = dup(STDERR_FILENO);

	snprintf(words, sizeof(words), "%s", line);
	for (char *w = strtok(words, " "); w != NULL; w = strtok(NULL, " "))
		argv[argc++] = w;
	for (int i = 1; i < argc; i++)
		for (char *space = argv[i]; (space = strchr(space, '~')) != NULL;)
			*space = ' ';
	optind = 0; /* getopt begins anew */
	CU_ASSERT_PTR_NOT_NULL_FATAL(freopen("/dev/null", "w", stderr));
	code = options_read(argc, argv, o);
	fflush(stderr);
	dup2(err, STDERR_FILENO);
	close(err);
	return code;
}

static void names_may_be_given_plain(void)
{
	struct options o;

	CU_ASSERT_EQUAL(read_line("--server s --namespace WDS:a/b --object a%2Fb/c -o x", &o), -1);
	CU_ASSERT_STRING_EQUAL(o.name_space, "WDS:a/b");
	CU_ASSERT_STRING_EQUAL(o.object, "a%2Fb/c");
	CU_ASSERT_STRING_EQUAL(o.output, "x");
	CU_ASSERT_EQUAL(o.cache_bytes, 32u << 20);
}

static void the_objects_last_part_names_the_file(void)
{
	struct options o;

	CU_ASSERT_EQUAL(read_line("wds://s/n/a/b:c.img", &o), -1);
	CU_ASSERT_STRING_EQUAL(o.output, "c.img");
	CU_ASSERT_EQUAL(read_line("wds://s/n/a\\d.img", &o), -1);
	CU_ASSERT_STRING_EQUAL(o.output, "d.img");
	CU_ASSERT_EQUAL(read_line("wds://s/n/a/..", &o), EXIT_USAGE);
	CU_ASSERT_EQUAL(read_line("wds://s/n/a/.. -o x", &o), -1);
}

static void options_reach_their_place(void)
{
	struct options o;

	CU_ASSERT_EQUAL(read_line("wds://s/n/o --port memif:/x --ip 10.0.0.2/24 --gateway 10.0.0.1 --cores 1,2 --poll busy "
	                          "--cache 64K --timeout 7 --stall-timeout 9 --json --quiet --stats",
	                          &o),
	                -1);
	CU_ASSERT_STRING_EQUAL(o.cast.port, "memif:/x");
	CU_ASSERT_STRING_EQUAL(o.cast.ip, "10.0.0.2/24");
	CU_ASSERT_STRING_EQUAL(o.cast.gateway, "10.0.0.1");
	CU_ASSERT_STRING_EQUAL(o.cast.cores, "1,2");
	CU_ASSERT_STRING_EQUAL(o.cast.poll, "busy");
	CU_ASSERT_EQUAL(o.cache_bytes, 65536);
	CU_ASSERT_EQUAL(o.cast.initiate_timeout_ms, 7000);
	CU_ASSERT_EQUAL(o.cast.inactivity_timeout_ms, 7000);
	CU_ASSERT_EQUAL(o.cast.stall_timeout_ms, 9000);
	CU_ASSERT(o.json && o.quiet && o.stats);
}

static void what_makes_no_sense_is_a_usage_error(void)
{
	static const char *const bad[] = {
		"", "wds://s/n/o wds://s/n/p", "wds://s/n/o --server s", "--server s --object o", "wds://s/n/o --cache 0",
		"wds://s/n/o --cache 5G", "wds://s/n/o --cache 1X", "wds://s/n/o --cache 1~", "wds://s/n/o --timeout 0", "wds://s/n/o --timeout x",
		"wds://s/n/o --stall-timeout 0",
		"wds://s/n/o --sha256 12", "wds://s/n/o --bogus", "wds://s/n/o --port", "wds://s/n/%ff",
		"wds://s/n/o -o null: --sha256 0000000000000000000000000000000000000000000000000000000000000000",
	};
	struct options o;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(read_line(bad[i], &o), EXIT_USAGE);
}

static void a_digest_is_read(void)
{
	struct options o;

	CU_ASSERT_EQUAL(read_line("wds://s/n/o --sha256 "
	                          "00112233445566778899aabbccddeeff00112233445566778899AABBCCDDEEFF",
	                          &o),
	                -1);
	CU_ASSERT(o.has_digest);
	CU_ASSERT_EQUAL(o.digest[1], 0x11);
	CU_ASSERT_EQUAL(o.digest[31], 0xff);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_url_is_decoded_part_by_part),
	SUITE_TEST(a_url_that_is_none_is_told),
	SUITE_TEST(names_may_be_given_plain),
	SUITE_TEST(the_objects_last_part_names_the_file),
	SUITE_TEST(options_reach_their_place),
	SUITE_TEST(what_makes_no_sense_is_a_usage_error),
	SUITE_TEST(a_digest_is_read),
};
SUITE_MAIN("app/wdsget_names", tests)
