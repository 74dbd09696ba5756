#include "stats.h"

#include <stdlib.h>

void stats_add(struct stats *s, double value)
{
	if (s->n < STATS_RUNS_MAX)
		s->v[s->n++] = value;
}

static int compare(const void *a, const void *b)
{
	double x = *(const double *)a, y = *(const double *)b;

	return x < y ? -1 : x > y;
}

static const double *sorted(struct stats *s)
{
	qsort(s->v, s->n, sizeof(s->v[0]), compare);
	return s->v;
}

double stats_min(struct stats *s)
{
	return s->n == 0 ? 0 : sorted(s)[0];
}

double stats_median(struct stats *s)
{
	if (s->n == 0)
		return 0;
	const double *v = sorted(s);

	return s->n % 2 ? v[s->n / 2] : (v[s->n / 2 - 1] + v[s->n / 2]) / 2;
}

double stats_max(struct stats *s)
{
	return s->n == 0 ? 0 : sorted(s)[s->n - 1];
}
