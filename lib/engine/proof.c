#include "engine/proof.h"

/* No packet begins like this: as a Session Header it would have OpCode 'a'. */
static const char request_name[SECURITY_NAME_BYTES] = "wdscast request";
static const char answer_name[SECURITY_NAME_BYTES] = "wdscast answer";

void proof_end_request(struct writer *w, const struct security *client, const uint8_t nonce[PROOF_NONCE_BYTES],
                       uint8_t digest[SECURITY_HASH_BYTES])
{
	uint16_t len = security_data_len(client);
	uint8_t *value = msi_append_proof(w, (uint16_t)(PROOF_NONCE_BYTES + len)), *proof;

	if (value == NULL)
		return;
	proof = value + PROOF_NONCE_BYTES;
	memcpy(value, nonce, PROOF_NONCE_BYTES);
	security_prove(client, &(struct security_claim){ request_name, NULL, w->start, (size_t)(proof - w->start) }, proof);
	security_digest(w->start, writer_len(w), digest);
}

/* A signature that cannot be made leaves zeros, which no client accepts. */
void proof_end_answer(struct writer *w, const struct security *server, const uint8_t digest[SECURITY_HASH_BYTES])
{
	uint16_t len = security_data_len(server);
	uint8_t *proof = msi_append_proof(w, len);

	if (proof == NULL)
		return;
	memset(proof, 0, len);
	security_prove(server, &(struct security_claim){ answer_name, digest, w->start, (size_t)(proof - w->start) }, proof);
}

bool proof_of_request_holds(const struct msi_proof *p, const struct security *client,
                            uint8_t digest[SECURITY_HASH_BYTES])
{
	struct security_claim claim = { request_name, NULL, p->packet, p->covered_len + PROOF_NONCE_BYTES };

	if (p->len != PROOF_NONCE_BYTES + security_data_len(client) ||
	    !security_proves(client, &claim, p->bytes + PROOF_NONCE_BYTES))
		return false;
	security_digest(p->packet, p->covered_len + p->len, digest);
	return true;
}

bool proof_of_answer_holds(const struct msi_proof *p, const struct security *server,
                           const uint8_t digest[SECURITY_HASH_BYTES])
{
	struct security_claim claim = { answer_name, digest, p->packet, p->covered_len };

	return p->len == security_data_len(server) && security_proves(server, &claim, p->bytes);
}
