#include "security/security_burst.h"

#include "security/parts.h"

#include <assert.h>
#include <intel-ipsec-mb.h>
#include <openssl/crypto.h>
#include <stdlib.h>

#define BURST 64 /* packets handed to the library at a time */

static_assert(BURST <= IMB_MAX_BURST_SIZE, "the library's limit");

struct security_burst {
	IMB_MGR *manager;
	IMB_JOB jobs[BURST];
	uint8_t hashes[BURST][SECURITY_HASH_BYTES];
};

/*
 * Left to itself the library takes the widest vectors: with AVX2, eight streams side by side, but each without
 * the processor's SHA instructions. Its SSE code has two streams that share those, which is more than twice as
 * fast (bench/security, doc/security.md). With AVX-512 it is left alone.
 */
static void choose_code(IMB_MGR *m)
{
	const uint64_t sha = IMB_FEATURE_SHANI, wide = IMB_FEATURE_AVX512F | IMB_FEATURE_AVX512BW;

	if ((m->features & sha) != 0 && (m->features & wide) == 0)
		init_mb_mgr_sse(m);
	else
		init_mb_mgr_auto(m, NULL);
}

struct security_burst *security_burst_new(void)
{
	struct security_burst *b = calloc(1, sizeof(*b));

	if (b == NULL)
		return NULL;
	b->manager = alloc_mb_mgr(0);
	if (b->manager != NULL)
		choose_code(b->manager);
	if (b->manager == NULL || imb_get_errno(b->manager) != 0) {
		security_burst_free(b);
		return NULL;
	}
	return b;
}

void security_burst_free(struct security_burst *b)
{
	if (b == NULL)
		return;
	if (b->manager != NULL)
		free_mb_mgr(b->manager);
	OPENSSL_cleanse(b, sizeof(*b));
	free(b);
}

static void add_job(struct security_burst *b, unsigned i, const struct security *s, const uint8_t *covered,
                    size_t len)
{
	IMB_JOB *job = &b->jobs[i];

	job->src = covered;
	job->hash_start_src_offset_in_bytes = 0;
	job->msg_len_to_hash_in_bytes = len;
	job->auth_tag_output = b->hashes[i];
	job->auth_tag_output_len_in_bytes = SECURITY_HASH_BYTES;
	job->u.HMAC._hashed_auth_key_xor_ipad = (const uint8_t *)s->hmac_inner;
	job->u.HMAC._hashed_auth_key_xor_opad = (const uint8_t *)s->hmac_outer;
}

/* Computes b->hashes[0..n-1]. False when the library refuses: then all are to be done one by one. */
static bool run_jobs(struct security_burst *b, unsigned n)
{
	return IMB_SUBMIT_HASH_BURST(b->manager, b->jobs, n, IMB_AUTH_HMAC_SHA_256) == n;
}

static void verify_one_by_one(const struct security *s, const struct mt_packet *const *packets,
                              enum security_verdict *verdicts, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		verdicts[i] = security_verify(s, packets[i]);
}

/* Packets with another header than the mode's are judged at once; `at` tells which packet a job is for. */
static void verify_chunk(struct security_burst *b, const struct security *s,
                         const struct mt_packet *const *packets, enum security_verdict *verdicts, unsigned n)
{
	unsigned at[BURST], jobs = 0;

	for (unsigned i = 0; i < n; i++) {
		verdicts[i] = security_check_header(s, &packets[i]->security);
		if (verdicts[i] != SECURITY_OK)
			continue;
		add_job(b, jobs, s, packets[i]->covered, packets[i]->covered_len);
		at[jobs++] = i;
	}
	if (jobs > 0 && !run_jobs(b, jobs)) {
		verify_one_by_one(s, packets, verdicts, n);
		return;
	}
	for (unsigned j = 0; j < jobs; j++)
		if (CRYPTO_memcmp(b->hashes[j], packets[at[j]]->security.data, SECURITY_HASH_BYTES) != 0)
			verdicts[at[j]] = SECURITY_BAD;
}

void security_verify_burst(struct security_burst *b, const struct security *s,
                           const struct mt_packet *const *packets, enum security_verdict *verdicts,
                           unsigned n)
{
	if (!security_is_side_by_side(s)) {
		verify_one_by_one(s, packets, verdicts, n);
		return;
	}
	for (unsigned i = 0; i < n; i += BURST)
		verify_chunk(b, s, packets + i, verdicts + i, n - i < BURST ? n - i : BURST);
}

static void seal_one_by_one(const struct security *s, const struct security_sealing *v, unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		seal_covered(s, &(struct span){ v[i].covered, v[i].len }, v[i].data);
}

static void seal_chunk(struct security_burst *b, const struct security *s, const struct security_sealing *v,
                       unsigned n)
{
	for (unsigned i = 0; i < n; i++)
		add_job(b, i, s, v[i].covered, v[i].len);
	if (!run_jobs(b, n)) {
		seal_one_by_one(s, v, n);
		return;
	}
	for (unsigned i = 0; i < n; i++)
		memcpy(v[i].data, b->hashes[i], SECURITY_HASH_BYTES);
}

void security_seal_burst(struct security_burst *b, const struct security *s, const struct security_sealing *v,
                         unsigned n)
{
	if (!security_is_side_by_side(s)) {
		seal_one_by_one(s, v, n);
		return;
	}
	for (unsigned i = 0; i < n; i += BURST)
		seal_chunk(b, s, v + i, n - i < BURST ? n - i : BURST);
}
