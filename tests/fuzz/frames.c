#include "frames.h"

#include <stdlib.h>

#include "net/internal.h"

enum { ETHERNET = 14, TAG = 4, UDP_HEADER = 8 };

uint8_t *frames_next(struct reader *r, uint8_t *control, uint32_t *len)
{
	const uint8_t *head = reader_take(r, 3);
	const void *bytes;
	uint8_t *frame;

	if (head == NULL)
		return NULL;
	*control = head[0];
	*len = (uint32_t)head[1] << 8 | head[2];
	if (*len > reader_left(r))
		*len = (uint32_t)reader_left(r);
	bytes = reader_take(r, *len);
	frame = malloc(*len > 0 ? *len : 1);
	if (frame == NULL)
		abort();
	memcpy(frame, bytes, *len);
	return frame;
}

void frames_write(struct writer *w, uint8_t control, const void *frame, uint32_t len)
{
	writer_u8(w, control);
	writer_be16(w, (uint16_t)len);
	writer_bytes(w, frame, len);
}

/* Where the IP header begins: behind a tag, if there is one. */
static uint32_t ip_at(const uint8_t *frame, uint32_t len)
{
	bool tagged = len >= ETHERNET + TAG && frame[12] == 0x81 && frame[13] == 0;

	return tagged ? ETHERNET + TAG : ETHERNET;
}

/* False: no IP packet. */
static bool read_ip(const uint8_t *frame, uint32_t len, struct packet *p)
{
	uint32_t at = ip_at(frame, len);

	*p = (struct packet){ 0 };
	if (len <= at)
		return false;
	if (frame[at] >> 4 == 4)
		return ip4_read(frame + at, len - at, p) == NET_UDP;
	return frame[at] >> 4 == 6 && ip6_read(frame + at, len - at, p) == NET_UDP;
}

uint8_t *frame_payload(uint8_t *frame, uint32_t len, uint32_t *payload_len)
{
	struct packet p;

	if (!read_ip(frame, len, &p) || p.protocol != PROTOCOL_UDP || p.is_fragment || p.len < UDP_HEADER)
		return NULL;
	*payload_len = p.len - UDP_HEADER;
	return (uint8_t *)(uintptr_t)p.data + UDP_HEADER;
}

static void set_checksum(uint8_t *data, uint32_t len, uint32_t at, uint16_t pseudo)
{
	uint16_t sum;

	if (len < at + 2)
		return;
	data[at] = data[at + 1] = 0;
	sum = (uint16_t)~net_sum_add(pseudo, net_sum(data, len), 0);
	if (sum == 0 && pseudo != 0)
		sum = 0xffff; /* of UDP 0 would mean that there is none */
	data[at] = (uint8_t)(sum >> 8);
	data[at + 1] = (uint8_t)sum;
}

void frame_repair(uint8_t *frame, uint32_t len)
{
	uint32_t at = ip_at(frame, len), head = len > at ? (frame[at] & 15u) * 4 : 0;
	struct packet p;
	uint8_t *data;

	if (head > 0 && frame[at] >> 4 == 4 && head <= len - at)
		set_checksum(frame + at, head, 10, 0);
	if (!read_ip(frame, len, &p) || p.is_fragment)
		return;
	data = (uint8_t *)(uintptr_t)p.data;
	if (p.protocol == PROTOCOL_UDP)
		set_checksum(data, p.len, 6, pseudo_sum(&p.from, &p.to, p.protocol, p.len));
	else if (p.protocol == PROTOCOL_ICMP6)
		set_checksum(data, p.len, 2, pseudo_sum(&p.from, &p.to, p.protocol, p.len));
	else
		set_checksum(data, p.len, 2, 0);
}
