/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Layout of a split virtqueue (VIRTIO 1.2, 2.7). All fields little-endian and
 * shared with the guest: read and write them only through these accessors,
 * each value once.
 */
#ifndef WORKER_VIRTIO_RING_H
#define WORKER_VIRTIO_RING_H

#include <endian.h>
#include <stdint.h>

#include "worker/guest_point.h"

#define VIRTQ_DESC_F_NEXT		1
#define VIRTQ_DESC_F_WRITE		2
#define VIRTQ_DESC_F_INDIRECT		4
#define VIRTQ_AVAIL_F_NO_INTERRUPT	1
#define VIRTQ_USED_F_NO_NOTIFY		1

struct virtq_desc {
	uint64_t addr;
	uint32_t len;
	uint16_t flags;
	uint16_t next;
};

struct virtq_avail {
	uint16_t flags;
	uint16_t idx;
	uint16_t ring[];		/* num entries, then used_event */
};

struct virtq_used_elem {
	uint32_t id;
	uint32_t len;
};

struct virtq_used {
	uint16_t flags;
	uint16_t idx;
	struct virtq_used_elem ring[];	/* num entries, then avail_event */
};

#define VIRTQ_DESC_ALIGN	16u
#define VIRTQ_AVAIL_ALIGN	2u
#define VIRTQ_USED_ALIGN	4u

static inline uint64_t virtq_desc_size(uint32_t num)
{
	return UINT64_C(16) * num;
}

static inline uint64_t virtq_avail_size(uint32_t num)
{
	return 6 + UINT64_C(2) * num;
}

static inline uint64_t virtq_used_size(uint32_t num)
{
	return 6 + UINT64_C(8) * num;
}

static inline uint16_t virtq_load16(const uint16_t *p)
{
	GUEST_POINT(p);
	return le16toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static inline uint16_t virtq_load16_acquire(const uint16_t *p)
{
	GUEST_POINT(p);
	return le16toh(__atomic_load_n(p, __ATOMIC_ACQUIRE));
}

static inline uint32_t virtq_load32(const uint32_t *p)
{
	GUEST_POINT(p);
	return le32toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static inline uint64_t virtq_load64(const uint64_t *p)
{
	GUEST_POINT(p);
	return le64toh(__atomic_load_n(p, __ATOMIC_RELAXED));
}

static inline void virtq_store16(uint16_t *p, uint16_t value)
{
	__atomic_store_n(p, htole16(value), __ATOMIC_RELAXED);
}

static inline void virtq_store16_release(uint16_t *p, uint16_t value)
{
	__atomic_store_n(p, htole16(value), __ATOMIC_RELEASE);
}

static inline void virtq_store32(uint32_t *p, uint32_t value)
{
	__atomic_store_n(p, htole32(value), __ATOMIC_RELAXED);
}

/* A private copy in CPU byte order; checks look at the copy only. */
static inline struct virtq_desc virtq_load_desc(const struct virtq_desc *p)
{
	return (struct virtq_desc){
		.addr = virtq_load64(&p->addr),
		.len = virtq_load32(&p->len),
		.flags = virtq_load16(&p->flags),
		.next = virtq_load16(&p->next),
	};
}

#endif
