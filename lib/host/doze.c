/* A sleep that ends with a descriptor or another thread's word. */
#include <poll.h>
#include <stdatomic.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include "host/host.h"

bool host_doze_open(struct host_doze *d)
{
	atomic_init(&d->asleep, 0);
	d->fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	return d->fd >= 0;
}

void host_doze_close(struct host_doze *d)
{
	if (d->fd >= 0)
		close(d->fd);
	d->fd = -1;
}

/* As with the bell, both sides change the word by exchanges: D1 of the sleeper pairs with D2 of the waker. */
void host_doze_arm(struct host_doze *d)
{
	atomic_exchange_explicit(&d->asleep, 1, memory_order_acq_rel); /* D1 */
}

void host_doze_disarm(struct host_doze *d)
{
	atomic_exchange_explicit(&d->asleep, 0, memory_order_acq_rel);
}

void host_doze_wait(struct host_doze *d, int fd, ns_t deadline)
{
	struct pollfd p[2] = { { .fd = d->fd, .events = POLLIN }, { .fd = fd, .events = POLLIN } };
	ns_t now = host_now(), left = deadline > now ? deadline - now : 0;
	struct timespec t = { (time_t)(left / NS_PER_S), (long)(left % NS_PER_S) };
	uint64_t count;

	ppoll(p, 2, deadline == NS_NEVER ? NULL : &t, NULL);
	host_doze_disarm(d);
	if ((p[0].revents & POLLIN) != 0 && read(d->fd, &count, sizeof(count)) < 0)
		return; /* nobody has woken us after all */
}

void host_doze_wake(struct host_doze *d)
{
	uint64_t one = 1;

	if (atomic_exchange_explicit(&d->asleep, 0, memory_order_acq_rel) != 0 && /* D2 */
	    write(d->fd, &one, sizeof(one)) < 0)
		return; /* it counts up to 2^64: it is readable already */
}
