/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_UNIT_JAIL_LOOK_H
#define TESTS_UNIT_JAIL_LOOK_H

/* What this process itself sees amiss with the jail it is in; NULL: nothing. */
const char *jail_looks_wrong(void);

#endif
