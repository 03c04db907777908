/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef TESTS_FUZZ_SOME_FD_H
#define TESTS_FUZZ_SOME_FD_H

/*
 * A new fd of one of many kinds: those that a worker has a use for, with
 * something wrong, and those that it has none for. -1 if this system has no
 * such kind.
 */
int some_fd(unsigned int kind);

#endif
