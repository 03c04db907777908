/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_FUZZ_STATE_ORACLE_H
#define TESTS_FUZZ_STATE_ORACLE_H

#include <stdbool.h>
#include <stddef.h>

#include "common/contract.h"
#include "common/state.h"

/*
 * May a worker go on from this state? Says the same as worker/state_check.c,
 * thought up again from what the state is for.
 */
bool state_oracle(const struct console_state *s, size_t size,
		  const struct worker_config *config);

/*
 * Does a position in it come so close to the last one there may be that work
 * which is right could carry it past that?
 */
bool state_oracle_near_end(const struct console_state *s);

#endif
