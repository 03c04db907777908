/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/ring.h"

#include <string.h>

uint64_t ring_room(const struct ring *ring, uint64_t head, uint64_t hold)
{
	uint64_t held = hold < head ? head - hold : 0;

	return held < ring->size ? ring->size - held : 0;
}

static void drop_oldest(struct ring *ring, uint64_t head, uint64_t len)
{
	uint64_t end = head + len;
	uint64_t tail = end > ring->size ? end - ring->size : 0;

	if (tail > atomic_load_explicit(ring->tail, memory_order_relaxed))
		atomic_store_explicit(ring->tail, tail, memory_order_release);
	atomic_signal_fence(memory_order_seq_cst);
	STATE_POINT();
}

static void copy_in(struct ring *ring, uint64_t pos, const void *from,
		    size_t len)
{
	struct iovec span[2];
	unsigned int n = ring_spans(ring, pos, len, span);
	const unsigned char *p = from;

	for (unsigned int i = 0; i < n; i++) {
		memcpy(span[i].iov_base, p, span[i].iov_len);
		p += span[i].iov_len;
		STATE_POINT();
	}
}

void ring_write(struct ring *ring, uint64_t head, const struct iovec *src,
		unsigned int nsrc, uint64_t off, uint64_t len)
{
	drop_oldest(ring, head, len);
	for (unsigned int i = 0; i < nsrc && len; i++) {
		size_t part;

		if (off >= src[i].iov_len) {
			off -= src[i].iov_len;
			continue;
		}
		part = src[i].iov_len - (size_t)off;
		if (part > len)
			part = (size_t)len;
		copy_in(ring, head, (unsigned char *)src[i].iov_base + off,
			part);
		head += part;
		len -= part;
		off = 0;
	}
	atomic_signal_fence(memory_order_seq_cst);
}

unsigned int ring_spans(const struct ring *ring, uint64_t pos, uint64_t len,
			struct iovec span[2])
{
	uint64_t at = pos % ring->size;
	uint64_t first = ring->size - at;

	if (first > len)
		first = len;
	span[0].iov_base = ring->buf + at;
	span[0].iov_len = (size_t)first;
	span[1].iov_base = ring->buf;
	span[1].iov_len = (size_t)(len - first);
	return !len ? 0 : first < len ? 2 : 1;
}
