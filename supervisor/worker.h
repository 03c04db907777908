/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The life of a console's workers: start, end, and what follows. */
#ifndef SUPERVISOR_WORKER_H
#define SUPERVISOR_WORKER_H

#include "supervisor/console.h"

/* Once per console, before the first start. Returns 0 or -ENOMEM. */
int worker_init(struct console *c);

/* Starts a worker. If that fails it is tried again later, by policy. */
void worker_start(struct console *c);
void worker_start_in(struct console *c, uint64_t delay_us);

/* Forgets a worker that is gone; its pid stays, for the log. */
void worker_clear(struct console *c);

/* Asks the worker to end; the console gets no other. */
void worker_stop(struct console *c);
void worker_kill(struct console *c);

/* Asks it to leave the terminal alone, and to use it again. */
void worker_pause(struct console *c);
void worker_continue(struct console *c);

/* Kills a worker for what it did, @why, in the past tense. */
void worker_condemn(struct console *c, const char *why);

/* Kills it because it does not answer. */
void worker_hangs(struct console *c);

/* Asks it for a sign of life. */
void worker_ping(struct console *c);

/* It gave one. Returns 0, or -EINVAL if this was not asked for. */
int worker_pong(struct console *c, uint64_t id);

/* Its end of the control socket is closed. */
void worker_hung_up(struct console *c);

/* It serves now. Returns 0, or -EINVAL if it cannot have come so far. */
int worker_ready(struct console *c);

#endif
