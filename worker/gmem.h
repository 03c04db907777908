/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Guest memory: the regions of the vhost-user memory table, mapped here. Knows
 * no rings. Three kinds of address: gpa (guest-physical, in descriptors), uva
 * (the front-end's user address, in SET_VRING_ADDR) and ptr (ours).
 */
#ifndef WORKER_GMEM_H
#define WORKER_GMEM_H

#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

#include "common/state.h"

struct gmem_region {
	uint64_t gpa;
	uint64_t uva;
	uint64_t size;			/* bytes; 0: the slot is empty */
	unsigned char *ptr;		/* of gpa */
	void *map;			/* as given to munmap() */
	size_t map_len;
};

struct gmem {
	struct gmem_region region[MEM_SLOTS_MAX];
};

/*
 * Checks @region against the others of @table (MEM_SLOTS_MAX entries, itself
 * left out): not empty, no wrap, no overlap by gpa or by uva. Returns 0 or
 * -EINVAL.
 */
int gmem_check(const struct state_region *table, unsigned int slot);

/*
 * Maps @region from @fd (borrowed) into an empty slot. The file must be a
 * regular one (memfd, shm, hugetlbfs) that holds the whole region. Returns 0
 * or -errno.
 */
int gmem_map(struct gmem *gmem, unsigned int slot,
	     const struct state_region *region, int fd);

/* Unmaps what @old maps and @kept does not; NULL keeps nothing. */
void gmem_release(struct gmem *old, const struct gmem *kept);

/* Pointer to @len bytes at @uva within one region, or NULL. */
void *gmem_uva(const struct gmem *gmem, uint64_t uva, uint64_t len);

/*
 * Splits @len bytes at @gpa, which may straddle regions, into at most @max
 * spans. Returns their number, -EFAULT when a byte of it is not mapped, or
 * -E2BIG.
 */
int gmem_spans(const struct gmem *gmem, uint64_t gpa, uint64_t len,
	       struct iovec *span, unsigned int max);

#endif
