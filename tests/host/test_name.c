#include <string.h>

#include "host/host.h"
#include "support/suite.h"

static void numbers_are_addresses_of_their_family(void)
{
	struct ip_addr ip, loopback = ip4_of(127, 0, 0, 1);

	CU_ASSERT_FATAL(host_resolve("127.0.0.1", 0, &ip));
	CU_ASSERT(ip_equal(&ip, &loopback));
	CU_ASSERT_FATAL(host_resolve("::1", 0, &ip));
	CU_ASSERT_EQUAL(ip.len, 16);
	CU_ASSERT_EQUAL(ip.b[15], 1);
	CU_ASSERT_FALSE(host_resolve("::1", 4, &ip));
	CU_ASSERT_FALSE(host_resolve("127.0.0.1", 6, &ip));
}

static void a_name_is_ipv4_first(void)
{
	struct ip_addr ip;

	CU_ASSERT_FATAL(host_resolve("localhost", 0, &ip));
	CU_ASSERT_EQUAL(ip.len, 4);
}

static void what_is_no_name_is_refused(void)
{
	struct ip_addr ip;

	CU_ASSERT_FALSE(host_resolve("no.such.name.invalid", 0, &ip));
	CU_ASSERT_FALSE(host_resolve("", 0, &ip));
}

static void our_name_ends_and_has_no_dot(void)
{
	uint16_t name[16];
	unsigned n = 0;

	memset(name, 0xff, sizeof(name));
	host_name(name);
	while (n < 16 && name[n] != 0)
		CU_ASSERT(name[n++] != '.');
	CU_ASSERT(n > 0 && n < 16);
	CU_ASSERT_EQUAL(name[15], 0);
}

static void load_is_a_percentage_once_there_are_two_readings(void)
{
	struct host_load_state state = { 0 };
	uint8_t cpu, mem, net;

	host_load(&state, NULL, &cpu, &mem, &net);
	CU_ASSERT_EQUAL(cpu, 255);
	CU_ASSERT(mem <= 100);
	CU_ASSERT_EQUAL(net, 255);
	for (ns_t end = host_now() + 50 * NS_PER_MS; host_now() < end;)
		;
	host_load(&state, "lo", &cpu, &mem, &net);
	CU_ASSERT(cpu <= 100);
	CU_ASSERT_EQUAL(net, 255); /* loopback has no speed */
	host_load(&state, "no-such", &cpu, &mem, &net);
	CU_ASSERT_EQUAL(net, 255);
}

static const struct suite_test tests[] = {
	SUITE_TEST(numbers_are_addresses_of_their_family),
	SUITE_TEST(a_name_is_ipv4_first),
	SUITE_TEST(what_is_no_name_is_refused),
	SUITE_TEST(our_name_ends_and_has_no_dot),
	SUITE_TEST(load_is_a_percentage_once_there_are_two_readings),
};
SUITE_MAIN("host/name", tests)
