/* make_corpus DIR: write the seeds of the fuzz targets, DIR/TARGET/NAME, from the writers and the vectors. */
#include "base/rng.h"
#include "engine/proof.h"
#include "frames.h"
#include "fuzz_net.h"
#include "net/rig.h"
#include "security/keys.h"
#include "wire/ma_vectors.h"
#include "wire/msi_vectors.h"
#include "wire/mt_samples.h"
#include "wire/mt_vectors.h"

#include <errno.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define STORMS 16

static const char *root;

static void fail(const char *path)
{
	perror(path);
	exit(EXIT_FAILURE);
}

static void make_directory(const char *target)
{
	char path[4096];

	snprintf(path, sizeof(path), "%s/%s", root, target);
	if (mkdir(path, 0777) != 0 && errno != EEXIST)
		fail(path);
}

static void save(const char *target, const char *name, const void *bytes, size_t len)
{
	char path[4096];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s/%s", root, target, name);
	file = fopen(path, "wb");
	if (file == NULL || fwrite(bytes, 1, len, file) != len || fclose(file) != 0)
		fail(path);
}
#define SAVE(target, vector) save(target, #vector, vector, sizeof(vector))

static void save_samples(const struct mt_head *head, const char *suffix)
{
	uint8_t bytes[MT_SAMPLE_BYTES_MAX];
	char name[64];

	for (size_t i = 0; i < mt_samples_count; i++) {
		struct writer w = writer_of(bytes, sizeof(bytes));

		mt_samples[i].write(&w, head);
		snprintf(name, sizeof(name), "%s_%s", mt_samples[i].name, suffix);
		save("mt", name, bytes, writer_len(&w));
	}
}

static void save_mt(void)
{
	make_directory("mt");
	save_samples(&(struct mt_head){ MT_SECHDR_NONE, 0, 1, 2 }, "none");
	save_samples(&(struct mt_head){ MT_SECHDR_CHECKSUM, 4, 1, 2 }, "checksum");
	SAVE("mt", v1_leave);
	SAVE("mt", v1_leave_counted);
	SAVE("mt", v2_qcc);
	SAVE("mt", v3_qcc_a);
	SAVE("mt", v3_qcc_b);
	SAVE("mt", v4_join);
	SAVE("mt", v5_odata);
	SAVE("mt", v6_nack);
}

static void save_ma(void)
{
	make_directory("ma");
	SAVE("ma", ma_srvcir_example);
	SAVE("ma", ma_cntcir_all_missing);
	SAVE("ma", ma_cntcir_two_ranges);
	SAVE("ma", ma_data_first);
	SAVE("ma", ma_data_last);
	SAVE("ma", ma_data_short);
	SAVE("ma", ma_progress_example);
}

/* With a key's proof at the end. */
static void save_proven(void)
{
	static const uint8_t key[24] = "the key of a lab", nonce[PROOF_NONCE_BYTES];
	uint8_t bytes[512], digest[SECURITY_HASH_BYTES];
	struct writer w = writer_of(bytes, sizeof(bytes));
	struct security s;

	security_init_hash(&s, key, sizeof(key), SECURITY_HMAC_A);
	writer_bytes(&w, msi_request_example, sizeof(msi_request_example));
	proof_end_request(&w, &s, nonce, digest);
	save("msi", "proven_request", bytes, writer_len(&w));
	w = writer_of(bytes, sizeof(bytes));
	writer_bytes(&w, msi_reply_example, sizeof(msi_reply_example));
	proof_end_answer(&w, &s, digest);
	save("msi", "proven_reply", bytes, writer_len(&w));
}

static void save_msi(void)
{
	make_directory("msi");
	SAVE("msi", msi_request_example);
	SAVE("msi", msi_reply_example);
	SAVE("msi", msi_error_example);
	save_proven();
}

static void save_text(const char *target, const char *name, const char *text)
{
	save(target, name, text, strlen(text));
}

/* Key files. */
static void save_pem(void)
{
	EVP_PKEY *rsa = EVP_RSA_gen(1024);
	BIO *private = BIO_new(BIO_s_mem()), *public = BIO_new(BIO_s_mem());
	char *text;
	long len;

	PEM_write_bio_PrivateKey(private, rsa, NULL, NULL, 0, NULL, NULL);
	PEM_write_bio_PUBKEY(public, rsa);
	len = BIO_get_mem_data(private, &text);
	save("keys", "private.pem", text, (size_t)len);
	len = BIO_get_mem_data(public, &text);
	save("keys", "public.pem", text, (size_t)len);
	BIO_free(private);
	BIO_free(public);
	EVP_PKEY_free(rsa);
	save_text("keys", "digits", "2f15f82ae0683ef79e6d62a70bdc519d 2a3246e0fdb354e9\n");
}

static void save_texts(void)
{
	make_directory("url");
	save_text("url", "plain", "wds://10.0.0.1/images/disk.img");
	save_text("url", "port", "wds://[fd00::1]:5042/images/a/b.img");
	save_text("url", "encoded", "wds://server/WDS%3adefault%2finstall.wim%2F1/install.wim");
	make_directory("conf");
	save_text("conf", "all", "# a lab\nport = kernel:eth0\nip=10.0.0.2/24\ngateway = 10.0.0.1\ncores = 2,4-6\n"
	                         "poll = busy\nmemory = 2G\ninitiate_timeout = 10\ninactivity_timeout=20 # s\nstall_timeout = 60\n");
	save_text("conf", "ip6", "ip = fd00::2/64\ngateway = fe80::1\n");
	make_directory("journal");
	save_text("journal", "ranges",
	          "{\"journal\":1,\"id\":\"00112233445566778899aabbccddeeff\",\"inode\":7,\"server\":\"s\",\"namespace\":\"n\","
	          "\"object\":\"o\",\"size\":1000000,\"block_bytes\":1385,\"session\":9,\"stamp\":\"0123\"}\n"
	          "+ 0 1385\n+ 2770 500000\n!\n+ 1385 2770\n");
	save_text("conf", "key", "key = /nowhere\nverify_key = /nowhere\n");
}

/* Choices for a storm over an engine: nobody writes these, so chance does. */
static void save_storms(const char *target, uint64_t seed)
{
	static uint8_t choices[4096];
	struct rng rng = { seed };
	char name[16];

	make_directory(target);
	for (unsigned i = 0; i < STORMS; i++) {
		for (size_t k = 0; k < sizeof(choices); k++)
			choices[k] = (uint8_t)rng_next(&rng);
		snprintf(name, sizeof(name), "%u", i);
		save(target, name, choices, sizeof(choices) >> i % 4);
	}
}

/* Keys of a form that is right; that of 1024 bits has an odd modulus, as RSA wants. */
static void save_keys(void)
{
	uint8_t bytes[256], material[128];
	struct writer w = writer_of(bytes, sizeof(bytes));

	make_directory("keys");
	memset(material, 0xc5, sizeof(material));
	key_write_plaintext(&w, &(struct key_plaintext){ KEY_ALG_3DES, 24, material });
	save("keys", "plaintext", bytes, writer_len(&w));
	w = writer_of(bytes, sizeof(bytes));
	key_write_public(&w, &(struct key_public){ KEY_ALG_RSA_SIGN, 65537, sizeof(material), material });
	save("keys", "public", bytes, writer_len(&w));
}

/* A frame of fuzz_net, tagged where the machine wants that. */
static void write_frame(struct writer *w, unsigned machine, const struct rig_frame *f)
{
	static const uint8_t tag[4] = { 0x81, 0, 0, FUZZ_NET_VLAN };
	static struct rig_frame tagged;

	if ((machine & FUZZ_NET_TAGGED) == 0) {
		frames_write(w, FRAME_REPAIR, f->bytes, f->len);
		return;
	}
	memcpy(tagged.bytes, f->bytes, 12);
	memcpy(tagged.bytes + 12, tag, sizeof(tag));
	memcpy(tagged.bytes + 16, f->bytes + 12, f->len - 12);
	frames_write(w, FRAME_REPAIR, tagged.bytes, f->len + sizeof(tag));
}

static void choose_machine(struct writer *w, unsigned machine)
{
	writer_u8(w, (uint8_t)machine);
	writer_u8(w, FUZZ_NET_LATER);
}

/* Each frame alone, and all of them in a row to each kind of machine. */
static void save_net(void)
{
	static const unsigned machines[] = { FUZZ_NET_IP6, FUZZ_NET_IP6 | FUZZ_NET_KERNEL, FUZZ_NET_IP6 | FUZZ_NET_TAGGED,
		                             FUZZ_NET_IP6 | FUZZ_NET_NO_IP4, FUZZ_NET_IP6 | 1 /* MTU 9000 */, 0 };
	static struct rig_frame seeds[RIG_SEEDS];
	static uint8_t bytes[2 * sizeof(seeds)];
	struct writer w;
	char name[16];

	make_directory("net");
	rig_make_seeds(seeds);
	for (int i = 0; i < RIG_SEEDS; i++) {
		w = writer_of(bytes, sizeof(bytes));
		choose_machine(&w, FUZZ_NET_IP6);
		write_frame(&w, FUZZ_NET_IP6, &seeds[i]);
		snprintf(name, sizeof(name), "%d", i);
		save("net", name, bytes, writer_len(&w));
	}
	for (size_t m = 0; m < sizeof(machines) / sizeof(machines[0]); m++) {
		w = writer_of(bytes, sizeof(bytes));
		choose_machine(&w, machines[m]);
		for (int i = 0; i < RIG_SEEDS; i++)
			write_frame(&w, machines[m], &seeds[i]);
		snprintf(name, sizeof(name), "all-%02x", machines[m]);
		save("net", name, bytes, writer_len(&w));
	}
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_corpus DIR\n");
		return 2;
	}
	root = argv[1];
	make_directory("");
	save_mt();
	save_ma();
	save_msi();
	save_keys();
	save_pem();
	save_net();
	save_texts();
	save_storms("client", 1);
	save_storms("server", 2);
	return 0;
}
