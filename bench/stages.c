#include "stages.h"

#include "engine/client.h"
#include "host/host.h"
#include "net/net.h"
#include "run/link.h"
#include "run/rx.h"
#include "security/security.h"
#include "store/store.h"

static uint64_t spent[STAGE_COUNT], calls, own_cost;

static inline uint64_t counter(void)
{
	return __builtin_ia32_rdtsc();
}

static inline void count(enum stage stage, uint64_t from)
{
	spent[stage] += counter() - from - own_cost;
	calls++;
}

/* A call that is wrapped: T its type, the rest its parameters and their names. */
#define TIMED(stage, T, name, parameters, names)              \
	T __real_##name parameters;                           \
	T __wrap_##name parameters;                           \
	T __wrap_##name parameters                            \
	{                                                     \
		uint64_t from = counter();                    \
		T result = __real_##name names;               \
                                                              \
		count(STAGE_##stage, from);                   \
		return result;                                \
	}
#define TIMED_VOID(stage, name, parameters, names)            \
	void __real_##name parameters;                        \
	void __wrap_##name parameters;                        \
	void __wrap_##name parameters                         \
	{                                                     \
		uint64_t from = counter();                    \
                                                              \
		__real_##name names;                          \
		count(STAGE_##stage, from);                   \
	}

TIMED(parse, enum net_verdict, net_input,
      (struct net *n, const uint8_t *frame, uint32_t len, unsigned flags, ns_t now, struct net_datagram *out,
       struct net_out *tx), (n, frame, len, flags, now, out, tx))
TIMED(parse, enum mt_read, mt_read, (const void *datagram, size_t len, struct mt_packet *out), (datagram, len, out))
TIMED(engine, enum client_want, client_wants,
      (struct client *c, const struct mt_packet *p, const struct endpoint *sender, struct ma_data *block), (c, p, sender, block))
TIMED_VOID(engine, client_step, (struct client *c, const struct client_in *in, ns_t now, struct outq *out), (c, in, now, out))
TIMED(put, uint32_t, store_reserve, (struct store *s), (s))
TIMED(put, uint32_t, security_copy_sum, (void *dst, const void *src, size_t len, size_t before, size_t after),
      (dst, src, len, before, after))
TIMED_VOID(publish, store_publish, (struct store *s, uint32_t slot, uint64_t block_no, uint32_t len), (s, slot, block_no, len))
TIMED_VOID(publish, host_bell_ring, (struct host_bell *b), (b))
TIMED(ack, enum link_sent, link_send, (struct link *l, const struct link_packet *p, ns_t now), (l, p, now))
TIMED(ack, bool, link_flush, (struct link *l, ns_t now), (l, now))

/* The turn as a whole: what its parts have counted meanwhile is theirs, and their counters' cost is nobody's. */
unsigned __real_rx_turn(struct rx *rx, ns_t now);
unsigned __wrap_rx_turn(struct rx *rx, ns_t now);
unsigned __wrap_rx_turn(struct rx *rx, ns_t now)
{
	uint64_t from = counter();
	unsigned result = __real_rx_turn(rx, now);

	count(STAGE_turn, from);
	return result;
}

static void calibrate(void)
{
	uint64_t least = UINT64_MAX;

	for (int i = 0; i < 10000; i++) {
		uint64_t from = counter(), cycles = counter() - from;

		least = cycles < least ? cycles : least;
	}
	own_cost = least;
}

void stages_reset(void)
{
	if (own_cost == 0)
		calibrate();
	memset(spent, 0, sizeof(spent));
	calls = 0;
}

void stages_read(uint64_t cycles[STAGE_COUNT])
{
	uint64_t parts = calls * own_cost;

	for (unsigned i = 0; i < STAGE_turn; i++)
		parts += cycles[i] = spent[i];
	cycles[STAGE_turn] = spent[STAGE_turn] > parts ? spent[STAGE_turn] - parts : 0;
}
