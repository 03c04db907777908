/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_WORKER_END_H
#define SUPERVISOR_WORKER_END_H

#include <signal.h>

#include "supervisor/console.h"

/*
 * A worker was reaped: says why in the log, and does what follows from that
 * and from how the console's workers fared before.
 */
void worker_ended(struct console *c, const siginfo_t *info);

/*
 * How it ended, in words, with what it left in its state. Returns @out.
 */
const char *worker_end_text(const siginfo_t *info, int state, char *out,
			    size_t size);

#endif
