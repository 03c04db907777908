/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_SPAWN_H
#define SUPERVISOR_SPAWN_H

#include <sched.h>
#include <signal.h>
#include <stdbool.h>
#include <sys/types.h>

/* What a worker is cloned with; the supervisor's filter knows of no other. */
#define SPAWN_FLAGS		(CLONE_PIDFD | CLONE_FILES | CLONE_VFORK | \
				 SIGCHLD)
#define SPAWN_NAMESPACES	(CLONE_NEWUSER | CLONE_NEWPID)

/* What a worker starts with; the fds stay the caller's. */
struct spawn {
	int program;			/* O_PATH */
	int null;			/* its standard input and output */
	int log;			/* its standard error */
	int control;
	int state;
	int filter;
	int proof;
	bool namespaces;		/* user and pid namespace of its own */
	unsigned int console;
	const char *socket_path;	/* for ps; NULL: on trial, of no console */
};

/*
 * Once, before the first start and before any fd but the standard streams is
 * open: the lowest fds are for handing over. Returns 0 or -errno.
 */
int spawn_reserve(void);

/*
 * Starts a worker, as common/contract.h says, that dies with the thread that
 * started it. Returns its pid, and its pidfd in *@pidfd, or -errno. When the
 * program cannot be executed the child ends with cause_exit_of_exec(), and with
 * CAUSE_EXIT_MAPS if it may not say who it is in its user namespace.
 */
pid_t spawn_worker(const struct spawn *spawn, int *pidfd);

#endif
