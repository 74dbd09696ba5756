/* The bytes that an input of fuzz_net begins with: what machine it is. */
#ifndef WDSCAST_TESTS_FUZZ_NET_H
#define WDSCAST_TESTS_FUZZ_NET_H

#define FUZZ_NET_CHOICE_BYTES 2
#define FUZZ_NET_VLAN 5

enum { /* of the first */
	FUZZ_NET_MTU = 0x03, /* 1500, 9000, 1280, 576 */
	FUZZ_NET_IP6 = 0x04,
	FUZZ_NET_TAGGED = 0x08,
	FUZZ_NET_KERNEL = 0x10,
	FUZZ_NET_NO_IP4 = 0x20,
	FUZZ_NET_NO_GATEWAY = 0x40,
};

enum { /* of the second */
	FUZZ_NET_LATER = 0x01, /* the caller verifies, as workers do */
	FUZZ_NET_ALL_GROUPS = 0x02,
};

#endif
