#include "parties.h"

#include <assert.h>

#include "content/tree.h"

enum { CONTENT_SEED = 1, BURST = 64 };

static const uint8_t key[24] = "one key of one lab, that";

struct security party_security(unsigned choice)
{
	static const uint8_t modes[] = { SECURITY_CHECKSUM, SECURITY_HASH, SECURITY_NONE, SECURITY_HASH };
	unsigned which = choice & PARTY_MODE;
	struct security s;

	if (modes[which] == SECURITY_HASH)
		security_init_hash(&s, key, sizeof(key), which == 1 ? SECURITY_HMAC_A : SECURITY_HMAC_B);
	else if (modes[which] == SECURITY_NONE)
		security_init_none(&s);
	else
		security_init_checksum(&s);
	return s;
}

uint8_t party_byte(uint64_t offset)
{
	static uint8_t content[PARTY_CONTENT_BYTES];
	static bool made;

	if (!made)
		tree_fill(content, sizeof(content), CONTENT_SEED);
	made = true;
	return offset < sizeof(content) ? content[offset] : (uint8_t)offset;
}

bool party_is_content(const uint8_t *bytes, uint64_t len, uint64_t offset)
{
	for (uint64_t i = 0; i < len; i++)
		if (bytes[i] != party_byte(offset + i))
			return false;
	return true;
}

ns_t party_time(uint8_t control)
{
	unsigned n = control >> 4;

	return n == 0 ? 0 : PARTY_STEP << (n - 1);
}

struct port *party_port(struct port_mem_hub *hub, unsigned choice)
{
	return port_mem_new(hub, &(struct port_mem_config){ .has_kernel = choice & PARTY_KERNEL });
}

struct endpoint party_initiation(const struct port *server, unsigned choice)
{
	return (struct endpoint){ choice & PARTY_IP6 ? server->info.ip6 : server->info.ip4, MSI_UDP_PORT };
}

void party_send(struct port *port, const uint8_t *frame, uint32_t len)
{
	struct port_packet p = { .head = frame, .head_len = len };

	port_tx(port, 0, &p, 1);
}

unsigned party_drain(struct port *port)
{
	struct frame v[BURST];
	unsigned count = 0;
	uint32_t n;

	for (; (n = port_rx(port, 0, v, BURST)) > 0; count += n)
		port_free(port, 0, v, n);
	return count;
}

/* The packet's reader points into it, to const: here it is ours to change. */
static void set_block(const struct ma_data *block, uint32_t block_bytes)
{
	uint8_t *data = (uint8_t *)(uintptr_t)block->data;
	uint64_t offset = ma_block_offset(block->block_no, block_bytes);

	for (uint32_t i = 0; i < block->data_len; i++)
		data[i] = party_byte(offset + i);
}

void party_repair_packet(uint8_t *bytes, uint32_t len, const struct security *s, uint32_t block_bytes)
{
	struct mt_packet p;
	struct ma_packet m;

	if (mt_read(bytes, len, &p) != MT_READ_OK || security_check_header(s, &p.security) != SECURITY_OK)
		return;
	if (block_bytes > 0 && (p.opcode == MT_ODATA || p.opcode == MT_RDATA) && ma_read(p.data.data, p.data.data_len, &m) &&
	    m.opcode == MA_SRV_DATA)
		set_block(&m.data, block_bytes);
	security_seal_packet(s, bytes, len);
}

enum { OPTION_HEADER = 4, OPTIONS_COUNT_AT = 1 };

/* The packet without its proof, which is the last option of it. */
static struct writer without_proof(uint8_t *bytes, uint32_t len, uint32_t proof_len)
{
	be16 *count = (be16 *)(bytes + OPTIONS_COUNT_AT);

	*count = be16_of((uint16_t)(be16_get(*count) - 1));
	return (struct writer){ bytes, bytes + len - OPTION_HEADER - proof_len, bytes + len, false };
}

void party_prove_request(uint8_t *bytes, uint32_t len, const struct security *s)
{
	static const uint8_t nonce[PROOF_NONCE_BYTES];
	struct writer w = without_proof(bytes, len, PROOF_NONCE_BYTES + security_data_len(s));
	uint8_t digest[SECURITY_HASH_BYTES];

	proof_end_request(&w, s, nonce, digest);
	assert(writer_len(&w) == len);
}

void party_prove_answer(uint8_t *bytes, uint32_t len, const struct security *s, const uint8_t digest[SECURITY_HASH_BYTES])
{
	struct writer w = without_proof(bytes, len, security_data_len(s));

	proof_end_answer(&w, s, digest);
	assert(writer_len(&w) == len);
}
