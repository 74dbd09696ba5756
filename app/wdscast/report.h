/* What wdscast prints of its events: a line each, or a JSON object a line. */
#ifndef WDSCAST_APP_REPORT_H
#define WDSCAST_APP_REPORT_H

#include "options.h"

#define REPORT_SESSIONS (2 * SERVE_SESSIONS_MAX) /* those that are closing included */

struct report {
	bool json, quiet;
	struct report_session {
		uint32_t id; /* 0: a free place */
		char name_space[NAME_TEXT_BYTES], object[NAME_TEXT_BYTES];
	} sessions[REPORT_SESSIONS];
};

void report_start(struct report *r, const struct options *o, const struct port_info *port, const struct serve_config *c);
void report_event(struct report *r, const struct serve_event *e);
void report_stop(struct report *r, const struct serve_stats *stats);

#endif
