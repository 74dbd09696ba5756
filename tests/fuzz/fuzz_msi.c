/*
 * Any bytes as an MS-WDSMSI datagram over UDP. What lacks nothing is written again and read as the same; then it
 * is given a proof, which holds until a byte is changed.
 */
#include "engine/proof.h"

#include <assert.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define DATAGRAM_MAX 4096 /* two longest names and all else */

static size_t rewrite(const struct msi_packet *p, uint8_t *out)
{
	struct writer w = writer_of(out, DATAGRAM_MAX);

	if (p->kind == MSI_REQUEST)
		msi_write_request(&w, &p->request);
	else if (p->kind == MSI_REPLY)
		msi_write_reply(&w, &p->reply);
	else
		msi_write_error(&w, p->error);
	assert(!w.full);
	return writer_len(&w);
}

static void check_name(const struct msi_name *name)
{
	assert(name->len < MSI_NAME_CHARS_MAX && name->units[name->len] == 0);
}

/* A proof lies at the end of its datagram, and nobody makes one by chance. */
static void check_proof(const struct msi_packet *p, const struct security *s, const uint8_t *data, size_t size)
{
	uint8_t digest[SECURITY_HASH_BYTES] = { 0 };

	assert(p->proof.packet == data);
	assert(p->proof.len == 0 || p->proof.bytes + p->proof.len == data + size);
	assert(p->proof.len == 0 || p->proof.bytes == data + p->proof.covered_len);
	assert(!proof_of_request_holds(&p->proof, s, digest));
	assert(!proof_of_answer_holds(&p->proof, s, digest));
}

static void prove(uint8_t *packet, size_t len, const struct security *s)
{
	static const uint8_t nonce[PROOF_NONCE_BYTES];
	struct writer w = { packet, packet + len, packet + DATAGRAM_MAX, false };
	static struct msi_packet p;
	uint8_t digest[SECURITY_HASH_BYTES] = { 1 };
	bool request = packet[0] == MSI_OP_REQUEST;

	if (request)
		proof_end_request(&w, s, nonce, digest);
	else
		proof_end_answer(&w, s, digest);
	assert(!w.full && msi_read(packet, writer_len(&w), &p));
	assert(request ? proof_of_request_holds(&p.proof, s, digest) : proof_of_answer_holds(&p.proof, s, digest));
	packet[writer_len(&w) - 1] ^= 1;
	assert(msi_read(packet, writer_len(&w), &p));
	assert(!(request ? proof_of_request_holds(&p.proof, s, digest) : proof_of_answer_holds(&p.proof, s, digest)));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const uint8_t key[24] = "a key that nobody knows";
	struct security s;
	static uint8_t once[DATAGRAM_MAX], twice[DATAGRAM_MAX];
	static struct msi_packet p, again;
	size_t len;

	if (data == NULL || !msi_read(data, size, &p))
		return 0;
	security_init_hash(&s, key, sizeof(key), SECURITY_HMAC_A);
	check_proof(&p, &s, data, size);
	if (p.kind == MSI_REQUEST) {
		check_name(&p.request.name_space);
		check_name(&p.request.content);
	}
	if (p.missing != 0)
		return 0;
	len = rewrite(&p, once);
	assert(msi_read(once, len, &again) && again.kind == p.kind && again.missing == 0);
	assert(rewrite(&again, twice) == len && memcmp(once, twice, len) == 0);
	prove(once, len, &s);
	return 0;
}
