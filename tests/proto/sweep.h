/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Runs in which a guest is set up, moves data both ways, is rebooted and torn
 * down, step by step and each step checked, so that one run is much like the
 * next. In each step a worker dies at one place; it must not be noticed.
 */
#ifndef TESTS_PROTO_SWEEP_H
#define TESTS_PROTO_SWEEP_H

#include "tests/lib/log-tail.h"
#include "tests/lib/world.h"

#define SPOILT_MAX	256

struct sweep;

struct sweep_run {
	struct world *w;
	struct log_tail log;
	struct sweep *sweep;
	uint8_t *spoilt[SPOILT_MAX];	/* buffers that came back for good */
	unsigned int nspoilt;
};

/* Tries all places of all steps of @scenario, and of successors' starts. */
void sweep(void **state, void (*scenario)(struct sweep_run *run),
	   const char *overflow, const char *scrollback);

/* A step begins; NULL: the last one is over. */
void sweep_step(struct sweep_run *run, const char *name);

#endif
