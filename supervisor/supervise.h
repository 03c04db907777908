/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#ifndef SUPERVISOR_SUPERVISE_H
#define SUPERVISOR_SUPERVISE_H

#include <stdbool.h>

#include "supervisor/console.h"
#include "supervisor/options.h"
#include "supervisor/tty.h"

struct event_base;
struct jobctl;

struct supervisor {
	const struct options *options;
	struct console_table table;
	struct tty tty;
	int program;			/* the worker's, O_PATH */
	int filter;			/* the workers' seccomp program */
	int proof;			/* the one before it, which traps */
	int null;
	bool namespaces;		/* workers have some of their own */
	bool ending;
	bool killed;			/* workers that did not end in time */
	unsigned int turns;		/* workers that are being handed fds */
	unsigned int next_turn;		/* console to ask first */
	struct event_base *base;
	struct event *signal_event[3];
	struct event *end_timer;
	struct event *watch_timer;
	uint64_t watched_us;		/* workers were looked at, last */
	struct jobctl *jobctl;		/* NULL without a terminal */
};

/*
 * Serves until a signal or the escape key ends it; then all workers are gone.
 * Returns 0, or -errno when the loop could not be set up, which is logged.
 */
int supervise(struct supervisor *supervisor);

/* Begins the orderly end. @why goes to the log. */
void supervise_end(struct supervisor *supervisor, const char *why);

/* A worker has ended for good. */
void supervise_worker_gone(struct supervisor *supervisor);

#endif
