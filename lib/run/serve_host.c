#include "run/serve_host.h"

#define SPIN_NS (20 * NS_PER_US)      /* after the last work a worker looks again without a nap */
#define DOZE_AFTER_NS (2 * NS_PER_MS) /* without work: where the port can wake us */
#define DOZE_NS (10 * NS_PER_MS)      /* sessions are looked at as often */
#define STOP_WAIT_NS (2 * NS_PER_S)   /* for the wire to take the last packets */
#define DISK_WAIT_NS (2 * NS_PER_S)   /* for a call of the disk's to come back */
#define STOP_POLL_NS (5 * NS_PER_MS)

/*
 * How long to nap after so long without work: short while a reply may be near, long when nobody is there, as
 * between the heartbeats of a session without receivers. Coming back from a nap costs up to 20 us of a core.
 */
static ns_t worker_nap(ns_t quiet)
{
	if (quiet < SPIN_NS)
		return 0;
	if (quiet < 2 * NS_PER_MS)
		return 20 * NS_PER_US;
	return quiet < 10 * NS_PER_MS ? 50 * NS_PER_US : NS_PER_MS;
}

static bool has_quit(struct serve_host *h)
{
	return atomic_load_explicit(&h->quit, memory_order_acquire);
}

/* Until something arrives, the content thread has done something or a timer is due. True: there is work already. */
static bool doze(struct serve_host *h, int fd, ns_t now)
{
	host_doze_arm(&h->doze);
	if (serve_turn(h->serve, now) > 0 || has_quit(h)) {
		host_doze_disarm(&h->doze);
		return true;
	}
	host_doze_wait(&h->doze, fd, ns_min(serve_deadline(h->serve), now + DOZE_NS));
	return false;
}

/* True when it did work. */
static bool idle(struct serve_host *h, ns_t now, ns_t quiet)
{
	ns_t nap = worker_nap(quiet), due = serve_deadline(h->serve);
	int fd = quiet >= DOZE_AFTER_NS ? serve_wait_fd(h->serve) : -1;

	if (fd >= 0)
		return doze(h, fd, now);
	nap = due <= now ? 0 : ns_min(nap, due - now);
	if (nap > 0)
		host_nap(nap);
	return false;
}

static void run_worker(void *arg)
{
	struct serve_host *h = arg;
	ns_t worked_at = host_now();

	while (!has_quit(h)) {
		ns_t now = host_now();

		if (serve_turn(h->serve, now) > 0 || (!h->config.busy && idle(h, now, now - worked_at)))
			worked_at = now;
	}
}

static void run_content(void *arg)
{
	struct serve_host *h = arg;

	while (!has_quit(h))
		if (serve_disk_turn(h->serve) > 0)
			host_doze_wake(&h->doze);
		else
			serve_disk_wait(h->serve);
	atomic_store_explicit(&h->content_ended, true, memory_order_release);
}

static bool content_ends(struct serve_host *h)
{
	ns_t end = host_now() + DISK_WAIT_NS;

	while (!atomic_load_explicit(&h->content_ended, memory_order_acquire) && host_now() < end)
		host_nap(STOP_POLL_NS);
	return atomic_load_explicit(&h->content_ended, memory_order_acquire);
}

/* False: the content thread does not end. The doze stays open for it. */
static bool end_threads(struct serve_host *h)
{
	atomic_store_explicit(&h->quit, true, memory_order_release);
	serve_disk_wake(h->serve);
	host_doze_wake(&h->doze);
	if (h->worker != NULL)
		host_thread_join(h->worker);
	h->worker = NULL;
	if (h->content != NULL && !content_ends(h)) {
		serve_disk_abandon(h->serve);
		return false;
	}
	if (h->content != NULL)
		host_thread_join(h->content);
	h->content = NULL;
	host_doze_close(&h->doze);
	return true;
}

bool serve_host_start(struct serve_host *h, struct serve *serve, const struct serve_host_config *c)
{
	h->serve = serve;
	h->config = *c;
	atomic_init(&h->quit, false);
	atomic_init(&h->content_ended, false);
	if (!host_doze_open(&h->doze))
		return false;
	h->content = host_thread_start("wds-content", c->content_core, run_content, h);
	h->worker = host_thread_start("wds-worker", c->worker_core, run_worker, h);
	if (h->content != NULL && h->worker != NULL)
		return true;
	end_threads(h);
	return false;
}

bool serve_host_stop(struct serve_host *h)
{
	ns_t end = host_now() + STOP_WAIT_NS;

	serve_stop(h->serve);
	host_doze_wake(&h->doze);
	while (!serve_has_stopped(h->serve) && host_now() < end)
		host_nap(STOP_POLL_NS);
	return end_threads(h);
}
