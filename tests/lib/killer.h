/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * A process that does nothing but kill a daemon's workers, 0.2 to 5 ms after
 * something: it says what it did through memory that it shares with the test.
 */
#ifndef TESTS_LIB_KILLER_H
#define TESTS_LIB_KILLER_H

#include <stdatomic.h>

#include "tests/lib/daemon.h"

#define KILLER_CONSOLES	8

enum killer_mode {
	KILLER_AFTER_READY,	/* the worker told its supervisor so */
	KILLER_AT_ANY_TIME,	/* it was born, or not even that */
};

struct killer;

/*
 * Begins, at the workers there are. Wants --log-level debug, which says when
 * a worker is ready.
 */
struct killer *killer_start(const struct daemon *d, enum killer_mode mode);

/* Workers that were killed, and were dead or succeeded then. */
unsigned int killer_kills(const struct killer *k);

/*
 * Those of one console, for its thread to look at. At any time there are some
 * more, of which nobody can say whose they were: they were not born whole.
 */
const atomic_uint *killer_count(const struct killer *k, unsigned int console);

/* Ends it; at most one worker of each console is still being replaced. */
void killer_stop(struct killer *k);

/* What is not to be in the log of a daemon whose workers were only killed. */
void killer_check_log(const struct daemon *d);

#endif
