/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What the guests, front-ends and clients of all sweeps do. */
#ifndef TESTS_PROTO_SWEEP_MOVES_H
#define TESTS_PROTO_SWEEP_MOVES_H

#include "tests/proto/sweep.h"

#define SWEEP_POISON	0xa5		/* in buffers for input */

static inline struct frontend *sweep_frontend(struct sweep_run *s)
{
	return &s->w->fe[0];
}

static inline struct guest *sweep_guest(struct sweep_run *s)
{
	return &s->w->guest[0];
}

static inline struct tclient *sweep_client(struct sweep_run *s, unsigned int i)
{
	return &s->w->client[i];
}

/*
 * The first client types before the front-end comes. @spins: the guest looks
 * at its rings without end, as Linux does when it prints.
 */
void sweep_begin(struct sweep_run *s, void (*layout)(struct guest *g),
		 bool spins);

/* Everybody goes; it is over when the supervisor has heard of each of them. */
void sweep_end(struct sweep_run *s, unsigned int clients);

void sweep_layout_qemu(struct guest *g);

/* What virtio_console does first. */
void sweep_boot(struct sweep_run *s);

/* Before the guest starts anew: no buffer was touched that was its own. */
void sweep_reset_rings(struct sweep_run *s);

/* The guest prints, client 0 gets it. */
void sweep_print(struct sweep_run *s, const char *text);

/* One chain of several buffers, which the output ring takes bit by bit. */
void sweep_print_long(struct sweep_run *s);

/*
 * What came back is the guest's again: to print from it once more would show.
 */
void sweep_spoil_printed(struct sweep_run *s);

/* Client @i types, the guest gets it. */
void sweep_type(struct sweep_run *s, unsigned int i, const char *text);

void sweep_expect_text(struct sweep_run *s, const char *text);
void sweep_expect_input(struct sweep_run *s, const char *text, size_t len);

#endif
