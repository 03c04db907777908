/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_FILTER_H
#define SUPERVISOR_FILTER_H

#include <stddef.h>

/*
 * Builds the workers' seccomp program: what syscalls.h does not allow, and
 * every call in the way of another architecture, kills the process. Returns a
 * sealed memfd of struct sock_filter[], or -errno.
 */
int filter_for_workers(void);

/*
 * The same for the time a worker proves itself: what is not allowed gets it
 * SIGSYS, and it may load another program.
 */
int filter_for_proof(void);

/* A system call's name, or its number if it has none. Returns @out. */
const char *filter_call_name(unsigned int nr, char *out, size_t size);

/*
 * Puts this process, the caretaker, under a program of its own, with the same
 * default. Returns 0 or -errno.
 */
int filter_enter_caretaker(void);

/*
 * Puts this process, the supervisor, and with it all workers to come, under a
 * program that refuses what syscalls_own.h and syscalls.h do not allow, with
 * ENOSYS. Returns 0 or -errno.
 */
int filter_enter_supervisor(void);

#endif
