/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "worker/ring_pos.h"

void ring_pos_start(struct state_ring_pos *pos, const struct state_ring *ring,
		    const struct vq *vq)
{
	*pos = (struct state_ring_pos){
		.gen = ring->gen,
		.avail = ring->base,
		.used = vring_used_idx(&vq->vr),
		.off = ring->taken,
	};
}

void ring_pos_complete(struct state_ring_pos *pos, uint16_t head, uint32_t len)
{
	pos->avail++;
	pos->used++;
	pos->head = head;
	pos->completed = COMPLETED_GOOD;
	pos->len = len;
	pos->off = 0;
}

void ring_pos_publish(const struct state_ring_pos *pos, struct vq *vq)
{
	if (pos->completed == COMPLETED_NONE)
		return;
	vring_put(&vq->vr, (uint16_t)(pos->used - 1), pos->head, pos->len);
	vring_publish(&vq->vr, pos->used);
}
