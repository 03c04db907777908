/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Clients whose input has ended. One may still want output (`nc -N`), or have
 * gone: TCP tells only once it is sent something, which would be lost. So as
 * long as there are such clients the kernel is asked for their other ends, and
 * those that have gone are shut down, for the worker to see.
 */
#ifndef SUPERVISOR_HALF_CLOSED_H
#define SUPERVISOR_HALF_CLOSED_H

#include "supervisor/console.h"

/* Returns 0 or -ENOMEM. */
int half_closed_init(struct console *c);

/* The worker has seen the end of a client's input. */
void half_closed_noticed(struct console *c);

#endif
