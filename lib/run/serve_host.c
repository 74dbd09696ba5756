#include "run/serve_host.h"

#define SPIN_NS (20 * NS_PER_US)      /* after the last work a worker looks again without a nap */
#define STOP_WAIT_NS (2 * NS_PER_S)   /* for the wire to take the last packets */
#define STOP_POLL_NS (5 * NS_PER_MS)

/* How long to nap after so long without work: short while a reply may be near, long when nobody is there. */
static ns_t worker_nap(ns_t quiet)
{
	if (quiet < SPIN_NS)
		return 0;
	if (quiet < 2 * NS_PER_MS)
		return 20 * NS_PER_US;
	return quiet < 100 * NS_PER_MS ? 50 * NS_PER_US : quiet < 5 * NS_PER_S ? 180 * NS_PER_US : 500 * NS_PER_US;
}

static bool has_quit(struct serve_host *h)
{
	return atomic_load_explicit(&h->quit, memory_order_acquire);
}

static void run_worker(void *arg)
{
	struct serve_host *h = arg;
	ns_t now = host_now(), worked_at = now;

	while (!has_quit(h)) {
		ns_t nap, due;

		if (serve_turn(h->serve, now) > 0)
			worked_at = now;
		nap = h->config.busy ? 0 : worker_nap(now - worked_at);
		due = serve_deadline(h->serve);
		nap = due <= now ? 0 : ns_min(nap, due - now);
		if (nap > 0)
			host_nap(nap);
		now = host_now();
	}
}

static void run_content(void *arg)
{
	struct serve_host *h = arg;

	while (!has_quit(h))
		if (serve_disk_turn(h->serve) == 0)
			serve_disk_wait(h->serve);
}

static void end_threads(struct serve_host *h)
{
	atomic_store_explicit(&h->quit, true, memory_order_release);
	serve_disk_wake(h->serve);
	if (h->worker != NULL)
		host_thread_join(h->worker);
	if (h->content != NULL)
		host_thread_join(h->content);
	h->worker = h->content = NULL;
}

bool serve_host_start(struct serve_host *h, struct serve *serve, const struct serve_host_config *c)
{
	h->serve = serve;
	h->config = *c;
	atomic_init(&h->quit, false);
	h->content = host_thread_start("wds-content", c->content_core, run_content, h);
	h->worker = host_thread_start("wds-worker", c->worker_core, run_worker, h);
	if (h->content != NULL && h->worker != NULL)
		return true;
	end_threads(h);
	return false;
}

void serve_host_stop(struct serve_host *h)
{
	ns_t end = host_now() + STOP_WAIT_NS;

	serve_stop(h->serve);
	while (!serve_has_stopped(h->serve) && host_now() < end)
		host_nap(STOP_POLL_NS);
	end_threads(h);
}
