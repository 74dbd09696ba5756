#include "security/security.h"

#include "security/parts.h"

#include <assert.h>
#include <openssl/crypto.h>

void security_init_none(struct security *s)
{
	*s = (struct security){ .mode = SECURITY_NONE };
}

void security_init_checksum(struct security *s)
{
	*s = (struct security){ .mode = SECURITY_CHECKSUM };
}

void security_fini(struct security *s)
{
	sign_fini(s);
	OPENSSL_cleanse(s, sizeof(*s));
}

/* The modes and the header types have the same numbers (5.1 of the sheet). */
static_assert((int)SECURITY_NONE == MT_SECHDR_NONE && (int)SECURITY_HASH == MT_SECHDR_HASH &&
                      (int)SECURITY_SIGN == MT_SECHDR_SIGN && (int)SECURITY_CHECKSUM == MT_SECHDR_CHECKSUM,
              "5.1");

bool security_pair_is_allowed(enum security_mode server, enum security_mode client)
{
	return server == SECURITY_SIGN ? client == SECURITY_HASH : server == client;
}

static uint32_t sum_pieces(const struct security_pieces *p, size_t covered_from)
{
	uint32_t sum = security_sum(p->head + covered_from, p->head_len - covered_from);

	sum += p->has_body_sum ? p->body_sum : security_sum(p->body, p->body_len);
	return sum + security_sum(p->tail, p->tail_len);
}

static void seal_sum(uint32_t sum, uint8_t *data)
{
	*(be32 *)data = be32_of(~sum); /* 2.2.2.3 */
}

/* HASH and SIGN. */
static void seal_spans(const struct security *s, const struct span *v, unsigned n, uint8_t *data)
{
	if (s->mode == SECURITY_HASH)
		hash_make(s, v, n, data);
	else if (s->mode == SECURITY_SIGN)
		sign_make(s, v, n, data);
}

void seal_covered(const struct security *s, const struct span *covered, uint8_t *data)
{
	if (s->mode == SECURITY_CHECKSUM)
		seal_sum(security_sum(covered->at, covered->len), data);
	else
		seal_spans(s, covered, 1, data);
}

void security_seal(const struct security *s, const struct security_pieces *p)
{
	size_t from =
	        MT_SECURITY_HEADER_BYTES + (size_t)security_data_len(s); /* where the Session Header is */
	uint8_t *data = p->head + MT_SECURITY_HEADER_BYTES;
	struct span spans[] = { { p->head + from, p->head_len - from },
		                { p->body, p->body_len },
		                { p->tail, p->tail_len } };

	assert(p->head_len >= from);
	if (s->mode == SECURITY_CHECKSUM)
		seal_sum(sum_pieces(p, from), data);
	else
		seal_spans(s, spans, 3, data);
}

void security_seal_packet(const struct security *s, uint8_t *packet, size_t len)
{
	security_seal(s, &(struct security_pieces){ .head = packet, .head_len = len });
}

static bool hash_agrees(const struct security *s, const struct span *v, unsigned n, const uint8_t *received)
{
	uint8_t hash[SECURITY_HASH_BYTES];

	hash_make(s, v, n, hash);
	return CRYPTO_memcmp(hash, received, sizeof(hash)) == 0;
}

static bool covered_agrees(const struct security *s, const struct mt_packet *p)
{
	struct span covered = { p->covered, p->covered_len };

	switch (s->mode) {
	case SECURITY_CHECKSUM:
		return security_sum_agrees(&p->security, security_sum(covered.at, covered.len));
	case SECURITY_HASH:
		return hash_agrees(s, &covered, 1, p->security.data);
	case SECURITY_SIGN:
		return sign_verify(s, &covered, 1, p->security.data);
	case SECURITY_NONE:
		return true;
	}
	return false;
}

enum security_verdict security_verify(const struct security *s, const struct mt_packet *p)
{
	if (security_check_header(s, &p->security) != SECURITY_OK)
		return SECURITY_WRONG_TYPE;
	return covered_agrees(s, p) ? SECURITY_OK : SECURITY_BAD;
}

#define CLAIM_SPANS 3

static void spans_of_claim(const struct security_claim *c, struct span spans[CLAIM_SPANS])
{
	spans[0] = (struct span){ (const uint8_t *)c->name, SECURITY_NAME_BYTES };
	spans[1] = (struct span){ c->digest, c->digest == NULL ? 0 : SECURITY_HASH_BYTES };
	spans[2] = (struct span){ c->bytes, c->len };
}

void security_prove(const struct security *s, const struct security_claim *c, uint8_t *proof)
{
	struct span spans[CLAIM_SPANS];

	spans_of_claim(c, spans);
	seal_spans(s, spans, CLAIM_SPANS, proof);
}

bool security_proves(const struct security *s, const struct security_claim *c, const uint8_t *proof)
{
	struct span spans[CLAIM_SPANS];

	spans_of_claim(c, spans);
	if (s->mode == SECURITY_HASH)
		return hash_agrees(s, spans, CLAIM_SPANS, proof);
	return s->mode == SECURITY_SIGN && sign_verify(s, spans, CLAIM_SPANS, proof);
}
