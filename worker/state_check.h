/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef WORKER_STATE_CHECK_H
#define WORKER_STATE_CHECK_H

#include <stddef.h>

#include "common/state.h"

/*
 * Does a state of @size bytes satisfy every invariant that the code relies on?
 * It may come from a worker that a guest had taken over. Returns NULL, or what
 * is wrong.
 */
const char *state_check(const struct console_state *state, size_t size);

#endif
