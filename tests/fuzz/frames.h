/*
 * Frames as the inputs of fuzz_net, fuzz_rx and fuzz_serve have them: a row of a control byte, a length (be16)
 * and so many bytes. Control: bit 0, make right again what chance would never get right; bits 1 to 3, the
 * target's; the high half, time that goes by after it.
 */
#ifndef WDSCAST_TESTS_FUZZ_FRAMES_H
#define WDSCAST_TESTS_FUZZ_FRAMES_H

#include <stdbool.h>

#include "base/bytes.h"

#define FRAME_REPAIR 0x01u
#define FRAME_FLAGS(control) ((control) >> 1 & 7u)
#define FRAME_STEPS(control) ((control) >> 4)

/* The next of the row, in memory of just its size: reads beyond it are seen. To be freed; NULL: there is none. */
uint8_t *frames_next(struct reader *r, uint8_t *control, uint32_t *len);
void frames_write(struct writer *w, uint8_t control, const void *frame, uint32_t len);

/* The UDP payload of a frame that is a whole datagram; NULL: it is none. */
uint8_t *frame_payload(uint8_t *frame, uint32_t len, uint32_t *payload_len);
/* The checksums of IP, IGMP, ICMP and UDP, as far as they are in this frame. */
void frame_repair(uint8_t *frame, uint32_t len);

#endif
