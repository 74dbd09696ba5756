/* Keys of a lab, for tests of security modes end to end. What is made ends with security_fini(). */
#ifndef WDSCAST_TESTS_RUN_ROOM_LAB_KEYS_H
#define WDSCAST_TESTS_RUN_ROOM_LAB_KEYS_H

#include "security/security.h"

extern const uint8_t lab_key[24], lab_other_key[24];

/* SIGN of one of two servers: its private key. */
struct security lab_signing(int which);
/* What a client makes of the public half. */
struct security lab_verifying(int which);
struct security lab_hash(const uint8_t bytes[24]);
struct security lab_hash_reading(const uint8_t bytes[24], enum security_hmac_reading reading);
/* NONE or CHECKSUM. */
struct security lab_plain(enum security_mode mode);
/* Of a mode, with the keys of this lab: as a server has it, and as its clients have it. */
struct security lab_security(enum security_mode mode, bool server);

#endif
