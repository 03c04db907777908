/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* The supervisor's end of a worker's control socket. */
#ifndef SUPERVISOR_WORKER_LINK_H
#define SUPERVISOR_WORKER_LINK_H

#include "supervisor/console.h"

/* Once per console, before the first link_open(). Returns 0 or -ENOMEM. */
int link_init(struct console *c);

/*
 * Takes @control for the worker that was just started, and sends what it
 * needs first. Returns 0 or -errno.
 */
int link_open(struct console *c, int control);
void link_close(struct console *c);

/*
 * Sends what is due: the configuration, an answer, fds that the worker has
 * not got yet, and what worker.h's functions ask for. What the socket has no
 * room for follows by itself once it has. Without a worker this does nothing.
 */
void link_pump(struct console *c);

#endif
