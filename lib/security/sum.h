/* The byte sum of 2.2.2.3, in C and for AVX2; security_sum() and security_copy_sum() choose. Private. */
#ifndef WDSCAST_SECURITY_SUM_H
#define WDSCAST_SECURITY_SUM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

uint32_t sum_portable(const uint8_t *src, size_t len);
/* See security_copy_sum(). */
uint32_t sum_copy_portable(uint8_t *restrict dst, const uint8_t *restrict src, size_t len, size_t before, size_t after);

/* Whether this processor has it; without, the two below must not be called. */
bool sum_has_avx2(void);
uint32_t sum_avx2(const uint8_t *src, size_t len);
uint32_t sum_copy_avx2(uint8_t *restrict dst, const uint8_t *restrict src, size_t len, size_t before, size_t after);

#endif
