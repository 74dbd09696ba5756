#include "port/overheard.h"

#include <arpa/inet.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>

enum {
	FRAME_BYTES = OVERHEARD_BYTES,
	FRAMES = 128,
	RING_BYTES = FRAME_BYTES * FRAMES,
	MACS_BYTES = 2 * ETH_ALEN,
	TAG_BYTES = 4,
	IPV6_NEXT_HEADER = ETH_HLEN + 6,
	ICMPV6_TYPE = ETH_HLEN + 40,
	ICMPV6 = 58,
	SOLICITATION = 135,
	ADVERTISEMENT = 136,
};

/* The kernel has taken tags off before its filters run. */
static struct sock_filter code[] = {
	BPF_STMT(BPF_LD | BPF_H | BPF_ABS, MACS_BYTES),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_ARP, 6, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ETH_P_IPV6, 0, 6),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, IPV6_NEXT_HEADER),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ICMPV6, 0, 4),
	BPF_STMT(BPF_LD | BPF_B | BPF_ABS, ICMPV6_TYPE),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SOLICITATION, 1, 0),
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ADVERTISEMENT, 0, 1),
	BPF_STMT(BPF_RET | BPF_K, FRAME_BYTES),
	BPF_STMT(BPF_RET | BPF_K, 0),
};

static bool set_up(struct overheard *o, unsigned ifindex)
{
	struct sock_fprog filter = { sizeof(code) / sizeof(code[0]), code };
	struct tpacket_req ring = { RING_BYTES, 1, FRAME_BYTES, FRAMES };
	struct sockaddr_ll a = { .sll_family = AF_PACKET, .sll_protocol = htons(ETH_P_ALL), .sll_ifindex = (int)ifindex };
	int version = TPACKET_V2, on = 1;

	if (setsockopt(o->fd, SOL_SOCKET, SO_ATTACH_FILTER, &filter, sizeof(filter)) != 0 ||
	    setsockopt(o->fd, SOL_PACKET, PACKET_VERSION, &version, sizeof(version)) != 0 ||
	    setsockopt(o->fd, SOL_PACKET, PACKET_RX_RING, &ring, sizeof(ring)) != 0)
		return false;
	setsockopt(o->fd, SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
	o->ring = mmap(NULL, RING_BYTES, PROT_READ | PROT_WRITE, MAP_SHARED, o->fd, 0);
	if (o->ring == MAP_FAILED)
		o->ring = NULL;
	return o->ring != NULL && bind(o->fd, (struct sockaddr *)&a, sizeof(a)) == 0;
}

bool overheard_open(struct overheard *o, unsigned ifindex)
{
	o->ring = NULL;
	o->next = 0;
	o->fd = socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0);
	if (o->fd >= 0 && set_up(o, ifindex))
		return true;
	overheard_close(o);
	return false;
}

static uint32_t copy_frame(const struct tpacket2_hdr *h, uint8_t *frame, uint32_t room)
{
	const uint8_t *from = (const uint8_t *)h + h->tp_mac;
	uint16_t tag[2] = { htons(h->tp_vlan_tpid), htons(h->tp_vlan_tci) };
	uint32_t tag_bytes = (h->tp_status & TP_STATUS_VLAN_VALID) != 0 ? TAG_BYTES : 0, len = h->tp_snaplen;

	if (len < ETH_HLEN || len + tag_bytes > room)
		return 0;
	memcpy(frame, from, MACS_BYTES);
	memcpy(frame + MACS_BYTES, tag, tag_bytes);
	memcpy(frame + MACS_BYTES + tag_bytes, from + MACS_BYTES, len - MACS_BYTES);
	return len + tag_bytes;
}

/* The status word is the kernel's to set and ours to clear: it publishes the frame, we the room. */
uint32_t overheard_take(struct overheard *o, uint8_t *frame, uint32_t room)
{
	struct tpacket2_hdr *h = (struct tpacket2_hdr *)(void *)(o->ring + (size_t)o->next * FRAME_BYTES);
	_Atomic uint32_t *status = (_Atomic uint32_t *)&h->tp_status;
	uint32_t len;

	if ((atomic_load_explicit(status, memory_order_acquire) & TP_STATUS_USER) == 0)
		return 0;
	len = copy_frame(h, frame, room);
	atomic_store_explicit(status, TP_STATUS_KERNEL, memory_order_release);
	o->next = (o->next + 1) % FRAMES;
	return len;
}

void overheard_close(struct overheard *o)
{
	if (o->ring != NULL)
		munmap(o->ring, RING_BYTES);
	if (o->fd >= 0)
		close(o->fd);
	o->ring = NULL;
	o->fd = -1;
}
