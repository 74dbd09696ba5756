/* Which frames go to the kernel when it has lost the card: a socket stands for the tap. */
#include "port/exception.h"

#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/suite.h"

static const struct ip_addr group4 = { 4, { 239, 1, 2, 3 } }, host4 = { 4, { 10, 0, 0, 5 } };
static const struct ip_addr group6 = { 16, { 0xff, 0x18, [15] = 7 } };
static struct exception e;
static int kernel;
static uint8_t frame[128];
static uint32_t frame_len;

static void begin(void)
{
	int ends[2];

	memset(&e, 0, sizeof(e));
	CU_ASSERT_EQUAL_FATAL(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	e.fd = ends[0];
	kernel = ends[1];
}

static void end(void)
{
	close(e.fd);
	close(kernel);
}

/* The kernel has the frame. */
static bool arrived(void)
{
	uint8_t got[sizeof(frame)];

	return recv(kernel, got, sizeof(got), 0) == (ssize_t)frame_len && memcmp(got, frame, frame_len) == 0;
}

static bool is_ours(void)
{
	return !exception_take(&e, frame, frame_len) && !arrived();
}

static bool is_the_kernels(void)
{
	return exception_take(&e, frame, frame_len) && arrived();
}

static bool is_both(void)
{
	return !exception_take(&e, frame, frame_len) && arrived();
}

static void make(uint16_t type)
{
	memset(frame, 0, sizeof(frame));
	frame[12] = (uint8_t)(type >> 8);
	frame[13] = (uint8_t)type;
	frame_len = 60;
}

/* options: words of 4 bytes; fragment: that field of the header. */
static void make_udp4(const struct ip_addr *to, uint16_t port, unsigned options, uint16_t fragment)
{
	make(0x0800);
	frame[14] = (uint8_t)(0x45 + options);
	frame[20] = (uint8_t)(fragment >> 8);
	frame[21] = (uint8_t)fragment;
	frame[23] = 17;
	memcpy(frame + 30, to->b, 4);
	frame[14 + 20 + 4 * options + 2] = (uint8_t)(port >> 8);
	frame[14 + 20 + 4 * options + 3] = (uint8_t)port;
}

static void make_ip6(const struct ip_addr *to, uint8_t next)
{
	make(0x86dd);
	frame[14] = 0x60;
	frame[20] = next;
	memcpy(frame + 38, to->b, 16);
	frame_len = 100;
}

static void datagrams_of_our_sessions_are_ours(void)
{
	const struct endpoint session = { group4, 64001 }, own = { host4, 50000 };

	begin();
	make_udp4(&group4, 64001, 0, 0);
	CU_ASSERT(is_the_kernels());
	CU_ASSERT(exception_let_in(&e, &session) && exception_let_in(&e, &own));
	CU_ASSERT(is_ours());
	make_udp4(&group4, 64001, 2, 0);
	CU_ASSERT(is_ours());
	make_udp4(&group4, 64002, 0, 0);
	CU_ASSERT(is_the_kernels());
	make_udp4(&host4, 50000, 0, 0);
	CU_ASSERT(is_ours());
	make_udp4(&host4, 68, 0, 0);
	CU_ASSERT(is_the_kernels());
	frame[23] = 6; /* TCP */
	CU_ASSERT(is_the_kernels());
	end();
}

/* Port 0 is what fragments of a group are known by. */
static void port_zero_of_our_groups_is_the_kernels(void)
{
	const struct endpoint session = { group4, 64001 };

	begin();
	CU_ASSERT(exception_let_in(&e, &session));
	make_udp4(&group4, 0, 0, 0);
	CU_ASSERT(is_the_kernels());
	end();
}

/* A header of so many times 8 bytes more than 8, behind those that are there. */
static void add_extension(uint8_t *at, uint8_t next, uint8_t more)
{
	memset(at, 0, 8 + 8u * more);
	at[0] = next;
	at[1] = more;
}

static void extension_headers_before_our_datagrams_are_skipped(void)
{
	const struct endpoint session6 = { group6, 64001 };

	begin();
	CU_ASSERT(exception_let_in(&e, &session6));
	make_ip6(&group6, 0);
	add_extension(frame + 54, 43, 1);
	add_extension(frame + 70, 60, 0);
	add_extension(frame + 78, 44, 0);
	add_extension(frame + 86, 17, 0); /* a fragment that is all of it */
	frame[96] = 64001 >> 8;
	frame[97] = 64001 & 255;
	frame_len = 102;
	CU_ASSERT(is_ours());
	frame[97]++;
	CU_ASSERT(is_the_kernels());
	frame[97]--;
	frame_len = 101;
	CU_ASSERT(is_the_kernels());
	frame[55] = 255; /* longer than all there is */
	frame_len = 102;
	CU_ASSERT(is_the_kernels());
	end();
}

static void fragments_of_our_groups_are_ours(void)
{
	const struct endpoint session = { group4, 64001 }, own = { host4, 50000 }, session6 = { group6, 64001 };

	begin();
	CU_ASSERT(exception_let_in(&e, &session) && exception_let_in(&e, &own) && exception_let_in(&e, &session6));
	make_udp4(&group4, 1, 0, 185);
	CU_ASSERT(is_ours());
	make_udp4(&group4, 64001, 0, 0x2000);
	CU_ASSERT(is_ours());
	make_udp4(&host4, 50000, 0, 0x2000);
	CU_ASSERT(is_the_kernels());
	make_ip6(&group6, 44);
	frame[54] = 17;
	frame[57] = 1; /* more follow */
	CU_ASSERT(is_ours());
	end();
}

static void arp_and_neighbour_discovery_are_for_both(void)
{
	begin();
	make(0x0806);
	CU_ASSERT(is_both());
	make_ip6(&group6, 58);
	CU_ASSERT(is_both());
	make(0x88cc); /* LLDP */
	CU_ASSERT(is_the_kernels());
	end();
}

static void a_destination_is_ours_until_its_last_user_leaves(void)
{
	const struct endpoint session6 = { group6, 64001 };

	begin();
	CU_ASSERT(exception_let_in(&e, &session6) && exception_let_in(&e, &session6));
	make_ip6(&group6, 17);
	frame[56] = 64001 >> 8;
	frame[57] = 64001 & 255;
	exception_shut_out(&e, &session6);
	CU_ASSERT(is_ours());
	exception_shut_out(&e, &session6);
	CU_ASSERT(is_the_kernels());
	exception_shut_out(&e, &session6);
	CU_ASSERT(is_the_kernels());
	end();
}

static void there_is_room_for_so_many_and_no_more(void)
{
	begin();
	for (uint16_t i = 1; i <= EXCEPTION_DESTINATIONS_MAX; i++)
		CU_ASSERT(exception_let_in(&e, &(struct endpoint){ host4, i }));
	CU_ASSERT(!exception_let_in(&e, &(struct endpoint){ host4, 60000 }));
	exception_shut_out(&e, &(struct endpoint){ host4, 7 });
	CU_ASSERT(!exception_let_in(&e, &(struct endpoint){ group4, 60000 })); /* needs two */
	CU_ASSERT(exception_let_in(&e, &(struct endpoint){ host4, 60000 }));
	make_udp4(&host4, 60000, 0, 0);
	CU_ASSERT(is_ours());
	end();
}

static void runts_are_the_kernels(void)
{
	const struct endpoint session = { group4, 64001 };

	begin();
	CU_ASSERT(exception_let_in(&e, &session));
	make_udp4(&group4, 64001, 0, 0);
	for (frame_len = 1; frame_len < 14 + 20 + 8; frame_len++)
		CU_ASSERT(is_the_kernels());
	CU_ASSERT(is_ours());
	CU_ASSERT_EQUAL(atomic_load(&e.to_kernel), 14 + 20 + 8 - 1);
	end();
}

static const struct suite_test tests[] = {
	SUITE_TEST(datagrams_of_our_sessions_are_ours),
	SUITE_TEST(port_zero_of_our_groups_is_the_kernels),
	SUITE_TEST(extension_headers_before_our_datagrams_are_skipped),
	SUITE_TEST(fragments_of_our_groups_are_ours),
	SUITE_TEST(arp_and_neighbour_discovery_are_for_both),
	SUITE_TEST(a_destination_is_ours_until_its_last_user_leaves),
	SUITE_TEST(there_is_room_for_so_many_and_no_more),
	SUITE_TEST(runts_are_the_kernels),
};

SUITE_MAIN("port/exception", tests)
