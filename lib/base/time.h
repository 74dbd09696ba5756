/* Time as the rooms see it: nanoseconds of one monotonic clock, handed in by the caller. */
#ifndef WDSCAST_BASE_TIME_H
#define WDSCAST_BASE_TIME_H

#include <stdint.h>

typedef uint64_t ns_t;

#define NS_PER_US 1000ull
#define NS_PER_MS 1000000ull
#define NS_PER_S 1000000000ull
#define NS_NEVER UINT64_MAX /* a deadline that never comes */

static inline ns_t ns_min(ns_t a, ns_t b)
{
	return a < b ? a : b;
}

/* The SenderTime clock of MS-WDSMT 2.2.3: milliseconds, private to the sender. */
static inline uint64_t ns_to_ms(ns_t t)
{
	return t / NS_PER_MS;
}

#endif
