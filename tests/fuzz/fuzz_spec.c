/*
 * Any text as the SPEC of a port, and as a PCI address. What is taken is whole and in its range; what is not is told
 * in a line.
 */
#include "port/spec.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What it makes of an address is the one way to write it. */
static void try_pci(const char *text)
{
	char address[SPEC_PCI_BYTES], again[SPEC_PCI_BYTES];

	if (!spec_pci_address(text, address))
		return;
	assert(strlen(address) == SPEC_PCI_BYTES - 1 && strspn(address, "0123456789abcdef:.") == SPEC_PCI_BYTES - 1);
	assert(spec_pci_address(address, again) && strcmp(address, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char *text = malloc(size + 1), why[PORT_WHY_BYTES] = "";
	struct spec spec;

	if (text == NULL)
		abort();
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	try_pci(text);
	if (spec_parse(text, &spec, why) != WDSCAST_OK) {
		assert(why[0] != '\0' && strnlen(why, sizeof(why)) < sizeof(why));
	} else {
		assert(strnlen(spec.name, sizeof(spec.name)) < sizeof(spec.name));
		assert(spec.vlan <= 4094 && (spec.mtu == 0 || (spec.mtu >= 576 && spec.mtu <= 9600)));
		try_pci(spec.name);
	}
	free(text);
	return 0;
}
