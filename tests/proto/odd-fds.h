/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * File descriptors of all kinds, in blocking mode, and what each is good for in
 * the places where a front-end sends one.
 */
#ifndef TESTS_PROTO_ODD_FDS_H
#define TESTS_PROTO_ODD_FDS_H

/* R: refused; T: taken, whether or not it is of use; -: either. */
struct odd_kind {
	const char *name;
	int (*make)(void);
	char kick, call, err, mem;
};

extern const struct odd_kind odd_kinds[];
extern const unsigned int odd_nkinds;

/*
 * The other end of what was made last, if it has one, or -1. Not read, and to
 * be closed by the caller.
 */
extern int odd_other;

int odd_pipe_to_write(void);

/* Another open file description of the same file; closes @fd. */
int odd_reopen(int fd, int flags);

#endif
