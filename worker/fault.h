/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef WORKER_FAULT_H
#define WORKER_FAULT_H

/*
 * From here on a signal that means a fault ends the worker with
 * WORKER_EXIT_SIGNAL and its number: as the first process of its pid namespace
 * it would be spared those that are sent, abort()'s too.
 */
void fault_init(void);

#endif
