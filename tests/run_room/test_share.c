/* What workers hand to each other. */
#include "run/share.h"

#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "support/suite.h"

enum { OUR_PORT = 64001, FLOOD = 20000 };

static uint8_t payload[SHARE_ITEM_BYTES + 1];

static struct net_datagram datagram(uint16_t port, uint32_t len)
{
	return (struct net_datagram){ .from = { ip4_of(10, 0, 0, 1), 5041 },
		                      .to = { ip4_of(239, 1, 2, 3), port },
		                      .data = payload,
		                      .len = len,
		                      .to_multicast = true };
}

static void a_datagram_goes_to_those_that_want_its_port(void)
{
	struct share *s = share_new(3, -1);
	struct net_datagram d = datagram(OUR_PORT, 1400);
	struct share_item item;

	payload[0] = 7;
	CU_ASSERT(!share_datagram(s, 0, &d));
	share_want(s, 1, OUR_PORT, true);
	share_want(s, 2, OUR_PORT, true);
	CU_ASSERT(share_datagram(s, 0, &d));
	payload[0] = 8; /* it is a copy */
	for (uint32_t worker = 1; worker <= 2; worker++) {
		CU_ASSERT_FATAL(share_peek(s, worker, 0, &item));
		CU_ASSERT(!item.frame && item.d.len == 1400 && item.d.data[0] == 7 && item.d.to_multicast);
		CU_ASSERT(endpoint_equal(&item.d.to, &d.to) && endpoint_equal(&item.d.from, &d.from));
		share_next(s, worker, 0);
		CU_ASSERT(!share_peek(s, worker, 0, &item));
	}
	share_want(s, 2, OUR_PORT, false);
	CU_ASSERT(!share_datagram(s, 1, &d)); /* it is its own */
	CU_ASSERT_EQUAL(share_handed(s, 0), 2);
	share_free(s);
}

static void a_frame_goes_to_all_others(void)
{
	struct share *s = share_new(3, -1);
	struct share_item item;

	share_frame(s, 1, payload, 60);
	CU_ASSERT(share_peek(s, 0, 1, &item) && item.frame && item.d.len == 60);
	CU_ASSERT(share_peek(s, 2, 1, &item) && item.frame);
	CU_ASSERT(!share_peek(s, 1, 1, &item));
	share_free(s);
}

static void what_does_not_fit_is_dropped_and_counted(void)
{
	struct share *s = share_new(2, -1);
	struct net_datagram d = datagram(OUR_PORT, SHARE_ITEM_BYTES + 1);
	struct share_item item;

	share_want(s, 1, OUR_PORT, true);
	CU_ASSERT(share_datagram(s, 0, &d));
	CU_ASSERT(!share_peek(s, 1, 0, &item));
	d.len = SHARE_ITEM_BYTES;
	for (unsigned i = 0; i < SHARE_ITEMS + 5; i++)
		share_datagram(s, 0, &d);
	CU_ASSERT_EQUAL(share_handed(s, 0), SHARE_ITEMS);
	CU_ASSERT_EQUAL(share_dropped(s, 0), 6);
	CU_ASSERT(share_peek(s, 1, 0, &item));
	share_next(s, 1, 0);
	share_datagram(s, 0, &d);
	CU_ASSERT_EQUAL(share_dropped(s, 0), 6);
	share_free(s);
}

static void give_flood(void *arg)
{
	uint32_t bytes[300];

	for (uint32_t i = 1; i <= FLOOD; i++) {
		struct net_datagram d = datagram(OUR_PORT, sizeof(bytes));

		for (unsigned j = 0; j < sizeof(bytes) / sizeof(bytes[0]); j++)
			bytes[j] = i;
		d.data = (const uint8_t *)bytes;
		while (share_handed(arg, 0) < i) /* again, when it was dropped */
			share_datagram(arg, 0, &d);
	}
}

static void two_threads_lose_nothing_that_was_handed(void)
{
	struct share *s = share_new(2, -1);
	struct host_thread *giver;
	struct share_item item;
	bool right = true;

	share_want(s, 1, OUR_PORT, true);
	giver = host_thread_start("giver", -1, give_flood, s);
	CU_ASSERT_PTR_NOT_NULL_FATAL(giver);
	for (uint32_t i = 1; i <= FLOOD;) {
		uint32_t first, last;

		if (!share_peek(s, 1, 0, &item)) {
			host_nap(1000);
			continue;
		}
		memcpy(&first, item.d.data, sizeof(first));
		memcpy(&last, item.d.data + item.d.len - sizeof(last), sizeof(last));
		right = right && first == i && last == i;
		share_next(s, 1, 0);
		i++;
	}
	host_thread_join(giver);
	CU_ASSERT(right);
	share_free(s);
}

static const struct suite_test tests[] = {
	SUITE_TEST(a_datagram_goes_to_those_that_want_its_port),
	SUITE_TEST(a_frame_goes_to_all_others),
	SUITE_TEST(what_does_not_fit_is_dropped_and_counted),
	SUITE_TEST(two_threads_lose_nothing_that_was_handed),
};

SUITE_MAIN("run/share", tests)
