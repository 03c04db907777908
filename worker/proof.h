/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A worker's proof that its libraries need no system call that its filter
 * refuses: before it serves anyone it makes each call it will make, on objects
 * of its own. An update of a library that wants another call shows here.
 */
#ifndef WORKER_PROOF_H
#define WORKER_PROOF_H

#include "common/state.h"

/*
 * Makes the objects, which the filter would not let through. A call that is
 * refused will be named in @state, and ends the worker with WORKER_EXIT_PROOF.
 * Returns 0 or -errno.
 */
int proof_prepare(struct console_state *state);

/*
 * For use under a program that traps what it refuses. Does nothing without
 * proof_prepare(). Returns 0, or -EPROTO when a call does not do what it has
 * to.
 */
int proof_run(void);

#endif
