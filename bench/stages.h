/*
 * Where the cycles of a turn go. The program `stages` is `pipeline` with the calls between the rooms
 * wrapped by the linker (see meson.build) to read the time-stamp counter; pipeline itself has none of it.
 */
#ifndef WDSCAST_BENCH_STAGES_H
#define WDSCAST_BENCH_STAGES_H

#include <stdint.h>

#define STAGES(X)                                                                \
	X(parse)   /* Ethernet, IP, UDP (reassembly too), MS-WDSMT */            \
	X(engine)  /* MS-WDSMA, is it wanted; then the step, which builds ACKs */ \
	X(put)     /* slot, copy, checksum */                                    \
	X(publish) /* done ring, bell */                                         \
	X(ack)     /* what the engine has to say: headers, sending */            \
	X(turn)    /* the rest of the turn */
#define X(name) STAGE_##name,
enum stage { STAGES(X) STAGE_COUNT };
#undef X

#ifdef BENCH_STAGES

enum { STAGES_SHOWN = STAGE_COUNT };
void stages_reset(void);
/* Cycles since stages_reset(), without those of reading the counter. STAGE_turn is what others are not. */
void stages_read(uint64_t cycles[STAGE_COUNT]);

#else

enum { STAGES_SHOWN = 0 };
static inline void stages_reset(void)
{
}

static inline void stages_read(uint64_t cycles[STAGE_COUNT])
{
	(void)cycles;
}

#endif

#define X(name) #name,
__attribute__((unused)) static const char *const stage_names[] = { STAGES(X) };
#undef X

#endif
