/*
 * Any frames to a server: initiation and its names, the sessions' engines, content read ahead and again. FRAME_REPAIR
 * makes a frame one that a client with the lab's key might have sent. Whatever comes, what the server sends is of
 * its content, sealed, and it can be stopped.
 */
#include "parties.h"

#include <assert.h>
#include <stdlib.h>

#include "frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { /* of frames' flags */
	SLOW_DISK = 1,
	MANY = 2, /* wait for others, to be read in one turn */
};

struct world {
	struct port_mem_hub *hub;
	struct port *client;
	struct serving serving;
	struct security security;
	uint32_t block_bytes;
};

static void check_block(const struct world *w, const struct mt_data *d)
{
	struct ma_packet m;
	uint64_t offset;

	assert(ma_read(d->data, d->data_len, &m) && m.opcode == MA_SRV_DATA);
	offset = ma_block_offset(m.data.block_no, w->block_bytes);
	assert(offset + m.data.data_len <= PARTY_CONTENT_BYTES && party_is_content(m.data.data, m.data.data_len, offset));
	assert(m.data.data_len == w->block_bytes || offset + m.data.data_len == PARTY_CONTENT_BYTES);
}

/* What the server says, of one frame at a time: large blocks are in fragments, and not looked at. */
static bool watch(void *arg, const struct port_mem_passage *p)
{
	const struct world *w = arg;
	uint32_t len;
	const uint8_t *payload;
	struct mt_packet packet;
	struct msi_packet m;

	if (p->from != 1)
		return false;
	assert(p->len <= 1500 + 14 + 4);
	payload = frame_payload((uint8_t *)(uintptr_t)p->data, p->len, &len);
	if (payload == NULL || msi_read(payload, len, &m))
		return false;
	assert(mt_read(payload, len, &packet) == MT_READ_OK);
	assert(security_verify(&w->security, &packet) == SECURITY_OK);
	if (packet.opcode == MT_ODATA || packet.opcode == MT_RDATA)
		check_block(w, &packet.data);
	return false;
}

static void repair(const struct world *w, uint8_t *frame, uint32_t len)
{
	uint32_t payload_len;
	uint8_t *payload = frame_payload(frame, len, &payload_len);
	struct msi_packet m;

	if (payload != NULL && proof_is_due(&w->security) && msi_read(payload, payload_len, &m) &&
	    m.proof.len == PROOF_NONCE_BYTES + SECURITY_HASH_BYTES)
		party_prove_request(payload, payload_len, &w->security);
	else if (payload != NULL)
		party_repair_packet(payload, payload_len, &w->security, 0);
	frame_repair(frame, len);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct world w;
	struct reader r = reader_of(data, size);
	const uint8_t *choice = reader_take(&r, 1);
	uint8_t control, *frame;
	uint32_t len;

	if (choice == NULL)
		return 0;
	w = (struct world){ .hub = port_mem_hub_new(), .security = party_security(*choice) };
	w.block_bytes = *choice & PARTY_LARGE ? PARTY_LARGE_BLOCK : PARTY_SMALL_BLOCK;
	port_mem_set_lose(w.hub, watch, &w);
	serving_init(&w.serving, party_port(w.hub, *choice), *choice, PARTY_START);
	w.client = party_port(w.hub, *choice);
	serving_turn(&w.serving, PARTY_START, false);
	while ((frame = frames_next(&r, &control, &len)) != NULL) {
		if (control & FRAME_REPAIR)
			repair(&w, frame, len);
		party_send(w.client, frame, len);
		free(frame);
		if ((FRAME_FLAGS(control) & MANY) == 0)
			serving_turn(&w.serving, w.serving.now + party_time(control), FRAME_FLAGS(control) & SLOW_DISK);
		party_drain(w.client);
	}
	serving_end(&w.serving);
	party_drain(w.client);
	port_close(w.client);
	port_mem_hub_free(w.hub);
	return 0;
}
