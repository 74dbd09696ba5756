#include "run/key_files.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "host/host.h"
#include "security/keys.h"

#define FILE_BYTES_MAX 8192 /* a PEM of 4096 bits has some 3300 */
#define PATH_BYTES 4096
#define READING ",reading="

static bool is_given(const char *path)
{
	return path != NULL && path[0] != '\0';
}

static enum wdscast_err fail(enum wdscast_err err, const char *path, const char *text, char *why)
{
	snprintf(why, KEY_FILES_WHY_BYTES, "%.120s: %s", path, text);
	return err;
}

static enum wdscast_err read_file(const char *path, bool secret, uint8_t *out, size_t *len, char *why)
{
	switch (host_read_file(path, secret, out, FILE_BYTES_MAX, len)) {
	case HOST_FILE_READ:
		return WDSCAST_OK;
	case HOST_FILE_FAILED:
		return fail(WDSCAST_EIO, path, strerror(errno), why);
	case HOST_FILE_SPECIAL:
		return fail(WDSCAST_EINVAL, path, "is no regular file", why);
	case HOST_FILE_FOREIGN:
		return fail(WDSCAST_EPERM, path, "another user owns it: chown it to root, or to who runs this", why);
	case HOST_FILE_EXPOSED:
		return fail(WDSCAST_EPERM, path, "its group or others may use it: chmod 600 it", why);
	case HOST_FILE_LARGE:
		break;
	}
	return fail(WDSCAST_EINVAL, path, "is too large for a key", why);
}

static enum wdscast_err take_shared(const char *path, const uint8_t *file, size_t len, struct security *out, char *why)
{
	uint8_t key[KEY_PLAINTEXT_BYTES_MAX];
	size_t key_len;
	bool ok = key_read_shared(file, len, key, &key_len) && security_init_hash(out, key, key_len, SECURITY_HMAC_A);

	host_wipe(key, sizeof(key));
	return ok ? WDSCAST_OK
	          : fail(WDSCAST_EINVAL, path, "is neither 16 to 256 bytes in hexadecimal digits nor a PLAINTEXTKEYBLOB", why);
}

static enum wdscast_err take_private(const char *path, const uint8_t *file, size_t len, struct security *out, char *why)
{
	return security_init_sign_private(out, file, len)
	               ? WDSCAST_OK
	               : fail(WDSCAST_EINVAL, path, "is no private RSA key of 1024 to 4096 bits in PEM without a password", why);
}

static enum wdscast_err take_public(const char *path, const uint8_t *file, size_t len, struct security *out, char *why)
{
	return security_init_sign_public(out, file, len) || security_init_sign_public_pem(out, file, len)
	               ? WDSCAST_OK
	               : fail(WDSCAST_EINVAL, path, "is no public RSA key of 1024 to 4096 bits, PEM or PUBLICKEYBLOB", why);
}

/* "FILE", or "FILE,reading=B" */
static enum wdscast_err split_reading(const char *key, char path[PATH_BYTES], enum security_hmac_reading *reading, char *why)
{
	size_t len = strlen(key), suffix = strlen(READING) + 1;

	*reading = SECURITY_HMAC_A;
	if (len > suffix && memcmp(key + len - suffix, READING, suffix - 1) == 0) {
		char name = key[len - 1];

		if (name != 'A' && name != 'B')
			return fail(WDSCAST_EINVAL, key, "the reading is A or B", why);
		*reading = name == 'B' ? SECURITY_HMAC_B : SECURITY_HMAC_A;
		len -= suffix;
	}
	if (len >= PATH_BYTES)
		return fail(WDSCAST_EINVAL, key, "is too long a path", why);
	memcpy(path, key, len);
	path[len] = '\0';
	return WDSCAST_OK;
}

typedef enum wdscast_err key_taker(const char *path, const uint8_t *file, size_t len, struct security *out, char *why);

static enum wdscast_err load(const char *path, bool secret, key_taker *take, struct security *out, char *why)
{
	uint8_t file[FILE_BYTES_MAX];
	size_t len = 0;
	enum wdscast_err err = read_file(path, secret, file, &len, why);

	if (err == WDSCAST_OK)
		err = take(path, file, len, out, why);
	host_wipe(file, sizeof(file));
	return err;
}

enum wdscast_err key_files_load(const struct key_files *f, struct security *server, struct security *client,
                                char why[KEY_FILES_WHY_BYTES])
{
	bool sign = is_given(f->sign), verify = is_given(f->verify);
	enum security_hmac_reading reading;
	char path[PATH_BYTES];
	enum wdscast_err err;

	security_init_checksum(server);
	security_init_checksum(client);
	if (!is_given(f->key)) {
		if (sign || verify)
			return fail(WDSCAST_EINVAL, sign ? f->sign : f->verify,
			            "signatures are for sessions with a shared key: give that too", why);
		return WDSCAST_OK;
	}
	err = split_reading(f->key, path, &reading, why);
	if (err == WDSCAST_OK)
		err = load(path, true, take_shared, client, why);
	if (client->mode == SECURITY_HASH)
		client->reading = reading;
	*server = *client;
	if (err == WDSCAST_OK && sign)
		err = load(f->sign, true, take_private, server, why);
	else if (err == WDSCAST_OK && verify)
		err = load(f->verify, false, take_public, server, why);
	if (err != WDSCAST_OK)
		key_files_forget(server, client);
	return err;
}

void key_files_forget(struct security *server, struct security *client)
{
	security_fini(server); /* of a shared key both have a copy */
	security_fini(client);
}
