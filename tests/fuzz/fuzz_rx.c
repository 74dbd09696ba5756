/*
 * Any frames to a receiver: its worker's and its control thread's turns, with reassembly, packets that wait to be
 * hashed together, and slots on their way to the consumer and back. FRAME_REPAIR makes a frame one that a server
 * with the lab's key might have sent: sealed, and with the content's bytes. So where there is a key, nothing else
 * may be delivered; with none, what is delivered is delivered once, in its place and of its length.
 */
#include "parties.h"

#include <assert.h>
#include <stdlib.h>

#include "frames.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { /* of frames' flags */
	CONSUMER_HOLDS = 1,
	CONSUMER_COMPLETES = 2,
	CANCEL = 4,
};

enum { OUT_MAX = 2000 }; /* frames that one frame and its time may cause */

struct world {
	struct port_mem_hub *hub;
	struct port *server;
	struct receiver receiver;
	struct security security;
	uint8_t digest[SECURITY_HASH_BYTES]; /* of the latest request */
};

/* The receiver's requests, whose digest a proven answer has. Nothing is lost. */
static bool watch(void *arg, const struct port_mem_passage *p)
{
	struct world *w = arg;
	uint32_t len;
	uint8_t *payload;
	struct msi_packet m;

	if (p->to != 1)
		return false;
	assert(p->len <= 1500 + 14 + 4);
	payload = frame_payload((uint8_t *)(uintptr_t)p->data, p->len, &len);
	if (payload != NULL && msi_read(payload, len, &m) && m.kind == MSI_REQUEST)
		security_digest(payload, len, w->digest);
	return false;
}

/* Blocks of another size would be other content at its offsets: such an offer is not proven. */
static bool may_prove(const struct msi_packet *m, unsigned choice)
{
	uint32_t block = choice & PARTY_LARGE ? PARTY_LARGE_BLOCK : PARTY_SMALL_BLOCK;

	if (m->kind == MSI_REQUEST || m->proof.len != SECURITY_HASH_BYTES)
		return false;
	return m->kind == MSI_ERROR || m->reply.block_bytes == block;
}

static void repair(const struct world *w, unsigned choice, uint8_t *frame, uint32_t len)
{
	uint32_t payload_len;
	uint8_t *payload = frame_payload(frame, len, &payload_len);
	struct msi_packet m;

	if (payload != NULL && proof_is_due(&w->security) && msi_read(payload, payload_len, &m) && may_prove(&m, choice))
		party_prove_answer(payload, payload_len, &w->security, w->digest);
	else if (payload != NULL)
		party_repair_packet(payload, payload_len, &w->security, receiver_block_bytes(&w->receiver));
	frame_repair(frame, len);
}

static void begin(struct world *w, unsigned choice)
{
	struct endpoint initiation;

	*w = (struct world){ .hub = port_mem_hub_new(), .security = party_security(choice) };
	port_mem_set_lose(w->hub, watch, w);
	w->server = party_port(w->hub, choice);
	initiation = party_initiation(w->server, choice);
	receiver_init(&w->receiver, party_port(w->hub, choice), &initiation, choice, PARTY_START);
	receiver_turn(&w->receiver, PARTY_START);
}

static void obey(struct receiver *r, unsigned flags)
{
	if (flags & CONSUMER_COMPLETES)
		receiver_complete(r);
	if (flags & CONSUMER_HOLDS)
		r->holds = true;
	if (flags == (CONSUMER_HOLDS | CONSUMER_COMPLETES | CANCEL)) /* seldom, or nothing would come after it */
		receiver_cancel(r);
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
	begin(&w, *choice);
	while ((frame = frames_next(&r, &control, &len)) != NULL) {
		if (control & FRAME_REPAIR)
			repair(&w, *choice, frame, len);
		party_send(w.server, frame, len);
		free(frame);
		obey(&w.receiver, FRAME_FLAGS(control));
		if (FRAME_STEPS(control) > 0)
			receiver_turn(&w.receiver, w.receiver.now + party_time(control));
		assert(party_drain(w.server) <= OUT_MAX);
	}
	receiver_end(&w.receiver);
	party_drain(w.server);
	port_close(w.server);
	port_mem_hub_free(w.hub);
	return 0;
}
