/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Guest memory with one split ring in it, for tests that need no file and no
 * fd. Regions lie where it is awkward: neighbours in guest memory that are
 * none in ours, one of 8 bytes, the top of the address space, one of 6 GiB.
 */
#ifndef TESTS_LIB_RING_IMAGE_H
#define TESTS_LIB_RING_IMAGE_H

#include <stdint.h>

#include "worker/gmem.h"
#include "worker/vring.h"

#define IMAGE_LOW	UINT64_C(0)		/* guest memory from 0 on */
#define IMAGE_LOW_SIZE	UINT64_C(0x2000)
#define IMAGE_RING	UINT64_C(0x100000)	/* where the ring is */
#define IMAGE_RING_SIZE	UINT64_C(0x100000)
#define IMAGE_A		UINT64_C(0x400000)	/* four neighbours */
#define IMAGE_A_SIZE	UINT64_C(0x1800)
#define IMAGE_B		(IMAGE_A + IMAGE_A_SIZE)
#define IMAGE_B_SIZE	UINT64_C(0x1000)
#define IMAGE_C		(IMAGE_B + IMAGE_B_SIZE)
#define IMAGE_C_SIZE	UINT64_C(8)
#define IMAGE_D		(IMAGE_C + IMAGE_C_SIZE)
#define IMAGE_D_SIZE	UINT64_C(0x4800)
#define IMAGE_END	(IMAGE_D + IMAGE_D_SIZE)
#define IMAGE_HUGE	UINT64_C(0x1000000000)
#define IMAGE_HUGE_SIZE	(UINT64_C(6) << 30)
#define IMAGE_TOP_SIZE	UINT64_C(0x1000)
#define IMAGE_TOP	(UINT64_MAX - IMAGE_TOP_SIZE)
#define IMAGE_NOWHERE	UINT64_C(0x300000)

/* A user address is the guest's plus this. */
#define IMAGE_UVA	UINT64_C(0x7f0000000000)

struct ring_image {
	struct gmem gmem;
	struct vring vr;
	struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
};

/* Indirect descriptors are negotiated; a caller may take that back. */
void ring_image_init(struct ring_image *img, uint32_t num);
void ring_image_destroy(struct ring_image *img);

/* Puts a ring of another size, all zeros, into the same memory. */
void ring_image_reset(struct ring_image *img, uint32_t num);

/* Where the three parts are, as user addresses. */
uint64_t ring_image_desc_uva(void);
uint64_t ring_image_avail_uva(uint32_t num);
uint64_t ring_image_used_uva(uint32_t num);

void *ring_image_ptr(const struct ring_image *img, uint64_t gpa);

/* Writes descriptor @i of the ring, or of an indirect table at @table. */
void ring_image_desc(struct ring_image *img, uint16_t i, uint64_t addr,
		     uint32_t len, uint16_t flags, uint16_t next);
void ring_image_entry(struct ring_image *img, uint64_t table, uint32_t i,
		      uint64_t addr, uint32_t len, uint16_t flags,
		      uint16_t next);

/* The available ring's entry for index @idx, and the index itself. */
void ring_image_avail(struct ring_image *img, uint16_t idx, uint16_t head);
void ring_image_avail_idx(struct ring_image *img, uint16_t idx);

/* avail_event, the word behind the used elements. */
uint16_t *ring_image_avail_event(const struct ring_image *img);

#endif
