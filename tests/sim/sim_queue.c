#include "sim.h"

#include <stdlib.h>

static bool before(const struct sim_event *a, const struct sim_event *b)
{
	return a->at < b->at || (a->at == b->at && a->order < b->order);
}

static void grow(struct sim_queue *q)
{
	q->max = q->max == 0 ? 1024 : 2 * q->max;
	q->v = realloc(q->v, q->max * sizeof(q->v[0]));
	if (q->v == NULL)
		abort();
}

void sim_queue_push(struct sim *s, const struct sim_event *e)
{
	struct sim_queue *q = &s->queue;
	uint32_t i;

	if (q->n == SIM_EVENTS_MAX) {
		sim_fail(s, "%u events are waiting: somebody sends without end", q->n);
		if (e->datagram != NULL)
			sim_datagram_drop(e->datagram);
		return;
	}
	if (q->n == q->max)
		grow(q);
	i = q->n++;
	q->v[i] = *e;
	q->v[i].order = q->order++;
	for (; i > 0 && before(&q->v[i], &q->v[(i - 1) / 2]); i = (i - 1) / 2) {
		struct sim_event up = q->v[i];

		q->v[i] = q->v[(i - 1) / 2];
		q->v[(i - 1) / 2] = up;
	}
	if (q->n > s->stats.longest_queue)
		s->stats.longest_queue = q->n;
}

/* The smaller of the children of i, or n. */
static uint32_t first_child(const struct sim_queue *q, uint32_t i)
{
	uint32_t child = 2 * i + 1;

	if (child + 1 < q->n && before(&q->v[child + 1], &q->v[child]))
		child++;
	return child < q->n ? child : q->n;
}

bool sim_queue_pop(struct sim *s, struct sim_event *e)
{
	struct sim_queue *q = &s->queue;
	struct sim_event last;
	uint32_t i = 0, child;

	if (q->n == 0)
		return false;
	*e = q->v[0];
	last = q->v[--q->n];
	while ((child = first_child(q, i)) < q->n && before(&q->v[child], &last)) {
		q->v[i] = q->v[child];
		i = child;
	}
	q->v[i] = last;
	return true;
}

void sim_queue_fini(struct sim *s)
{
	for (uint32_t i = 0; i < s->queue.n; i++)
		if (s->queue.v[i].datagram != NULL)
			sim_datagram_drop(s->queue.v[i].datagram);
	free(s->queue.v);
}

void sim_arm(struct sim *s, ns_t deadline, ns_t *have, enum sim_event_type type, uint32_t host)
{
	struct sim_event e = { .at = deadline, .type = type, .host = host };

	if (deadline == NS_NEVER || *have <= deadline)
		return;
	if (deadline < s->now)
		e.at = s->now;
	*have = deadline;
	sim_queue_push(s, &e);
}
