/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef WORKER_STATE_CHECK_H
#define WORKER_STATE_CHECK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "common/state.h"

/*
 * Does a state of @size bytes satisfy every invariant that the code relies on?
 * It may come from a worker that a guest had taken over. Returns NULL, or what
 * is wrong.
 */
const char *state_check(const struct console_state *state, size_t size);

/*
 * Has the supervisor given out all ids of connections and clients in it, the
 * last being @last_id? Others would turn away who comes later.
 */
bool state_check_ids(const struct console_state *state, uint64_t last_id);

#endif
