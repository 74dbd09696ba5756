/* wdsget ports: what there is on this machine. */
#include "ports.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "options.h"
#include "wdscast.h"

static void print_text(const struct wdscast_port_way *w)
{
	printf("%-24s %-4s %s\n", w->spec, w->usable ? "yes" : "no", w->what);
	if (!w->usable)
		printf("%-24s      missing: %s\n", "", w->missing);
}

static void print_json(const struct wdscast_port_way *w)
{
	json_t *o = json_pack("{s:s, s:b, s:s, s:s}", "port", w->spec, "usable", (int)w->usable, "what", w->what, "missing",
	                      w->missing);

	json_dumpf(o, stdout, JSON_COMPACT);
	putchar('\n');
	json_decref(o);
}

int ports_main(int argc, char **argv)
{
	bool json = argc == 3 && strcmp(argv[2], "--json") == 0;
	uint32_t n = wdscast_list_ports(NULL, 0), room = n + 16; /* one may come meanwhile */
	struct wdscast_port_way *all = calloc(room, sizeof(*all));

	if (argc > 2 && !json) {
		fprintf(stderr, "wdsget: ports takes nothing but --json\n");
		free(all);
		return EXIT_USAGE;
	}
	if (all == NULL)
		return EXIT_NOT_STARTED;
	n = wdscast_list_ports(all, room);
	if (!json)
		printf("%-24s %-4s %s\n", "PORT", "USE", "WHAT");
	for (uint32_t i = 0; i < n && i < room; i++)
		(json ? print_json : print_text)(&all[i]);
	free(all);
	return EXIT_DONE;
}
