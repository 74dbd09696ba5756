/* Any text as the SPEC of a port: a refusal has one line of why, and what is taken is whole and within its limits. */
#include "port/spec.h"

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[PORT_WHY_BYTES] = "";
	struct spec spec;

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	if (spec_parse(text, &spec, why) != WDSCAST_OK) {
		assert(why[0] != '\0' && strnlen(why, sizeof(why)) < sizeof(why));
	} else {
		assert(strnlen(spec.name, sizeof(spec.name)) < sizeof(spec.name));
		assert(spec.vlan <= 4094 && (spec.mtu == 0 || (spec.mtu >= 576 && spec.mtu <= 9600)));
	}
	free(text);
	return 0;
}
