/* What wdsbench prints, as text or JSON. */
#ifndef WDSBENCH_REPORT_H
#define WDSBENCH_REPORT_H

#include "run.h"

void report_start(const struct run *r);
/* What passed since `before`. */
void report_interval(const struct run *r, const struct figures *before, const struct figures *now);
void report_end(const struct run *r);

#endif
