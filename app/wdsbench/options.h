/* The command line of wdsbench. */
#ifndef WDSBENCH_OPTIONS_H
#define WDSBENCH_OPTIONS_H

#include "base/address.h"
#include "base/time.h"

enum exit_code { EXIT_DONE = 0, EXIT_BAD = 1, EXIT_USAGE = 2, EXIT_NOT_STARTED = 3 };

enum command { COMMAND_RX, COMMAND_TX, COMMAND_REPLAY };

struct options {
	enum command command;
	const char *spec;       /* of the port; replay: --to, or NULL */
	const char *file;       /* replay */
	struct endpoint group;
	bool has_group;
	struct ip_addr ip4, ip6;
	uint8_t prefix4, prefix6;
	int core;
	double rate;            /* bits a second on the wire; 0: as fast as it goes */
	uint32_t block_bytes;
	uint64_t packets;       /* 0: no end */
	uint64_t loops;
	ns_t duration, interval; /* duration 0: no end */
	bool json, quiet, verify;
};

/* Bits a second: 40G, 2.5G, 100M, 1000. False when it is none. */
bool options_rate(const char *text, double *out);
/* Ends the program on --help, --version and on what it does not understand. */
void options_read(int argc, char **argv, struct options *out);

#endif
