#include "run/worker.h"

#include "port/port_list.h"

#include <stdio.h>

#define SPIN_NS (30 * NS_PER_US)     /* of an empty wire before the first nap */
#define NAP_FIRST_NS (20 * NS_PER_US)
#define NAP_LAST_NS (100 * NS_PER_US)
#define DOZE_AFTER_NS (2 * NS_PER_MS)  /* of an empty wire: where the port can wake us */
#define DOZE_NS (50 * NS_PER_MS)       /* counters are copied as often */
#define DOZE_FOR_ROOM_NS NS_PER_MS     /* nobody tells the worker that a consumer gave slots back */
#define QUIET_NS (100 * NS_PER_MS)     /* of an empty wire: where it cannot */
#define NAP_QUIET_NS (500 * NS_PER_US)
#define NAP_IDLE_NS NS_PER_MS          /* without a session */

/* Until something arrives, a command comes or a timer is due. True: there is something to do already. */
static bool doze(struct worker *w, ns_t now)
{
	ns_t longest = w->rx->awaiting_room > 0 ? DOZE_FOR_ROOM_NS : DOZE_NS;

	host_doze_arm(&w->doze);
	if (rx_turn(w->rx, now) > 0 || atomic_load_explicit(&w->stop, memory_order_relaxed)) {
		host_doze_disarm(&w->doze);
		return true;
	}
	host_doze_wait(&w->doze, port_wait_fd(w->port, 0), ns_min(rx_deadline(w->rx), now + longest));
	return false;
}

static ns_t nap_after(const struct worker *w, ns_t quiet, ns_t nap)
{
	if (w->rx->lane_count == 0)
		return NAP_IDLE_NS;
	return quiet < QUIET_NS ? nap : NAP_QUIET_NS;
}

/*
 * Adaptive: naps grow from 20 to 100 us while nothing comes, a ring's worth of frames at any rate this
 * machine can take. So two processes on two cores do not starve each other. Then the port wakes us, or
 * naps grow longer. True when it did work.
 */
static bool idle(struct worker *w, ns_t now, ns_t quiet, ns_t *nap)
{
	if (w->config.poll == WORKER_BUSY || quiet < SPIN_NS)
		return false;
	if (quiet >= DOZE_AFTER_NS && !link_is_full(&w->rx->link) && port_wait_fd(w->port, 0) >= 0)
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

		if (rx_turn(w->rx, now) > 0 || idle(w, now, now - idle_since, &nap)) {
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
	w->rx = rx_new(w->port, 0, w->config.seed, host_now());
	if (w->command_lock == NULL || w->port_lock == NULL || w->rx == NULL)
		return false;
	if (w->config.by_hand)
		return true;
	w->thread = host_thread_start("wds-worker", w->config.core, worker_run, w);
	return w->thread != NULL;
}

static void release(struct worker *w)
{
	if (w->thread != NULL) {
		atomic_store_explicit(&w->stop, true, memory_order_relaxed);
		host_doze_wake(&w->doze);
		host_thread_join(w->thread);
	}
	host_doze_close(&w->doze);
	rx_free(w->rx);
	host_mutex_free(w->command_lock);
	host_mutex_free(w->port_lock);
	host_free(w, sizeof(*w));
}

struct worker *worker_new(struct port *port, const struct worker_config *config)
{
	struct worker *w = host_alloc(sizeof(*w), -1);

	if (w == NULL)
		return NULL;
	w->port = port;
	w->doze.fd = -1;
	w->config = *config;
	interface_of(port->info.spec, w->interface);
	if (start(w))
		return w;
	release(w);
	return NULL;
}

void worker_free(struct worker *w)
{
	struct port *port;

	if (w == NULL)
		return;
	port = w->port;
	release(w);
	port_close(port);
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
	host_lock(w->port_lock);
	enum wdscast_err err = port_join(w->port, group, source);

	host_unlock(w->port_lock);
	return err;
}

void worker_leave(struct worker *w, const struct endpoint *group, const struct ip_addr *source)
{
	host_lock(w->port_lock);
	port_leave(w->port, group, source);
	host_unlock(w->port_lock);
}

enum wdscast_err worker_reserve(struct worker *w, struct endpoint *local)
{
	host_lock(w->port_lock);
	enum wdscast_err err = port_reserve(w->port, local);

	host_unlock(w->port_lock);
	return err;
}

void worker_unreserve(struct worker *w, const struct endpoint *local)
{
	host_lock(w->port_lock);
	port_unreserve(w->port, local);
	host_unlock(w->port_lock);
}

uint32_t worker_list_ports(struct wdscast_port_way *out, uint32_t max)
{
	return port_list(out, max);
}
