#include "port/spec.h"

#include <string.h>

#include "support/suite.h"

static struct spec parsed(const char *text)
{
	char why[PORT_WHY_BYTES];
	struct spec s;

	CU_ASSERT_EQUAL(spec_parse(text, &s, why), WDSCAST_OK);
	return s;
}

static void refused(const char *text, const char *part)
{
	char why[PORT_WHY_BYTES] = "";
	struct spec s;

	CU_ASSERT_EQUAL(spec_parse(text, &s, why), WDSCAST_EINVAL);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, part));
}

static void each_kind_is_understood(void)
{
	CU_ASSERT_EQUAL(parsed("auto").kind, SPEC_AUTO);
	CU_ASSERT_STRING_EQUAL(parsed("auto:eth0").name, "eth0");
	CU_ASSERT_EQUAL(parsed("kernel").kind, SPEC_KERNEL);
	CU_ASSERT_STRING_EQUAL(parsed("kernel:wlan0").name, "wlan0");
	CU_ASSERT_EQUAL(parsed("af_packet:eth0").kind, SPEC_AF_PACKET);
	CU_ASSERT_STRING_EQUAL(parsed("pcap:/tmp/a.pcap").name, "/tmp/a.pcap");
	CU_ASSERT_EQUAL(parsed("pci:0000:01:00.0").kind, SPEC_PCI);
	CU_ASSERT_STRING_EQUAL(parsed("pci:0000:01:00.0").name, "0000:01:00.0");
	CU_ASSERT_FALSE(parsed("memif:/run/w").server);
}

static void options_follow_in_any_order(void)
{
	struct spec s = parsed("memif:/run/w,mtu=9000,server");

	CU_ASSERT(s.server);
	CU_ASSERT_EQUAL(s.mtu, 9000);
	CU_ASSERT_STRING_EQUAL(s.name, "/run/w");
	CU_ASSERT_EQUAL(parsed("af_packet:eth0,vlan=4094").vlan, 4094);
	CU_ASSERT_EQUAL(parsed("auto,vlan=100").vlan, 100);
}

static void the_wrong_part_is_named(void)
{
	refused("", "no such kind");
	refused("tap:eth0", "tap:eth0: no such kind");
	refused("af_packet", "needs an interface");
	refused("af_packet:", "needs an interface");
	refused("auto:", "needs an interface");
	refused("memif:,server", "needs a path");
	refused("af_packet:eth0,server", "takes no option \"server\"");
	refused("af_packet:eth0,vlan=0", "vlan is a number from 1 to 4094");
	refused("af_packet:eth0,vlan=4095", "vlan is a number");
	refused("af_packet:eth0,vlan=1x", "vlan is a number");
	refused("af_packet:eth0,vlan", "vlan is a number");
	refused("af_packet:eth0,vlan=-1", "vlan is a number");
	refused("memif:/x,mtu=99999999999999999999", "mtu is a number");
	refused("memif:/x,server=1", "not understood");
	refused("memif:/x,,", "takes no option \"\"");
	refused("af_packet:eth0,", "takes no option \"\"");
}

static void what_is_too_long_is_refused(void)
{
	char text[600] = "memif:/";

	memset(text + 7, 'a', 500);
	refused(text, "too long");
	memset(text + 20, ',', 400);
	refused(text, "too long");
}

static void a_pci_address_is_hexadecimal_and_nothing_else(void)
{
	static const char *const bad[] = { "", ":", "01:00", "01:00.", "01:00.8", "01:20.0", "100:00.0", "1:00.0 ", " 1:00.0",
		                           "-1:00.0", "0x1:00.0", "100000001:00.0", "10000:01:00.0", "0:0:01:00.0", "0000:01:00.0/" };
	char out[SPEC_PCI_BYTES];

	CU_ASSERT(spec_pci_address("01:00.0", out));
	CU_ASSERT_STRING_EQUAL(out, "0000:01:00.0");
	CU_ASSERT(spec_pci_address("fFfF:ff:1F.7", out));
	CU_ASSERT_STRING_EQUAL(out, "ffff:ff:1f.7");
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		CU_ASSERT_FALSE(spec_pci_address(bad[i], out));
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_pci_address_is_hexadecimal_and_nothing_else),
	SUITE_TEST(each_kind_is_understood),
	SUITE_TEST(options_follow_in_any_order),
	SUITE_TEST(the_wrong_part_is_named),
	SUITE_TEST(what_is_too_long_is_refused),
};
SUITE_MAIN("port/spec", tests)
