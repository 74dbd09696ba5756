#include "run/ctl_wait.h"

#include <stdio.h>

#define LONG_NS (3 * NS_PER_S)      /* so long nothing is said: all may be well */
#define RECENT_NS (2500 * NS_PER_MS) /* requests go out each second, JOINs twice */
#define STUCK_NS (5 * NS_PER_S)     /* the control thread turns each second, unless a callback holds it */

static uint64_t load(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

/* Notes when a counter last moved. */
static void follow(uint64_t now_is, uint64_t *seen, ns_t *at, ns_t now)
{
	if (now_is == *seen)
		return;
	*seen = now_is;
	*at = now;
}

static enum ctl_wait_reason judge(const struct ctl_wait *w, ns_t now)
{
	if (w->phase == LANE_INITIATING)
		return w->pathless > 0 && now - w->pathless_at < RECENT_NS ? CTL_WAIT_NEIGHBOUR : CTL_WAIT_ANSWER;
	if (w->phase != LANE_RUNNING)
		return CTL_WAIT_NOT;
	if (w->came == 0)
		return now - w->joins_at < RECENT_NS ? CTL_WAIT_SILENCE : CTL_WAIT_MULTICAST;
	return now - w->came_at >= LONG_NS ? CTL_WAIT_SILENCE : CTL_WAIT_OTHERS;
}

void ctl_wait_watch(struct ctl_wait *w, const struct lane *lane, const struct rx *rx, ns_t now)
{
	uint32_t phase = atomic_load_explicit(&lane->phase, memory_order_relaxed);

	if (phase >= LANE_FINISHED)
		return; /* `last` tells what it was */
	if (w->blocks_at == 0 || phase != w->phase)
		w->came_at = w->blocks_at = now; /* what comes now is waited for from now on */
	w->phase = phase;
	follow(load(&lane->counters[LANE_COUNT_by_multicast]), &w->came, &w->came_at, now);
	follow(load(&lane->counters[LANE_COUNT_joins]), &w->joins, &w->joins_at, now);
	follow(load(&lane->counters[LANE_COUNT_blocks]), &w->blocks, &w->blocks_at, now);
	follow(load(&rx->counters[RX_COUNT_no_path]), &w->pathless, &w->pathless_at, now);
	w->last = judge(w, now);
	atomic_store_explicit(&w->reason, now - w->blocks_at < LONG_NS ? CTL_WAIT_NOT : w->last, memory_order_relaxed);
	atomic_store_explicit(&w->watched_at, now, memory_order_relaxed);
}

enum ctl_wait_reason ctl_wait_reason(const struct ctl_wait *w, ns_t now)
{
	ns_t watched_at = load(&w->watched_at);

	if (watched_at != 0 && now > watched_at && now - watched_at >= STUCK_NS)
		return CTL_WAIT_CONSUMER;
	return atomic_load_explicit(&w->reason, memory_order_relaxed);
}

bool ctl_wait_in_vain(const struct ctl_wait *w, ns_t limit, ns_t now)
{
	return w->phase == LANE_RUNNING && w->came == 0 && now - w->came_at >= limit;
}

void ctl_wait_text(enum ctl_wait_reason reason, const struct endpoint *server, const char *interface, char *out,
                   size_t max)
{
	char ip[IP_ADDR_TEXT];

	ip_text(&server->ip, ip);
	switch (reason) {
	case CTL_WAIT_NOT:
		snprintf(out, max, "%s", "");
		break;
	case CTL_WAIT_NEIGHBOUR:
		snprintf(out, max, "no machine answers for %s%s%s: it is off, or this is the wrong interface", ip,
		         interface[0] != '\0' ? " on " : "", interface);
		break;
	case CTL_WAIT_ANSWER:
		snprintf(out, max, "no answer from %s port %u: no server runs there, or a firewall drops UDP", ip,
		         server->port);
		break;
	case CTL_WAIT_MULTICAST:
		snprintf(out, max,
		         "%s answers, but nothing comes by multicast: a firewall drops it, or a switch with IGMP snooping has "
		         "no querier", ip);
		break;
	case CTL_WAIT_SILENCE:
		snprintf(out, max,
		         "nothing comes from %s any more: it is dead or cut off, or a switch without an IGMP querier forgot us",
		         ip);
		break;
	case CTL_WAIT_OTHERS:
		snprintf(out, max, "%s sends nothing new: it waits for other receivers", ip);
		break;
	case CTL_WAIT_CONSUMER:
		snprintf(out, max, "what was received waits for the disk, or for the program that takes it");
		break;
	}
}
