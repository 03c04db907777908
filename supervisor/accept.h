/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_ACCEPT_H
#define SUPERVISOR_ACCEPT_H

#include "supervisor/console.h"

struct event_base;

/* Accepts on the console's listeners from now on. Returns 0 or -errno. */
int accept_start(struct console *c, struct event_base *base);

/* Accepts no more; the listeners stay open. */
void accept_stop(struct console *c);

#endif
