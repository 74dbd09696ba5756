/* MS-WDSMSI, session initiation: the UDP carrier's request, reply and error, section 2.2.2. */
#ifndef WDSCAST_WIRE_MSI_H
#define WDSCAST_WIRE_MSI_H

#include "base/address.h"
#include "base/bytes.h"

#define MSI_UDP_PORT 5041
#define MSI_NAME_CHARS_MAX 512 /* UTF-16 units of a name that we take, NUL included; Windows' limit is 256 */

enum msi_opcode {
	MSI_OP_REQUEST = 0x01,
	MSI_OP_REPLY = 0x02, /* the error packet too, sheet 3.3 */
};

enum msi_option_id {
	MSI_OPT_NAMESPACE = 0x0601,
	MSI_OPT_CONTENT = 0x0602,
	MSI_OPT_MAC_ADDRESS = 0x050c,
	MSI_OPT_IPV6_CAPABLE = 0x010d,
	MSI_OPT_MULTICAST_ADDR = 0x0503,
	MSI_OPT_SERVER_ADDR = 0x0504,
	MSI_OPT_MULTICAST_PORT = 0x0205,
	MSI_OPT_SERVER_PORT = 0x0206,
	MSI_OPT_CONTENT_SIZE = 0x0407,
	MSI_OPT_TOTAL_BLOCKS = 0x0408,
	MSI_OPT_BLOCK_SIZE = 0x0309,
	MSI_OPT_SESSION_ID = 0x030a,
	MSI_OPT_ERROR = 0x030b,
	/*
	 * Ours, not the specification's: doc/security.md. The last option of a packet, over everything before
	 * its value. The number is far from those that Windows gives out; who does not know it skips it.
	 */
	MSI_OPT_PROOF = 0x05f1,
	/*
	 * Ours too: which content it is, and not another of the same name. A server tells who asks; in a request it
	 * is there to be answered, so that no answer is larger.
	 */
	MSI_OPT_STAMP = 0x05ff,
};

/* A proof as received: which bytes it speaks of, and what it says. len 0: there is none. */
struct msi_proof {
	const uint8_t *packet; /* from its first byte */
	size_t covered_len;    /* the proof's value follows, and then the packet ends */
	const uint8_t *bytes;
	uint16_t len;
};

/* A UTF-16 string in host order, NUL-terminated; len without the NUL. */
struct msi_name {
	uint16_t len;
	uint16_t units[MSI_NAME_CHARS_MAX];
};

#define MSI_STAMP_BYTES 16

/* Two contents have different ones; the same content may get another one. */
struct msi_stamp {
	bool is_set;
	uint8_t bytes[MSI_STAMP_BYTES];
};

/* `missing` of a request and a reply: which mandatory options were not there, as bits. */
enum msi_missing {
	MSI_MISSING_NAMESPACE = 1 << 0,
	MSI_MISSING_CONTENT = 1 << 1,
	MSI_MISSING_MAC = 1 << 2,
	MSI_MISSING_REPLY = 1 << 3, /* any of the reply's eight */
};

struct msi_request {
	struct msi_name name_space, content;
	uint8_t mac_len; /* up to 32 */
	uint8_t mac[32];
	bool ipv6_capable;
	struct msi_stamp stamp; /* set: the server's is asked for; the bytes mean nothing */
};

struct msi_reply {
	struct endpoint multicast, server;
	uint64_t content_bytes, total_blocks;
	uint32_t block_bytes, session_id;
	struct msi_stamp stamp;
};

enum msi_kind { MSI_REQUEST, MSI_REPLY, MSI_ERROR };

struct msi_packet {
	enum msi_kind kind;
	unsigned missing; /* bits of msi_missing */
	struct msi_proof proof; /* points into the datagram */
	union {
		struct msi_request request;
		struct msi_reply reply;
		uint32_t error; /* Win32 code, never 0 */
	};
};

/*
 * Read a whole datagram. False when it is malformed: shorter than it claims, an option whose length
 * or form is wrong, an unknown OpCode, an option twice, bytes after the last. An option that is
 * unknown, or has no meaning in this packet, is skipped. A reply that has MSI_OPT_ERROR is an MSI_ERROR
 * whatever else it has (3.3); an error of 0 is malformed. A mandatory option that is absent is told in
 * `missing`, for the server to answer. A proof that is empty or not the last option is malformed.
 */
bool msi_read(const void *datagram, size_t len, struct msi_packet *out);

void msi_write_request(struct writer *w, const struct msi_request *p);
void msi_write_reply(struct writer *w, const struct msi_reply *p);
void msi_write_error(struct writer *w, uint32_t win32_error);
/* Adds a proof of len bytes to a packet that was written, from w->start. Returns where they go; NULL: no room. */
uint8_t *msi_append_proof(struct writer *w, uint16_t len);

#endif
