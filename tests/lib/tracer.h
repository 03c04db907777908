/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A process that traces a daemon and all it starts, and kills a worker at one
 * of its stops: before or after a system call, or at a STATE_POINT(). It has
 * to be there from the start, as nobody may attach to a worker later.
 *
 * The stops of a worker are counted anew with each step of the test. A worker
 * that nobody aims at runs untraced.
 */
#ifndef TESTS_LIB_TRACER_H
#define TESTS_LIB_TRACER_H

#include <stdbool.h>

#define TRACER_WHERE	80
#define TRACER_NEVER	(~0U)		/* no worker comes to it: just count */

struct tracer;

/* What happened in a step. */
struct tracer_step {
	unsigned int stops;		/* of the first worker, if traced */
	unsigned int points;		/* ... of them STATE_POINT()s */
	unsigned int kills;
	bool at_point[2];		/* each was at a STATE_POINT() */
	unsigned int start_stops;	/* of a successor, up to its first wait */
};

/* The daemon that is started next will be traced. */
struct tracer *tracer_new(void);

/* The daemon has started. False if nobody may trace here. */
bool tracer_works(const struct tracer *t);

/*
 * The worker has done all there was, and a new step begins: stops are counted
 * from 1, and the worker that comes to stop @first, if not 0, is killed there.
 * Its successor's stops count anew, from its program's start, and it is killed
 * at stop @second if that is not 0. Returns what happened in the last step.
 */
struct tracer_step tracer_next(struct tracer *t, unsigned int first,
			       unsigned int second);

/* Kills in the step that is under way. */
unsigned int tracer_kills(const struct tracer *t);

/* Where the last one was killed: "after sendmmsg", in a static buffer. */
const char *tracer_where(const struct tracer *t);

/* A worker ended that was not killed here: its wait status, else 0. */
int tracer_strange_end(const struct tracer *t);

void tracer_free(struct tracer *t);

#endif
