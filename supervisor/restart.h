/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * What follows the end of a worker: pure policy, no clock and no process of
 * its own. A kill from outside is only paced. What a worker brought on itself
 * goes down a ladder: resume, resume without the open chains, clean slate; one
 * rung each time the one before got nothing done. When such deaths come too
 * thick, whatever they were, the console is parked.
 */
#ifndef SUPERVISOR_RESTART_H
#define SUPERVISOR_RESTART_H

#include <stdbool.h>
#include <stdint.h>

#include "supervisor/cause.h"

#define RESTART_KILLS		50	/* within a second go unpaced */
#define RESTART_DEATHS		20	/* self-inflicted, remembered */

enum restart_action {
	RESTART_NONE,			/* it stays down */
	RESTART_RESUME,			/* on the same connections and state */
	RESTART_RESUME_WITHOUT_CHAIN,	/* what is open in a ring is skipped */
	RESTART_CLEAN_SLATE,		/* connections closed, an empty state */
	RESTART_PARK,			/* the same, no worker for a while */
};

/* All zero at first. Times are monotonic microseconds, 0: never. */
struct restart_history {
	uint64_t kill[RESTART_KILLS];
	unsigned int next_kill;
	uint64_t death[RESTART_DEATHS];
	unsigned int next_death;
	unsigned int streak;		/* deaths that pace the next start */
	unsigned int rungs;		/* gone down since one got on */
	bool on_trial;			/* parked before, none got on since */
	unsigned int parks;		/* that double the next one */
};

struct restart_death {
	enum cause cause;
	uint64_t now;
	uint64_t age;			/* it lived for, in microseconds */
	bool progress;			/* it got something done */
};

struct restart_step {
	enum restart_action action;
	uint64_t delay_us;
};

struct restart_step restart_next(struct restart_history *history,
				 const struct restart_death *death);

#endif
