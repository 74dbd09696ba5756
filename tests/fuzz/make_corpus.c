/* make_corpus DIR: write the seeds of the fuzz targets, DIR/TARGET/NAME, from the writers and the vectors. */
#include "net/rig.h"
#include "security/keys.h"
#include "wire/ma_vectors.h"
#include "wire/msi_vectors.h"
#include "wire/mt_samples.h"
#include "wire/mt_vectors.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

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

static void save_msi(void)
{
	make_directory("msi");
	SAVE("msi", msi_request_example);
	SAVE("msi", msi_reply_example);
	SAVE("msi", msi_error_example);
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

/* What fuzz_net reads: for each frame a control byte, its length, and itself. */
static void write_frame(struct writer *w, const struct rig_frame *f)
{
	writer_u8(w, 0x01);
	writer_be16(w, (uint16_t)f->len);
	writer_bytes(w, f->bytes, f->len);
}

/* Each frame alone, and all of them in a row. */
static void save_net(void)
{
	static struct rig_frame seeds[RIG_SEEDS];
	static uint8_t one[sizeof(seeds[0])], all[sizeof(seeds)];
	struct writer row = writer_of(all, sizeof(all));
	char name[16];

	make_directory("net");
	rig_make_seeds(seeds);
	for (int i = 0; i < RIG_SEEDS; i++) {
		struct writer w = writer_of(one, sizeof(one));

		write_frame(&w, &seeds[i]);
		write_frame(&row, &seeds[i]);
		snprintf(name, sizeof(name), "%d", i);
		save("net", name, one, writer_len(&w));
	}
	save("net", "all", all, writer_len(&row));
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
	save_net();
	return 0;
}
