/*
 * A ring with one producer and one consumer, lock-free and wait-free; elements are copied.
 *  - S1 (push, release) publishes the element; pairs with S2 (pop, acquire).
 *  - S3 (pop, release) gives the place back; pairs with S4 (push, acquire).
 * Each side keeps a copy of the other's index and looks again only when it seems full or empty.
 */
#ifndef WDSCAST_BASE_SPSC_H
#define WDSCAST_BASE_SPSC_H

#include <assert.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SPSC_LINE 64

struct spsc {
	uint8_t *mem;
	uint32_t mask, elem_bytes;
	_Alignas(SPSC_LINE) _Atomic uint32_t tail; /* producer's: elements pushed, ever */
	uint32_t head_seen;
	_Alignas(SPSC_LINE) _Atomic uint32_t head; /* consumer's: elements popped, ever */
	uint32_t tail_seen;
};

/* The least power of two that is not below n; n up to 2^31. */
static inline uint32_t spsc_capacity(uint32_t n)
{
	uint32_t c = 1;

	while (c < n)
		c <<= 1;
	return c;
}

/* capacity: a power of two; mem: capacity * elem_bytes bytes, which stay the caller's. */
static inline void spsc_init(struct spsc *r, void *mem, uint32_t capacity, uint32_t elem_bytes)
{
	assert(capacity != 0 && (capacity & (capacity - 1)) == 0);
	r->mem = mem;
	r->mask = capacity - 1;
	r->elem_bytes = elem_bytes;
	r->head_seen = r->tail_seen = 0;
	atomic_init(&r->tail, 0);
	atomic_init(&r->head, 0);
}

/* Producer. False when the ring is full. bytes is the ring's elem_bytes, constant at the call. */
static inline bool spsc_push(struct spsc *r, const void *elem, uint32_t bytes)
{
	uint32_t tail = atomic_load_explicit(&r->tail, memory_order_relaxed);

	assert(bytes == r->elem_bytes);
	if (tail - r->head_seen > r->mask) {
		r->head_seen = atomic_load_explicit(&r->head, memory_order_acquire); /* S4 */
		if (tail - r->head_seen > r->mask)
			return false;
	}
	memcpy(r->mem + (size_t)(tail & r->mask) * bytes, elem, bytes);
	atomic_store_explicit(&r->tail, tail + 1, memory_order_release); /* S1 */
	return true;
}

/* Consumer: the element that spsc_pop() would give, which stays. False when the ring is empty. */
static inline bool spsc_peek(struct spsc *r, void *elem, uint32_t bytes)
{
	uint32_t head = atomic_load_explicit(&r->head, memory_order_relaxed);

	assert(bytes == r->elem_bytes);
	if (head == r->tail_seen) {
		r->tail_seen = atomic_load_explicit(&r->tail, memory_order_acquire); /* S2 */
		if (head == r->tail_seen)
			return false;
	}
	memcpy(elem, r->mem + (size_t)(head & r->mask) * bytes, bytes);
	return true;
}

/* Consumer. False when the ring is empty. */
static inline bool spsc_pop(struct spsc *r, void *elem, uint32_t bytes)
{
	if (!spsc_peek(r, elem, bytes))
		return false;
	atomic_store_explicit(&r->head, atomic_load_explicit(&r->head, memory_order_relaxed) + 1, memory_order_release); /* S3 */
	return true;
}

/* Consumer: at least so many are there; without a look at the producer's side. */
static inline uint32_t spsc_seen(const struct spsc *r)
{
	return r->tail_seen - atomic_load_explicit(&r->head, memory_order_relaxed);
}

/* Either side, or a bystander: a moment's view. */
static inline uint32_t spsc_count(const struct spsc *r)
{
	return atomic_load_explicit(&r->tail, memory_order_acquire) -
	       atomic_load_explicit(&r->head, memory_order_acquire);
}

#endif
