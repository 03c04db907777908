/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Who hands fds over now. Fds in flight count against one limit for all of a
 * user's processes, so only a few workers are handed theirs at a time.
 */
#ifndef SUPERVISOR_TURN_H
#define SUPERVISOR_TURN_H

#include "supervisor/console.h"

struct event_base;

/* Returns 0 or -ENOMEM. */
int turn_init(struct console *c, struct event_base *base);

/* True if this console may hand over; else it is pumped when it may. */
bool turn_take(struct console *c);

/* The worker has its fds, or is gone. */
void turn_leave(struct console *c);

#endif
