/*
 * Byte-order types, and a reader and a writer over a span of bytes. be16 and its like are
 * structs of bytes: packed by construction, without alignment, and never read by accident.
 * They are spelled out, not looped, because compilers make one load and one swap of that.
 */
#ifndef WDSCAST_BASE_BYTES_H
#define WDSCAST_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct { uint8_t b[2]; } be16;
typedef struct { uint8_t b[4]; } be32;
typedef struct { uint8_t b[8]; } be64;
typedef struct { uint8_t b[2]; } le16;
typedef struct { uint8_t b[4]; } le32;
typedef struct { uint8_t b[8]; } le64;

static inline uint16_t be16_get(be16 v)
{
	return (uint16_t)(v.b[0] << 8 | v.b[1]);
}

static inline uint32_t be32_get(be32 v)
{
	return (uint32_t)v.b[0] << 24 | (uint32_t)v.b[1] << 16 | (uint32_t)v.b[2] << 8 | v.b[3];
}

static inline uint64_t be64_get(be64 v)
{
	return (uint64_t)v.b[0] << 56 | (uint64_t)v.b[1] << 48 | (uint64_t)v.b[2] << 40 |
	       (uint64_t)v.b[3] << 32 | (uint64_t)v.b[4] << 24 | (uint64_t)v.b[5] << 16 |
	       (uint64_t)v.b[6] << 8 | v.b[7];
}

static inline be16 be16_of(uint16_t v)
{
	return (be16){ { (uint8_t)(v >> 8), (uint8_t)v } };
}

static inline be32 be32_of(uint32_t v)
{
	return (be32){ { (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v } };
}

static inline be64 be64_of(uint64_t v)
{
	return (be64){ { (uint8_t)(v >> 56), (uint8_t)(v >> 48), (uint8_t)(v >> 40), (uint8_t)(v >> 32),
	                 (uint8_t)(v >> 24), (uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v } };
}

static inline uint16_t le16_get(le16 v)
{
	return (uint16_t)(v.b[1] << 8 | v.b[0]);
}

static inline uint32_t le32_get(le32 v)
{
	return (uint32_t)v.b[3] << 24 | (uint32_t)v.b[2] << 16 | (uint32_t)v.b[1] << 8 | v.b[0];
}

static inline uint64_t le64_get(le64 v)
{
	return (uint64_t)v.b[7] << 56 | (uint64_t)v.b[6] << 48 | (uint64_t)v.b[5] << 40 |
	       (uint64_t)v.b[4] << 32 | (uint64_t)v.b[3] << 24 | (uint64_t)v.b[2] << 16 |
	       (uint64_t)v.b[1] << 8 | v.b[0];
}

static inline le16 le16_of(uint16_t v)
{
	return (le16){ { (uint8_t)v, (uint8_t)(v >> 8) } };
}

static inline le32 le32_of(uint32_t v)
{
	return (le32){ { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24) } };
}

static inline le64 le64_of(uint64_t v)
{
	return (le64){ { (uint8_t)v, (uint8_t)(v >> 8), (uint8_t)(v >> 16), (uint8_t)(v >> 24),
	                 (uint8_t)(v >> 32), (uint8_t)(v >> 40), (uint8_t)(v >> 48), (uint8_t)(v >> 56) } };
}

/* What is left to read: [at, end). */
struct reader {
	const uint8_t *at, *end;
};

static inline struct reader reader_of(const void *data, size_t len)
{
	const uint8_t *p = data;

	return (struct reader){ p, p + len };
}

static inline size_t reader_left(const struct reader *r)
{
	return (size_t)(r->end - r->at);
}

/* The next n bytes, or NULL when fewer are left; then nothing is consumed. */
static inline const void *reader_take(struct reader *r, size_t n)
{
	const uint8_t *p = r->at;

	if (reader_left(r) < n)
		return NULL;
	r->at += n;
	return p;
}

/*
 * Where to write: [at, end). A write that does not fit sets `full` and writes nothing; the
 * caller checks once, at the end.
 */
struct writer {
	uint8_t *start, *at, *end;
	bool full;
};

static inline struct writer writer_of(void *mem, size_t len)
{
	uint8_t *p = mem;

	return (struct writer){ p, p, p + len, false };
}

static inline size_t writer_len(const struct writer *w)
{
	return (size_t)(w->at - w->start);
}

/* Room for the next n bytes, or NULL when they do not fit. */
static inline void *writer_take(struct writer *w, size_t n)
{
	uint8_t *p = w->at;

	if (w->full || (size_t)(w->end - w->at) < n) {
		w->full = true;
		return NULL;
	}
	w->at += n;
	return p;
}

static inline void writer_bytes(struct writer *w, const void *v, size_t n)
{
	void *p = writer_take(w, n);

	if (p != NULL && n > 0)
		memcpy(p, v, n);
}

static inline void writer_u8(struct writer *w, uint8_t v)
{
	writer_bytes(w, &v, 1);
}

static inline void writer_be16(struct writer *w, uint16_t v)
{
	be16 x = be16_of(v);

	writer_bytes(w, &x, sizeof(x));
}

static inline void writer_be32(struct writer *w, uint32_t v)
{
	be32 x = be32_of(v);

	writer_bytes(w, &x, sizeof(x));
}

static inline void writer_be64(struct writer *w, uint64_t v)
{
	be64 x = be64_of(v);

	writer_bytes(w, &x, sizeof(x));
}

#endif
