/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef WORKER_STATE_CHECK_H
#define WORKER_STATE_CHECK_H

#include <stddef.h>

#include "common/contract.h"
#include "common/state.h"

/*
 * Does a state of @size bytes satisfy every invariant that the code relies on?
 * It may come from a worker that a guest had taken over; @config does not.
 * Returns NULL, or the name of the first invariant that it breaks.
 */
const char *state_check(const struct console_state *state, size_t size,
			const struct worker_config *config);

/* The names of all invariants, in the order of checking; ends in NULL. */
extern const char *const state_invariants[];

#endif
