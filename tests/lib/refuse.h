/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * As a container's runtime does, and as a kernel that lacks something would:
 * system calls that fail.
 */
#ifndef TESTS_LIB_REFUSE_H
#define TESTS_LIB_REFUSE_H

#define REFUSE_ANY	(-1)		/* whatever the arguments are */

/* The call, if these bits of the argument are set as in @value, fails. */
struct refusal {
	const char *call;
	int arg;			/* counted from 0, or REFUSE_ANY */
	unsigned long mask;
	unsigned long value;
	int error;
};

/*
 * From here on, for this process and all it starts; @list ends in a row
 * without a call. Returns 0 or -errno.
 */
int refuse_calls(const struct refusal *list);

#endif
