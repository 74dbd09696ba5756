/* One written packet of each kind and shape, for tests that want them all. */
#ifndef WDSCAST_TESTS_WIRE_MT_SAMPLES_H
#define WDSCAST_TESTS_WIRE_MT_SAMPLES_H

#include "wire/mt.h"

struct mt_sample {
	const char *name;
	uint8_t opcode;
	void (*write)(struct writer *w, const struct mt_head *h);
	size_t options_bytes; /* of the packet's end, OptionsCount included */
};

#define MT_SAMPLE_BYTES_MAX 4096

extern const struct mt_sample mt_samples[];
extern const size_t mt_samples_count;

#endif
