/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_SANDBOX_H
#define SUPERVISOR_SANDBOX_H

#include "supervisor/supervise.h"

/*
 * Starts a worker that locks itself in and ends, before a guest depends on
 * one. With --sandbox=best-effort it finds out what has to be done without.
 * Returns 0, or -errno when workers cannot be had here; the log says why, in
 * one line.
 */
int sandbox_try(struct supervisor *supervisor);

#endif
