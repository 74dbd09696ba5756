/* Figures as we publish them: n, minimum, median, maximum of repeated runs. */
#ifndef WDSCAST_BENCH_STATS_H
#define WDSCAST_BENCH_STATS_H

#define STATS_RUNS_MAX 1000

struct stats {
	unsigned n;
	double v[STATS_RUNS_MAX];
};

void stats_add(struct stats *s, double value);
/* All sort the values first; 0 when there are none. */
double stats_min(struct stats *s);
double stats_median(struct stats *s);
double stats_max(struct stats *s);

#endif
