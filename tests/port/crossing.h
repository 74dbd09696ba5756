/* What the tests of DPDK's ports share: frames, and how they cross. */
#ifndef WDSCAST_TESTS_PORT_CROSSING_H
#define WDSCAST_TESTS_PORT_CROSSING_H

#include "host/host.h"
#include "port/port.h"

enum { WAIT_MS = 3000, MANY = 200000 };

/* A frame between two ports: Ethernet of a private type, and a number. */
struct test_frame {
	uint8_t to[6], from[6], type[2];
	uint32_t number;
	uint8_t rest[60];
} __attribute__((packed));

struct test_frame frame_of(uint32_t number);
/* Head, body and tail, cut at odd places. */
struct port_packet packet_of(const struct test_frame *f);

struct port *must_open(const char *spec);
/* With this error and this in its line. */
void must_fail(const char *spec, enum wdscast_err expected, const char *part);

/* The next frame of ours, or of these bytes; false when none comes in time. */
bool receive(struct port *p, struct test_frame *out);
bool receive_bytes(struct port *p, const uint8_t *bytes, uint32_t len);
/* Sent by one, received by the other. */
bool crosses(struct port *from, struct port *to, uint32_t number);
bool bytes_cross(struct port *from, struct port *to, const uint8_t *bytes, uint32_t len);
/* Frames are taken before the wire is there: so try until one crosses. */
bool connects(struct port *a, struct port *b);
/* Send MANY, while nobody receives. */
void send_flood(struct port *from);
/* Send MANY in a thread and receive: how many come, whether in order, and whether the last one did. */
uint32_t receive_flood(struct port *from, struct port *to, bool *in_order, bool *last);

#endif
