/*
 * The keys of a lab, from files, as the security modes of both directions: none, CHECKSUM and CHECKSUM, as UDP
 * initiation means; a key, HASH and HASH; a key and one for signatures, SIGN by the server and HASH by clients
 * (the pairs of MS-WDSMSI 3.1.5.1). Both programs and the API read them here.
 */
#ifndef WDSCAST_RUN_KEY_FILES_H
#define WDSCAST_RUN_KEY_FILES_H

#include "security/security.h"
#include "wdscast.h"

#define KEY_FILES_WHY_BYTES 256

/* Paths; NULL or "": not given. */
struct key_files {
	const char *key;    /* shared: PLAINTEXTKEYBLOB or hexadecimal digits, readable by its owner alone;
	                     * ",reading=B" after the path: the HMAC is of a packet's digest, not of the packet (E14) */
	const char *sign;   /* of a server: its private RSA key, PEM, readable by its owner alone */
	const char *verify; /* of a client: the server's public RSA key, PEM or PUBLICKEYBLOB */
};

/*
 * WDSCAST_OK, and both are the caller's to security_fini(); else they hold nothing, and `why` has one line:
 * WDSCAST_EINVAL, no such key; WDSCAST_EPERM, others may read it; WDSCAST_EIO, it cannot be read;
 * WDSCAST_ENOMEM.
 */
enum wdscast_err key_files_load(const struct key_files *f, struct security *server, struct security *client,
                                char why[KEY_FILES_WHY_BYTES]);
/* Both of what was loaded. */
void key_files_forget(struct security *server, struct security *client);

#endif
