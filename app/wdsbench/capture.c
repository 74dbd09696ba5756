#include "capture.h"

#include <pcap/pcap.h>
#include <stdio.h>
#include <stdlib.h>

enum { ETHER_BYTES = 14, VLAN_BYTES = 4, TYPE_VLAN = 0x8100, TYPE_IP4 = 0x0800, TYPE_IP6 = 0x86dd };

static uint16_t type_at(const uint8_t *at)
{
	return (uint16_t)(at[0] << 8 | at[1]);
}

static void add_group(struct capture *c, const struct ip_addr *ip)
{
	if (!ip_is_multicast(ip) || c->group_count == CAPTURE_GROUPS_MAX)
		return;
	for (uint32_t i = 0; i < c->group_count; i++)
		if (ip_equal(&c->groups[i], ip))
			return;
	c->groups[c->group_count++] = *ip;
}

/* Where a frame goes, and the VLAN of the capture: that of its first frame. */
static void look_at(struct capture *c, const uint8_t *frame, uint32_t len)
{
	uint32_t at = ETHER_BYTES;
	uint16_t type = len >= ETHER_BYTES ? type_at(frame + 12) : 0;
	struct ip_addr ip;

	if (type == TYPE_VLAN && len >= at + VLAN_BYTES) {
		if (c->count == 1)
			c->port.info.vlan = type_at(frame + at) & 0xfff;
		type = type_at(frame + at + 2);
		at += VLAN_BYTES;
	}
	if (type == TYPE_IP4 && len >= at + 20)
		ip = ip_of_bytes(frame + at + 16, 4);
	else if (type == TYPE_IP6 && len >= at + 40)
		ip = ip_of_bytes(frame + at + 24, 16);
	else
		return;
	add_group(c, &ip);
}

/* Room for n more of size bytes each, where there are `have` in *mem; *mem is set even if n is 0. */
static bool grow(void **mem, size_t have, size_t n, size_t size, size_t *room)
{
	size_t wanted = *room < 4096 ? 4096 : *room;
	void *more;

	if (*mem != NULL && have + n <= *room)
		return true;
	while (wanted < have + n)
		wanted *= 2;
	more = realloc(*mem, wanted * size);
	if (more == NULL)
		return false;
	*mem = more;
	*room = wanted;
	return true;
}

static bool add_frame(struct capture *c, const uint8_t *frame, uint32_t len, size_t *bytes_room, size_t *frames_room)
{
	void *bytes = c->bytes, *frames = c->frames;
	bool ok = c->bytes_len + len <= CAPTURE_BYTES_MAX && grow(&bytes, c->bytes_len, len, 1, bytes_room) &&
	          grow(&frames, c->count, 1, sizeof(c->frames[0]), frames_room);

	c->bytes = bytes;
	c->frames = frames;
	if (!ok)
		return false;
	c->frames[c->count++] = (struct capture_frame){ c->bytes_len, len };
	memcpy(c->bytes + c->bytes_len, frame, len);
	c->bytes_len += len;
	look_at(c, frame, len);
	return true;
}

static bool read_all(struct capture *c, pcap_t *file, const char *path, char *why)
{
	size_t bytes_room = 0, frames_room = 0;
	struct pcap_pkthdr *head;
	const u_char *frame;
	int got;

	if (pcap_datalink(file) != DLT_EN10MB) {
		snprintf(why, PORT_WHY_BYTES, "%s: not of Ethernet", path);
		return false;
	}
	while ((got = pcap_next_ex(file, &head, &frame)) == 1)
		if (!add_frame(c, frame, head->caplen, &bytes_room, &frames_room)) {
			snprintf(why, PORT_WHY_BYTES, "%s: too large for memory", path);
			return false;
		}
	if (got == PCAP_ERROR || c->count == 0) {
		snprintf(why, PORT_WHY_BYTES, "%s: %s", path, got == PCAP_ERROR ? pcap_geterr(file) : "no frame in it");
		return false;
	}
	return true;
}

/* ---- the port ---- */

bool capture_is_over(const struct capture *c)
{
	return c->next == c->count && c->loops_left <= 1;
}

const struct capture_frame *capture_next(struct capture *c)
{
	if (c->next == c->count) {
		if (c->loops_left <= 1)
			return NULL;
		c->loops_left--;
		c->next = 0;
	}
	return &c->frames[c->next++];
}

static uint32_t capture_rx(struct port *p, uint16_t queue, struct frame *v, uint32_t n)
{
	struct capture *c = (struct capture *)p;
	const struct capture_frame *f;
	uint32_t count = 0;

	(void)queue;
	while (count < n && (f = capture_next(c)) != NULL)
		v[count++] = (struct frame){ .data = c->bytes + f->at, .len = f->len };
	return count;
}

static void capture_free(struct port *p, uint16_t queue, struct frame *v, uint32_t n)
{
	(void)p, (void)queue, (void)v, (void)n;
}

/* What net has to say goes nowhere. */
static uint32_t capture_tx(struct port *p, uint16_t queue, const struct port_packet *v, uint32_t n)
{
	(void)p, (void)queue, (void)v;
	return n;
}

static void capture_read_stats(struct port *p, struct port_stats *out)
{
	(void)p;
	*out = (struct port_stats){ 0 };
}

static enum wdscast_err capture_join(struct port *p, const struct endpoint *group, const struct ip_addr *source)
{
	(void)p, (void)group, (void)source;
	return WDSCAST_OK;
}

static void capture_leave(struct port *p, const struct endpoint *group, const struct ip_addr *source)
{
	(void)p, (void)group, (void)source;
}

static enum wdscast_err capture_reserve(struct port *p, struct endpoint *local)
{
	(void)p, (void)local;
	return WDSCAST_OK;
}

static void capture_unreserve(struct port *p, const struct endpoint *local)
{
	(void)p, (void)local;
}

static void capture_close_port(struct port *p)
{
	capture_close((struct capture *)p);
}

static const struct port_ops capture_ops = {
	.rx = capture_rx,
	.free = capture_free,
	.tx = capture_tx,
	.read_stats = capture_read_stats,
	.join = capture_join,
	.leave = capture_leave,
	.reserve = capture_reserve,
	.unreserve = capture_unreserve,
	.close = capture_close_port,
};

struct capture *capture_open(const char *path, uint64_t loops, char *why)
{
	char error[PCAP_ERRBUF_SIZE] = "";
	pcap_t *file = pcap_open_offline(path, error);
	struct capture *c = calloc(1, sizeof(*c));
	bool ok;

	if (file == NULL || c == NULL) {
		snprintf(why, PORT_WHY_BYTES, "%.250s", c == NULL ? "no memory" : error);
		free(c);
		if (file != NULL)
			pcap_close(file);
		return NULL;
	}
	c->port = (struct port){ .ops = &capture_ops,
		                 .info = { .delivers = PORT_FRAMES, .has_kernel = true, .mtu = 65535, .queues = 1, .node = -1,
		                           .driver = "memory" } };
	snprintf(c->port.info.spec, sizeof(c->port.info.spec), "%.120s", path);
	c->loops_left = loops;
	ok = read_all(c, file, path, why);
	pcap_close(file);
	if (!ok) {
		capture_close(c);
		return NULL;
	}
	return c;
}

void capture_close(struct capture *c)
{
	free(c->bytes);
	free(c->frames);
	free(c);
}
