/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Runs in which a guest is set up, moves data both ways, is rebooted and torn
 * down, step by step and each step checked, so that one run is much like the
 * next. A worker that dies in them must not be noticed.
 */
#ifndef TESTS_PROTO_SWEEP_H
#define TESTS_PROTO_SWEEP_H

#include "tests/lib/log-tail.h"
#include "tests/lib/world.h"

#define SPOILT_MAX	256

struct sweep_run {
	struct world *w;
	struct log_tail log;
	uint8_t *spoilt[SPOILT_MAX];	/* buffers that came back for good */
	unsigned int nspoilt;
};

void sweep_qemu(struct sweep_run *s);
void sweep_uml(struct sweep_run *s);

/* A reader who is skipped: --overflow=drop-oldest. */
void sweep_skip(struct sweep_run *s);

#endif
