#include "run/ctl_wait.h"

#include <stdio.h>

#define LONG_NS (3 * NS_PER_S)       /* so long nothing is said: all may be well */
#define RECENT_NS (2500 * NS_PER_MS) /* requests go out each second */
#define STUCK_NS (5 * NS_PER_S)      /* the control thread turns each second, unless a callback holds it */
#define JOINS_UNANSWERED 3           /* they go out twice a second; an answer comes within a round trip */
#define PASSES_IN_VAIN 16            /* a server owes what is missing in the next: the rest are repairs for others */

static uint64_t load(const _Atomic uint64_t *v)
{
	return atomic_load_explicit(v, memory_order_relaxed);
}

static uint64_t count(const struct lane *lane, enum lane_counter c)
{
	return load(&lane->counters[c]);
}

/* True when the counter moved. */
static bool follow(struct ctl_wait_count *c, uint64_t n, ns_t now)
{
	if (n == c->n)
		return false;
	*c = (struct ctl_wait_count){ n, now };
	return true;
}

static bool was_joined(const struct ctl_wait *w)
{
	return w->joinacks.n > w->joinacks_before;
}

static enum ctl_wait_reason judge_session(const struct ctl_wait *w, bool clogged, ns_t now)
{
	if (!was_joined(w))
		return CTL_WAIT_JOIN;
	if (w->came.n == 0)
		return w->joins.n - w->joins_answered < JOINS_UNANSWERED ? CTL_WAIT_MULTICAST : CTL_WAIT_SILENCE;
	if (now - w->came.at >= LONG_NS)
		return CTL_WAIT_SILENCE;
	if (clogged)
		return CTL_WAIT_CONSUMER;
	return now - w->data.at >= LONG_NS ? CTL_WAIT_SERVER : CTL_WAIT_OTHERS;
}

static enum ctl_wait_reason judge_request(const struct ctl_wait *w, ns_t now)
{
	bool pathless = w->pathless.n > 0 && now - w->pathless.at < RECENT_NS;

	return pathless || w->no_neighbour ? CTL_WAIT_NEIGHBOUR : CTL_WAIT_ANSWER;
}

static enum ctl_wait_reason judge(const struct ctl_wait *w, bool clogged, ns_t now)
{
	if (w->phase == LANE_INITIATING)
		return judge_request(w, now);
	return w->phase == LANE_RUNNING ? judge_session(w, clogged, now) : CTL_WAIT_NOT;
}

static void follow_all(struct ctl_wait *w, const struct lane *lane, const struct rx *rx, ns_t now)
{
	follow(&w->came, count(lane, LANE_COUNT_by_multicast), now);
	follow(&w->joins, count(lane, LANE_COUNT_joins), now);
	if (follow(&w->joinacks, count(lane, LANE_COUNT_joinacks), now))
		w->joins_answered = w->joins.n;
	follow(&w->data, count(lane, LANE_COUNT_odata) + count(lane, LANE_COUNT_rdata), now);
	if (follow(&w->blocks, count(lane, LANE_COUNT_blocks), now))
		w->data_at_block = w->data.n;
	follow(&w->pathless, load(&rx->counters[RX_COUNT_no_path]), now);
}

/* What comes now is waited for from now on. */
static void begin(struct ctl_wait *w, ns_t now)
{
	w->came.at = w->data.at = w->blocks.at = now;
	w->data_at_block = w->data.n;
}

void ctl_wait_joining(struct ctl_wait *w, const struct client_offer *offer, ns_t now)
{
	begin(w, now);
	w->joinacks_before = w->joinacks.n;
	w->total_blocks = offer->total_blocks;
	atomic_store_explicit(&w->session_port, offer->server.port, memory_order_relaxed);
}

void ctl_wait_watch(struct ctl_wait *w, const struct lane *lane, const struct rx *rx, ns_t now)
{
	uint32_t phase = atomic_load_explicit(&lane->phase, memory_order_relaxed);
	bool clogged = atomic_load_explicit(&lane->clogged, memory_order_relaxed);
	ns_t watched_at = load(&w->watched_at);

	if (phase >= LANE_FINISHED)
		return; /* `last` tells what it was */
	if (watched_at == 0 || phase != w->phase)
		begin(w, now);
	w->phase = phase;
	follow_all(w, lane, rx, now);
	if (clogged || (watched_at != 0 && now - watched_at >= STUCK_NS)) {
		w->data.at = now; /* the server may have waited for our own consumer */
		w->data_at_block = w->data.n;
	}
	w->last = judge(w, clogged, now);
	atomic_store_explicit(&w->reason, now - w->blocks.at < LONG_NS ? CTL_WAIT_NOT : w->last, memory_order_relaxed);
	atomic_store_explicit(&w->watched_at, now, memory_order_relaxed);
}

enum ctl_wait_reason ctl_wait_reason(const struct ctl_wait *w, ns_t now)
{
	ns_t watched_at = load(&w->watched_at);

	if (watched_at != 0 && now > watched_at && now - watched_at >= STUCK_NS)
		return CTL_WAIT_CONSUMER;
	return atomic_load_explicit(&w->reason, memory_order_relaxed);
}

/* Of data there was much, but all for others. */
static bool is_never_served(const struct ctl_wait *w)
{
	return (w->data.n - w->data_at_block) / PASSES_IN_VAIN > w->total_blocks;
}

void ctl_wait_silent(struct ctl_wait *w)
{
	if (!was_joined(w))
		w->last = CTL_WAIT_JOIN;
	else /* The server has answered, and may no longer do so by now: multicast is what never came. */
		w->last = w->came.n == 0 ? CTL_WAIT_MULTICAST : CTL_WAIT_SILENCE;
}

ns_t ctl_wait_in_vain(struct ctl_wait *w, ns_t silence, ns_t stall, ns_t now)
{
	if (w->phase != LANE_RUNNING)
		return 0;
	if (w->came.n == 0 && now - w->came.at >= silence) {
		ctl_wait_silent(w);
		return silence;
	}
	if (now - w->data.at >= stall)
		w->last = CTL_WAIT_SERVER;
	else if (now - w->blocks.at >= stall && is_never_served(w))
		w->last = CTL_WAIT_OTHERS;
	else
		return 0;
	return stall;
}

void ctl_wait_text(const struct ctl_wait *w, enum ctl_wait_reason reason, const struct ip_addr *server,
                   uint16_t request_port, const char *interface, char *out, size_t max)
{
	const char *on = interface[0] != '\0' ? " on " : "";
	char ip[IP_ADDR_TEXT];

	ip_text(server, ip);
	switch (reason) {
	case CTL_WAIT_NOT:
		snprintf(out, max, "%s", "");
		break;
	case CTL_WAIT_NEIGHBOUR:
		snprintf(out, max, "no machine answers for %s%s%s: it is off, or this is the wrong interface", ip, on, interface);
		break;
	case CTL_WAIT_ANSWER:
		snprintf(out, max, "no answer from %s port %u: no server runs there, or a firewall drops UDP", ip,
		         request_port);
		break;
	case CTL_WAIT_JOIN:
		snprintf(out, max,
		         "%s answers requests, but not JOINs to UDP port %u: a firewall drops them, or it has no place for us", ip,
		         atomic_load_explicit(&w->session_port, memory_order_relaxed));
		break;
	case CTL_WAIT_MULTICAST:
		snprintf(out, max,
		         "%s answers, but nothing comes by multicast%s%s: a firewall drops it, a switch with IGMP snooping has "
		         "no querier, or this is the wrong interface", ip, on, interface);
		break;
	case CTL_WAIT_SILENCE:
		snprintf(out, max,
		         "nothing comes from %s any more: it is dead or cut off, or a switch without an IGMP querier forgot us",
		         ip);
		break;
	case CTL_WAIT_OTHERS:
		snprintf(out, max, "%s sends what other receivers miss, and nothing that is new here", ip);
		break;
	case CTL_WAIT_SERVER:
		snprintf(out, max, "%s is there, but sends no data: it waits for its own disk, or for another receiver", ip);
		break;
	case CTL_WAIT_CONSUMER:
		snprintf(out, max, "what was received waits for the disk, or for the program that takes it");
		break;
	}
}
