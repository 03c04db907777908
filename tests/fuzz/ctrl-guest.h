/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A guest's control queues: two rings in the free part of a front's memory,
 * and the model of what has to come back from them. A chain has two
 * descriptors of its own and a piece of memory.
 */
#ifndef TESTS_FUZZ_CTRL_GUEST_H
#define TESTS_FUZZ_CTRL_GUEST_H

#include "tests/fuzz/ctrl-model.h"
#include "tests/fuzz/front.h"

struct ctrl_guest {
	struct front *f;
	struct ctrl_model model;
	uint16_t avail[2];		/* of the rings below */
	uint16_t used[2];
	unsigned int slot[2];		/* of the next chain */
};

enum ctrl_ring { CTRL_TO_GUEST, CTRL_FROM_GUEST };

struct ctrl_queue *ctrl_guest_queue(struct ctrl_guest *g, enum ctrl_ring ring);

/* Rings of nothing, that will start at index @base. */
void ctrl_guest_blank(struct ctrl_guest *g, uint16_t base);

/* A ring's index of the oldest chain outstanding. */
uint16_t ctrl_guest_base(const struct ctrl_guest *g, enum ctrl_ring ring);

/* One more chain, of any kind, as far as there is room. */
void ctrl_guest_publish(struct ctrl_guest *g, enum ctrl_ring ring,
			struct input *in);

/* The avail index goes where it cannot be; or back. */
void ctrl_guest_jump(struct ctrl_guest *g, enum ctrl_ring ring, bool away);

/* What the front-end says to start or stop a ring. */
void ctrl_guest_start(struct ctrl_guest *g, enum ctrl_ring ring,
		      uint16_t base);
void ctrl_guest_stop(struct ctrl_guest *g, enum ctrl_ring ring);

void ctrl_guest_kick(const struct ctrl_guest *g);

/* What came back is what the model says, and the guest was interrupted. */
void ctrl_guest_collect(struct ctrl_guest *g);

#endif
