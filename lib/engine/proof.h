/*
 * Initiation over UDP that is proven: our own extension of MS-WDSMSI, doc/security.md. Where both sides have
 * the lab's key, a request and its answer each end in a proof, and what follows is in mode HASH or SIGN.
 *
 *   request   a nonce, then the client's proof of name, nonce and all before it
 *   answer    the server's proof of name, digest of the request and all before it
 *
 * So nobody without the key can ask, and nobody can answer in the server's place, nor with what the server
 * once answered to another request.
 */
#ifndef WDSCAST_ENGINE_PROOF_H
#define WDSCAST_ENGINE_PROOF_H

#include "security/security.h"
#include "wire/msi.h"

#define PROOF_NONCE_BYTES 16

/* Is initiation proven in a session whose clients have this mode? */
static inline bool proof_is_due(const struct security *client)
{
	return client->mode == SECURITY_HASH;
}

/* Ends a request or an answer that was written; digest: of the request as it is now on the wire. */
void proof_end_request(struct writer *w, const struct security *client, const uint8_t nonce[PROOF_NONCE_BYTES],
                       uint8_t digest[SECURITY_HASH_BYTES]);
void proof_end_answer(struct writer *w, const struct security *server, const uint8_t digest[SECURITY_HASH_BYTES]);

/* Does it hold? digest: of the request, on true. */
bool proof_of_request_holds(const struct msi_proof *p, const struct security *client,
                            uint8_t digest[SECURITY_HASH_BYTES]);
bool proof_of_answer_holds(const struct msi_proof *p, const struct security *server,
                           const uint8_t digest[SECURITY_HASH_BYTES]);

#endif
