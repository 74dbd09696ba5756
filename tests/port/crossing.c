#include "crossing.h"

#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include "support/suite.h"

struct port *must_open(const char *spec)
{
	struct port_config config = { .spec = spec };
	char why[PORT_WHY_BYTES] = "";
	struct port *p = NULL;

	if (port_open(&config, &p, why) != WDSCAST_OK)
		printf("%s\n", why);
	CU_ASSERT_PTR_NOT_NULL_FATAL(p);
	return p;
}

void must_fail(const char *spec, enum wdscast_err expected, const char *part)
{
	struct port_config config = { .spec = spec };
	char why[PORT_WHY_BYTES] = "";
	struct port *p = NULL;
	enum wdscast_err err = port_open(&config, &p, why);

	CU_ASSERT_EQUAL(err, expected);
	CU_ASSERT_PTR_NOT_NULL(strstr(why, part));
	CU_ASSERT_PTR_NULL(strchr(why, '\n'));
	if (err != expected || strstr(why, part) == NULL)
		printf("\n    %s gave %d: %s\n", spec, err, why);
	if (err == WDSCAST_OK)
		port_close(p);
}

struct test_frame frame_of(uint32_t number)
{
	struct test_frame f = { { 1, 0, 0x5e, 1, 2, 3 }, { 2, 0, 0, 0, 0, 9 }, { 0x88, 0xb5 }, number, { 0 } };

	memset(f.rest, (int)number, sizeof(f.rest));
	return f;
}

struct port_packet packet_of(const struct test_frame *f)
{
	const uint8_t *b = (const uint8_t *)f;

	return (struct port_packet){ .head = b, .head_len = 13, .body = b + 13, .body_len = 40, .tail = b + 53,
		                     .tail_len = sizeof(*f) - 53 };
}

bool receive(struct port *p, struct test_frame *out)
{
	ns_t end = host_now() + WAIT_MS * NS_PER_MS;
	bool found = false;
	struct frame f;

	while (!found && host_now() < end) {
		if (port_rx(p, 0, &f, 1) == 0) {
			host_nap(100 * NS_PER_US);
			continue;
		}
		found = f.len == sizeof(*out) && f.data[12] == 0x88 && f.data[13] == 0xb5;
		if (found)
			memcpy(out, f.data, sizeof(*out));
		port_free(p, 0, &f, 1);
	}
	return found;
}

bool receive_bytes(struct port *p, const uint8_t *bytes, uint32_t len)
{
	ns_t end = host_now() + WAIT_MS * NS_PER_MS;
	bool found = false;
	struct frame f;

	while (!found && host_now() < end) {
		if (port_rx(p, 0, &f, 1) == 0)
			continue;
		found = f.len == len && memcmp(f.data, bytes, len) == 0;
		port_free(p, 0, &f, 1);
	}
	return found;
}

bool crosses(struct port *from, struct port *to, uint32_t number)
{
	struct test_frame sent = frame_of(number), received;
	struct port_packet k = packet_of(&sent);

	while (port_tx(from, 0, &k, 1) == 0)
		host_nap(NS_PER_MS);
	return receive(to, &received) && memcmp(&sent, &received, sizeof(sent)) == 0;
}

bool bytes_cross(struct port *from, struct port *to, const uint8_t *bytes, uint32_t len)
{
	struct port_packet k = { .head = bytes, .head_len = 14, .body = bytes + 14, .body_len = len - 14 };

	return port_tx(from, 0, &k, 1) == 1 && receive_bytes(to, bytes, len);
}

bool connects(struct port *a, struct port *b)
{
	ns_t end = host_now() + WAIT_MS * NS_PER_MS;
	struct test_frame sent = frame_of(7);
	struct port_packet k = packet_of(&sent);
	struct frame f;
	bool connected = false;

	while (!connected && host_now() < end) {
		(void)port_tx(a, 0, &k, 1);
		host_nap(NS_PER_MS);
		while (port_rx(b, 0, &f, 1) == 1) {
			connected = true;
			port_free(b, 0, &f, 1);
		}
	}
	port_free(a, 0, &f, port_rx(a, 0, &f, 1)); /* a turn: what waits is sent */
	while (port_rx(b, 0, &f, 1) == 1)
		port_free(b, 0, &f, 1);
	return connected;
}

struct flood {
	struct port *port;
	_Atomic bool done;
};

static void flood_from(void *arg)
{
	struct flood *flood = arg;

	for (uint32_t i = 0; i < MANY;) {
		struct test_frame f[PORT_BURST];
		struct port_packet k[PORT_BURST];
		struct frame none;
		uint32_t n = MANY - i < PORT_BURST ? MANY - i : PORT_BURST;

		for (uint32_t j = 0; j < n; j++) {
			f[j] = frame_of(i + j);
			k[j] = packet_of(&f[j]);
		}
		i += port_tx(flood->port, 0, k, n);
		if (port_rx(flood->port, 0, &none, 1) == 1) /* as a worker's turn does: what waits is sent */
			port_free(flood->port, 0, &none, 1);
	}
	for (ns_t end = host_now() + NS_PER_S / 2; host_now() < end;) {
		struct frame none;

		if (port_rx(flood->port, 0, &none, 1) == 1)
			port_free(flood->port, 0, &none, 1);
		host_nap(NS_PER_MS);
	}
	flood->done = true;
}

void send_flood(struct port *from)
{
	struct flood flood = { .port = from };

	flood_from(&flood);
}

uint32_t receive_flood(struct port *from, struct port *to, bool *in_order, bool *last)
{
	struct flood flood = { .port = from };
	struct host_thread *t = host_thread_start("flood", -1, flood_from, &flood);
	uint32_t got = 0, next = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(t);
	*in_order = true;
	*last = false;
	while (!flood.done || next == 0) {
		struct frame v[PORT_BURST];
		uint32_t n = port_rx(to, 0, v, PORT_BURST), number;

		for (uint32_t i = 0; i < n; i++) {
			if (v[i].len != sizeof(struct test_frame) || v[i].data[12] != 0x88)
				continue;
			memcpy(&number, v[i].data + 14, sizeof(number));
			*in_order = *in_order && number >= next;
			*last = number == MANY - 1;
			next = number + 1;
			got++;
		}
		port_free(to, 0, v, n);
		if (flood.done && n == 0)
			break;
	}
	host_thread_join(t);
	return got;
}
