/* Write a packet again from what was read of it, SecurityData too. */
#ifndef WDSCAST_TESTS_WIRE_MT_REWRITE_H
#define WDSCAST_TESTS_WIRE_MT_REWRITE_H

#include "wire/mt.h"

void mt_rewrite(struct writer *w, const struct mt_packet *p);

#endif
