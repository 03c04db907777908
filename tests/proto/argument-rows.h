/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What test-syscalls has a worker try: allowed calls with other arguments. */
#ifndef TESTS_PROTO_ARGUMENT_ROWS_H
#define TESTS_PROTO_ARGUMENT_ROWS_H

struct call {
	long nr;
	unsigned long arg[6];
};

/* Each ends in a row with a negative number. */
extern const struct call killed_calls[];
extern const struct call survived_calls[];

#endif
