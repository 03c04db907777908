/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_LIB_ORDINARY_H
#define TESTS_LIB_ORDINARY_H

/*
 * For good: a process of root becomes one of nobody, as the supervisor does,
 * but one that its children can be traced by. Returns 0 or -1.
 */
int become_ordinary(void);

#endif
