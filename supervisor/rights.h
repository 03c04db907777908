/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_RIGHTS_H
#define SUPERVISOR_RIGHTS_H

#include "supervisor/identity.h"

/*
 * Gives up everything this process was started with beyond an ordinary user's
 * rights, for good, and becomes @identity's user. What came of it is read
 * back. Returns 0 or -errno, which is logged.
 */
int rights_drop(const struct identity *identity);

/*
 * The same, but stays root, if it is, with one capability. Returns 0 or
 * -errno; logs nothing.
 */
int rights_keep_one(int capability);

/* Room for as many fds as the system lets us have; returns that number. */
unsigned int rights_raise_nofile(void);

#endif
