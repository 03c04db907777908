/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* Who may connect to a console, and how many: the one place that says so. */
#ifndef SUPERVISOR_ACCESS_H
#define SUPERVISOR_ACCESS_H

#include "supervisor/console.h"

enum access {
	ACCESS_GRANTED,
	ACCESS_WAIT,			/* as soon as the one before is gone */
	ACCESS_REFUSED,
};

/*
 * Whether one more connection of @kind, FD_FRONTEND or FD_CLIENT, is let in.
 * @why is a phrase for the log, set unless it is.
 */
enum access access_check(const struct console *c, enum fd_kind kind,
			 const char **why);

#endif
