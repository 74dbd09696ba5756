/* make_corpus DIR: seeds from the writers and the vectors, and texts. */
#include "corpus.h"
#include "engine/proof.h"
#include "frames.h"
#include "fuzz_net.h"
#include "net/rig.h"
#include "security/keys.h"
#include "wire/ma_vectors.h"
#include "wire/msi_vectors.h"
#include "wire/mt_samples.h"
#include "wire/mt_vectors.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <stdio.h>
#include <stdlib.h>

#define SAVE(target, vector) corpus_save(target, #vector, vector, sizeof(vector))

static void save_samples(const struct mt_head *head, const char *suffix)
{
	uint8_t bytes[MT_SAMPLE_BYTES_MAX];
	char name[64];

	for (size_t i = 0; i < mt_samples_count; i++) {
		struct writer w = writer_of(bytes, sizeof(bytes));

		mt_samples[i].write(&w, head);
		snprintf(name, sizeof(name), "%s_%s", mt_samples[i].name, suffix);
		corpus_save("mt", name, bytes, writer_len(&w));
	}
}

static void save_mt(void)
{
	corpus_target("mt");
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
	corpus_target("ma");
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
	corpus_save("msi", "proven_request", bytes, writer_len(&w));
	w = writer_of(bytes, sizeof(bytes));
	writer_bytes(&w, msi_reply_example, sizeof(msi_reply_example));
	proof_end_answer(&w, &s, digest);
	corpus_save("msi", "proven_reply", bytes, writer_len(&w));
}

static void save_msi(void)
{
	corpus_target("msi");
	SAVE("msi", msi_request_example);
	SAVE("msi", msi_reply_example);
	SAVE("msi", msi_error_example);
	save_proven();
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
	corpus_save("keys", "private.pem", text, (size_t)len);
	len = BIO_get_mem_data(public, &text);
	corpus_save("keys", "public.pem", text, (size_t)len);
	BIO_free(private);
	BIO_free(public);
	EVP_PKEY_free(rsa);
	corpus_text("keys", "digits", "2f15f82ae0683ef79e6d62a70bdc519d 2a3246e0fdb354e9\n");
}

/* Keys of a form that is right; that of 1024 bits has an odd modulus, as RSA wants. */
static void save_keys(void)
{
	uint8_t bytes[256], material[128];
	struct writer w = writer_of(bytes, sizeof(bytes));

	corpus_target("keys");
	memset(material, 0xc5, sizeof(material));
	key_write_plaintext(&w, &(struct key_plaintext){ KEY_ALG_3DES, 24, material });
	corpus_save("keys", "plaintext", bytes, writer_len(&w));
	w = writer_of(bytes, sizeof(bytes));
	key_write_public(&w, &(struct key_public){ KEY_ALG_RSA_SIGN, 65537, sizeof(material), material });
	corpus_save("keys", "public", bytes, writer_len(&w));
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

	corpus_target("net");
	rig_make_seeds(seeds);
	for (int i = 0; i < RIG_SEEDS; i++) {
		w = writer_of(bytes, sizeof(bytes));
		choose_machine(&w, FUZZ_NET_IP6);
		write_frame(&w, FUZZ_NET_IP6, &seeds[i]);
		snprintf(name, sizeof(name), "%d", i);
		corpus_save("net", name, bytes, writer_len(&w));
	}
	for (size_t m = 0; m < sizeof(machines) / sizeof(machines[0]); m++) {
		w = writer_of(bytes, sizeof(bytes));
		choose_machine(&w, machines[m]);
		for (int i = 0; i < RIG_SEEDS; i++)
			write_frame(&w, machines[m], &seeds[i]);
		snprintf(name, sizeof(name), "all-%02x", machines[m]);
		corpus_save("net", name, bytes, writer_len(&w));
	}
}

/* The same frames for who has to tell ours from the kernel's. */
static void save_exception(void)
{
	static struct rig_frame seeds[RIG_SEEDS];
	static uint8_t bytes[2 * sizeof(seeds)];
	struct writer w = writer_of(bytes, sizeof(bytes));

	corpus_target("exception");
	rig_make_seeds(seeds);
	for (int i = 0; i < RIG_SEEDS; i++)
		write_frame(&w, 0, &seeds[i]);
	corpus_save("exception", "all", bytes, writer_len(&w));
}

/* A file of libpcap's: little endian, Ethernet. */
static void save_capture(void)
{
	static struct rig_frame seeds[RIG_SEEDS];
	static uint8_t bytes[2 * sizeof(seeds)];
	static const uint32_t head[6] = { 0xa1b2c3d4, 2 | 4 << 16, 0, 0, 65535, 1 };
	struct writer w = writer_of(bytes, sizeof(bytes));

	corpus_target("capture");
	writer_bytes(&w, head, sizeof(head));
	rig_make_seeds(seeds);
	for (uint32_t i = 0; i < RIG_SEEDS; i++) {
		const uint32_t record[4] = { i, 0, seeds[i].len, seeds[i].len };

		writer_bytes(&w, record, sizeof(record));
		writer_bytes(&w, seeds[i].bytes, seeds[i].len);
	}
	corpus_save("capture", "all", bytes, writer_len(&w));
}

int main(int argc, char **argv)
{
	if (argc != 2) {
		fprintf(stderr, "usage: make_corpus DIR\n");
		return 2;
	}
	corpus_init(argv[1]);
	save_mt();
	save_ma();
	save_msi();
	save_keys();
	save_pem();
	save_net();
	save_exception();
	save_capture();
	corpus_texts();
	return 0;
}
