/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_FILTER_H
#define SUPERVISOR_FILTER_H

/*
 * Builds the workers' seccomp program: what syscalls.h does not allow, and
 * every call in the way of another architecture, kills the process. Returns a
 * sealed memfd of struct sock_filter[], or -errno.
 */
int filter_for_workers(void);

/*
 * Puts this process, the caretaker, under a program of its own, with the same
 * default. Returns 0 or -errno.
 */
int filter_enter_caretaker(void);

#endif
