/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/* What each of our processes, whichever it is, takes from itself for good. */
#ifndef COMMON_CONFINE_H
#define COMMON_CONFINE_H

#include <stdbool.h>
#include <sys/resource.h>

#define CONFINE_LACKING	1		/* this kernel does not know how */

/*
 * Nothing becomes executable that is not, neither here nor in children and
 * what they execute. Returns 0 once that was seen to hold, CONFINE_LACKING or
 * -errno.
 */
int confine_exec_gain(void);

/*
 * Refuses all of Landlock that this program and the kernel know: TCP ports,
 * abstract sockets, signals to others, and with @files the file system as
 * well, but for the removal of files in @folder if that is not -1. Whoever is
 * without files mounts nothing. Returns 0, CONFINE_LACKING or -errno.
 */
int confine_landlock(bool files, int folder);

/* Lowers a limit, hard and soft, to @value at most. Returns 0 or -errno. */
int confine_limit(int resource, rlim_t value);

#endif
