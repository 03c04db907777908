/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * The memfd that holds one console's state (common/state.h): its size is
 * sealed, so neither program can be made to fault on it.
 */
#ifndef SUPERVISOR_STATEFD_H
#define SUPERVISOR_STATEFD_H

#include <stdint.h>

/* An empty state: the header, the rest zero. Returns the fd or -errno. */
int statefd_new(uint64_t ring_size);

/* The same bytes in a memfd that @fd's users do not have. Fd or -errno. */
int statefd_copy(int fd, uint64_t ring_size);

/*
 * What the worker counted as done, and when it was at work (common/state.h); 0
 * if that cannot be read.
 */
uint64_t statefd_progress(int fd);
uint64_t statefd_pulse(int fd);

/* The system call a worker was refused as it proved itself, + 1; or 0. */
unsigned int statefd_refused_call(int fd);

#endif
