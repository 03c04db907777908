/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The device's side of a split virtqueue (VIRTIO 1.2, 2.7), in pure memory. It
 * holds no position: the caller keeps the avail and used indices (free-running,
 * modulo 2^16), so that they can outlive the process.
 */
#ifndef WORKER_VRING_H
#define WORKER_VRING_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "worker/gmem.h"
#include "worker/virtio_ring.h"

/* Entries of an indirect table; a direct chain has the ring's num at most. */
#define VRING_CHAIN_DESCS_MAX	1024u
#define VRING_CHAIN_SPANS_MAX	(VRING_CHAIN_DESCS_MAX + 2 * MEM_SLOTS_MAX)

struct vring {
	const struct gmem *gmem;	/* borrowed */
	uint32_t num;
	bool indirect;			/* VIRTIO_F_INDIRECT_DESC */
	bool event_idx;			/* VIRTIO_F_EVENT_IDX */
	const struct virtq_desc *desc;
	struct virtq_avail *avail;
	struct virtq_used *used;
	uint16_t signalled;		/* used index at the last notification */
	bool signalled_valid;
};

/* What the driver lets us read (out) and write (in), in this order. */
struct vring_chain {
	uint16_t head;
	bool fatal;			/* with -EBADMSG: the ring is broken too */
	const char *error;		/* what is wrong with it */
	unsigned int nout;
	unsigned int nin;
	uint64_t out_len;
	uint64_t in_len;
	struct iovec span[VRING_CHAIN_SPANS_MAX];	/* out, then in */
};

/*
 * Points @vr at rings at these user addresses. Whole rings, each within one
 * region and aligned, or -EFAULT / -EINVAL. @num is a power of two.
 */
int vring_map(struct vring *vr, const struct gmem *gmem, uint32_t num,
	      uint64_t desc_uva, uint64_t avail_uva, uint64_t used_uva);

/* Chains available from @avail on, or -EPROTO: the index jumped. */
int vring_pending(const struct vring *vr, uint16_t avail);

/*
 * The head of the available chain at @avail, without a look at what it is made
 * of. -EAGAIN if there is none, -EPROTO if the ring's structure is broken.
 */
int vring_head(const struct vring *vr, uint16_t avail);

/*
 * Reads the available chain at @avail; each guest field is read once. Returns
 * 0; -EBADMSG when only the chain is bad: return its head with length 0, and
 * break the ring if chain->fatal; -EPROTO when the ring's structure is.
 */
int vring_get(const struct vring *vr, uint16_t avail,
	      struct vring_chain *chain);

/* Writes the used element at @used; the driver sees it after vring_publish. */
void vring_put(struct vring *vr, uint16_t used, uint16_t head, uint32_t len);
void vring_publish(struct vring *vr, uint16_t used);
uint16_t vring_used_idx(const struct vring *vr);

/* May the driver be interrupted for what was published up to @used? */
bool vring_should_notify(struct vring *vr, uint16_t used);

/* Asks the driver not to kick. */
void vring_kicks_off(struct vring *vr);

/* Asks for a kick past @avail; true if chains came in the meantime. */
bool vring_kicks_on(struct vring *vr, uint16_t avail);

#endif
