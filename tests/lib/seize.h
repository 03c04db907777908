/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* A tracer for a daemon and all that it starts. */
#ifndef TESTS_LIB_SEIZE_H
#define TESTS_LIB_SEIZE_H

#include <stdatomic.h>

/*
 * To be called in the process that is to become the daemon
 * (daemon_before_exec()): a process that is no child of it seizes it, and then
 * calls @trace, which does not return. *@works, shared with the test, becomes 1,
 * or -1 where ptrace(2) is not permitted. System calls, forks and exec()s stop
 * whom it traces; all of them end with it.
 */
void seize_daemon(atomic_int *works, void (*trace)(void *arg), void *arg);

#endif
