/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What the supervisor sees of a worker's work, in the state: whether it is at
 * it, and whether it gets on.
 */
#ifndef WORKER_PULSE_H
#define WORKER_PULSE_H

#include <stdbool.h>

#include "common/state.h"

/* A new worker is at nothing yet, wherever the last one died. */
static inline void pulse_init(struct console_state *state)
{
	uint64_t pulse = atomic_load_explicit(&state->pulse,
					      memory_order_relaxed);

	atomic_store_explicit(&state->pulse, (pulse | 1) + 1,
			      memory_order_relaxed);
}

/* Work begins. False if it had begun already: its end is not the caller's. */
static inline bool pulse_begin(struct console_state *state)
{
	uint64_t pulse = atomic_load_explicit(&state->pulse,
					      memory_order_relaxed);

	if (pulse & 1)
		return false;
	atomic_store_explicit(&state->pulse, pulse + 1, memory_order_relaxed);
	return true;
}

static inline void pulse_end(struct console_state *state)
{
	atomic_fetch_add_explicit(&state->pulse, 1, memory_order_relaxed);
}

/*
 * Something was done that no worker did before: what is only repeated after a
 * resume does not count, nor does giving up a chain.
 */
static inline void pulse_progress(struct console_state *state)
{
	atomic_fetch_add_explicit(&state->progress, 1, memory_order_relaxed);
}

#endif
