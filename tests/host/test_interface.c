/* In a network namespace of the test's own: a veth pair a-b, a with addresses and the default routes. */
#include <stdlib.h>
#include <string.h>

#include "host/host.h"
#include "support/netns.h"
#include "support/suite.h"

static struct ip_addr ip(const char *text)
{
	struct ip_addr a;

	if (!ip_parse(text, &a))
		abort();
	return a;
}

#define CU_ASSERT_IP(address, text)                                                          \
	do {                                                                                 \
		struct ip_addr expected_ = ip(text);                                         \
		CU_ASSERT(ip_equal(&(address), &expected_));                                 \
	} while (0)

static void an_interface_is_told_with_its_addresses(void)
{
	struct host_interface h;

	CU_ASSERT_FATAL(host_interface("a", &h));
	CU_ASSERT_STRING_EQUAL(h.name, "a");
	CU_ASSERT(h.index != 0 && h.up && h.has_carrier && h.multicast && !h.loopback);
	CU_ASSERT_EQUAL(memcmp(h.mac.b, "\x02\x00\x00\x00\x00\xaa", 6), 0);
	CU_ASSERT_EQUAL(h.mtu, 9000);
	CU_ASSERT_IP(h.ip4, "10.1.2.3");
	CU_ASSERT_EQUAL(h.prefix4, 24);
	CU_ASSERT_IP(h.gateway4, "10.1.2.1");
	CU_ASSERT_IP(h.ip6, "fd00::3");
	CU_ASSERT_EQUAL(h.prefix6, 64);
	CU_ASSERT_IP(h.gateway6, "fd00::1");
	CU_ASSERT_STRING_EQUAL(h.driver, "veth");
	CU_ASSERT_STRING_EQUAL(h.pci, "");
	CU_ASSERT_EQUAL(h.node, -1);
}

static void one_that_is_down_or_bare_or_loopback_says_so(void)
{
	struct host_interface h;

	CU_ASSERT_FATAL(host_interface("c", &h));
	CU_ASSERT(!h.up && !h.has_carrier);
	CU_ASSERT_EQUAL(h.ip4.len, 0);
	CU_ASSERT_EQUAL(h.gateway4.len, 0);
	CU_ASSERT_FATAL(host_interface("b", &h));
	CU_ASSERT(h.ip6.len == 16 && h.ip6.b[0] == 0xfe); /* no other than link-local */
	CU_ASSERT_FATAL(host_interface("lo", &h));
	CU_ASSERT(h.loopback && h.up);
}

static void what_does_not_exist_is_refused(void)
{
	struct host_interface h;

	CU_ASSERT_FALSE(host_interface("nope", &h));
	CU_ASSERT_FALSE(host_interface("", &h));
	CU_ASSERT_FALSE(host_interface("a-name-longer-than-any-interface", &h));
}

static void all_are_listed_up_to_the_maximum(void)
{
	struct host_interface h[8];

	CU_ASSERT_EQUAL(host_interfaces(h, 8), 5);
	CU_ASSERT_STRING_EQUAL(h[0].name, "lo");
	CU_ASSERT_EQUAL(host_interfaces(h, 2), 2);
}

static void a_route_leads_through_its_interface_from_its_source(void)
{
	struct ip_addr near4 = ip("10.1.2.77"), far4 = ip("192.0.2.1"), beyond4 = ip("10.9.0.5");
	struct ip_addr near6 = ip("fd00::77"), far6 = ip("2001:db8::1"), group = ip("239.0.0.1");
	struct host_interface h;

	CU_ASSERT_FATAL(host_route(&near4, &h));
	CU_ASSERT_STRING_EQUAL(h.name, "a");
	CU_ASSERT_IP(h.ip4, "10.1.2.3");
	CU_ASSERT_FATAL(host_route(&far4, &h));
	CU_ASSERT_IP(h.gateway4, "10.1.2.1");
	CU_ASSERT_FATAL(host_route(&beyond4, &h)); /* by another gateway, from another address */
	CU_ASSERT_IP(h.gateway4, "10.1.2.9");
	CU_ASSERT_IP(h.ip4, "10.1.2.4");
	CU_ASSERT_FATAL(host_route(&near6, &h));
	CU_ASSERT_STRING_EQUAL(h.name, "a");
	CU_ASSERT_FATAL(host_route(&far6, &h));
	CU_ASSERT_IP(h.ip6, "fd00::3");
	CU_ASSERT_IP(h.gateway6, "fd00::1");
	CU_ASSERT_FATAL(host_route(&group, &h));
	CU_ASSERT_STRING_EQUAL(h.name, "a");
}

/* Whether it is the address itself that was asked for or the router on the way to it. */
static void a_neighbour_that_does_not_answer_is_known(void)
{
	struct ip_addr near4 = ip("10.1.2.77"), far4 = ip("192.0.2.1"), near6 = ip("fd00::77"), nowhere = ip("203.0.113.1");

	CU_ASSERT_FALSE(host_neighbour_fails(&near4)); /* nobody has asked for it */
	CU_ASSERT_FATAL(netns_run("ip neigh add 10.1.2.77 dev a nud failed && ip neigh add fd00::77 dev a nud failed"));
	CU_ASSERT(host_neighbour_fails(&near4));
	CU_ASSERT(host_neighbour_fails(&near6));
	CU_ASSERT_FALSE(host_neighbour_fails(&far4));
	CU_ASSERT_FATAL(netns_run("ip neigh add 10.1.2.1 dev a nud failed"));
	CU_ASSERT(host_neighbour_fails(&far4));
	CU_ASSERT_FATAL(netns_run("ip neigh replace 10.1.2.77 lladdr 02:00:00:00:00:01 dev a nud permanent"));
	CU_ASSERT_FALSE(host_neighbour_fails(&near4));
	CU_ASSERT_FALSE(host_neighbour_fails(&nowhere));
}

static void no_route_is_said(void)
{
	struct ip_addr nowhere = ip("203.0.113.1"), none = { 0 };
	struct host_interface h;

	CU_ASSERT_FALSE(host_route(&nowhere, &h));
	CU_ASSERT_FALSE(host_route(&none, &h));
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_neighbour_that_does_not_answer_is_known),
	SUITE_TEST(an_interface_is_told_with_its_addresses),
	SUITE_TEST(one_that_is_down_or_bare_or_loopback_says_so),
	SUITE_TEST(what_does_not_exist_is_refused),
	SUITE_TEST(all_are_listed_up_to_the_maximum),
	SUITE_TEST(a_route_leads_through_its_interface_from_its_source),
	SUITE_TEST(no_route_is_said),
};

static bool make_interfaces(void)
{
	return netns_run("ip link add name a address 02:00:00:00:00:aa type veth peer name b"
	                 " && ip link set dev a mtu 9000 && ip link set dev b mtu 9000"
	                 " && ip link add name c type veth peer name d"
	                 " && ip addr add 10.1.2.3/24 dev a && ip addr add 10.1.2.4/24 dev a"
	                 " && ip addr add fd00::3/64 dev a nodad"
	                 " && ip link set dev b addrgenmode none && ip addr add fe80::b/64 dev b nodad"
	                 " && ip link set dev a up && ip link set dev b up"
	                 " && ip route add default via 10.1.2.1"
	                 " && ip route add default via 10.1.2.8 metric 500"
	                 " && ip route add 10.9.0.0/16 via 10.1.2.9 src 10.1.2.4"
	                 " && ip route add unreachable 203.0.113.0/24"
	                 " && ip -6 route add default via fd00::1");
}

int main(int argc, char **argv)
{
	int skipped = netns_main_enter("host/interface");

	if (skipped != 0)
		return skipped;
	if (!make_interfaces())
		return EXIT_FAILURE;
	return suite_main(argc, argv, "host/interface", tests, sizeof(tests) / sizeof(tests[0]));
}
