/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A process that traces a daemon and all it starts, and kills a worker at one
 * of its stops: before or after a system call, or at a STATE_POINT(). It has
 * to be there from the start, as nobody may attach to a worker later.
 */
#ifndef TESTS_LIB_TRACER_H
#define TESTS_LIB_TRACER_H

#include <stdbool.h>
#include <stdint.h>

#define TRACER_WHERE	80
#define TRACER_STOPS	16384

struct tracer;

/* The daemon that is started next will be traced. */
struct tracer *tracer_new(void);

/* The daemon has started. False if nobody may trace here. */
bool tracer_works(const struct tracer *t);

/*
 * From now on stops are counted, from 1; the worker that comes to stop
 * @first, if not 0, is killed there. Its successor's stops count anew, from
 * its program's start, and it is killed at stop @second if that is not 0.
 */
void tracer_arm(struct tracer *t, unsigned int first, unsigned int second);
void tracer_disarm(struct tracer *t);

unsigned int tracer_stops(const struct tracer *t);
unsigned int tracer_kills(const struct tracer *t);

/* Stops of the successor until it first waited for events; 0: it has not. */
unsigned int tracer_start_stops(const struct tracer *t);

/*
 * What kind of place stop @n was: of the first since tracer_arm(), or of its
 * successor. Odd: a STATE_POINT().
 */
uint32_t tracer_kind(const struct tracer *t, bool successor, unsigned int n);

/* Where the last one was killed: "after sendmmsg", in a static buffer. */
const char *tracer_where(const struct tracer *t);

/* A worker ended that was not killed here: its wait status, else 0. */
int tracer_strange_end(const struct tracer *t);

void tracer_free(struct tracer *t);

#endif
