/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Where the device stands in a ring that it works through chain by chain, as
 * the state keeps it (struct state_ring_pos). Each of these fills the copy
 * that is to become current.
 */
#ifndef WORKER_RING_POS_H
#define WORKER_RING_POS_H

#include "common/state.h"
#include "worker/vq.h"

/*
 * The ring starts at generation @ring->gen. A chain that was open when it
 * stopped, and that the new base names again, goes on where it was.
 */
void ring_pos_start(struct state_ring_pos *pos, const struct state_ring *ring,
		    const struct vq *vq);

/* The chain at pos->avail is done, with @len bytes written to it. */
void ring_pos_complete(struct state_ring_pos *pos, uint16_t head,
		       uint32_t len);

/* Shows the driver the last completed chain; doing it twice is harmless. */
void ring_pos_publish(const struct state_ring_pos *pos, struct vq *vq);

#endif
