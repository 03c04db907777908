/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What a console's worker has to say, line by line into our log. */
#ifndef SUPERVISOR_WORKER_LOG_H
#define SUPERVISOR_WORKER_LOG_H

#include "supervisor/console.h"

/* Once per console, before the first start. Returns 0 or -ENOMEM. */
int worker_log_init(struct console *c);

/*
 * For the worker about to start: returns its standard error, which is the
 * caller's, or -errno.
 */
int worker_log_open(struct console *c);

/* That worker is gone: logs its last words. */
void worker_log_close(struct console *c);

#endif
