#include "security/sum.h"

#include "security/security.h"

uint32_t sum_portable(const uint8_t *src, size_t len)
{
	uint32_t sum = 0;

	for (size_t i = 0; i < len; i++)
		sum += src[i];
	return sum;
}

uint32_t sum_copy_portable(uint8_t *restrict dst, const uint8_t *restrict src, size_t len, size_t before, size_t after)
{
	uint32_t sum = sum_portable(src - before, before) + sum_portable(src + len, after);

	for (size_t i = 0; i < len; i++)
		sum += dst[i] = src[i];
	return sum;
}

#if defined(__x86_64__)

#include <immintrin.h>

#define AVX2 __attribute__((target("avx2")))
#define LANE 32 /* bytes of a vector */

/* One load of what was found out before main(): no state of our own, so no thread can race. */
bool sum_has_avx2(void)
{
	return __builtin_cpu_supports("avx2");
}

static inline AVX2 __m256i load(const uint8_t *p)
{
	return _mm256_loadu_si256((const __m256i *)p);
}

/* Four sums of eight bytes each. */
static inline AVX2 __m256i sums_of(__m256i bytes)
{
	return _mm256_sad_epu8(bytes, _mm256_setzero_si256());
}

static const uint8_t mask[2 * LANE] = {
	[LANE] = 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
	255,          255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255, 255,
};

/* The last n bytes of a vector, 0 to LANE; the others zero. */
static inline AVX2 __m256i keep_last(__m256i bytes, size_t n)
{
	return _mm256_and_si256(bytes, load(mask + n));
}

static inline AVX2 __m256i keep_first(__m256i bytes, size_t n)
{
	return _mm256_andnot_si256(load(mask + LANE - n), bytes);
}

/* A vector to a boundary, and its sums. The barrier: compilers would rather load it twice. */
static inline AVX2 __m256i copied(uint8_t *dst, const uint8_t *src)
{
	__m256i bytes = load(src);

	__asm__("" : "+x"(bytes));
	_mm256_store_si256((__m256i *)dst, bytes);
	return sums_of(bytes);
}

static inline AVX2 uint32_t total_of(__m256i sums)
{
	__m128i two = _mm_add_epi64(_mm256_castsi256_si128(sums), _mm256_extracti128_si256(sums, 1));

	return (uint32_t)(_mm_cvtsi128_si64(two) + _mm_extract_epi64(two, 1));
}

/* The rest that fills no vector is in the last one that does, with bytes already counted before it. */
AVX2 uint32_t sum_avx2(const uint8_t *src, size_t len)
{
	__m256i sums = _mm256_setzero_si256();
	size_t i;

	if (len < LANE)
		return sum_portable(src, len);
	for (i = 0; i + LANE <= len; i += LANE)
		sums = _mm256_add_epi64(sums, sums_of(load(src + i)));
	sums = _mm256_add_epi64(sums, sums_of(keep_last(load(src + len - LANE), len - i)));
	return total_of(sums);
}

/* The sums of n bytes that have a vector's worth of others behind them. */
static inline AVX2 __m256i sums_before(const uint8_t *p, size_t n)
{
	__m256i sums = _mm256_setzero_si256();

	for (; n >= LANE; n -= LANE, p += LANE)
		sums = _mm256_add_epi64(sums, sums_of(load(p)));
	return _mm256_add_epi64(sums, sums_of(keep_first(load(p), n)));
}

/* The same for n bytes up to the end that have as many before them. */
static inline AVX2 __m256i sums_after(const uint8_t *end, size_t n)
{
	__m256i sums = _mm256_setzero_si256();

	for (; n >= LANE; n -= LANE, end -= LANE)
		sums = _mm256_add_epi64(sums, sums_of(load(end - LANE)));
	return _mm256_add_epi64(sums, sums_of(keep_last(load(end - LANE), n)));
}

/* Stores on vector boundaries: one that straddles two cache lines costs two. Hence a first vector for the few
 * bytes before a boundary, and a last for the few after one, both with bytes that another has counted. */
AVX2 uint32_t sum_copy_avx2(uint8_t *restrict dst, const uint8_t *restrict src, size_t len, size_t before, size_t after)
{
	size_t i = -(uintptr_t)dst % LANE;
	__m256i first, last, even, odd;

	if (len < 2 * LANE)
		return sum_copy_portable(dst, src, len, before, after);
	even = sums_before(src - before, before);
	odd = sums_after(src + len + after, after);
	first = load(src);
	_mm256_storeu_si256((__m256i *)dst, first);
	even = _mm256_add_epi64(even, sums_of(keep_first(first, i)));
	for (; i + 4 * LANE <= len; i += 4 * LANE) {
		even = _mm256_add_epi64(even, copied(dst + i, src + i));
		odd = _mm256_add_epi64(odd, copied(dst + i + LANE, src + i + LANE));
		even = _mm256_add_epi64(even, copied(dst + i + 2 * LANE, src + i + 2 * LANE));
		odd = _mm256_add_epi64(odd, copied(dst + i + 3 * LANE, src + i + 3 * LANE));
	}
	for (; i + LANE <= len; i += LANE)
		odd = _mm256_add_epi64(odd, copied(dst + i, src + i));
	last = load(src + len - LANE);
	_mm256_storeu_si256((__m256i *)(dst + len - LANE), last);
	even = _mm256_add_epi64(even, sums_of(keep_last(last, len - i)));
	return total_of(_mm256_add_epi64(even, odd));
}

#else

bool sum_has_avx2(void)
{
	return false;
}

uint32_t sum_avx2(const uint8_t *src, size_t len)
{
	return sum_portable(src, len);
}

uint32_t sum_copy_avx2(uint8_t *restrict dst, const uint8_t *restrict src, size_t len, size_t before, size_t after)
{
	return sum_copy_portable(dst, src, len, before, after);
}

#endif

uint32_t security_sum(const void *bytes, size_t len)
{
	return sum_has_avx2() ? sum_avx2(bytes, len) : sum_portable(bytes, len);
}

uint32_t security_copy_sum(void *dst, const void *src, size_t len, size_t before, size_t after)
{
	return sum_has_avx2() ? sum_copy_avx2(dst, src, len, before, after) :
	                        sum_copy_portable(dst, src, len, before, after);
}
