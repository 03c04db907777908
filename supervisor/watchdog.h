/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
/*
 * Does a worker still work? Pure policy. Time is counted in ticks of the
 * supervisor, which are not counted while it does not run itself: a supervisor
 * that was stopped blames no worker for it.
 *
 * A worker is asked when it is at work, when there is something for it that it
 * has not taken, and otherwise when it has shown no sign of life for a while.
 * What it leaves alone after it answered is left alone for a reason.
 */
#ifndef SUPERVISOR_WATCHDOG_H
#define SUPERVISOR_WATCHDOG_H

#include <stdbool.h>
#include <stdint.h>

#define WATCHDOG_TICK_US	1000000
#define WATCHDOG_ANSWER		3	/* ticks until an answer is due */
#define WATCHDOG_START		20	/* ticks to come up, before any work */
#define WATCHDOG_IDLE		15	/* ticks without a sign of life */

enum watchdog_step {
	WATCHDOG_NONE,
	WATCHDOG_ASK,
	WATCHDOG_KILL,
};

/* What can be seen of a worker without asking. */
struct watchdog_look {
	uint64_t pulse;			/* odd while it is at work */
	uint32_t pending;		/* a bit for each thing it could take */
};

struct watchdog {
	unsigned int due;		/* ticks left to answer; 0: not asked */
	unsigned int quiet;		/* ticks without a sign of life */
	bool looked;
	uint64_t pulse;			/* at the last look */
	uint32_t asked_with;		/* pending when it was asked */
	uint32_t left;			/* pending when it had answered */
};

/*
 * A worker was started, or has come up and is to say that it serves: that
 * takes @ticks at most. @console spreads the questions of many consoles.
 */
void watchdog_expect(struct watchdog *w, unsigned int ticks,
		     unsigned int console);

/* It answered, or said that it serves. False if it was not asked. */
bool watchdog_heard(struct watchdog *w);

/* A tick has passed. After WATCHDOG_ASK an answer is due. */
enum watchdog_step watchdog_tick(struct watchdog *w,
				 const struct watchdog_look *look);

/*
 * Whether the time since *@last, in microseconds, is one tick; it is not if
 * the supervisor did not run for a part of it. Sets *@last to @now.
 */
bool watchdog_in_time(uint64_t *last, uint64_t now);

#endif
