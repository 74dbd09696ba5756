/* The configuration: four places, one meaning; and the server's name. */
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "api/api_internal.h"
#include "content/tree.h"
#include "support/suite.h"

static const char *const variables[] = { "WDSCAST_PORT",   "WDSCAST_IP",   "WDSCAST_GATEWAY", "WDSCAST_CORES",
	                                 "WDSCAST_POLL",   "WDSCAST_CONF", "WDSCAST_MEMORY",  "WDSCAST_INITIATE_TIMEOUT",
	                                 "WDSCAST_INACTIVITY_TIMEOUT", "WDSCAST_KEY", "WDSCAST_VERIFY_KEY",
	                                 "WDSCAST_EXCEPTION", "WDSCAST_STALL_TIMEOUT" };

static void forget(void)
{
	struct wdscast_options none = { .size = sizeof(none) };

	for (size_t i = 0; i < sizeof(variables) / sizeof(variables[0]); i++)
		unsetenv(variables[i]);
	CU_ASSERT_EQUAL(wdscast_configure(&none), WDSCAST_OK);
}

static void what_is_not_given_has_a_default(void)
{
	struct api_options o;

	forget();
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_SUCCESS);
	CU_ASSERT_STRING_EQUAL(o.port, "auto");
	CU_ASSERT_EQUAL(o.core, -1);
	CU_ASSERT_EQUAL(o.poll, WORKER_ADAPTIVE);
	CU_ASSERT_EQUAL(o.memory_bytes, 4ull << 30);
	CU_ASSERT_EQUAL(o.initiate_timeout_ms, 30000);
	CU_ASSERT_EQUAL(o.inactivity_timeout_ms, 30000);
	CU_ASSERT_EQUAL(o.stall_timeout_ms, 1800000);
	CU_ASSERT_EQUAL(o.ip4.len, 0);
}

static void configure_wins_over_environment_over_file(void)
{
	struct wdscast_options c = { .size = sizeof(c), .port = "kernel" };
	struct api_options o;
	FILE *f;

	forget();
	tree_make();
	f = fopen("conf", "w");
	fputs("# a comment\nport = pcap:x\n  poll=busy # why not\n\nmemory = 3G\n", f);
	fclose(f);
	setenv("WDSCAST_CONF", "conf", 1);
	setenv("WDSCAST_PORT", "af_packet:eth9", 1);
	setenv("WDSCAST_MEMORY", "2m", 1);
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_OK);
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_SUCCESS);
	CU_ASSERT_STRING_EQUAL(o.port, "kernel");
	CU_ASSERT_EQUAL(o.memory_bytes, 2 << 20);
	CU_ASSERT_EQUAL(o.poll, WORKER_BUSY);
	forget();
	tree_remove();
}

static void addresses_are_read_with_their_prefix(void)
{
	struct api_options o;

	forget();
	setenv("WDSCAST_IP", "10.1.2.3/20", 1);
	setenv("WDSCAST_GATEWAY", "10.1.0.1", 1);
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(o.ip4.b[3], 3);
	CU_ASSERT_EQUAL(o.prefix4, 20);
	CU_ASSERT_EQUAL(o.gateway4.b[1], 1);
	setenv("WDSCAST_IP", "fd00::1", 1);
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(o.ip6.len, 16);
	CU_ASSERT_EQUAL(o.prefix6, 64);
	forget();
}

static void the_first_core_is_the_workers(void)
{
	struct api_options o;

	forget();
	setenv("WDSCAST_CORES", "6,2-4", 1);
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(o.core, 6);
	forget();
}

static void what_makes_no_sense_is_told_with_its_place(void)
{
	static const struct { const char *variable, *value; } bad[] = {
		{ "WDSCAST_IP", "10.1.2" },         { "WDSCAST_IP", "10.1.2.3/33" },  { "WDSCAST_IP", "10.1.2.3/" },
		{ "WDSCAST_GATEWAY", "gw" },        { "WDSCAST_CORES", "1-" },        { "WDSCAST_CORES", "3-1" },
		{ "WDSCAST_CORES", "a" },           { "WDSCAST_CORES", "1,,2" },      { "WDSCAST_POLL", "lazy" },
		{ "WDSCAST_MEMORY", "0" },          { "WDSCAST_MEMORY", "1X" },       { "WDSCAST_MEMORY", "99999999999G" },
		{ "WDSCAST_MEMORY", "1 " },           { "WDSCAST_INITIATE_TIMEOUT", "0" }, { "WDSCAST_INACTIVITY_TIMEOUT", "-1" },
	};
	struct api_options o;

	forget();
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		setenv(bad[i].variable, bad[i].value, 1);
		CU_ASSERT_EQUAL(api_options_read(&o), ERROR_INVALID_PARAMETER);
		CU_ASSERT_PTR_NOT_NULL(strstr(wdscast_last_error_text(), bad[i].value));
		unsetenv(bad[i].variable);
	}
	setenv("WDSCAST_CONF", "/nonexistent/conf", 1);
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_FILE_NOT_FOUND);
	forget();
}

static void configure_refuses_what_it_cannot_use(void)
{
	struct wdscast_options c = { .size = offsetof(struct wdscast_options, key) - 1 };

	forget();
	CU_ASSERT_EQUAL(wdscast_configure(NULL), WDSCAST_EINVAL);
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_EINVAL);
	c.size++; /* a program that was compiled with the first of these headers */
	c.exception = "a bridge";
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_OK);
	c.size = sizeof(c);
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_EINVAL);
	CU_ASSERT_STRING_EQUAL(wdscast_last_error_text(), "wdscast_configure: bad value for exception: \"a bridge\"");
	c.exception = NULL;
	c.poll = "lazy";
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_EINVAL);
	CU_ASSERT_STRING_EQUAL(wdscast_last_error_text(), "wdscast_configure: bad value for poll: \"lazy\"");
	CU_ASSERT_EQUAL(WdsTransportClientInitialize(), ERROR_SUCCESS);
	c.poll = NULL;
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_ESTATE);
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_OK);
}

static void a_server_may_name_its_port(void)
{
	struct endpoint e;

	CU_ASSERT_EQUAL(api_resolve_server("10.1.2.3", &e), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(e.port, 5041);
	CU_ASSERT_EQUAL(api_resolve_server("10.1.2.3:6000", &e), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(e.port, 6000);
	CU_ASSERT_EQUAL(e.ip.b[3], 3);
	CU_ASSERT_EQUAL(api_resolve_server("fd00::9", &e), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(e.port, 5041);
	CU_ASSERT_EQUAL(api_resolve_server("[fd00::9]:77", &e), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(e.port, 77);
	CU_ASSERT_EQUAL(e.ip.len, 16);
	CU_ASSERT_EQUAL(api_resolve_server("[fd00::9]", &e), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(e.port, 5041);
}

static void a_server_that_is_none_is_told(void)
{
	static const char *const bad[] = { "", ":5041", "h:", "h:0", "h:65536", "h:5041x", "[fd00::9", "[]:1", "[fd00::9]x" };
	struct endpoint e;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_EQUAL(api_resolve_server(bad[i], &e), ERROR_INVALID_PARAMETER);
}

static void write_key(const char *path, mode_t mode)
{
	FILE *f = fopen(path, "w");

	fputs("30313233343536373839616263646566\n", f);
	fclose(f);
	chmod(path, mode);
}

static void a_key_makes_both_directions_hashed(void)
{
	struct wdscast_options c = { .size = sizeof(c), .key = "key" };
	struct api_options o;

	forget();
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(o.server_security.mode, SECURITY_CHECKSUM);
	CU_ASSERT_EQUAL(o.client_security.mode, SECURITY_CHECKSUM);
	tree_make();
	write_key("key", 0600);
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_OK);
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(o.server_security.mode, SECURITY_HASH);
	CU_ASSERT_EQUAL(o.client_security.mode, SECURITY_HASH);
	api_options_forget(&o);
	forget();
	setenv("WDSCAST_KEY", "key", 1);
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(o.client_security.mode, SECURITY_HASH);
	api_options_forget(&o);
	forget();
	tree_remove();
}

static void a_key_that_cannot_be_used_keeps_the_client_from_starting(void)
{
	forget();
	tree_make();
	write_key("key", 0644);
	setenv("WDSCAST_KEY", "key", 1);
	CU_ASSERT_EQUAL(WdsTransportClientInitialize(), ERROR_ACCESS_DENIED);
	CU_ASSERT_STRING_EQUAL(wdscast_last_error_text(), "key: its group or others may use it: chmod 600 it");
	setenv("WDSCAST_KEY", "none", 1);
	CU_ASSERT_EQUAL(WdsTransportClientInitialize(), ERROR_GEN_FAILURE);
	chmod("key", 0600);
	setenv("WDSCAST_KEY", "key", 1);
	CU_ASSERT_EQUAL(WdsTransportClientInitialize(), ERROR_SUCCESS);
	CU_ASSERT_EQUAL(WdsTransportClientShutdown(), ERROR_SUCCESS);
	forget();
	tree_remove();
}

/* A program that was built before there were keys hands over a shorter struct. */
static void the_struct_of_an_earlier_version_is_taken(void)
{
	struct wdscast_options c = { .size = offsetof(struct wdscast_options, key), .port = "kernel" };
	struct api_options o;

	forget();
	c.key = "not looked at";
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_OK);
	CU_ASSERT_EQUAL(api_options_read(&o), ERROR_SUCCESS);
	CU_ASSERT_STRING_EQUAL(o.port, "kernel");
	CU_ASSERT_EQUAL(o.client_security.mode, SECURITY_CHECKSUM);
	c.size--;
	CU_ASSERT_EQUAL(wdscast_configure(&c), WDSCAST_EINVAL);
	forget();
}

static const struct suite_test tests[] = {
	SUITE_TEST(what_is_not_given_has_a_default),
	SUITE_TEST(configure_wins_over_environment_over_file),
	SUITE_TEST(addresses_are_read_with_their_prefix),
	SUITE_TEST(the_first_core_is_the_workers),
	SUITE_TEST(what_makes_no_sense_is_told_with_its_place),
	SUITE_TEST(configure_refuses_what_it_cannot_use),
	SUITE_TEST(a_server_may_name_its_port),
	SUITE_TEST(a_server_that_is_none_is_told),
	SUITE_TEST(a_key_makes_both_directions_hashed),
	SUITE_TEST(a_key_that_cannot_be_used_keeps_the_client_from_starting),
	SUITE_TEST(the_struct_of_an_earlier_version_is_taken),
};
SUITE_MAIN("api/options", tests)
