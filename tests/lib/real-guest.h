/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A real guest, started by tools/guest/run-KIND: "uml" or "qemu".
 */
#ifndef TESTS_LIB_REAL_GUEST_H
#define TESTS_LIB_REAL_GUEST_H

#include <sys/types.h>

#include "tests/lib/daemon.h"

struct real_guest {
	pid_t pid;			/* 0: not running */
	int pidfd;
	char log[80];			/* what its kernel says */
};

/* Ends the test program as skipped unless such a guest can run here. */
void real_guest_require(const char *kind);

/* @argument: a word for its kernel's command line, or NULL. */
void real_guest_start(struct real_guest *g, const char *kind,
		      const struct daemon *d, unsigned int console,
		      const char *argument);

/* The guest boots; returns when @fd, its console, can be read from. */
void real_guest_await(const struct real_guest *g, int fd);

/* For a guest that is not there, too. */
void real_guest_stop(struct real_guest *g);
void real_guest_show_log(const struct real_guest *g);

#endif
