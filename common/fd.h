/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef COMMON_FD_H
#define COMMON_FD_H

/* Closes *@fd unless it is -1, and sets it to -1. */
void fd_close(int *fd);

/* Gives *@fd away: returns it and sets it to -1. */
int fd_take(int *fd);

/* Closes each of @n fds. */
void fd_close_all(int *fds, unsigned int n);

/* Returns 0 or -errno. */
int fd_set_nonblocking(int fd);

/*
 * Opens /dev/null on each of fds 0 to 2 that is closed, so that no later fd
 * becomes a standard stream. Returns 0 or -errno.
 */
int fd_fill_standard(void);

#endif
