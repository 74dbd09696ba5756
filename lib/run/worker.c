#include "run/worker.h"

#include "port/port_list.h"

#include <stdio.h>

#define SPIN_NS (5 * NS_PER_US)     /* of an empty wire before the first nap */
#define NAP_FIRST_NS (50 * NS_PER_US)
#define NAP_LAST_NS (100 * NS_PER_US)
#define DOZE_AFTER_NS (2 * NS_PER_MS)  /* of an empty wire: where the port can wake us */
#define DOZE_NS (50 * NS_PER_MS)       /* counters are copied as often */
#define DOZE_SHORT_NS NS_PER_MS        /* nobody tells it that a consumer gave slots back, or a worker handed something over */
#define QUIET_NS (100 * NS_PER_MS)     /* of an empty wire: where it cannot */
#define NAP_QUIET_NS NS_PER_MS         /* coming back from a nap costs up to 20 us of a core */
#define NAP_IDLE_NS NS_PER_MS          /* without a session */
#define TRICKLE_NS (50 * NS_PER_US)    /* between frames, or more: they need not be taken one by one */
#define TRICKLE_GAP_NS (100 * NS_PER_US)
#define TRICKLE_SLOWNESS 16            /* so many such gaps on end make a trickle, one burst ends it */
#define NAP_TRICKLE_NS (500 * NS_PER_US)

/* Until something arrives, a command comes or a timer is due. True: there is something to do already. */
static bool doze(struct worker *w, ns_t now)
{
	ns_t longest = w->rx->awaiting_room > 0 || w->first->share != NULL ? DOZE_SHORT_NS : DOZE_NS;

	host_doze_arm(&w->doze);
	if (rx_turn(w->rx, now) > 0 || atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		host_doze_disarm(&w->doze);
		return true;
	}
	host_doze_wait(&w->doze, port_wait_fd(w->port, w->queue), ns_min(rx_deadline(w->rx), now + longest));
	return false;
}

/*
 * Behind a slow link each frame comes by itself, some 100 us after the last one. To spin, nap and wake up for each
 * would take a quarter of a core from those who need it.
 */
static void watch_trickle(struct worker *w, ns_t gap, unsigned work)
{
	ns_t each = ns_min(gap / work, TRICKLE_GAP_NS);

	if (each < w->frame_gap)
		w->frame_gap = each;
	else
		w->frame_gap += (each - w->frame_gap) / TRICKLE_SLOWNESS;
}

static ns_t nap_after(const struct worker *w, ns_t quiet, ns_t nap)
{
	/* Of a team, one without a session may be about to read another's. */
	if (w->rx->lane_count == 0 && (w->first->share == NULL || quiet >= QUIET_NS))
		return NAP_IDLE_NS;
	return quiet < QUIET_NS ? nap : NAP_QUIET_NS;
}

/*
 * Adaptive: naps grow from 50 to 100 us while nothing comes, a ring's worth of frames at any rate this
 * machine can take. So two processes on two cores do not starve each other. Then the port wakes us, or
 * naps grow longer. True when it did work.
 */
static bool idle(struct worker *w, ns_t now, ns_t quiet, ns_t *nap)
{
	bool trickles = w->frame_gap >= TRICKLE_NS;

	if (w->config.poll == WORKER_BUSY || (quiet < SPIN_NS && !trickles))
		return false;
	bool may_doze = !link_is_full(&w->rx->link) && port_wait_fd(w->port, w->queue) >= 0;

	/* Frames that come one by one are let gather for a nap; after one in which none came they are trains, far apart. */
	if (trickles && (quiet < NAP_TRICKLE_NS || (!may_doze && quiet < DOZE_AFTER_NS))) {
		host_nap(NAP_TRICKLE_NS);
		return false;
	}
	if ((trickles || quiet >= DOZE_AFTER_NS) && may_doze)
		return doze(w, now);
	host_nap(nap_after(w, quiet, *nap));
	*nap = ns_min(*nap * 2, NAP_LAST_NS);
	return false;
}

static void worker_run(void *arg)
{
	struct worker *w = arg;
	ns_t idle_since = 0, nap = NAP_FIRST_NS;

	while (!atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		ns_t now = host_now();
		unsigned work = rx_turn(w->rx, now);

		if (work > 0)
			watch_trickle(w, now - idle_since, work);
		if (work > 0 || idle(w, now, now - idle_since, &nap)) {
			idle_since = now;
			nap = NAP_FIRST_NS;
		}
	}
}

/* "af_packet:eth0,queue=1" -> "eth0"; "" for SPECs that name no interface. */
static void interface_of(const char *spec, char out[16])
{
	static const char *const kinds[] = { "kernel:", "af_packet:", "af_xdp:" };

	out[0] = '\0';
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		size_t len = strlen(kinds[i]);

		if (strncmp(spec, kinds[i], len) == 0)
			snprintf(out, 16, "%.*s", (int)strcspn(spec + len, ","), spec + len);
	}
}

static bool start(struct worker *w)
{
	if (!host_doze_open(&w->doze))
		return false;
	w->command_lock = host_mutex_new();
	w->port_lock = host_mutex_new();
	w->rx = rx_new(w->port, w->queue, w->config.seed + w->queue, host_now());
	if (w->command_lock == NULL || w->port_lock == NULL || w->rx == NULL)
		return false;
	rx_share(w->rx, w->first->share);
	if (w->config.by_hand)
		return true;
	w->thread = host_thread_start("wds-worker", w->config.core, worker_run, w);
	return w->thread != NULL;
}

static void stop(struct worker *w)
{
	if (w->thread == NULL)
		return;
	atomic_store_explicit(&w->stop, true, memory_order_relaxed);
	host_doze_wake(&w->doze);
	host_thread_join(w->thread);
	w->thread = NULL;
}

static void release(struct worker *w)
{
	stop(w);
	host_doze_close(&w->doze);
	rx_free(w->rx);
	host_mutex_free(w->command_lock);
	host_mutex_free(w->port_lock);
	host_free(w, sizeof(*w));
}

/* The first, being released last, has what the others share. */
static void release_team(struct worker *first)
{
	struct share *share = first->share;

	for (uint32_t i = first->team_count; i-- > 0;)
		stop(first->team[i]);
	for (uint32_t i = first->team_count; i-- > 0;)
		release(first->team[i]);
	share_free(share);
}

/* False: not one more; what was made of it is gone. */
static bool add_worker(struct worker *first, const struct worker_config *config)
{
	uint32_t i = first->team_count;
	struct worker *w = host_alloc(sizeof(*w), -1);

	if (w == NULL)
		return false;
	w->port = first->port;
	w->doze.fd = -1;
	w->first = first;
	w->queue = (uint16_t)i;
	w->config = *config;
	w->config.core = config->more_cores[i - 1];
	memcpy(w->interface, first->interface, sizeof(w->interface));
	if (start(w)) {
		first->team[first->team_count++] = w;
		return true;
	}
	release(w);
	return false;
}

/*
 * As many as the port has queues. Several nets have one address between them: so there must be a kernel that
 * answers for it, and reports membership.
 */
static uint32_t team_size(const struct port_info *info, uint32_t wanted)
{
	uint32_t n = wanted < info->queues ? wanted : info->queues;

	if (!info->has_kernel || info->delivers != PORT_FRAMES || n < 1)
		return 1;
	return n < SHARE_WORKERS_MAX ? n : SHARE_WORKERS_MAX;
}

static bool start_team(struct worker *first, uint32_t n)
{
	if (n > 1) {
		first->share = share_new(n, first->port->info.node);
		if (first->share == NULL)
			return false;
	}
	if (!start(first))
		return false;
	while (first->team_count < n)
		if (!add_worker(first, &first->config))
			return false;
	return true;
}

struct worker *worker_new(struct port *port, const struct worker_config *config)
{
	struct worker *w = host_alloc(sizeof(*w), -1);

	if (w == NULL)
		return NULL;
	w->port = port;
	w->doze.fd = -1;
	w->config = *config;
	w->first = w->team[0] = w;
	w->team_count = 1;
	interface_of(port->info.spec, w->interface);
	if (start_team(w, team_size(&port->info, config->workers)))
		return w;
	release_team(w);
	return NULL;
}

void worker_free(struct worker *w)
{
	struct port *port;

	if (w == NULL)
		return;
	port = w->port;
	release_team(w);
	port_close(port);
}

/* Among equals the next in turn. */
struct worker *worker_choose(struct worker *first)
{
	struct worker *best = NULL;

	for (uint32_t i = 0; i < first->team_count; i++) {
		struct worker *w = first->team[(first->next_choice + i) % first->team_count];

		if (best == NULL || atomic_load_explicit(&w->sessions, memory_order_relaxed) <
		                            atomic_load_explicit(&best->sessions, memory_order_relaxed))
			best = w;
	}
	first->next_choice = (best->queue + 1u) % first->team_count;
	return best;
}

uint64_t worker_counter(const struct worker *w, enum rx_counter counter)
{
	const struct worker *first = w->first;
	uint64_t n = 0;

	for (uint32_t i = 0; i < first->team_count; i++)
		n += atomic_load_explicit(&first->team[i]->rx->counters[counter], memory_order_relaxed);
	return n;
}

uint64_t worker_losses(const struct worker *w)
{
	static const enum rx_counter losses[] = {
		RX_COUNT_rx_missed,
		RX_COUNT_handed_dropped,
		RX_COUNT_rx_no_buffer,
		RX_COUNT_bad_fragment,
		RX_COUNT_reassembly_timeouts,
		RX_COUNT_reassembly_evicted,
		RX_COUNT_runt,
		RX_COUNT_bad_ip,
		RX_COUNT_bad_udp,
		RX_COUNT_oversize,
	};
	uint64_t n = 0;

	for (size_t i = 0; i < sizeof(losses) / sizeof(losses[0]); i++)
		n += worker_counter(w, losses[i]);
	return n;
}

/* The ring has room for more commands than lanes have to give; a full one is empty after a turn. */
void worker_command(struct worker *w, const struct rx_command *c)
{
	host_lock(w->command_lock);
	while (!rx_command(w->rx, c))
		host_nap(NAP_FIRST_NS);
	host_doze_wake(&w->doze);
	host_unlock(w->command_lock);
}

enum wdscast_err worker_join(struct worker *w, const struct endpoint *group, const struct ip_addr *source)
{
	host_lock(w->first->port_lock);
	enum wdscast_err err = port_join(w->port, group, source);

	host_unlock(w->first->port_lock);
	return err;
}

void worker_leave(struct worker *w, const struct endpoint *group, const struct ip_addr *source)
{
	host_lock(w->first->port_lock);
	port_leave(w->port, group, source);
	host_unlock(w->first->port_lock);
}

enum wdscast_err worker_reserve(struct worker *w, struct endpoint *local)
{
	host_lock(w->first->port_lock);
	enum wdscast_err err = port_reserve(w->port, local);

	host_unlock(w->first->port_lock);
	return err;
}

void worker_unreserve(struct worker *w, const struct endpoint *local)
{
	host_lock(w->first->port_lock);
	port_unreserve(w->port, local);
	host_unlock(w->first->port_lock);
}

uint32_t worker_list_ports(struct wdscast_port_way *out, uint32_t max)
{
	return port_list(out, max);
}
