/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Fds of the supervisor that it must not close itself: those that a worker
 * sent, and the sockets they came by.
 */
#ifndef TESTS_FUZZ_SUP_FDS_H
#define TESTS_FUZZ_SUP_FDS_H

#include <stdbool.h>

void fds_start(void);

/* This one is of that kind. */
void fds_foreign(int fd);

/* Lets all be closed that is to be, and waits for that. */
void fds_settle(void);

/* There are no more than can be, and none that nobody knows. */
void fds_check(void);

/* What is open now is what was open at the start, or the run is a finding. */
void fds_stop(void);

#endif
