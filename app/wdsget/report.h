/* What the user reads: a progress line, a line now and then, or JSON; the end; the counters. */
#ifndef WDSGET_REPORT_H
#define WDSGET_REPORT_H

#include <stdio.h>

#include "fetch.h"

struct report {
	const struct options *options;
	bool terminal;        /* the line is drawn over and over */
	bool drawn;           /* there is a line to wipe */
	bool said_start;
	bool said_oversize;
	char waiting[SINK_WHY_BYTES]; /* for what, as it was said last */
	double next_at;       /* of the next progress */
	double last_at;       /* of the last look */
	uint64_t last_bytes;
	double rate;          /* bytes a second, smoothed */
	FILE *json;          /* standard output; standard error when the object goes to standard output */
};

void report_init(struct report *r, const struct options *o);
/* To be called some times a second while the session runs. */
void report_progress(struct report *r, const struct fetch *f);
void report_done(struct report *r, const struct fetch *f);
/* One line on standard error, and the JSON event. code: the session's, or 0. */
void report_failed(struct report *r, const struct fetch *f, int exit_code, const char *why);

#endif
