#include "port/filter.h"

#include "support/suite.h"

static bool has(const struct filter *f, const char *mac)
{
	struct mac_addr macs[FILTER_GROUPS_MAX];
	unsigned n = filter_macs(f, macs);

	for (unsigned i = 0; i < n; i++)
		if (memcmp(macs[i].b, mac, 6) == 0)
			return true;
	return false;
}

static void groups_have_the_macs_of_their_family(void)
{
	struct ip_addr v4 = ip4_of(239, 200, 1, 2), v6 = { 16, { 0xff, 0x12, [12] = 1, 2, 3, 4 } };
	struct filter f;
	bool changed;

	filter_init(&f, 1);
	CU_ASSERT_EQUAL(filter_join(&f, &v4, &changed), WDSCAST_OK);
	CU_ASSERT(changed);
	CU_ASSERT_EQUAL(filter_join(&f, &v6, &changed), WDSCAST_OK);
	CU_ASSERT(has(&f, "\x01\x00\x5e\x48\x01\x02"));
	CU_ASSERT(has(&f, "\x33\x33\x01\x02\x03\x04"));
}

static void a_mac_that_groups_share_stays_until_the_last_leaves(void)
{
	struct ip_addr one = ip4_of(239, 1, 1, 2), other = ip4_of(224, 129, 1, 2);
	struct mac_addr macs[FILTER_GROUPS_MAX];
	struct filter f;
	bool changed;

	filter_init(&f, 1);
	filter_join(&f, &one, &changed);
	filter_join(&f, &one, &changed);
	CU_ASSERT_FALSE(changed);
	filter_join(&f, &other, &changed);
	CU_ASSERT_EQUAL(filter_macs(&f, macs), 1);
	filter_leave(&f, &other, &changed);
	CU_ASSERT_EQUAL(filter_macs(&f, macs), 1);
	filter_leave(&f, &one, &changed);
	CU_ASSERT_FALSE(changed);
	filter_leave(&f, &one, &changed);
	CU_ASSERT(changed);
	CU_ASSERT_EQUAL(filter_macs(&f, macs), 0);
	filter_leave(&f, &one, &changed);
	CU_ASSERT_FALSE(changed);
}

static void groups_are_bounded_and_must_be_groups(void)
{
	struct ip_addr host = ip4_of(10, 0, 0, 1), group = ip4_of(239, 0, 0, 0);
	struct filter f;
	bool changed;

	filter_init(&f, 1);
	CU_ASSERT_EQUAL(filter_join(&f, &host, &changed), WDSCAST_EINVAL);
	for (unsigned i = 0; i < FILTER_GROUPS_MAX; i++, group.b[3]++)
		CU_ASSERT_EQUAL(filter_join(&f, &group, &changed), WDSCAST_OK);
	CU_ASSERT_EQUAL(filter_join(&f, &group, &changed), WDSCAST_ENOMEM);
}

static void free_ports_are_ephemeral_and_given_once(void)
{
	struct endpoint taken[FILTER_PORTS_MAX];
	struct filter f;

	filter_init(&f, 1);
	for (unsigned i = 0; i < FILTER_PORTS_MAX; i++) {
		taken[i] = (struct endpoint){ ip4_of(10, 0, 0, 1), 0 };
		CU_ASSERT_EQUAL(filter_reserve(&f, &taken[i]), WDSCAST_OK);
		CU_ASSERT(taken[i].port >= 49152);
		for (unsigned j = 0; j < i; j++)
			CU_ASSERT(taken[j].port != taken[i].port);
	}
	CU_ASSERT_EQUAL(filter_reserve(&f, &(struct endpoint){ ip4_of(10, 0, 0, 1), 9 }), WDSCAST_ENOMEM);
	filter_unreserve(&f, &taken[3]);
	CU_ASSERT_EQUAL(filter_reserve(&f, &taken[4]), WDSCAST_EADDRINUSE);
	CU_ASSERT_EQUAL(filter_reserve(&f, &taken[3]), WDSCAST_OK);
}

static const struct suite_test tests[] = {
	SUITE_TEST(groups_have_the_macs_of_their_family),
	SUITE_TEST(a_mac_that_groups_share_stays_until_the_last_leaves),
	SUITE_TEST(groups_are_bounded_and_must_be_groups),
	SUITE_TEST(free_ports_are_ephemeral_and_given_once),
};
SUITE_MAIN("port/filter", tests)
