/*
 * Any frames (frames.h) to what parts our frames from the kernel's. A datagram that net takes for one to a
 * session of ours must not go to the kernel, and one to nobody's must: the two parsers agree.
 */
#include "port/exception.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "net/rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { OURS4, OURS6, GROUP4, GROUP6, ENDPOINTS };

static struct net *fresh(const struct net_config *c)
{
	static struct net *n;

	if (n == NULL)
		n = aligned_alloc(64, (net_bytes() + 63) / 64 * 64);
	if (n == NULL)
		abort();
	memset(n, 0, offsetof(struct net, reassembly) + offsetof(struct reassembly, bytes));
	return net_init(n, c, 0);
}

static bool is_among(const struct endpoint *v, const struct endpoint *e)
{
	for (unsigned i = 0; i < ENDPOINTS; i++)
		if (endpoint_equal(&v[i], e))
			return true;
	return false;
}

static void check(struct exception *e, struct net *n, const struct endpoint *ours, const uint8_t *frame, uint32_t len)
{
	static struct net_out tx;
	struct net_datagram d;
	bool is_kernels = exception_take(e, frame, len);

	tx.count = 0;
	if (net_input(n, frame, len, NET_CHECK_LATER, 0, &d, &tx) == NET_UDP && d.whole)
		assert(is_kernels == !is_among(ours, &d.to));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	/* The rig's frames go to port 2000. */
	const struct endpoint ours[ENDPOINTS] = { [OURS4] = { RIG_IP4, 2000 }, [OURS6] = { RIG_IP6, 2000 },
		                                  [GROUP4] = { RIG_GROUP4, 2000 }, [GROUP6] = { RIG_GROUP6, 2000 } };
	static struct exception e;
	struct net_config c = rig_config6();
	struct reader r = reader_of(data, size);
	struct net *n = fresh(&c);
	uint8_t control, *frame;
	uint32_t len;

	memset(&e, 0, sizeof(e));
	e.fd = -1; /* what it is given is counted as lost */
	for (unsigned i = 0; i < ENDPOINTS; i++)
		assert(exception_let_in(&e, &ours[i]));
	net_take_all_groups(n);
	while ((frame = frames_next(&r, &control, &len)) != NULL) {
		if (control & FRAME_REPAIR)
			frame_repair(frame, len);
		check(&e, n, ours, frame, len);
		free(frame);
	}
	return 0;
}
