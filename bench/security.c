/*
 * What each security mode costs a core. Packets lie in memory, more than the caches hold. Receiving: verify
 * and copy to a slot, as a worker does; sending: seal. Time is the processor's, of this thread. All modes
 * take turns within each run, so what else the machine does to caches and clock hits all; a ratio is to
 * CHECKSUM of the same run.
 */
#include <getopt.h>
#include <jansson.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "host/host.h"
#include "security/security_burst.h"
#include "stats.h"
#include "wire/ma.h"

#define MEMORY_BYTES (64u << 20) /* of packets, and of slots */
#define BURST 32                 /* as a worker receives */
#define SLICE_NS (10 * NS_PER_MS)
#define RSA_BITS 2048
#define PACKET_BYTES 10240
#define STAGED 16 /* packets at most, as a server gathers: lib/run/serve_hash.c */
#define STAGE_BYTES (128u << 10)

enum how { RECEIVE, RECEIVE_BURST, SEND, SEND_BURST, SEND_GATHERED };

struct bench_case {
	const char *name;
	enum security_mode mode;
	enum how how;
};

/* CHECKSUM first: the others are told against it. */
static const struct bench_case cases[] = {
	{ "receive CHECKSUM", SECURITY_CHECKSUM, RECEIVE },
	{ "receive NONE", SECURITY_NONE, RECEIVE },
	{ "receive HASH", SECURITY_HASH, RECEIVE },
	{ "receive HASH, multi-buffer", SECURITY_HASH, RECEIVE_BURST },
	{ "receive SIGN", SECURITY_SIGN, RECEIVE },
	{ "send CHECKSUM", SECURITY_CHECKSUM, SEND },
	{ "send HASH", SECURITY_HASH, SEND },
	{ "send HASH, multi-buffer", SECURITY_HASH, SEND_BURST },
	{ "send HASH, gathered", SECURITY_HASH, SEND_GATHERED },
	{ "send SIGN", SECURITY_SIGN, SEND },
};
enum { CASES = sizeof(cases) / sizeof(cases[0]), MODES = 4, CHECKSUM_RECEIVE = 0, CHECKSUM_SEND = 5 };
static const uint32_t block_sizes[] = { 1385, 8785 };

struct figures {
	struct stats gbps, ratio;
};

/* Packets of one mode, one after the other, and where they are. */
struct packets {
	struct security seal, verify;
	uint8_t *bytes;
	uint32_t count, len, head_len, next;
};

static struct packets packets[MODES];
static uint8_t *slots;
static uint8_t heads[STAGED][PACKET_BYTES], stage[STAGE_BYTES];
static struct security_burst *burst;
static uint32_t block_bytes;

static void fail(const char *what)
{
	fprintf(stderr, "security: %s\n", what);
	exit(EXIT_FAILURE);
}

static void make_rsa(struct security *seal, struct security *verify)
{
	EVP_PKEY *rsa = EVP_RSA_gen(RSA_BITS);
	BIO *bio = BIO_new(BIO_s_mem());
	uint8_t blob[1024];
	struct writer w = writer_of(blob, sizeof(blob));
	char *pem;
	long len;

	PEM_write_bio_PrivateKey(bio, rsa, NULL, NULL, 0, NULL, NULL);
	len = BIO_get_mem_data(bio, &pem);
	if (!security_init_sign_private(seal, pem, (size_t)len) || !security_write_sign_key(seal, &w) ||
	    !security_init_sign_public(verify, blob, writer_len(&w)))
		fail("no RSA key");
	BIO_free(bio);
	EVP_PKEY_free(rsa);
}

static void make_security(enum security_mode mode, struct packets *p)
{
	static const uint8_t key[32] = "a key of thirty-two bytes, yes";

	switch (mode) {
	case SECURITY_NONE: security_init_none(&p->seal); break;
	case SECURITY_CHECKSUM: security_init_checksum(&p->seal); break;
	case SECURITY_HASH: security_init_hash(&p->seal, key, sizeof(key), SECURITY_HMAC_A); break;
	case SECURITY_SIGN: make_rsa(&p->seal, &p->verify); return;
	}
	p->verify = p->seal;
}

/* An ODATA with a DATA of block_bytes, not sealed. */
static uint32_t write_packet(const struct security *s, uint8_t *to)
{
	static uint8_t block[PACKET_BYTES];
	struct mt_head head = { security_header_type(s), security_data_len(s), 77, 1 };
	struct mt_data data = { .client_id = 1, .odata_seq_no = 1, .data_len = (uint16_t)(MA_DATA_FIELDS_BYTES + block_bytes) };
	struct writer w = writer_of(to, PACKET_BYTES);

	for (uint32_t i = 0; i < block_bytes; i++)
		block[i] = (uint8_t)(i * 7 + i / 251);
	mt_write_data_head(&w, &head, MT_ODATA, &data);
	ma_write_data_head(&w, &(struct ma_data){ .block_no = 1, .data_len = (uint16_t)block_bytes });
	writer_bytes(&w, block, block_bytes);
	mt_write_options(&w, &(struct mt_options){ 0 });
	if (w.full)
		fail("a packet that is too large");
	return (uint32_t)writer_len(&w);
}

static void make_packets(enum security_mode mode)
{
	struct packets *p = &packets[mode];
	uint8_t packet[PACKET_BYTES];

	p->len = write_packet(&p->seal, packet);
	security_seal_packet(&p->seal, packet, p->len);
	p->count = MEMORY_BYTES / p->len / BURST * BURST;
	p->next = 0;
	p->head_len = p->len - block_bytes - MT_OPTIONS_COUNT_BYTES;
	for (uint32_t i = 0; i < p->count; i++)
		memcpy(p->bytes + (size_t)i * p->len, packet, p->len);
}

static void copy(const struct mt_packet *packet, uint32_t slot)
{
	struct ma_data block;

	if (!ma_read_data(packet->data.data, packet->data.data_len, &block))
		fail("no DATA");
	memcpy(slots + (size_t)slot * block_bytes, block.data, block_bytes);
}

static void copy_and_sum(const struct mt_packet *packet, uint32_t slot)
{
	const uint8_t *end = packet->covered + packet->covered_len;
	struct ma_data block;
	uint32_t sum;

	if (!ma_read_data(packet->data.data, packet->data.data_len, &block))
		fail("no DATA");
	sum = security_copy_sum(slots + (size_t)slot * block_bytes, block.data, block_bytes,
	                        (size_t)(block.data - packet->covered), (size_t)(end - block.data) - block_bytes);
	if (!security_sum_agrees(&packet->security, sum))
		fail("a checksum is wrong");
}

static void receive(struct packets *p, enum how how)
{
	struct mt_packet read[BURST];
	const struct mt_packet *v[BURST];
	enum security_verdict verdicts[BURST];

	for (unsigned i = 0; i < BURST; i++) {
		if (mt_read(p->bytes + (size_t)(p->next + i) * p->len, p->len, &read[i]) != MT_READ_OK)
			fail("a packet does not read");
		v[i] = &read[i];
		if (how == RECEIVE && p->seal.mode == SECURITY_CHECKSUM)
			copy_and_sum(v[i], p->next + i);
		else if (how == RECEIVE && security_verify(&p->verify, v[i]) != SECURITY_OK)
			fail("a packet does not verify");
		else if (how == RECEIVE)
			copy(v[i], p->next + i);
	}
	if (how == RECEIVE)
		return;
	security_verify_burst(burst, &p->verify, v, verdicts, BURST);
	for (unsigned i = 0; i < BURST; i++) {
		if (verdicts[i] != SECURITY_OK)
			fail("a packet does not verify");
		copy(v[i], p->next + i);
	}
}

static void seal(struct packets *p, enum how how)
{
	struct security_sealing v[BURST];

	for (unsigned i = 0; i < BURST; i++) {
		uint8_t *packet = p->bytes + (size_t)(p->next + i) * p->len;

		v[i] = security_sealing_of(&p->seal, packet, p->len);
		if (how == SEND)
			security_seal_packet(&p->seal, packet, p->len);
	}
	if (how == SEND_BURST)
		security_seal_burst(burst, &p->seal, v, BURST);
}

/* As in a server, whose packets' heads lie in a queue and their blocks in slots: both are copied to one place. */
static uint32_t seal_gathered(struct packets *p)
{
	struct security_sealing v[STAGED];
	uint32_t n = STAGE_BYTES / p->len < STAGED ? STAGE_BYTES / p->len : STAGED;

	for (unsigned i = 0; i < n; i++) {
		uint8_t *at = stage + (size_t)i * p->len;

		memcpy(at, heads[i], p->head_len);
		memcpy(at + p->head_len, p->bytes + (size_t)(p->next + i) * p->len + p->head_len,
		       p->len - p->head_len);
		v[i] = security_sealing_of(&p->seal, at, p->len);
		v[i].data = heads[i] + MT_SECURITY_HEADER_BYTES;
	}
	security_seal_burst(burst, &p->seal, v, n);
	return n;
}

/* Heads of packets that are not sealed yet, and then: as they are in the packets. */
static void make_heads(const struct packets *p)
{
	for (unsigned i = 0; i < STAGED; i++) {
		memcpy(heads[i], p->bytes, p->head_len);
		memset(heads[i] + MT_SECURITY_HEADER_BYTES, 0, SECURITY_HASH_BYTES);
	}
}

static void check_heads(const struct packets *p)
{
	for (unsigned i = 0; i < STAGED && i < STAGE_BYTES / p->len; i++)
		if (memcmp(heads[i], p->bytes, p->head_len) != 0)
			fail("a hash is wrong");
}

/* How many packets it was. */
static uint32_t work(struct packets *p, enum how how)
{
	if (how == SEND_GATHERED)
		return seal_gathered(p);
	if (how == SEND || how == SEND_BURST)
		seal(p, how);
	else
		receive(p, how);
	return BURST;
}

/* Of this thread on a core, whoever else had it. */
static ns_t core_time(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return (ns_t)t.tv_sec * NS_PER_S + (ns_t)t.tv_nsec;
}

/* Gb/s of content in some milliseconds. */
static double slice(const struct bench_case *c)
{
	struct packets *p = &packets[c->mode];
	ns_t began = core_time(), now;
	uint64_t done = 0;
	uint32_t n;

	do {
		n = work(p, c->how);
		p->next = p->next + n + BURST <= p->count ? p->next + n : 0;
		done += n;
		now = core_time();
	} while (now - began < SLICE_NS);
	return (double)done * block_bytes * 8 / (double)(now - began);
}

static void one_run(struct figures *f)
{
	double gbps[CASES];

	for (unsigned i = 0; i < CASES; i++)
		stats_add(&f[i].gbps, gbps[i] = slice(&cases[i]));
	for (unsigned i = 0; i < CASES; i++)
		stats_add(&f[i].ratio, gbps[i] / gbps[i < CHECKSUM_SEND ? CHECKSUM_RECEIVE : CHECKSUM_SEND]);
}

static void print_json(const struct bench_case *c, struct figures *f)
{
	json_t *o = json_pack("{ss si ss si sf sf sf sf sf sf}", "case", c->name, "block_bytes", (int)block_bytes, "unit",
	                      "Gb/s", "n", (int)f->gbps.n, "min", stats_min(&f->gbps), "median", stats_median(&f->gbps), "max",
	                      stats_max(&f->gbps), "ratio_min", stats_min(&f->ratio), "ratio", stats_median(&f->ratio),
	                      "ratio_max", stats_max(&f->ratio));

	json_dumpf(o, stdout, JSON_COMPACT | JSON_REAL_PRECISION(6));
	putchar('\n');
	json_decref(o);
}

static void print_text(const struct bench_case *c, struct figures *f)
{
	printf("%-27s %6u %4u %8.3f %8.3f %8.3f   %6.4f [%6.4f-%6.4f]\n", c->name, block_bytes, f->gbps.n,
	       stats_min(&f->gbps), stats_median(&f->gbps), stats_max(&f->gbps), stats_median(&f->ratio), stats_min(&f->ratio),
	       stats_max(&f->ratio));
}

static void run_size(uint32_t bytes, unsigned runs, bool json)
{
	static struct figures f[CASES];

	memset(f, 0, sizeof(f));
	block_bytes = bytes;
	for (unsigned mode = 0; mode < MODES; mode++)
		make_packets((enum security_mode)mode);
	make_heads(&packets[SECURITY_HASH]);
	for (unsigned i = 0; i < runs; i++)
		one_run(f);
	check_heads(&packets[SECURITY_HASH]);
	for (unsigned i = 0; i < CASES; i++)
		(json ? print_json : print_text)(&cases[i], &f[i]);
}

static void set_up(void)
{
	for (unsigned mode = 0; mode < MODES; mode++) {
		make_security((enum security_mode)mode, &packets[mode]);
		packets[mode].bytes = host_alloc(MEMORY_BYTES, -1);
		if (packets[mode].bytes == NULL)
			fail("not enough memory");
	}
	slots = host_alloc(MEMORY_BYTES, -1);
	burst = security_burst_new();
	if (slots == NULL || burst == NULL)
		fail("not enough memory");
	memset(slots, 1, MEMORY_BYTES);
}

static void usage(FILE *to)
{
	fputs("usage: security [--json] [--runs N]\n"
	      "What each security mode costs a core: Gb/s of content, and the ratio to CHECKSUM of the same run.\n"
	      "  --runs N  1 to 1000 (default 21), of 10 ms each case\n"
	      "  --json    one JSON object a case\n",
	      to);
}

int main(int argc, char **argv)
{
	static const struct option options[] = { { "json", no_argument, NULL, 'j' }, { "runs", required_argument, NULL, 'r' },
		                                 { "help", no_argument, NULL, 'h' }, { 0 } };
	long runs = 21;
	bool json = false;

	for (int o; (o = getopt_long(argc, argv, "h", options, NULL)) != -1;) {
		char *end = NULL;

		if (o == 'h')
			return usage(stdout), 0;
		if (o == 'r')
			runs = strtol(optarg, &end, 10);
		if (o == '?' || (end != NULL && *end != '\0') || runs < 1 || runs > STATS_RUNS_MAX)
			return usage(stderr), 2;
		json |= o == 'j';
	}
	set_up();
	if (!json)
		puts("case                         block    n     Gb/s: min median     max   ratio [min-max]");
	for (unsigned i = 0; i < sizeof(block_sizes) / sizeof(block_sizes[0]); i++)
		run_size(block_sizes[i], (unsigned)runs, json);
	return 0;
}
