/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Input of the `nested` backend. What is typed is read at once, so that the
 * escape key works whatever the guest does, and waits in the state until the
 * guest has room for it.
 */
#ifndef WORKER_TERMINAL_H
#define WORKER_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "worker/clients.h"

/* Reads what there is room for. Returns true if there may be more at once. */
bool terminal_read(struct clients *clients);

/* Copies up to @len bytes typed from position @pos on; returns how many. */
size_t terminal_copy(const struct console_state *state, uint64_t pos,
		     void *to, size_t len);

#endif
