/* SPDX-License-Identifier: Apache-2.0 OR BSD-3-Clause */
#include "supervisor/restart.h"

#define MS			UINT64_C(1000)
#define SECOND			(1000 * MS)
#define MINUTE			(60 * SECOND)

#define KILL_WINDOW		(1 * SECOND)
#define KILL_DELAY		(10 * MS)

#define DELAY_FIRST		(10 * MS)
#define DELAY_MAX		(5 * SECOND)
#define HEALTHY			MINUTE		/* one that lives so long */

#define PARK_FIRST		MINUTE
#define PARK_MAX		(15 * MINUTE)
#define PARKS_FORGOTTEN		(10 * MINUTE)

static const struct {
	unsigned int deaths;
	uint64_t within;
} limits[] = {
	{ 6, 10 * SECOND },
	{ RESTART_DEATHS, 10 * MINUTE },
};

static uint64_t doubled(uint64_t first, unsigned int times, uint64_t max)
{
	while (times-- && first < max)
		first *= 2;
	return first < max ? first : max;
}

static struct restart_step after_kill(struct restart_history *h, uint64_t now)
{
	uint64_t *oldest = &h->kill[h->next_kill];
	bool thick = *oldest && now - *oldest < KILL_WINDOW;

	*oldest = now;
	h->next_kill = (h->next_kill + 1) % RESTART_KILLS;
	return (struct restart_step){
		RESTART_RESUME, thick ? KILL_DELAY : 0
	};
}

/* 0 for the first death, then 10, 20, 40 ms ... */
static uint64_t pace(struct restart_history *h, uint64_t age)
{
	uint64_t delay;

	if (age >= HEALTHY)
		h->streak = 0;
	delay = h->streak ?
		doubled(DELAY_FIRST, h->streak - 1, DELAY_MAX) : 0;
	h->streak++;
	return delay;
}

static struct restart_step park(struct restart_history *h, uint64_t age)
{
	uint64_t delay;

	if (age >= PARKS_FORGOTTEN)
		h->parks = 0;
	delay = doubled(PARK_FIRST, h->parks, PARK_MAX);
	h->parks++;
	h->on_trial = true;
	h->rungs = 0;
	h->streak = 0;
	for (unsigned int i = 0; i < RESTART_DEATHS; i++)
		h->death[i] = 0;
	return (struct restart_step){ RESTART_PARK, delay };
}

static bool too_thick(const struct restart_history *h, uint64_t now)
{
	for (unsigned int i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		unsigned int at = (h->next_death + RESTART_DEATHS -
				   limits[i].deaths) % RESTART_DEATHS;

		if (h->death[at] && now - h->death[at] < limits[i].within)
			return true;
	}
	return false;
}

static enum restart_action next_rung(struct restart_history *h,
				     enum cause cause)
{
	static const enum restart_action ladder[] = {
		RESTART_RESUME,
		RESTART_RESUME_WITHOUT_CHAIN,
		RESTART_CLEAN_SLATE,
	};
	const unsigned int last = sizeof(ladder) / sizeof(ladder[0]) - 1;
	unsigned int rung = cause == CAUSE_STATE || h->rungs > last ?
			    last : h->rungs;

	h->rungs = rung + 1;
	return ladder[rung];
}

static struct restart_step after_own_death(struct restart_history *h,
					   const struct restart_death *d)
{
	struct restart_step step;

	h->death[h->next_death] = d->now;
	h->next_death = (h->next_death + 1) % RESTART_DEATHS;
	if (d->cause == CAUSE_CANNOT_RUN || h->on_trial ||
	    too_thick(h, d->now))
		return park(h, d->age);
	step.delay_us = pace(h, d->age);
	step.action = next_rung(h, d->cause);
	return step;
}

/* It moved something, or lived well although there was nothing to move. */
static bool got_on(const struct restart_death *d)
{
	return d->progress || d->age >= HEALTHY;
}

struct restart_step restart_next(struct restart_history *history,
				 const struct restart_death *death)
{
	if (got_on(death)) {
		history->rungs = 0;
		history->on_trial = false;
	}
	switch (death->cause) {
	case CAUSE_ASKED:
		return (struct restart_step){ RESTART_NONE, 0 };
	case CAUSE_KILLED:
		return after_kill(history, death->now);
	case CAUSE_NOT_STARTED:
		return (struct restart_step){
			RESTART_RESUME, pace(history, death->age)
		};
	default:
		return after_own_death(history, death);
	}
}
